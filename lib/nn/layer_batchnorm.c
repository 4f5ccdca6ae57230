/*
 * layer_batchnorm.c - batch normalisation of vectors and images (Ioffe and Szegedy 2015).
 *
 * A block of channels is done from statistics to output by one thread while its values
 * are in the cache. With xhat = (x - mean) * invstd and m values a channel, the gradient
 * is dx = scale * invstd * (dy - sum(dy) / m - xhat * sum(dy * xhat) / m).
 *
 * A ReLU behind the layer is taken along, which spares it passes of its own.
 */
#include <math.h>

#include "kernels/table.h"
#include "nn/channels.h"
#include "nn/layer.h"

typedef struct batchnorm {
  double eps, momentum;
  size_t index;
} batchnorm;

enum { param_scale, param_shift, param_mean, param_var };

/* One call. mean and invstd are per channel. */
typedef struct job {
  const batchnorm *self;
  const pflow_layer_call *call;
  pf_batch batch;
  double count; /* values a channel */
  float *mean, *invstd;
  const pf_norm_kernels *kernels;
} job;

static job job_of(const pflow_layer_call *call, const batchnorm *self) {
  size_t channels = call->in.dim[0];
  size_t places = call->in.ndim == 3 ? call->in.dim[1] * call->in.dim[2] : 1;
  job j = {.self = self,
           .call = call,
           .batch = {call->rows, channels, places},
           .kernels = &pf_kernels_get()->norm};
  j.count = (double)call->rows * (double)places;
  j.mean = call->saved;
  j.invstd = call->saved ? call->saved + channels : NULL;
  return j;
}

static pflow_err for_blocks(job *j, pflow_range_fn body) {
  return pflow_parallel_for(j->call->pool, j->batch.channels, pf_block_size(&j->batch),
                            body, j);
}

/* ---- forward ---- */

static void move_running(float *running, double momentum, double batch) {
  *running = (float)((1.0 - momentum) * (double)*running + momentum * batch);
}

/* Statistics of a block: saved, and the running ones moved. */
static void measure(const job *j, const pf_norm_block *block, const float *x,
                    size_t begin) {
  const double momentum = j->self->momentum;
  double sum[pf_block_channels], squares[pf_block_channels];
  j->kernels->sums(block, x, sum);
  for (size_t i = 0; i < block->channels; i++)
    j->mean[begin + i] = (float)(sum[i] / j->count);
  j->kernels->squares(block, x, j->mean + begin, squares);
  for (size_t i = 0, c = begin; i < block->channels; i++, c++) {
    j->invstd[c] = (float)(1.0 / sqrt(squares[i] / j->count + j->self->eps));
    move_running(&j->call->param[param_mean][c], momentum, sum[i] / j->count);
    move_running(&j->call->param[param_var][c], momentum, squares[i] / (j->count - 1.0));
  }
}

/* What a block's values are mapped by, with its scales in `scale`. */
static pf_norm_affine affine_of(const job *j, const float *mean, const float *scale,
                                size_t begin) {
  return (pf_norm_affine){mean + begin, scale, j->call->param[param_shift] + begin,
                          j->call->rectify};
}

static void set_scale(const job *j, size_t begin, size_t end, float *scale) {
  for (size_t c = begin; c < end; c++)
    scale[c - begin] = j->call->param[param_scale][c] * j->invstd[c];
}

static int train_block(size_t begin, size_t end, void *user) {
  const job *j = user;
  size_t at;
  float scale[pf_block_channels];
  const pf_norm_block block = pf_block_of(&j->batch, begin, end, &at);
  measure(j, &block, j->call->x + at, begin);
  set_scale(j, begin, end, scale);
  const pf_norm_affine affine = affine_of(j, j->mean, scale, begin);
  j->kernels->forward(&block, &affine, j->call->x + at, j->call->y + at);
  return 0;
}

static int predict_block(size_t begin, size_t end, void *user) {
  const job *j = user;
  const float *var = j->call->param[param_var];
  size_t at;
  float scale[pf_block_channels];
  const pf_norm_block block = pf_block_of(&j->batch, begin, end, &at);
  for (size_t c = begin; c < end; c++)
    scale[c - begin] = (float)((double)j->call->param[param_scale][c] /
                               sqrt((double)var[c] + j->self->eps));
  const pf_norm_affine affine = affine_of(j, j->call->param[param_mean], scale, begin);
  j->kernels->forward(&block, &affine, j->call->x + at, j->call->y + at);
  return 0;
}

static pflow_err forward_batchnorm(const pflow_layer_call *call, void *user) {
  const batchnorm *self = user;
  job j = job_of(call, self);
  if (!call->training) return for_blocks(&j, predict_block);
  if (j.count < 2.0)
    return pf_fail(PFLOW_ESHAPE,
                   "batchnorm %zu wants at least 2 values a channel to train on, got %g",
                   self->index, j.count);
  return for_blocks(&j, train_block);
}

/* ---- backward ---- */

static int backward_block(size_t begin, size_t end, void *user) {
  const job *j = user;
  const pflow_layer_call *call = j->call;
  size_t at;
  double sum[pf_block_channels], products[pf_block_channels];
  float scale[pf_block_channels], a[pf_block_channels], b[pf_block_channels];
  const pf_norm_block block = pf_block_of(&j->batch, begin, end, &at);
  set_scale(j, begin, end, scale);
  const pf_norm_affine affine = affine_of(j, j->mean, scale, begin);
  j->kernels->slopes(&block, &affine, call->x + at, call->dy + at, sum, products);
  for (size_t c = begin, i = 0; c < end; c++, i++) {
    const double invstd = (double)j->invstd[c];
    call->grad[param_shift][c] += (float)sum[i];
    call->grad[param_scale][c] += (float)(products[i] * invstd);
    a[i] = (float)(sum[i] / j->count);
    b[i] = (float)(products[i] * invstd * invstd / j->count);
  }
  if (call->dx)
    j->kernels->backward(&block, &affine, a, b, call->x + at, call->dy + at,
                         call->dx + at);
  return 0;
}

static pflow_err backward_batchnorm(const pflow_layer_call *call, void *user) {
  job j = job_of(call, user);
  return for_blocks(&j, backward_block);
}

/* ---- the layer ---- */

static pflow_err plan_batchnorm(pflow_layer_plan *plan, void *user) {
  batchnorm *self = user;
  const size_t channels = plan->in.dim[0];
  self->index = plan->index;
  plan->out = plan->in;
  pf_layer_add_vector(plan, "weight", PFLOW_PARAM_SCALE, channels, 1.0f);
  pf_layer_add_vector(plan, "bias", PFLOW_PARAM_SCALE, channels, 0.0f);
  pf_layer_add_vector(plan, "running_mean", PFLOW_PARAM_STATE, channels, 0.0f);
  pf_layer_add_vector(plan, "running_var", PFLOW_PARAM_STATE, channels, 1.0f);
  plan->ignores_y = plan->dx_over_dy = plan->rectifies = 1;
  return pf_mul(&plan->saved_fixed, channels, 2, "batchnorm statistics");
}

static void describe_batchnorm(pflow_layer_info *info, const void *user) {
  const batchnorm *self = user;
  pf_layer_add_attr(info, "eps", self->eps);
  pf_layer_add_attr(info, "momentum", self->momentum);
}

static const pflow_layer_class batchnorm_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "batchnorm",
    .plan = plan_batchnorm,
    .forward = forward_batchnorm,
    .backward = backward_batchnorm,
    .describe = describe_batchnorm,
    .destroy = pflow_free,
};

pflow_err pflow_net_add_batchnorm_config(pflow_net *net,
                                         const pflow_batchnorm_config *config) {
  pf_need(net);
  pflow_batchnorm_config c;
  pflow_batchnorm_config_init(&c);
  pf_try(pf_config_read(&c, sizeof c, config, "pflow_batchnorm_config"));
  pf_try(pf_layer_setting(net, "batchnorm", c.eps > 0.0 && c.eps < INFINITY, "eps", c.eps,
                          "0 < eps < inf"));
  pf_try(pf_layer_setting(net, "batchnorm", c.momentum >= 0.0 && c.momentum <= 1.0,
                          "momentum", c.momentum, "0 <= momentum <= 1"));
  batchnorm *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->eps = c.eps;
  self->momentum = c.momentum;
  return pflow_net_add_layer(net, &batchnorm_class, self);
}

pflow_err pflow_net_add_batchnorm(pflow_net *net) {
  return pflow_net_add_batchnorm_config(net, NULL);
}
