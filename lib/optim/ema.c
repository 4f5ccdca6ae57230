/*
 * ema.c - an exponential moving average of weights.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "pflow/optim.h"

struct pflow_ema {
  size_t size;
  double decay;
  uint64_t updates;
  float *values;
};

pflow_err pflow_ema_create(pflow_ema **ema, const float *weights, size_t size,
                           double decay) {
  pf_need(ema);
  *ema = NULL;
  pf_need(weights);
  if (size == 0) return pf_fail(PFLOW_EINVAL, "average of weights: size is 0");
  pf_try(pf_check_setting(decay >= 0.0 && decay < 1.0, "decay", decay, "0 <= decay < 1"));
  pflow_ema *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = pf_alloc(&made->values, size, sizeof(float));
  if (rc < 0) {
    pflow_free(made);
    return rc;
  }
  made->size = size;
  made->decay = decay;
  memcpy(made->values, weights, size * sizeof(float));
  *ema = made;
  return PFLOW_OK;
}

void pflow_ema_destroy(pflow_ema *ema) {
  if (!ema) return;
  pflow_free(ema->values);
  pflow_free(ema);
}

pflow_err pflow_ema_update(pflow_ema *ema, const float *weights) {
  pf_need(ema);
  pf_need(weights);
  double t = (double)ema->updates;
  float follow = (float)(1.0 - fmin(ema->decay, (1.0 + t) / (10.0 + t)));
  float *restrict values = ema->values;
  for (size_t i = 0; i < ema->size; i++)
    values[i] += follow * (weights[i] - values[i]);
  ema->updates++;
  return PFLOW_OK;
}

float *pflow_ema_values(pflow_ema *ema) {
  return ema ? ema->values : NULL;
}

size_t pflow_ema_size(const pflow_ema *ema) {
  return ema ? ema->size : 0;
}

uint64_t pflow_ema_updates(const pflow_ema *ema) {
  return ema ? ema->updates : 0;
}

pflow_err pflow_ema_set_updates(pflow_ema *ema, uint64_t updates) {
  pf_need(ema);
  if (updates > UINT64_MAX / 2)
    return pf_fail(PFLOW_EINVAL, "updates is %" PRIu64 ", at most %" PRIu64, updates,
                   UINT64_MAX / 2);
  ema->updates = updates;
  return PFLOW_OK;
}
