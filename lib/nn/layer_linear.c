/*
 * layer_linear.c - y = W x + b over vectors.
 */
#include <string.h>

#include "kernels/gemm.h"
#include "nn/channels.h"
#include "nn/layer.h"

typedef struct linear {
  size_t out_features;
  bool bias;
} linear;

static pflow_err plan_linear(pflow_layer_plan *plan, void *user) {
  const linear *self = user;
  const size_t in = plan->in.dim[0], out = self->out_features;
  pf_try(pf_layer_wants_vector(plan, "linear"));
  plan->out = (pflow_shape){1, {out}};
  plan->n_params = 1;
  plan->param[0] = (pflow_param_spec){.name = "weight",
                                      .kind = PFLOW_PARAM_WEIGHT,
                                      .ndim = 2,
                                      .shape = {out, in},
                                      .fan_in = in,
                                      .fan_out = out};
  plan->ignores_y = 1;
  if (!self->bias) return PFLOW_OK;
  pf_layer_add_vector(plan, "bias", PFLOW_PARAM_BIAS, out, 0.0f);
  plan->param[1].fan_in = in;
  return PFLOW_OK;
}

static pflow_err forward_linear(const pflow_layer_call *call, void *user) {
  const linear *self = user;
  const size_t in = call->in.dim[0], out = self->out_features;
  if (self->bias)
    for (size_t row = 0; row < call->rows; row++)
      memcpy(call->y + row * out, call->param[1], out * sizeof(float));
  return pf_sgemm(pf_plain, pf_transposed, call->rows, out, in, call->x, call->param[0],
                  self->bias ? 1.0f : 0.0f, call->y);
}

static pflow_err backward_linear(const pflow_layer_call *call, void *user) {
  const linear *self = user;
  const size_t in = call->in.dim[0], out = self->out_features;
  const pf_batch batch = {call->rows, out, 1};
  if (self->bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  pf_try(pf_sgemm(pf_transposed, pf_plain, out, in, call->rows, call->dy, call->x, 1.0f,
                  call->grad[0]));
  if (!call->dx) return PFLOW_OK;
  return pf_sgemm(pf_plain, pf_plain, call->rows, in, out, call->dy, call->param[0], 0.0f,
                  call->dx);
}

static void describe_linear(pflow_layer_info *info, const void *user) {
  const linear *self = user;
  pf_layer_add_attr(info, "out_features", (double)self->out_features);
  pf_layer_add_attr(info, "bias", self->bias);
}

static const pflow_layer_class linear_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "linear",
    .plan = plan_linear,
    .forward = forward_linear,
    .backward = backward_linear,
    .describe = describe_linear,
    .destroy = pflow_free,
};

pflow_err pflow_net_add_linear(pflow_net *net, size_t out_features, int bias) {
  pf_need(net);
  pf_try(pf_layer_setting(net, "linear", out_features > 0, "out_features",
                          (double)out_features, "at least 1"));
  linear *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->out_features = out_features;
  self->bias = bias != 0;
  return pflow_net_add_layer(net, &linear_class, self);
}
