/*
 * toy.c - the toy layers, one after another, and the network of them.
 */
#include "support/toy.h"

#include <math.h>

#include "support/suite.h"

/* Any toy's own memory: the number of outputs, where it matters. */
typedef struct toy {
  size_t out;
} toy;

const char toy_kinds[] = "adeaanadda";

static pflow_err add(pflow_net *net, const pflow_layer_class *layer, size_t out) {
  toy *self = pflow_alloc(1, sizeof *self);
  if (!self) return PFLOW_ENOMEM;
  self->out = out;
  return pflow_net_add_layer(net, layer, self);
}

static void describe(pflow_layer_info *info, const void *self) {
  const toy *me = self;
  info->n_attrs = 1;
  strcpy(info->attr[0].name, "out");
  info->attr[0].value = (double)me->out;
}

static pflow_err dense_plan(pflow_layer_plan *plan, void *self) {
  const toy *me = self;
  size_t in = plan->in.dim[0];
  plan->out = (pflow_shape){.ndim = 1, .dim = {me->out}};
  plan->ignores_y = 1;
  plan->n_params = 2;
  plan->param[0] = (pflow_param_spec){.name = "weight",
                                      .kind = PFLOW_PARAM_WEIGHT,
                                      .ndim = 2,
                                      .shape = {me->out, in},
                                      .fan_in = in,
                                      .fan_out = me->out};
  plan->param[1] = (pflow_param_spec){.name = "bias",
                                      .kind = PFLOW_PARAM_BIAS,
                                      .ndim = 1,
                                      .shape = {me->out},
                                      .fan_in = in};
  return PFLOW_OK;
}

static pflow_err dense_forward(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t in = call->in.dim[0], out = call->out.dim[0];
  for (size_t i = 0; i < call->rows * out; i++) {
    size_t row = i / out, k = i % out;
    double sum = call->param[1][k];
    for (size_t j = 0; j < in; j++)
      sum += (double)call->param[0][k * in + j] * call->x[row * in + j];
    call->y[i] = (float)sum;
  }
  return PFLOW_OK;
}

static pflow_err dense_backward(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t in = call->in.dim[0], out = call->out.dim[0];
  for (size_t row = 0; row < call->rows; row++) {
    const float *x = call->x + row * in, *dy = call->dy + row * out;
    for (size_t k = 0; k < out; k++) {
      call->grad[1][k] += dy[k];
      for (size_t j = 0; j < in; j++)
        call->grad[0][k * in + j] += dy[k] * x[j];
    }
    for (size_t j = 0; call->dx && j < in; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < out; k++)
        sum += (double)dy[k] * call->param[0][k * in + j];
      call->dx[row * in + j] = (float)sum;
    }
  }
  return PFLOW_OK;
}

pflow_err toy_add_dense(pflow_net *net, size_t out) {
  const pflow_layer_class layer = {sizeof layer,   "dense",  dense_plan, dense_forward,
                                   dense_backward, describe, pflow_free};
  return add(net, &layer, out);
}

static pflow_err asinh_plan(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  plan->in_place = 1;
  return PFLOW_OK;
}

static pflow_err asinh_forward(const pflow_layer_call *call, void *self) {
  (void)self;
  for (size_t i = 0; i < call->rows * call->in.dim[0]; i++)
    call->y[i] = (float)asinh(call->x[i]);
  return PFLOW_OK;
}

static pflow_err asinh_backward(const pflow_layer_call *call, void *self) {
  (void)self;
  for (size_t i = 0; call->dx && i < call->rows * call->in.dim[0]; i++)
    call->dx[i] = (float)(call->dy[i] / cosh(call->y[i]));
  return PFLOW_OK;
}

pflow_err toy_add_asinh(pflow_net *net) {
  const pflow_layer_class layer = {sizeof layer,   "asinh", asinh_plan, asinh_forward,
                                   asinh_backward, NULL,    pflow_free};
  return add(net, &layer, 0);
}

static pflow_err exp_plan(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  return PFLOW_OK;
}

static pflow_err exp_forward(const pflow_layer_call *call, void *self) {
  (void)self;
  for (size_t i = 0; i < call->rows * call->in.dim[0]; i++)
    call->y[i] = (float)exp(0.25 * call->x[i]);
  return PFLOW_OK;
}

static pflow_err exp_backward(const pflow_layer_call *call, void *self) {
  (void)self;
  for (size_t i = 0; call->dx && i < call->rows * call->in.dim[0]; i++)
    call->dx[i] = 0.25f * call->dy[i] * call->y[i];
  return PFLOW_OK;
}

pflow_err toy_add_exp(pflow_net *net) {
  const pflow_layer_class layer = {sizeof layer, "exp", exp_plan,  exp_forward,
                                   exp_backward, NULL,  pflow_free};
  return add(net, &layer, 0);
}

static pflow_err norm_plan(pflow_layer_plan *plan, void *self) {
  (void)self;
  size_t dim = plan->in.dim[0];
  plan->out = plan->in;
  plan->ignores_y = 1;
  plan->n_params = 2;
  plan->param[0] = (pflow_param_spec){.name = "scale",
                                      .kind = PFLOW_PARAM_SCALE,
                                      .ndim = 1,
                                      .shape = {dim},
                                      .start = 1.5f};
  plan->param[1] = (pflow_param_spec){
      .name = "seen", .kind = PFLOW_PARAM_STATE, .ndim = 1, .shape = {1}};
  plan->saved_per_row = 1;
  plan->saved_fixed = 1;
  plan->scratch_per_row = dim;
  plan->scratch_fixed = 3;
  return PFLOW_OK;
}

static double row_factor(const float *x, size_t dim) {
  double sum = 0.0;
  for (size_t j = 0; j < dim; j++)
    sum += (double)x[j] * x[j];
  return 1.0 / sqrt(1.0 + sum / (double)dim);
}

static pflow_err norm_forward(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t dim = call->in.dim[0];
  if (!call->training && (call->saved || call->grad[0])) return PFLOW_ESTATE;
  for (size_t i = 0; i < call->rows; i++) {
    double factor = row_factor(call->x + i * dim, dim);
    if (call->training) call->saved[i] = (float)factor;
    for (size_t j = 0; j < dim; j++)
      call->y[i * dim + j] = (float)(call->param[0][j] * factor * call->x[i * dim + j]);
  }
  if (call->training) call->param[1][0] += (float)call->rows;
  if (call->training) call->saved[call->rows] = -1.0f;
  return PFLOW_OK;
}

static pflow_err norm_backward(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t dim = call->in.dim[0];
  if (call->grad[1] || call->saved[call->rows] != -1.0f) return PFLOW_ESTATE;
  for (size_t i = 0; i < call->rows; i++) {
    const float *x = call->x + i * dim, *dy = call->dy + i * dim;
    double factor = call->saved[i], dot = 0.0;
    float *scaled = call->scratch + i * dim;
    for (size_t j = 0; j < dim; j++) {
      call->grad[0][j] += (float)(dy[j] * factor * x[j]);
      scaled[j] = dy[j] * call->param[0][j];
      dot += (double)scaled[j] * x[j];
    }
    double pull = factor * factor * factor * dot / (double)dim;
    for (size_t j = 0; call->dx && j < dim; j++)
      call->dx[i * dim + j] = (float)(factor * scaled[j] - pull * x[j]);
  }
  return PFLOW_OK;
}

pflow_err toy_add_norm(pflow_net *net) {
  const pflow_layer_class layer = {sizeof layer,  "norm",   norm_plan, norm_forward,
                                   norm_backward, describe, pflow_free};
  return add(net, &layer, 0);
}

static void add_toy(pflow_net *net, char kind, size_t out) {
  switch (kind) {
  case 'd':
    ck_ok(toy_add_dense(net, out));
    break;
  case 'a':
    ck_ok(toy_add_asinh(net));
    break;
  case 'e':
    ck_ok(toy_add_exp(net));
    break;
  default:
    ck_ok(toy_add_norm(net));
  }
}

pflow_net *toy_net(pflow_pool *pool, size_t layers) {
  static const size_t widths[] = {5, 7, 7, 7, 7, 7, 7, 6, 3, 3};
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = pool;
  config.seed = 11;
  ck_ok(pflow_net_create(&net, &config));
  for (size_t i = 0; i < layers; i++)
    add_toy(net, toy_kinds[i], widths[i]);
  ck_ok(pflow_net_build(net, (size_t[]){5}, 1));
  return net;
}
