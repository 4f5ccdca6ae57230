/*
 * layer_activation.c - functions of one value: ReLU and SiLU.
 */
#include <string.h>

#include "kernels/table.h"
#include "nn/layer.h"

/* ---- relu: written so that NaN passes ---- */

/* One array for input and output, so that compilers vectorise without a proof. */
static void bring(float *to, const float *from, size_t n) {
  if (to != from) memcpy(to, from, n * sizeof *to);
}

static int relu_values(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  float *y = call->y;
  bring(y + begin, call->x + begin, end - begin);
  for (size_t i = begin; i < end; i++)
    y[i] = y[i] < 0.0f ? 0.0f : y[i];
  return 0;
}

static int relu_slopes(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const float *restrict y = call->y;
  float *restrict dx = call->dx;
  bring(dx + begin, call->dy + begin, end - begin);
  for (size_t i = begin; i < end; i++)
    dx[i] = y[i] <= 0.0f ? 0.0f : dx[i];
  return 0;
}

static pflow_err plan_relu(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = plan->in;
  plan->in_place = 1;
  return PFLOW_OK;
}

static pflow_err forward_relu(const pflow_layer_call *call, void *user) {
  (void)user;
  return pf_layer_for_values(call, relu_values);
}

static pflow_err backward_relu(const pflow_layer_call *call, void *user) {
  (void)user;
  return call->dx ? pf_layer_for_values(call, relu_slopes) : PFLOW_OK;
}

static const pflow_layer_class relu_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "relu",
    .plan = plan_relu,
    .forward = forward_relu,
    .backward = backward_relu,
};

bool pf_layer_is_relu(const pflow_layer_class *type) {
  return type->forward == forward_relu;
}

pflow_err pflow_net_add_relu(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &relu_class, NULL);
}

/* ---- silu ---- */

static int silu_values(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  bring(call->y + begin, call->x + begin, end - begin);
  pf_kernels_get()->mlp.silu(end - begin, call->y + begin);
  return 0;
}

static int silu_slopes(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  pf_kernels_get()->mlp.silu_slopes(end - begin, call->x + begin, call->dy + begin,
                                    call->dx + begin);
  return 0;
}

static pflow_err plan_silu(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = plan->in;
  plan->ignores_y = 1;
  return PFLOW_OK;
}

static pflow_err forward_silu(const pflow_layer_call *call, void *user) {
  (void)user;
  return pf_layer_for_values(call, silu_values);
}

static pflow_err backward_silu(const pflow_layer_call *call, void *user) {
  (void)user;
  return call->dx ? pf_layer_for_values(call, silu_slopes) : PFLOW_OK;
}

static const pflow_layer_class silu_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "silu",
    .plan = plan_silu,
    .forward = forward_silu,
    .backward = backward_silu,
};

bool pf_layer_is_silu(const pflow_layer_class *type) {
  return type->forward == forward_silu;
}

pflow_err pflow_net_add_silu(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &silu_class, NULL);
}
