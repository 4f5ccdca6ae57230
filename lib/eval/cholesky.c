/*
 * cholesky.c - row by row, so that every inner loop runs over contiguous memory.
 */
#include "eval/cholesky.h"

#include <math.h>

#include "optim/linesearch.h"

void pf_cholesky(double *a, size_t dim, double floor) {
  for (size_t i = 0; i < dim; i++) {
    double *row = a + i * dim;
    for (size_t j = 0; j < i; j++)
      row[j] = (row[j] - pf_dot(row, a + j * dim, j)) / a[j * dim + j];
    row[i] = sqrt(fmax(row[i] - pf_dot(row, row, i), floor));
  }
}

void pf_solve_lower(const double *lower, size_t dim, double *v) {
  for (size_t i = 0; i < dim; i++)
    v[i] = (v[i] - pf_dot(lower + i * dim, v, i)) / lower[i * dim + i];
}

void pf_solve_lower_transposed(const double *lower, size_t dim, double *v) {
  for (size_t i = dim; i-- > 0;) {
    const double *row = lower + i * dim;
    v[i] /= row[i];
    for (size_t k = 0; k < i; k++)
      v[k] -= row[k] * v[i];
  }
}
