/*
 * alignment.c - mean power of the distance between paired rows (Wang and Isola 2020).
 */
#include <math.h>

#include "eval/rows.h"
#include "pflow/eval.h"

pflow_err pflow_alignment(const float *x, const float *y, size_t n, size_t dim,
                          double alpha, double *value) {
  pf_need(x);
  pf_need(y);
  pf_need(value);
  pf_try(pf_check_setting(alpha > 0.0 && alpha < INFINITY, "alpha", alpha, "> 0"));
  pf_try(pf_check_rows(x, n, dim, "first rows"));
  pf_try(pf_check_rows(y, n, dim, "second rows"));
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    double squared = pf_squared_distance(x + i * dim, y + i * dim, dim);
    sum += alpha == 2.0 ? squared : pow(squared, 0.5 * alpha);
  }
  if (!isfinite(sum))
    return pf_fail(PFLOW_EINVAL, "alpha is %g: the mean distance overflows", alpha);
  *value = sum / (double)n;
  return PFLOW_OK;
}
