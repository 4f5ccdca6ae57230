/*
 * moments.c - mean and covariance of rows, in double.
 */
#include "eval/rows.h"
#include "kernels/gemm.h"

/* Rows centred at a time: the block stays in cache. */
enum { block_rows = 256 };

/* Sums differences to the first row, so that a constant column has exactly its value. */
static void mean_of(const float *x, size_t n, size_t dim, double *mean) {
  for (size_t k = 0; k < dim; k++)
    mean[k] = 0.0;
  for (size_t i = 1; i < n; i++)
    for (size_t k = 0; k < dim; k++)
      mean[k] += (double)x[i * dim + k] - (double)x[k];
  for (size_t k = 0; k < dim; k++)
    mean[k] = x[k] + mean[k] / (double)n;
}

static void center(const float *x, size_t n, size_t dim, const double *mean,
                   double *out) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < dim; k++)
      out[i * dim + k] = x[i * dim + k] - mean[k];
}

/* Divides the sums and mirrors the upper triangle. */
static void finish(double *covariance, size_t n, size_t dim) {
  for (size_t i = 0; i < dim; i++) {
    for (size_t k = i; k < dim; k++) {
      covariance[i * dim + k] /= (double)(n - 1);
      covariance[k * dim + i] = covariance[i * dim + k];
    }
  }
}

pflow_err pf_moments(const float *x, size_t n, size_t dim, double *mean,
                     double *covariance) {
  mean_of(x, n, dim, mean);
  if (!covariance) return PFLOW_OK;
  double *block;
  size_t rows = n < block_rows ? n : block_rows, size;
  pf_try(pf_mul(&size, rows, dim, "block of rows"));
  pf_try(pf_alloc(&block, size, sizeof *block));
  pflow_err rc = PFLOW_OK;
  for (size_t begin = 0; begin < n && rc >= 0; begin += rows) {
    size_t count = n - begin < rows ? n - begin : rows;
    center(x + begin * dim, count, dim, mean, block);
    rc = pf_dgemm(pf_transposed, pf_plain, dim, dim, count, block, block, begin > 0,
                  covariance);
  }
  pflow_free(block);
  if (rc >= 0) finish(covariance, n, dim);
  return rc;
}
