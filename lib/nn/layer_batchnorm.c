/*
 * layer_batchnorm.c - batch normalisation of vectors and images (Ioffe and Szegedy 2015).
 *
 * A block of channels is done from statistics to output by one thread while its values
 * are in the cache. With xhat = (x - mean) * invstd and m values a channel, the gradient
 * is dx = scale * invstd * (dy - sum(dy) / m - xhat * sum(dy * xhat) / m).
 */
#include <math.h>

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
} job;

static job job_of(const pflow_layer_call *call, const batchnorm *self) {
  size_t channels = call->in.dim[0];
  size_t places = call->in.ndim == 3 ? call->in.dim[1] * call->in.dim[2] : 1;
  job j = {.self = self, .call = call, .batch = {call->rows, channels, places}};
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
static void measure(const job *j, size_t begin, size_t end) {
  const float *x = j->call->x, *mean = j->mean + begin;
  const double momentum = j->self->momentum;
  double sum[pf_block_channels], squares[pf_block_channels];
  pf_block_sum(&j->batch, x, begin, end, sum);
  for (size_t c = begin; c < end; c++)
    j->mean[c] = (float)(sum[c - begin] / j->count);
  pf_block_products(&j->batch, x, mean, x, mean, begin, end, squares);
  for (size_t c = begin; c < end; c++) {
    double square = squares[c - begin];
    j->invstd[c] = (float)(1.0 / sqrt(square / j->count + j->self->eps));
    move_running(&j->call->param[param_mean][c], momentum, sum[c - begin] / j->count);
    move_running(&j->call->param[param_var][c], momentum, square / (j->count - 1.0));
  }
}

/* y = (x - mean) * scale + shift; step 1: one coefficient a value, 0: one for all. */
static inline void normalise(const float *x, size_t n, const float *mean,
                             const float *scale, const float *shift, size_t step,
                             float *y) {
  for (size_t i = 0; i < n; i++)
    y[i] = (x[i] - mean[i * step]) * scale[i * step] + shift[i * step];
}

/* Writes y of a block; mean and scale begin with the block. */
static void write_block(const job *j, size_t begin, size_t end, const float *mean,
                        const float *scale) {
  const float *shift = j->call->param[param_shift] + begin;
  const size_t places = j->batch.places;
  for (size_t row = 0; row < j->batch.rows; row++) {
    const float *x = j->call->x + pf_channel_at(&j->batch, row, begin);
    float *y = j->call->y + pf_channel_at(&j->batch, row, begin);
    if (places == 1) {
      normalise(x, end - begin, mean, scale, shift, 1, y);
    } else {
      for (size_t i = 0; i < end - begin; i++)
        normalise(x + i * places, places, &mean[i], &scale[i], &shift[i], 0,
                  y + i * places);
    }
  }
}

static int train_block(size_t begin, size_t end, void *user) {
  const job *j = user;
  float scale[pf_block_channels];
  measure(j, begin, end);
  for (size_t c = begin; c < end; c++)
    scale[c - begin] = j->call->param[param_scale][c] * j->invstd[c];
  write_block(j, begin, end, j->mean + begin, scale);
  return 0;
}

static int predict_block(size_t begin, size_t end, void *user) {
  const job *j = user;
  const float *var = j->call->param[param_var];
  float scale[pf_block_channels];
  for (size_t c = begin; c < end; c++)
    scale[c - begin] = (float)((double)j->call->param[param_scale][c] /
                               sqrt((double)var[c] + j->self->eps));
  write_block(j, begin, end, j->call->param[param_mean] + begin, scale);
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

/* dx = k * (dy - a - (x - mean) * b), coefficients as in normalise. */
typedef struct slope {
  float k[pf_block_channels], a[pf_block_channels], b[pf_block_channels];
} slope;

static inline void backward_run(const float *x, const float *dy, size_t n,
                                const float *mean, const float *k, const float *a,
                                const float *b, size_t step, float *dx) {
  for (size_t i = 0; i < n; i++)
    dx[i] = k[i * step] * (dy[i] - a[i * step] - (x[i] - mean[i * step]) * b[i * step]);
}

static void write_dx(const job *j, size_t begin, size_t end, const slope *s) {
  const float *mean = j->mean + begin;
  const size_t places = j->batch.places;
  for (size_t row = 0; row < j->batch.rows; row++) {
    size_t at = pf_channel_at(&j->batch, row, begin);
    const float *x = j->call->x + at, *dy = j->call->dy + at;
    float *dx = j->call->dx + at;
    if (places == 1) {
      backward_run(x, dy, end - begin, mean, s->k, s->a, s->b, 1, dx);
    } else {
      for (size_t i = 0; i < end - begin; i++)
        backward_run(x + i * places, dy + i * places, places, &mean[i], &s->k[i],
                     &s->a[i], &s->b[i], 0, dx + i * places);
    }
  }
}

static int backward_block(size_t begin, size_t end, void *user) {
  static const float zero[pf_block_channels];
  const job *j = user;
  const pflow_layer_call *call = j->call;
  double sum[pf_block_channels], products[pf_block_channels];
  slope s;
  pf_block_sum(&j->batch, call->dy, begin, end, sum);
  pf_block_products(&j->batch, call->dy, zero, call->x, j->mean + begin, begin, end,
                    products);
  for (size_t c = begin, i = 0; c < end; c++, i++) {
    const double invstd = (double)j->invstd[c];
    call->grad[param_shift][c] += (float)sum[i];
    call->grad[param_scale][c] += (float)(products[i] * invstd);
    s.k[i] = call->param[param_scale][c] * j->invstd[c];
    s.a[i] = (float)(sum[i] / j->count);
    s.b[i] = (float)(products[i] * invstd * invstd / j->count);
  }
  if (call->dx) write_dx(j, begin, end, &s);
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
  plan->ignores_y = 1;
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
