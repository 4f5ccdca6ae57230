/*
 * rows.c - checks of rows and labels, and distances between rows.
 */
#include "eval/rows.h"

#include "pflow/tensor.h"

/* Values that are worth a thread's while. */
enum { chunk_values = 1 << 16 };

static pflow_err check_sizes(const float *x, size_t n, size_t dim, const char *what) {
  if (n == 0 || dim == 0)
    return pf_fail(PFLOW_EINVAL, "%s: %zu x %zu values, wants at least 1 x 1", what, n,
                   dim);
  size_t bytes;
  pf_try(pf_mul(&bytes, n, dim, what));
  return pf_mul(&bytes, bytes, sizeof *x, what);
}

pflow_err pf_check_rows(const float *x, size_t n, size_t dim, const char *what) {
  pf_try(check_sizes(x, n, dim, what));
  return pflow_check_finite(x, n, dim, what);
}

typedef struct rows {
  const float *x;
  size_t dim;
} rows;

static int check_chunk(size_t begin, size_t end, void *user) {
  const rows *self = user;
  return pflow_check_finite(self->x + begin * self->dim, end - begin, self->dim, NULL);
}

/* A second look tells the first row that is not finite, whichever chunk failed first. */
pflow_err pf_check_rows_shared(pflow_pool *pool, const float *x, size_t n, size_t dim,
                               const char *what) {
  pf_try(check_sizes(x, n, dim, what));
  rows self = {x, dim};
  const pflow_err rc =
      pflow_parallel_for(pool, n, chunk_values / dim + 1, check_chunk, &self);
  return rc < 0 ? pflow_check_finite(x, n, dim, what) : rc;
}

pflow_err pf_check_labels(const int32_t *labels, size_t n, size_t classes,
                          const char *what) {
  if (classes == 0 || classes > INT32_MAX)
    return pf_fail(PFLOW_EINVAL, "%s: %zu classes, wants 1 to %d", what, classes,
                   INT32_MAX);
  for (size_t i = 0; i < n; i++)
    if (labels[i] < 0 || (size_t)labels[i] >= classes)
      return pf_fail(PFLOW_ELABEL, "%s: row %zu is %d, wants 0 to %zu", what, i,
                     labels[i], classes - 1);
  return PFLOW_OK;
}

pflow_err pf_check_train_test(const pflow_labelled *train, const pflow_labelled *test,
                              pflow_pool *pool) {
  if (!train || !train->x || !train->labels)
    return pf_fail(PFLOW_ENULL, "train: rows or labels are NULL");
  if (!test || !test->x || !test->labels)
    return pf_fail(PFLOW_ENULL, "test: rows or labels are NULL");
  if (train->dim != test->dim || train->classes != test->classes)
    return pf_fail(PFLOW_ESHAPE,
                   "train: dim %zu, %zu classes; test: dim %zu, %zu classes", train->dim,
                   train->classes, test->dim, test->classes);
  pf_try(pf_check_rows_shared(pool, train->x, train->n, train->dim, "train rows"));
  pf_try(pf_check_labels(train->labels, train->n, train->classes, "train labels"));
  pf_try(pf_check_rows_shared(pool, test->x, test->n, test->dim, "test rows"));
  return pf_check_labels(test->labels, test->n, test->classes, "test labels");
}

bool pf_rows_overlap(const float *x, size_t x_values, const float *y, size_t y_values) {
  const uintptr_t a = (uintptr_t)x, b = (uintptr_t)y;
  return a < b + y_values * sizeof *y && b < a + x_values * sizeof *x;
}

double pf_squared_distance(const float *a, const float *b, size_t dim) {
  double sums[4] = {0.0};
  size_t whole = dim - dim % 4;
  for (size_t k = 0; k < whole; k += 4) {
    for (size_t lane = 0; lane < 4; lane++) {
      double difference = (double)a[k + lane] - (double)b[k + lane];
      sums[lane] += difference * difference;
    }
  }
  for (size_t k = whole; k < dim; k++) {
    double difference = (double)a[k] - (double)b[k];
    sums[k - whole] += difference * difference;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}
