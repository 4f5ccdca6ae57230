/*
 * cholesky.c - row by row, so that every inner loop runs over contiguous memory.
 */
#include "eval/cholesky.h"

#include <math.h>

static double dot(const double *a, const double *b, size_t n) {
  double sums[4] = {0.0};
  size_t whole = n - n % 4;
  for (size_t k = 0; k < whole; k += 4)
    for (size_t lane = 0; lane < 4; lane++)
      sums[lane] += a[k + lane] * b[k + lane];
  for (size_t k = whole; k < n; k++)
    sums[k - whole] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void pf_cholesky(double *a, size_t dim, double floor) {
  for (size_t i = 0; i < dim; i++) {
    double *row = a + i * dim;
    for (size_t j = 0; j < i; j++)
      row[j] = (row[j] - dot(row, a + j * dim, j)) / a[j * dim + j];
    row[i] = sqrt(fmax(row[i] - dot(row, row, i), floor));
  }
}

void pf_solve_lower(const double *lower, size_t dim, double *v) {
  for (size_t i = 0; i < dim; i++)
    v[i] = (v[i] - dot(lower + i * dim, v, i)) / lower[i * dim + i];
}

void pf_solve_lower_transposed(const double *lower, size_t dim, double *v) {
  for (size_t i = dim; i-- > 0;) {
    const double *row = lower + i * dim;
    v[i] /= row[i];
    for (size_t k = 0; k < i; k++)
      v[k] -= row[k] * v[i];
  }
}
