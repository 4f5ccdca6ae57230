/*
 * layer_flatten.c - images to vectors: the values stay where they are.
 */
#include <string.h>

#include "nn/layer.h"
#include "nn/net.h"

static pflow_err plan_flatten(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = (pflow_shape){1, {pf_shape_size(&plan->in)}};
  plan->in_place = 1;
  plan->ignores_y = 1;
  return PFLOW_OK;
}

static void copy_rows(const pflow_layer_call *call, const float *from, float *to) {
  if (to && to != from) memcpy(to, from, call->rows * call->out.dim[0] * sizeof(float));
}

static pflow_err forward_flatten(const pflow_layer_call *call, void *user) {
  (void)user;
  copy_rows(call, call->x, call->y);
  return PFLOW_OK;
}

static pflow_err backward_flatten(const pflow_layer_call *call, void *user) {
  (void)user;
  copy_rows(call, call->dy, call->dx);
  return PFLOW_OK;
}

static const pflow_layer_class flatten_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "flatten",
    .plan = plan_flatten,
    .forward = forward_flatten,
    .backward = backward_flatten,
};

pflow_err pflow_net_add_flatten(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &flatten_class, NULL);
}
