/*
 * init.c - initial weights. Each array draws from a stream of its own, numbered by layer
 * and array, so that its values do not depend on what else is drawn.
 */
#include <math.h>
#include <string.h>

#include "nn/net.h"
#include "pflow/random.h"

static void fill(float *out, size_t n, float value) {
  for (size_t i = 0; i < n; i++)
    out[i] = value;
}

static void draw_weight(pflow_rng *rng, const pflow_init_config *config,
                        const pflow_param_spec *spec, float *out, size_t n) {
  double fan_in = (double)spec->fan_in, fan_out = (double)spec->fan_out, bound;
  switch (config->kind) {
  case PFLOW_INIT_DEFAULT:
    bound = 1.0 / sqrt(fan_in);
    pflow_rng_uniform(rng, out, n, -bound, bound);
    break;
  case PFLOW_INIT_NORMAL:
    pflow_rng_normal(rng, out, n, 0.0, config->std);
    break;
  case PFLOW_INIT_KAIMING_NORMAL:
    pflow_rng_normal(rng, out, n, 0.0, sqrt(2.0 / fan_in));
    break;
  case PFLOW_INIT_XAVIER_UNIFORM:
    bound = sqrt(6.0 / (fan_in + fan_out));
    pflow_rng_uniform(rng, out, n, -bound, bound);
    break;
  case PFLOW_INIT_ZERO:
    fill(out, n, 0.0f);
    break;
  }
}

static void init_array(pflow_net *net, const pflow_init_config *config, size_t layer,
                       size_t array) {
  const pf_layer *owner = &net->layer[layer];
  const pflow_param_spec *spec = &owner->plan.param[array];
  float *out = pf_layer_array(net, owner, array);
  size_t n = owner->size[array];
  pflow_rng rng;
  pflow_rng_init(&rng, config->seed, (uint64_t)layer << 8 | array);
  if (spec->kind == PFLOW_PARAM_SCALE || spec->kind == PFLOW_PARAM_STATE)
    fill(out, n, spec->start);
  else if (spec->kind == PFLOW_PARAM_BIAS && config->kind != PFLOW_INIT_DEFAULT)
    fill(out, n, 0.0f);
  else
    draw_weight(&rng, config, spec, out, n);
}

void pf_net_init_range(pflow_net *net, const pflow_init_config *config, size_t first,
                       size_t end) {
  for (size_t i = first; i < end; i++) {
    for (size_t k = 0; k < net->layer[i].plan.n_params; k++)
      init_array(net, config, i, k);
  }
}

pflow_err pflow_net_init(pflow_net *net, const pflow_init_config *config) {
  pf_need(net);
  pflow_init_config full;
  pflow_init_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_init_config"));
  if (!net->built) return pf_fail(PFLOW_ESTATE, "pflow_net_init before build");
  pf_try(pf_check_setting(full.kind >= PFLOW_INIT_DEFAULT && full.kind <= PFLOW_INIT_ZERO,
                          "kind", full.kind, "a pflow_init_kind"));
  pf_try(pf_check_setting(full.std >= 0 && full.std < INFINITY, "std", full.std,
                          "0 <= std < inf"));
  if (full.first_layer >= net->count || full.layer_count > net->count - full.first_layer)
    return pf_fail(PFLOW_EINVAL, "%zu layers from layer %zu of a network of %zu",
                   full.layer_count, full.first_layer, net->count);
  size_t end = full.layer_count ? full.first_layer + full.layer_count : net->count;
  pf_net_init_range(net, &full, full.first_layer, end);
  return PFLOW_OK;
}
