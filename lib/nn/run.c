/*
 * run.c - forward, backward and prediction through the layers of a built network.
 */
#include <string.h>

#include "nn/fused.h"

enum { zero_grain = 1 << 18 }; /* gradients that a thread sets to 0 at a time */

/* A pass over rows by the first `layers` layers. */
typedef struct pass {
  const pflow_net_work *work;
  size_t layers, rows;
  bool training;
} pass;

/* Whether layer `index` takes over the ReLU behind it; one past the end stays out. */
static bool takes_relu(const pass *p, size_t index) {
  return index + 1 < p->layers && p->work->net->layer[index + 1].absorbed;
}

/* Everything of a call but x, y, their gradients and scratch. */
static pflow_layer_call make_call(const pass *p, size_t index) {
  const pflow_net *net = p->work->net;
  const pf_layer *layer = &net->layer[index];
  pflow_layer_call call = {.rows = p->rows,
                           .training = p->training,
                           .in = layer->plan.in,
                           .out = layer->plan.out,
                           .pool = net->pool,
                           .rectify = takes_relu(p, index)};
  for (size_t k = 0; k < layer->plan.n_params; k++) {
    call.param[k] = pf_layer_array(net, layer, k);
    if (p->training && !pf_layer_array_is_state(layer, k))
      call.grad[k] = net->grads + layer->offset[k];
  }
  if (p->training) call.saved = p->work->block + p->work->slot[index].saved;
  return call;
}

typedef pflow_err (*layer_function)(const pflow_layer_call *call, void *self);

/* Runs a layer's forward or backward, keeping its message, or giving it one. */
static pflow_err run_layer(const pf_layer *layer, size_t index, layer_function function,
                           const pflow_layer_call *call) {
  char kept[pf_message_size];
  pf_message_get(kept);
  pf_message_set("");
  pflow_err rc = function(call, layer->self);
  const char *name = function == layer->type.forward ? "forward" : "backward";
  return pf_layer_result(rc, layer, index, name, kept);
}

/* The last layer that runs writes to y, or, y NULL, to the workspace. */
static pflow_err run_forward(const pass *p, const float *x, float *y) {
  const pflow_net_work *work = p->work;
  for (size_t i = 0; i < p->layers; i++) {
    const pf_layer *layer = &work->net->layer[i];
    if (layer->absorbed) continue;
    const bool last = i + 1 + takes_relu(p, i) == p->layers;
    pflow_layer_call call = make_call(p, i);
    call.x = x;
    call.y = y && last ? y : work->block + work->slot[i].y;
    call.scratch = work->block + work->slot[i].forward_scratch;
    pf_try(run_layer(layer, i, layer->type.forward, &call));
    x = call.y;
  }
  return PFLOW_OK;
}

static pflow_err run_backward(const pass *p, const float *dy, float *dx) {
  const pflow_net_work *work = p->work;
  for (size_t i = p->layers; i-- > 0;) {
    const pf_layer *layer = &work->net->layer[i];
    if (layer->absorbed) continue;
    pflow_layer_call call = make_call(p, i);
    call.x = i > 0 ? work->block + work->slot[i - 1].y : work->waiting_x;
    call.y = work->block + work->slot[i].y;
    call.dy = dy;
    call.dx = i > 0 ? work->block + work->slot[i].dx : dx;
    call.scratch = work->block + work->slot[i].backward_scratch;
    pf_try(run_layer(layer, i, layer->type.backward, &call));
    dy = call.dx;
  }
  return PFLOW_OK;
}

static pflow_err check_work(const pflow_net *net, const pflow_net_work *work) {
  if (work->net != net)
    return pf_fail(PFLOW_ESTATE, "the workspace belongs to another network");
  return PFLOW_OK;
}

static pflow_err check_training(const pflow_net *net, const pflow_net_work *work) {
  pf_try(check_work(net, work));
  if (work->mode != PFLOW_TRAINING)
    return pf_fail(PFLOW_ESTATE, "training with a workspace made for PFLOW_INFERENCE");
  return PFLOW_OK;
}

pflow_err pflow_net_forward(pflow_net *net, pflow_net_work *work, const float *x,
                            size_t n, const float **y) {
  pf_need(y);
  *y = NULL;
  pf_need(net);
  pf_need(work);
  pf_need(x);
  pf_try(check_training(net, work));
  if (n == 0 || n > work->max_rows)
    return pf_fail(PFLOW_ESHAPE, "a forward of %zu rows, the workspace takes 1 to %zu", n,
                   work->max_rows);
  work->waiting_rows = 0;
  if (pf_fused_whole(work))
    pf_try(pf_fused_forward(work, x, n));
  else
    pf_try(run_forward(&(pass){work, net->count, n, true}, x, NULL));
  work->waiting_rows = n;
  work->waiting_x = x;
  *y = work->block + work->slot[net->count - 1].y;
  return PFLOW_OK;
}

pflow_err pflow_net_backward(pflow_net *net, pflow_net_work *work, const float *dy,
                             float *dx) {
  pf_need(net);
  pf_need(work);
  pf_need(dy);
  pf_try(check_training(net, work));
  if (work->waiting_rows == 0)
    return pf_fail(PFLOW_ESTATE, "a backward without a forward before it");
  pflow_err rc =
      run_backward(&(pass){work, net->count, work->waiting_rows, true}, dy, dx);
  work->waiting_rows = 0;
  return rc;
}

static int zero_values(size_t begin, size_t end, void *user) {
  memset((float *)user + begin, 0, (end - begin) * sizeof(float));
  return 0;
}

pflow_err pflow_net_zero_grads(pflow_net *net) {
  pf_need(net);
  if (!net->built) return pf_fail(PFLOW_ESTATE, "pflow_net_zero_grads before build");
  return pflow_parallel_for(net->pool, net->param_size, zero_grain, zero_values,
                            net->grads);
}

/* The first `layers` layers over all rows, max_rows at a time. */
static pflow_err predict_pieces(const pflow_net_work *work, size_t layers, const float *x,
                                size_t n, float *y) {
  size_t in = work->net->layer[0].in_size, out = work->net->layer[layers - 1].out_size;
  for (size_t begin = 0; begin < n; begin += work->max_rows) {
    size_t left = n - begin, rows = left < work->max_rows ? left : work->max_rows;
    pf_try(
        run_forward(&(pass){work, layers, rows, false}, x + begin * in, y + begin * out));
    if (left <= work->max_rows) break; /* begin + max_rows may overflow */
  }
  return PFLOW_OK;
}

pflow_err pflow_net_predict_upto(const pflow_net *net, pflow_net_work *work,
                                 size_t layers, const float *x, size_t n, float *y) {
  pf_need(net);
  pf_need(work);
  pf_need(x);
  pf_need(y);
  pf_try(check_work(net, work));
  if (layers == 0 || layers > net->count)
    return pf_fail(PFLOW_EINVAL, "%zu layers of a network of %zu", layers, net->count);
  work->waiting_rows = 0;
  if (work->fused && layers <= work->fused->layers)
    return pf_fused_predict(net, work->fused, layers, x, n, y);
  return predict_pieces(work, layers, x, n, y);
}

pflow_err pflow_net_predict(const pflow_net *net, pflow_net_work *work, const float *x,
                            size_t n, float *y) {
  return pflow_net_predict_upto(net, work, pflow_net_layers(net), x, n, y);
}
