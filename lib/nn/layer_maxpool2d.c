/*
 * layer_maxpool2d.c - the largest value of each window; the first one wins a tie, NaN
 * always.
 *
 * For each output its place within the window is saved: the backward pass adds dy there.
 */
#include <string.h>

#include "nn/layer.h"

/* Outputs of a line that are worked on at a time. */
enum { piece = 64 };

typedef struct maxpool2d {
  size_t kernel, stride;
} maxpool2d;

/* One call, in planes of a channel of a row. */
typedef struct job {
  const maxpool2d *self;
  const pflow_layer_call *call;
  size_t width, in_plane, out_h, out_w;
} job;

/* The best of each window so far and its place, as an offset from the window's corner. */
typedef struct best {
  float value[piece];
  uint32_t place[piece];
} best;

/* Offers n windows, `stride` apart, the value at one place. */
static inline void offer(best *b, const float *values, size_t stride, size_t n,
                         uint32_t place) {
  for (size_t i = 0; i < n; i++) {
    const float v = values[i * stride];
    const bool better = v > b->value[i] || v != v;
    b->value[i] = better ? v : b->value[i];
    b->place[i] = better ? place : b->place[i];
  }
}

/* The best of n windows in a line, the first of them at corner. */
static void pool_piece(const job *j, const float *corner, size_t n, best *b) {
  const size_t stride = j->self->stride, kernel = j->self->kernel;
  for (size_t i = 0; i < n; i++) {
    b->value[i] = corner[i * stride];
    b->place[i] = 0;
  }
  for (size_t y = 0; y < kernel; y++) {
    for (size_t x = 0; x < kernel; x++) {
      const size_t place = y * j->width + x;
      if (stride == 2) { /* the usual case, for the vectoriser */
        offer(b, corner + place, 2, n, (uint32_t)place);
      } else {
        offer(b, corner + place, stride, n, (uint32_t)place);
      }
    }
  }
}

static int pool_planes(size_t begin, size_t end, void *user) {
  const job *j = user;
  const size_t lines = j->out_h, stride = j->self->stride;
  best b;
  for (size_t line = begin * lines; line < end * lines; line++) {
    const float *x =
        j->call->x + line / lines * j->in_plane + line % lines * stride * j->width;
    for (size_t at = 0; at < j->out_w; at += piece) {
      const size_t n = j->out_w - at < piece ? j->out_w - at : piece;
      const size_t out = line * j->out_w + at;
      pool_piece(j, x + at * stride, n, &b);
      memcpy(j->call->y + out, b.value, n * sizeof *b.value);
      if (j->call->saved) memcpy(j->call->saved + out, b.place, n * sizeof *b.place);
    }
  }
  return 0;
}

static void spread_plane(const job *j, const float *dy, const float *saved, float *dx) {
  const size_t stride = j->self->stride;
  memset(dx, 0, j->in_plane * sizeof *dx);
  for (size_t y = 0; y < j->out_h; y++) {
    for (size_t x = 0; x < j->out_w; x++) {
      uint32_t place;
      memcpy(&place, saved + y * j->out_w + x, sizeof place);
      dx[y * stride * j->width + x * stride + place] += dy[y * j->out_w + x];
    }
  }
}

static int spread_planes(size_t begin, size_t end, void *user) {
  const job *j = user;
  const size_t out_plane = j->out_h * j->out_w;
  for (size_t plane = begin; plane < end; plane++)
    spread_plane(j, j->call->dy + plane * out_plane, j->call->saved + plane * out_plane,
                 j->call->dx + plane * j->in_plane);
  return 0;
}

static pflow_err for_planes(const pflow_layer_call *call, const maxpool2d *self,
                            pflow_range_fn body) {
  const size_t *in = call->in.dim, *out = call->out.dim;
  job j = {self, call, in[2], in[1] * in[2], out[1], out[2]};
  return pflow_parallel_for(call->pool, call->rows * in[0],
                            pf_layer_grain / j.in_plane + 1, body, &j);
}

static pflow_err forward_maxpool2d(const pflow_layer_call *call, void *user) {
  return for_planes(call, user, pool_planes);
}

static pflow_err backward_maxpool2d(const pflow_layer_call *call, void *user) {
  return call->dx ? for_planes(call, user, spread_planes) : PFLOW_OK;
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
  plan->saved_per_row = in[0] * plan->out.dim[1] * plan->out.dim[2];
  plan->ignores_y = 1;
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
