/*
 * cholesky.c - inner loops run over contiguous memory, and a row of the factor that was
 * fetched serves several others.
 */
#include "eval/cholesky.h"

#include <math.h>

#include "optim/linesearch.h"

enum { block = 32 }; /* rows that the ones before them are fetched for once */

/* 0 in a column whose pivot was lost. */
static double entry(const double *a, size_t dim, size_t i, size_t j) {
  if (a[j * dim + j] < 0.0) return 0.0;
  return (a[i * dim + j] - pf_dot(a + i * dim, a + j * dim, j)) / a[j * dim + j];
}

static double pivot(const double *row, size_t i, double floor, double rounding) {
  const double left = row[i] - pf_dot(row, row, i),
               least = fmax(floor, rounding * row[i]);
  return left >= least ? sqrt(left) : -sqrt(least);
}

void pf_cholesky(double *a, size_t dim, double floor, double rounding) {
  for (size_t begin = 0; begin < dim; begin += block) {
    const size_t end = dim - begin < block ? dim : begin + block;
    for (size_t j = 0; j < begin; j++)
      for (size_t i = begin; i < end; i++)
        a[i * dim + j] = entry(a, dim, i, j);
    for (size_t i = begin; i < end; i++) {
      double *row = a + i * dim;
      for (size_t j = begin; j < i; j++)
        row[j] = entry(a, dim, i, j);
      row[i] = pivot(row, i, floor, rounding);
    }
  }
}

void pf_solve_lower(const double *lower, size_t dim, double *rows, size_t count) {
  for (size_t i = 0; i < dim; i++)
    for (double *v = rows; v < rows + count * dim; v += dim)
      v[i] = (v[i] - pf_dot(lower + i * dim, v, i)) / lower[i * dim + i];
}

void pf_solve_lower_transposed(const double *lower, size_t dim, double *rows,
                               size_t count) {
  for (size_t i = dim; i-- > 0;) {
    const double *row = lower + i * dim;
    for (double *v = rows; v < rows + count * dim; v += dim) {
      v[i] /= row[i];
      for (size_t k = 0; k < i; k++)
        v[k] -= row[k] * v[i];
    }
  }
}
