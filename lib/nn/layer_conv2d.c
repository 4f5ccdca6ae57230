/*
 * layer_conv2d.c - the convolution layer: settings, shapes, parameters, description.
 */
#include "base/cpu.h"
#include "nn/conv2d.h"
#include "nn/layer.h"

/* Number of outputs along an axis, 0 when the kernel is longer than the padded image. */
static pflow_err out_length(size_t *out, size_t in, size_t kernel, size_t stride,
                            size_t pad) {
  size_t padded;
  pf_try(pf_mul(&padded, pad, 2, "conv2d padding"));
  pf_try(pf_add(&padded, padded, in, "conv2d padding"));
  *out = kernel <= padded ? (padded - kernel) / stride + 1 : 0;
  return PFLOW_OK;
}

static pflow_err plan_window(pf_conv2d *self, const pflow_layer_plan *plan) {
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

static void plan_params(const pf_conv2d *self, pflow_layer_plan *plan) {
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

/* The way asked for, or the one that suits shape and processor. */
static pflow_err choose_way(pf_conv2d *self, const pflow_layer_plan *plan) {
  const pflow_conv2d_algorithm asked = self->config.algorithm;
  const bool serves = pf_conv2d_fft_serves(self);
  if (asked == PFLOW_CONV_FFT && !serves)
    return pf_fail(PFLOW_EUNSUPPORTED,
                   "conv2d %zu: algorithm PFLOW_CONV_FFT wants a 3 x 3 kernel, stride 1, "
                   "padding 1 and an image of at most 31 x 31, got one of %zu x %zu",
                   plan->index, self->window.height, self->window.width);
  if (asked == PFLOW_CONV_FFT || (asked == PFLOW_CONV_AUTO && serves &&
                                  pf_conv2d_fft_pays(self, plan->scratch_bytes)))
    self->way = &pf_conv2d_fft;
  else if (pf_cpu_get() == pf_cpu_reference)
    self->way = &pf_conv2d_blas;
  else
    self->way = &pf_conv2d_patches;
  return PFLOW_OK;
}

static pflow_err plan_conv2d(pflow_layer_plan *plan, void *user) {
  pf_conv2d *self = user;
  pf_try(pf_layer_wants_image(plan, "conv2d"));
  pf_try(plan_window(self, plan));
  pf_try(choose_way(self, plan));
  pf_try(self->way->plan(self, plan));
  plan_params(self, plan);
  plan->ignores_y = 1;
  plan->out = (pflow_shape){
      3, {self->config.out_channels, self->window.out_h, self->window.out_w}};
  return PFLOW_OK;
}

static pflow_err forward_conv2d(const pflow_layer_call *call, void *user) {
  const pf_conv2d *self = user;
  return self->way->forward(self, call);
}

static pflow_err backward_conv2d(const pflow_layer_call *call, void *user) {
  const pf_conv2d *self = user;
  return self->way->backward(self, call);
}

static void describe_conv2d(pflow_layer_info *info, const void *user) {
  const pflow_conv2d_config *c = &((const pf_conv2d *)user)->config;
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
  return pf_layer_setting(net, "conv2d",
                          c->algorithm == PFLOW_CONV_AUTO ||
                              c->algorithm == PFLOW_CONV_GEMM ||
                              c->algorithm == PFLOW_CONV_FFT,
                          "algorithm", c->algorithm, "a pflow_conv2d_algorithm");
}

pflow_err pflow_net_add_conv2d_config(pflow_net *net, const pflow_conv2d_config *config) {
  pf_need(net);
  pf_need(config);
  pflow_conv2d_config c;
  pflow_conv2d_config_init(&c);
  pf_try(pf_config_read(&c, sizeof c, config, "pflow_conv2d_config"));
  pf_try(check_config(net, &c));
  pf_conv2d *self;
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
