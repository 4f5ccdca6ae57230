/*
 * info.c - what a network tells about itself: sizes, blocks, layers, named arrays.
 */
#include <stdio.h>
#include <string.h>

#include "nn/net.h"

size_t pf_shape_size(const pflow_shape *shape) {
  size_t size = 1;
  for (size_t i = 0; i < shape->ndim; i++)
    size *= shape->dim[i];
  return size;
}

bool pf_layer_array_is_state(const pf_layer *layer, size_t index) {
  return layer->plan.param[index].kind == PFLOW_PARAM_STATE;
}

float *pf_layer_array(const pflow_net *net, const pf_layer *layer, size_t index) {
  float *block = pf_layer_array_is_state(layer, index) ? net->state : net->params;
  return block + layer->offset[index];
}

size_t pflow_net_layers(const pflow_net *net) {
  return net ? net->count : 0;
}

size_t pflow_net_in_size(const pflow_net *net) {
  return net && net->built ? net->layer[0].in_size : 0;
}

size_t pflow_net_out_size(const pflow_net *net) {
  return net && net->built ? net->layer[net->count - 1].out_size : 0;
}

float *pflow_net_params(pflow_net *net) {
  return net ? net->params : NULL;
}

const float *pflow_net_const_params(const pflow_net *net) {
  return net ? net->params : NULL;
}

float *pflow_net_grads(pflow_net *net) {
  return net ? net->grads : NULL;
}

size_t pflow_net_param_size(const pflow_net *net) {
  return net ? net->param_size : 0;
}

float *pflow_net_state(pflow_net *net) {
  return net ? net->state : NULL;
}

size_t pflow_net_state_size(const pflow_net *net) {
  return net ? net->state_size : 0;
}

pflow_err pflow_net_layer_info(const pflow_net *net, size_t index,
                               pflow_layer_info *info) {
  pf_need(net);
  pf_need(info);
  *info = (pflow_layer_info){0};
  if (index >= net->count)
    return pf_fail(PFLOW_EINVAL, "layer %zu of a network of %zu", index, net->count);
  const pf_layer *layer = &net->layer[index];
  if (layer->type.describe) layer->type.describe(info, layer->self);
  snprintf(info->kind, sizeof info->kind, "%s", layer->type.kind);
  info->in = net->built ? layer->plan.in : (pflow_shape){0};
  info->out = net->built ? layer->plan.out : (pflow_shape){0};
  return PFLOW_OK;
}

size_t pflow_net_param_count(const pflow_net *net) {
  size_t count = 0;
  if (!net || !net->built) return 0;
  for (size_t i = 0; i < net->count; i++)
    count += net->layer[i].plan.n_params;
  return count;
}

static void describe_array(const pflow_net *net, size_t layer, size_t array,
                           pflow_param *param) {
  const pf_layer *owner = &net->layer[layer];
  const pflow_param_spec *spec = &owner->plan.param[array];
  snprintf(param->name, sizeof param->name, "%zu.%s", layer, spec->name);
  param->ndim = spec->ndim;
  memcpy(param->shape, spec->shape, sizeof param->shape);
  param->size = owner->size[array];
  param->value = pf_layer_array(net, owner, array);
  bool is_state = pf_layer_array_is_state(owner, array);
  param->grad = is_state ? NULL : net->grads + owner->offset[array];
}

pflow_err pflow_net_param(pflow_net *net, size_t index, pflow_param *param) {
  pf_need(net);
  pf_need(param);
  *param = (pflow_param){0};
  if (!net->built) return pf_fail(PFLOW_ESTATE, "pflow_net_param before build");
  size_t array = index;
  for (size_t i = 0; i < net->count; i++) {
    size_t n = net->layer[i].plan.n_params;
    if (array < n) {
      describe_array(net, i, array, param);
      return PFLOW_OK;
    }
    array -= n;
  }
  return pf_fail(PFLOW_EINVAL, "array %zu of a network of %zu", index,
                 pflow_net_param_count(net));
}
