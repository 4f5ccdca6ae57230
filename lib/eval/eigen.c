/*
 * eigen.c - by LAPACK's divide and conquer (dsyevd; Cuppen 1981, Gu and Eisenstat 1995),
 * which comes with the CBLAS.
 *
 * LAPACK stores matrices by columns: its eigenvectors are rows here.
 */
#include "eval/eigen.h"

#include <math.h>

/* Its work space has 1 + 6 dim + 2 dim^2 numbers, which it counts in an int. */
enum { most_dim = 32000 };

/* Fortran's texts have their lengths behind all other arguments. */
extern void dsyevd_(const char *job, const char *triangle, const int *dim, double *a,
                    const int *stride, double *values, double *work, const int *work_size,
                    int *numbers, const int *numbers_size, int *info, size_t job_length,
                    size_t triangle_length);

typedef struct work {
  double *values;
  int *numbers;
  int values_size, numbers_size;
} work;

/* Largest first, as values and vectors (NULL: none). */
static void reverse(double *values, double *vectors, size_t dim) {
  for (size_t i = 0, j = dim - 1; i < j; i++, j--) {
    const double value = values[i];
    values[i] = values[j];
    values[j] = value;
    for (size_t k = 0; vectors && k < dim; k++) {
      const double entry = vectors[i * dim + k];
      vectors[i * dim + k] = vectors[j * dim + k];
      vectors[j * dim + k] = entry;
    }
  }
}

static void fix_sign(double *vector, size_t dim) {
  size_t largest = 0;
  for (size_t k = 1; k < dim; k++)
    if (fabs(vector[k]) > fabs(vector[largest])) largest = k;
  if (vector[largest] >= 0.0) return;
  for (size_t k = 0; k < dim; k++)
    vector[k] = -vector[k];
}

static pflow_err solve(double *a, size_t dim, double *values, bool vectors, work *with) {
  const int n = (int)dim;
  int info = 0;
  dsyevd_(vectors ? "V" : "N", "U", &n, a, &n, values, with->values, &with->values_size,
          with->numbers, &with->numbers_size, &info, 1, 1);
  if (info == 0) return PFLOW_OK;
  return pf_fail(PFLOW_EDIVERGED,
                 "eigenvalues of %zu dimensions: LAPACK's dsyevd gave %d", dim, info);
}

pflow_err pf_eigen_check(size_t dim) {
  if (dim <= most_dim) return PFLOW_OK;
  return pf_fail(PFLOW_EUNSUPPORTED, "eigenvalues of %zu dimensions, at most %d", dim,
                 most_dim);
}

pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, bool vectors) {
  work with = {.values_size = 1, .numbers_size = 1};
  const int n = (int)dim;
  if (n > 1) {
    with.values_size = vectors ? 1 + 6 * n + 2 * n * n : 1 + 2 * n;
    with.numbers_size = vectors ? 3 + 5 * n : 1;
  }
  pf_try(pf_alloc(&with.values, (size_t)with.values_size, sizeof *with.values));
  pflow_err rc = pf_alloc(&with.numbers, (size_t)with.numbers_size, sizeof *with.numbers);
  if (rc >= 0) rc = solve(a, dim, values, vectors, &with);
  pflow_free(with.numbers);
  pflow_free(with.values);
  pf_try(rc);
  reverse(values, vectors ? a : NULL, dim);
  for (size_t i = 0; vectors && i < dim; i++)
    fix_sign(a + i * dim, dim);
  return PFLOW_OK;
}
