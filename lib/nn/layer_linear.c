/*
 * layer_linear.c - y = W x + b over vectors.
 */
#include <stdio.h>
#include <string.h>

#include "kernels/gemm.h"
#include "kernels/gemm_kernels.h"
#include "nn/channels.h"
#include "nn/layer.h"

typedef struct linear {
  size_t out_features;
  bool bias;
} linear;

/*
 * Scratch of the largest of the three products, whose packed factors are rows x in, out x
 * rows and rows x out: pf_gemm_scratch's (m + panel) * (k + 1), with rows left open.
 */
static pflow_err plan_scratch(pflow_layer_plan *plan, size_t in, size_t out) {
  char what[48];
  const size_t wide = in > out ? in : out;
  snprintf(what, sizeof what, "scratch of linear %zu", plan->index);
  pf_try(pf_add(&plan->scratch_per_row, wide, pf_gemm_most_rows, what));
  return pf_mul(&plan->scratch_fixed, plan->scratch_per_row, pf_gemm_most_rows, what);
}

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
  pf_try(plan_scratch(plan, in, out));
  if (!self->bias) return PFLOW_OK;
  pf_layer_add_vector(plan, "bias", PFLOW_PARAM_BIAS, out, 0.0f);
  plan->param[1].fan_in = in;
  return PFLOW_OK;
}

static pf_operand dense(const float *values, size_t stride, pf_trans trans) {
  return (pf_operand){values, stride, trans};
}

static pflow_err forward_linear(const pflow_layer_call *call, void *user) {
  const linear *self = user;
  const size_t in = call->in.dim[0], out = self->out_features;
  if (self->bias)
    for (size_t row = 0; row < call->rows; row++)
      memcpy(call->y + row * out, call->param[1], out * sizeof(float));
  return pf_gemm(call->pool, &(pf_gemm_job){.m = call->rows,
                                            .n = out,
                                            .k = in,
                                            .a = dense(call->x, in, pf_plain),
                                            .b = dense(call->param[0], in, pf_transposed),
                                            .c = call->y,
                                            .c_stride = out,
                                            .add = self->bias,
                                            .scratch = call->scratch});
}

static pflow_err add_weight_gradient(const pflow_layer_call *call) {
  const size_t in = call->in.dim[0], out = call->out.dim[0];
  return pf_gemm(call->pool, &(pf_gemm_job){.m = out,
                                            .n = in,
                                            .k = call->rows,
                                            .a = dense(call->dy, out, pf_transposed),
                                            .b = dense(call->x, in, pf_plain),
                                            .c = call->grad[0],
                                            .c_stride = in,
                                            .add = true,
                                            .scratch = call->scratch});
}

static pflow_err write_input_gradient(const pflow_layer_call *call) {
  const size_t in = call->in.dim[0], out = call->out.dim[0];
  return pf_gemm(call->pool, &(pf_gemm_job){.m = call->rows,
                                            .n = in,
                                            .k = out,
                                            .a = dense(call->dy, out, pf_plain),
                                            .b = dense(call->param[0], in, pf_plain),
                                            .c = call->dx,
                                            .c_stride = in,
                                            .scratch = call->scratch});
}

static pflow_err backward_linear(const pflow_layer_call *call, void *user) {
  const linear *self = user;
  const pf_batch batch = {call->rows, self->out_features, 1};
  if (self->bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  pf_try(add_weight_gradient(call));
  return call->dx ? write_input_gradient(call) : PFLOW_OK;
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

bool pf_layer_is_linear(const pflow_layer_class *type) {
  return type->forward == forward_linear;
}

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
