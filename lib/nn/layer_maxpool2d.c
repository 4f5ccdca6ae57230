/*
 * layer_maxpool2d.c - the largest value of each window; the first one wins a tie, NaN
 * always.
 *
 * Where each winner lies within its window is saved, so that the backward pass, which
 * adds dy there, needs neither x nor y.
 */
#include <string.h>

#include "kernels/table.h"
#include "nn/layer.h"

typedef struct maxpool2d {
  size_t kernel, stride;
} maxpool2d;

/* One call. */
typedef struct job {
  const pflow_layer_call *call;
  const pf_pool_kernels *kernels;
  pf_pool_shape shape;
} job;

static int pool_planes(size_t begin, size_t end, void *user) {
  const job *j = user;
  j->kernels->forward(&j->shape, begin, end, j->call->x, j->call->y, j->call->saved);
  return 0;
}

/* How far each place of a window whose places are bytes lies behind its corner. */
typedef struct offsets {
  size_t at[pf_pool_most_bytes * pf_pool_most_bytes];
} offsets;

static offsets offsets_of(const pf_pool_shape *s) {
  offsets o = {{0}};
  if (s->kernel <= pf_pool_most_bytes)
    for (size_t place = 0; place < s->kernel * s->kernel; place++)
      o.at[place] = place / s->kernel * s->width + place % s->kernel;
  return o;
}

/* Value by value, which the memory's speed allows. */
static void spread_line(const pf_pool_shape *s, const float *dy, const uint8_t *places,
                        const offsets *o, float *dx) {
  for (size_t i = 0; i < s->out_w; i++)
    dx[i * s->stride + o->at[places[i]]] += dy[i];
}

static void spread_wide_line(const pf_pool_shape *s, const float *dy,
                             const uint32_t *places, float *dx) {
  for (size_t i = 0; i < s->out_w; i++)
    dx[i * s->stride + places[i] / s->kernel * s->width + places[i] % s->kernel] += dy[i];
}

static int spread_planes(size_t begin, size_t end, void *user) {
  const job *j = user;
  const pf_pool_shape *s = &j->shape;
  const void *places = j->call->saved;
  const offsets o = offsets_of(s);
  for (size_t plane = begin; plane < end; plane++) {
    float *dx = j->call->dx + plane * s->height * s->width;
    memset(dx, 0, s->height * s->width * sizeof *dx);
    for (size_t line = 0; line < s->out_h; line++) {
      const size_t out = (plane * s->out_h + line) * s->out_w;
      float *to = dx + line * s->stride * s->width;
      if (s->kernel <= pf_pool_most_bytes)
        spread_line(s, j->call->dy + out, (const uint8_t *)places + out, &o, to);
      else
        spread_wide_line(s, j->call->dy + out, (const uint32_t *)places + out, to);
    }
  }
  return 0;
}

static pflow_err for_planes(const pflow_layer_call *call, const maxpool2d *self,
                            pflow_range_fn body) {
  const size_t *in = call->in.dim, *out = call->out.dim;
  job j = {
      call,
      &pf_kernels_get()->pool,
      {self->kernel, self->stride, call->rows * in[0], in[1], in[2], out[1], out[2]}};
  return pflow_parallel_for(call->pool, j.shape.planes,
                            pf_layer_grain / (in[1] * in[2]) + 1, body, &j);
}

static pflow_err forward_maxpool2d(const pflow_layer_call *call, void *user) {
  return for_planes(call, user, pool_planes);
}

static pflow_err backward_maxpool2d(const pflow_layer_call *call, void *user) {
  return call->dx ? for_planes(call, user, spread_planes) : PFLOW_OK;
}

/* Floats that hold the places of so many outputs. */
static size_t floats_of_places(size_t outputs, size_t kernel) {
  const size_t bytes = sizeof(float);
  if (kernel > pf_pool_most_bytes) return outputs;
  return outputs / bytes + (outputs % bytes > 0);
}

static pflow_err plan_maxpool2d(pflow_layer_plan *plan, void *user) {
  const maxpool2d *self = user;
  const size_t *in = plan->in.dim, kernel = self->kernel;
  pf_try(pf_layer_wants_image(plan, "maxpool2d"));
  if (in[1] < kernel || in[2] < kernel)
    return pf_layer_shape_fail(plan, "maxpool2d", "an image of at least %zu x %zu",
                               kernel, kernel);
  if (in[1] > UINT32_MAX / in[2])
    return pf_layer_shape_fail(plan, "maxpool2d", "at most %lu pixels",
                               (unsigned long)UINT32_MAX);
  plan->out = (pflow_shape){
      3,
      {in[0], (in[1] - kernel) / self->stride + 1, (in[2] - kernel) / self->stride + 1}};
  plan->saved_per_row =
      floats_of_places(in[0] * plan->out.dim[1] * plan->out.dim[2], kernel);
  plan->ignores_x = plan->ignores_y = 1;
  return PFLOW_OK;
}

static void describe_maxpool2d(pflow_layer_info *info, const void *user) {
  const maxpool2d *self = user;
  pf_layer_add_attr(info, "kernel", (double)self->kernel);
  pf_layer_add_attr(info, "stride", (double)self->stride);
}

static const pflow_layer_class maxpool2d_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "maxpool2d",
    .plan = plan_maxpool2d,
    .forward = forward_maxpool2d,
    .backward = backward_maxpool2d,
    .describe = describe_maxpool2d,
    .destroy = pflow_free,
};

pflow_err pflow_net_add_maxpool2d(pflow_net *net, size_t kernel, size_t stride) {
  pf_need(net);
  pf_try(pf_layer_setting(net, "maxpool2d", kernel > 0, "kernel", (double)kernel,
                          "at least 1"));
  pf_try(pf_layer_setting(net, "maxpool2d", stride > 0, "stride", (double)stride,
                          "at least 1"));
  maxpool2d *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->kernel = kernel;
  self->stride = stride;
  return pflow_net_add_layer(net, &maxpool2d_class, self);
}
