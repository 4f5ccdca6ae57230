/*
 * build.c - fixes a network's shapes and lays out its parameter, gradient and state
 * blocks.
 */
#include <stdio.h>
#include <string.h>

#include "nn/layer.h"
#include "nn/net.h"

static pflow_err check_shape(const pflow_shape *shape, size_t *size, const char *what) {
  if (shape->ndim != 1 && shape->ndim != 3)
    return pf_fail(PFLOW_ESHAPE, "%s has %zu dimensions, wants 1 or 3", what,
                   shape->ndim);
  *size = 1;
  for (size_t i = 0; i < shape->ndim; i++) {
    if (shape->dim[i] == 0)
      return pf_fail(PFLOW_ESHAPE, "dimension %zu of %s is 0", i, what);
    pf_try(pf_mul(size, *size, shape->dim[i], what));
  }
  return PFLOW_OK;
}

static pflow_err check_fans(const pflow_param_spec *spec, const char *what) {
  bool weight = spec->kind == PFLOW_PARAM_WEIGHT;
  if (!weight && spec->kind != PFLOW_PARAM_BIAS) return PFLOW_OK;
  if (spec->fan_in == 0) return pf_fail(PFLOW_EINVAL, "%s has fan_in 0", what);
  if (weight && spec->fan_out == 0)
    return pf_fail(PFLOW_EINVAL, "%s has fan_out 0", what);
  return PFLOW_OK;
}

/* Checks what a layer wants of one array; *size gets its number of values. */
static pflow_err check_spec(const pflow_param_spec *spec, size_t *size,
                            const char *what) {
  size_t length = strnlen(spec->name, sizeof spec->name);
  if (length == 0 || length == sizeof spec->name)
    return pf_fail(PFLOW_EINVAL, "%s: its name has %zu characters, wants 1 to %zu", what,
                   length, sizeof spec->name - 1);
  if (spec->kind < PFLOW_PARAM_WEIGHT || spec->kind > PFLOW_PARAM_STATE)
    return pf_fail(PFLOW_EINVAL, "%s is of kind %d, wants 0 to 3", what, (int)spec->kind);
  if (spec->ndim < 1 || spec->ndim > 4)
    return pf_fail(PFLOW_EINVAL, "%s has %zu dimensions, wants 1 to 4", what, spec->ndim);
  *size = 1;
  for (size_t i = 0; i < spec->ndim; i++) {
    if (spec->shape[i] == 0)
      return pf_fail(PFLOW_EINVAL, "dimension %zu of %s is 0", i, what);
    pf_try(pf_mul(size, *size, spec->shape[i], what));
  }
  return check_fans(spec, what);
}

/* Places a layer's arrays behind those of the layers before it. */
static pflow_err place_arrays(pflow_net *net, pf_layer *layer, size_t index) {
  const pflow_layer_plan *plan = &layer->plan;
  if (plan->n_params > PFLOW_LAYER_MAX_PARAMS)
    return pf_fail(PFLOW_EINVAL, "%s %zu plans %zu arrays, at most %d", layer->type.kind,
                   index, plan->n_params, PFLOW_LAYER_MAX_PARAMS);
  for (size_t k = 0; k < plan->n_params; k++) {
    char what[96];
    snprintf(what, sizeof what, "array %zu of %s %zu", k, layer->type.kind, index);
    pf_try(check_spec(&plan->param[k], &layer->size[k], what));
    bool is_state = pf_layer_array_is_state(layer, k);
    size_t *total = is_state ? &net->state_size : &net->param_size;
    layer->offset[k] = *total;
    pf_try(pf_add(total, *total, layer->size[k], what));
  }
  return PFLOW_OK;
}

static pflow_err call_plan(const pflow_net *net, pf_layer *layer, size_t index,
                           const pflow_shape *in) {
  char kept[pf_message_size];
  layer->plan =
      (pflow_layer_plan){.in = *in, .scratch_bytes = net->scratch_bytes, .index = index};
  pf_message_get(kept);
  pf_message_set("");
  pflow_err rc = layer->type.plan(&layer->plan, layer->self);
  return pf_layer_result(rc, layer, index, "plan", kept);
}

static pflow_err plan_layer(pflow_net *net, size_t index, const pflow_shape *in) {
  pf_layer *layer = &net->layer[index];
  char what[64];
  snprintf(what, sizeof what, "the output of %s %zu", layer->type.kind, index);
  pf_try(call_plan(net, layer, index, in));
  layer->in_size = pf_shape_size(in);
  pf_try(check_shape(&layer->plan.out, &layer->out_size, what));
  if ((layer->plan.in_place || layer->plan.dx_over_dy) &&
      layer->in_size != layer->out_size)
    return pf_fail(PFLOW_ESHAPE, "%s %zu works in place but makes %zu values of %zu",
                   layer->type.kind, index, layer->out_size, layer->in_size);
  return place_arrays(net, layer, index);
}

static pflow_err plan_layers(pflow_net *net, const pflow_shape *row) {
  size_t size;
  pf_try(check_shape(row, &size, "the input row"));
  net->param_size = net->state_size = 0;
  const pflow_shape *in = row;
  for (size_t i = 0; i < net->count; i++) {
    pf_try(plan_layer(net, i, in));
    in = &net->layer[i].plan.out;
  }
  return PFLOW_OK;
}

/* Finds each ReLU behind a layer that can take it over. */
static void absorb_relus(pflow_net *net) {
  for (size_t i = 1; i < net->count; i++)
    net->layer[i].absorbed =
        net->layer[i - 1].plan.rectifies && pf_layer_is_relu(&net->layer[i].type);
}

static pflow_err allocate_blocks(pflow_net *net) {
  pf_try(pf_alloc(&net->params, net->param_size, sizeof(float)));
  pf_try(pf_alloc(&net->grads, net->param_size, sizeof(float)));
  return pf_alloc(&net->state, net->state_size, sizeof(float));
}

static void release_blocks(pflow_net *net) {
  pflow_free(net->params);
  pflow_free(net->grads);
  pflow_free(net->state);
  net->params = net->grads = net->state = NULL;
  net->param_size = net->state_size = 0;
}

static pflow_err build(pflow_net *net, const pflow_shape *row) {
  pf_try(plan_layers(net, row));
  absorb_relus(net);
  pf_try(allocate_blocks(net));
  pflow_init_config start;
  pflow_init_config_init(&start);
  start.seed = net->seed;
  pf_net_init_range(net, &start, 0, net->count);
  net->built = true;
  return PFLOW_OK;
}

static pflow_err check_start(const pflow_net *net) {
  if (net->built) return pf_fail(PFLOW_ESTATE, "the network is already built");
  if (net->count == 0) return pf_fail(PFLOW_ESTATE, "a network without layers");
  return PFLOW_OK;
}

/* The shape of a row; build's checks refuse an ndim that is not copied. */
static pflow_shape row_of(const size_t *row_shape, size_t ndim) {
  pflow_shape row = {.ndim = ndim};
  if (ndim <= 3) memcpy(row.dim, row_shape, ndim * sizeof *row_shape);
  return row;
}

pflow_err pf_net_measure(pflow_net *net, const size_t *row_shape, size_t ndim,
                         size_t *values) {
  pf_try(check_start(net));
  pflow_shape row = row_of(row_shape, ndim);
  pflow_err rc = plan_layers(net, &row);
  if (rc >= 0) rc = pf_add(values, net->param_size, net->state_size, "network");
  release_blocks(net);
  return rc;
}

pflow_err pflow_net_build(pflow_net *net, const size_t *row_shape, size_t ndim) {
  pf_need(net);
  pf_need(row_shape);
  pf_try(check_start(net));
  pflow_shape row = row_of(row_shape, ndim);
  pflow_err rc = build(net, &row);
  if (rc < 0) release_blocks(net);
  return rc;
}
