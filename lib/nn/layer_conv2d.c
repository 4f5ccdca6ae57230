/*
 * layer_conv2d.c - convolution as matrix products over groups of images.
 *
 * Products run over matrices of channels x (image, place); images lie as image, channel,
 * place. Outputs and their gradients are regrouped through a staging block, except in
 * groups of one image, where both orders are the same.
 */
#include <string.h>

#include "kernels/gemm.h"
#include "kernels/im2col.h"
#include "nn/channels.h"
#include "nn/layer.h"

/* Columns of the patch matrix at which a product runs at full speed. */
enum { enough_columns = 2048 };

typedef struct conv2d {
  pflow_conv2d_config config;
  pf_window window; /* the rest is set by plan */
  size_t depth;     /* values of a patch */
  size_t places;    /* output pixels of an image */
  size_t group;     /* images a product */
} conv2d;

/* A group of images in a call. */
typedef struct group {
  const conv2d *conv;
  const pflow_layer_call *call;
  size_t first, n;
  float *patches; /* depth x (n * places) */
  float *staged;  /* out_channels x (n * places) */
} group;

/* Number of outputs along an axis, 0 when the kernel is longer than the padded image. */
static pflow_err out_length(size_t *out, size_t in, size_t kernel, size_t stride,
                            size_t pad) {
  size_t padded;
  pf_try(pf_mul(&padded, pad, 2, "conv2d padding"));
  pf_try(pf_add(&padded, padded, in, "conv2d padding"));
  *out = kernel <= padded ? (padded - kernel) / stride + 1 : 0;
  return PFLOW_OK;
}

static pflow_err plan_window(conv2d *self, const pflow_layer_plan *plan) {
  const pflow_conv2d_config *c = &self->config;
  pf_window *w = &self->window;
  *w = (pf_window){
      .channels = plan->in.dim[0],
      .height = plan->in.dim[1],
      .width = plan->in.dim[2],
      .kernel_h = c->kernel_h,
      .kernel_w = c->kernel_w,
      .stride_h = c->stride_h,
      .stride_w = c->stride_w,
      .pad_h = c->pad_h,
      .pad_w = c->pad_w,
  };
  pf_try(out_length(&w->out_h, w->height, c->kernel_h, c->stride_h, c->pad_h));
  pf_try(out_length(&w->out_w, w->width, c->kernel_w, c->stride_w, c->pad_w));
  if (w->out_h == 0 || w->out_w == 0)
    return pf_layer_shape_fail(plan, "conv2d",
                               "an image of at least %zu x %zu with padding %zu x %zu",
                               c->kernel_h, c->kernel_w, c->pad_h, c->pad_w);
  pf_try(pf_mul(&self->places, w->out_h, w->out_w, "conv2d output"));
  pf_try(pf_mul(&self->depth, c->kernel_h, c->kernel_w, "conv2d kernel"));
  return pf_mul(&self->depth, self->depth, w->channels, "conv2d kernel");
}

/* Chooses the group and from it the scratch block: patches and staging. */
static pflow_err plan_scratch(conv2d *self, pflow_layer_plan *plan) {
  size_t image, bytes;
  pf_try(pf_add(&image, self->depth, self->config.out_channels, "conv2d scratch"));
  pf_try(pf_mul(&image, image, self->places, "conv2d scratch"));
  pf_try(pf_mul(&bytes, image, sizeof(float), "conv2d scratch"));
  size_t fits = plan->scratch_bytes / bytes;
  size_t enough = enough_columns / self->places + 1;
  self->group = fits < enough ? fits : enough;
  if (self->group == 0) self->group = 1;
  return pf_mul(&plan->scratch_fixed, image, self->group, "conv2d scratch");
}

static void plan_params(const conv2d *self, pflow_layer_plan *plan) {
  const pflow_conv2d_config *c = &self->config;
  plan->n_params = 1;
  plan->param[0] = (pflow_param_spec){
      .name = "weight",
      .kind = PFLOW_PARAM_WEIGHT,
      .ndim = 4,
      .shape = {c->out_channels, self->window.channels, c->kernel_h, c->kernel_w},
      .fan_in = self->depth,
      .fan_out = c->out_channels * c->kernel_h * c->kernel_w,
  };
  if (!c->bias) return;
  pf_layer_add_vector(plan, "bias", PFLOW_PARAM_BIAS, c->out_channels, 0.0f);
  plan->param[1].fan_in = self->depth;
}

static pflow_err plan_conv2d(pflow_layer_plan *plan, void *user) {
  conv2d *self = user;
  pf_try(pf_layer_wants_image(plan, "conv2d"));
  pf_try(plan_window(self, plan));
  pf_try(plan_scratch(self, plan));
  plan_params(self, plan);
  plan->ignores_y = 1;
  plan->out = (pflow_shape){
      3, {self->config.out_channels, self->window.out_h, self->window.out_w}};
  return PFLOW_OK;
}

/* ---- regrouping ---- */

/* Items are pieces of `places` values, numbered as in the staging block. */
static size_t piece_in_images(const group *g, size_t item) {
  const conv2d *conv = g->conv;
  size_t image = g->first + item % g->n;
  return (image * conv->config.out_channels + item / g->n) * conv->places;
}

static int unstage_pieces(size_t begin, size_t end, void *user) {
  const group *g = user;
  const size_t places = g->conv->places;
  const float *bias = g->conv->config.bias ? g->call->param[1] : NULL;
  for (size_t item = begin; item < end; item++) {
    const float *from = g->staged + item * places;
    float *to = g->call->y + piece_in_images(g, item);
    const float b = bias ? bias[item / g->n] : 0.0f;
    for (size_t i = 0; i < places; i++)
      to[i] = from[i] + b;
  }
  return 0;
}

static int stage_pieces(size_t begin, size_t end, void *user) {
  const group *g = user;
  const size_t places = g->conv->places;
  for (size_t item = begin; item < end; item++)
    memcpy(g->staged + item * places, g->call->dy + piece_in_images(g, item),
           places * sizeof(float));
  return 0;
}

static pflow_err for_pieces(group *g, pflow_range_fn body) {
  size_t grain = pf_layer_grain / g->conv->places + 1;
  return pflow_parallel_for(g->call->pool, g->n * g->conv->config.out_channels, grain,
                            body, g);
}

/* ---- forward and backward ---- */

static group group_at(const conv2d *conv, const pflow_layer_call *call, size_t first) {
  group g = {.conv = conv, .call = call, .first = first, .n = call->rows - first};
  if (g.n > conv->group) g.n = conv->group;
  g.patches = call->scratch;
  g.staged = call->scratch + conv->depth * conv->places * g.n;
  return g;
}

static pflow_err fill_patches(const group *g) {
  const pf_window *w = &g->conv->window;
  const float *x = g->call->x + g->first * w->channels * w->height * w->width;
  return pf_im2col(g->call->pool, w, x, g->n, g->patches);
}

static pflow_err forward_group(group *g) {
  const conv2d *conv = g->conv;
  pf_try(fill_patches(g));
  if (g->n == 1) g->staged = g->call->y + piece_in_images(g, 0);
  pf_try(pf_sgemm(pf_plain, pf_plain, conv->config.out_channels, g->n * conv->places,
                  conv->depth, g->call->param[0], g->patches, 0.0f, g->staged));
  if (g->n == 1 && !conv->config.bias) return PFLOW_OK;
  return for_pieces(g, unstage_pieces);
}

static pflow_err backward_group(group *g) {
  const conv2d *conv = g->conv;
  const size_t channels = conv->config.out_channels, columns = g->n * conv->places;
  const pf_window *w = &conv->window;
  const float *dy = g->call->dy + piece_in_images(g, 0);
  if (g->n > 1) {
    pf_try(for_pieces(g, stage_pieces));
    dy = g->staged;
  }
  pf_try(fill_patches(g));
  pf_try(pf_sgemm(pf_plain, pf_transposed, channels, conv->depth, columns, dy, g->patches,
                  1.0f, g->call->grad[0]));
  if (!g->call->dx) return PFLOW_OK;
  pf_try(pf_sgemm(pf_transposed, pf_plain, conv->depth, columns, channels,
                  g->call->param[0], dy, 0.0f, g->patches));
  float *dx = g->call->dx + g->first * w->channels * w->height * w->width;
  return pf_col2im(g->call->pool, w, g->patches, g->n, dx);
}

static pflow_err forward_conv2d(const pflow_layer_call *call, void *user) {
  const conv2d *self = user;
  for (size_t first = 0; first < call->rows; first += self->group) {
    group g = group_at(self, call, first);
    pf_try(forward_group(&g));
  }
  return PFLOW_OK;
}

static pflow_err backward_conv2d(const pflow_layer_call *call, void *user) {
  const conv2d *self = user;
  const pf_batch batch = {call->rows, self->config.out_channels, self->places};
  if (self->config.bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  for (size_t first = 0; first < call->rows; first += self->group) {
    group g = group_at(self, call, first);
    pf_try(backward_group(&g));
  }
  return PFLOW_OK;
}

/* ---- the layer ---- */

static void describe_conv2d(pflow_layer_info *info, const void *user) {
  const pflow_conv2d_config *c = &((const conv2d *)user)->config;
  pf_layer_add_attr(info, "out_channels", (double)c->out_channels);
  pf_layer_add_attr(info, "kernel_h", (double)c->kernel_h);
  pf_layer_add_attr(info, "kernel_w", (double)c->kernel_w);
  pf_layer_add_attr(info, "stride_h", (double)c->stride_h);
  pf_layer_add_attr(info, "stride_w", (double)c->stride_w);
  pf_layer_add_attr(info, "pad_h", (double)c->pad_h);
  pf_layer_add_attr(info, "pad_w", (double)c->pad_w);
  pf_layer_add_attr(info, "bias", c->bias != 0);
}

static const pflow_layer_class conv2d_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "conv2d",
    .plan = plan_conv2d,
    .forward = forward_conv2d,
    .backward = backward_conv2d,
    .describe = describe_conv2d,
    .destroy = pflow_free,
};

static pflow_err check_config(const pflow_net *net, const pflow_conv2d_config *c) {
  const struct {
    const char *name;
    size_t value;
  } positive[] = {
      {"out_channels", c->out_channels}, {"kernel_h", c->kernel_h},
      {"kernel_w", c->kernel_w},         {"stride_h", c->stride_h},
      {"stride_w", c->stride_w},
  };
  for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
    pf_try(pf_layer_setting(net, "conv2d", positive[i].value > 0, positive[i].name,
                            (double)positive[i].value, "at least 1"));
  return PFLOW_OK;
}

pflow_err pflow_net_add_conv2d_config(pflow_net *net, const pflow_conv2d_config *config) {
  pf_need(net);
  pf_need(config);
  pflow_conv2d_config c;
  pflow_conv2d_config_init(&c);
  pf_try(pf_config_read(&c, sizeof c, config, "pflow_conv2d_config"));
  pf_try(check_config(net, &c));
  conv2d *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->config = c;
  return pflow_net_add_layer(net, &conv2d_class, self);
}

pflow_err pflow_net_add_conv2d(pflow_net *net, size_t out_channels, size_t kernel,
                               size_t pad) {
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = out_channels;
  config.kernel_h = config.kernel_w = kernel;
  config.pad_h = config.pad_w = pad;
  return pflow_net_add_conv2d_config(net, &config);
}
