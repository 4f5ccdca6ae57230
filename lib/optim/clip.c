/*
 * clip.c - limits on gradients, by norm and by value.
 */
#include <math.h>

#include "base/base.h"
#include "pflow/optim.h"

/* In double no square of a float overflows; eight sums keep the vector units busy. */
static double norm_of(const float *values, size_t size) {
  double sums[8] = {0.0};
  size_t whole = size - size % 8;
  for (size_t i = 0; i < whole; i += 8)
    for (size_t k = 0; k < 8; k++)
      sums[k] += (double)values[i + k] * values[i + k];
  for (size_t i = whole; i < size; i++)
    sums[i - whole] += (double)values[i] * values[i];
  double sum = 0.0;
  for (size_t k = 0; k < 8; k++)
    sum += sums[k];
  return sqrt(sum);
}

static pflow_err check_limit(const float *grads, size_t size, double limit,
                             const char *name) {
  pf_need(grads);
  if (size == 0) return pf_fail(PFLOW_EINVAL, "gradients: size is 0");
  return pf_check_setting(limit > 0.0 && limit < INFINITY, name, limit,
                          "a finite value above 0");
}

pflow_err pflow_clip_norm(float *grads, size_t size, double max_norm, double *norm) {
  pf_try(check_limit(grads, size, max_norm, "max_norm"));
  double before = norm_of(grads, size);
  if (norm) *norm = before;
  if (!isfinite(before))
    return pf_fail(PFLOW_ENONFINITE, "the norm of %zu gradients is %g", size, before);
  if (before <= max_norm) return PFLOW_OK;
  double scale = max_norm / before;
  for (size_t i = 0; i < size; i++)
    grads[i] = (float)(grads[i] * scale);
  return PFLOW_OK;
}

pflow_err pflow_clip_value(float *grads, size_t size, double bound) {
  pf_try(check_limit(grads, size, bound, "bound"));
  float high = (float)bound;
  for (size_t i = 0; i < size; i++) {
    float limited = grads[i] > high ? high : grads[i];
    grads[i] = limited < -high ? -high : limited;
  }
  return PFLOW_OK;
}
