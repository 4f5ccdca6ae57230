/*
 * rank.c - effective rank of a covariance. Its eigenvalues are not needed: their sum is
 * the trace and the sum of their squares the squared Frobenius norm.
 */
#include <math.h>

#include "eval/rows.h"
#include "pflow/eval.h"

static pflow_err rank_of(const double *covariance, size_t dim, double *rank) {
  double trace = 0.0, squares = 0.0;
  for (size_t i = 0; i < dim; i++) {
    trace += covariance[i * dim + i];
    for (size_t k = 0; k < dim; k++)
      squares += covariance[i * dim + k] * covariance[i * dim + k];
  }
  if (squares == 0.0) return pf_fail(PFLOW_EINVAL, "all rows are alike");
  /* Rounding alone can leave the range. */
  *rank = fmin(fmax(trace * trace / squares, 1.0), (double)dim);
  return PFLOW_OK;
}

pflow_err pflow_effective_rank(const float *x, size_t n, size_t dim, double *rank) {
  pf_need(x);
  pf_need(rank);
  pf_try(pf_check_rows(x, n, dim, "rows"));
  if (n < 2)
    return pf_fail(PFLOW_EINVAL, "effective rank of %zu row, wants 2 or more", n);
  size_t size;
  pf_try(pf_add(&size, dim, 1, "covariance"));
  pf_try(pf_mul(&size, size, dim, "covariance"));
  double *moments;
  pf_try(pf_alloc(&moments, size, sizeof *moments));
  pflow_err rc = pf_moments(x, n, dim, moments, moments + dim);
  if (rc >= 0) rc = rank_of(moments + dim, dim, rank);
  pflow_free(moments);
  return rc;
}
