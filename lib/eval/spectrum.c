/*
 * spectrum.c - eigenvalues of the rows' covariance.
 */
#include <math.h>

#include "eval/eigen.h"
#include "eval/rows.h"
#include "pflow/measures.h"

static pflow_err spectrum_of(const pflow_features *rows, double *scratch,
                             double *variances) {
  const size_t dim = rows->dim;
  double *covariance = scratch + dim;
  pf_try(pf_moments(rows->x, rows->n, dim, scratch, covariance));
  pf_try(pf_eigen_symmetric(covariance, dim, scratch, false));
  for (size_t k = 0; k < dim; k++)
    variances[k] = fmax(scratch[k], 0.0);
  return PFLOW_OK;
}

pflow_err pflow_spectrum(const pflow_features *rows, double *variances) {
  pf_need(rows);
  pf_need(rows->x);
  pf_need(variances);
  pf_try(pf_check_rows(rows->x, rows->n, rows->dim, "rows"));
  pf_try(pf_eigen_check(rows->dim));
  if (rows->n < 2)
    return pf_fail(PFLOW_EINVAL, "spectrum of %zu row, wants 2 or more", rows->n);
  double *scratch;
  size_t size;
  pf_try(pf_add(&size, rows->dim, 1, "covariance"));
  pf_try(pf_mul(&size, size, rows->dim, "covariance"));
  pf_try(pf_alloc(&scratch, size, sizeof *scratch));
  const pflow_err rc = spectrum_of(rows, scratch, variances);
  pflow_free(scratch);
  return rc;
}
