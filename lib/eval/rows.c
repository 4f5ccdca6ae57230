/*
 * rows.c - checks of rows and labels, and distances between rows.
 */
#include "eval/rows.h"

#include "pflow/tensor.h"

pflow_err pf_check_rows(const float *x, size_t n, size_t dim, const char *what) {
  if (n == 0 || dim == 0)
    return pf_fail(PFLOW_EINVAL, "%s: %zu x %zu values, wants at least 1 x 1", what, n,
                   dim);
  size_t bytes;
  pf_try(pf_mul(&bytes, n, dim, what));
  pf_try(pf_mul(&bytes, bytes, sizeof *x, what));
  return pflow_check_finite(x, n, dim, what);
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
