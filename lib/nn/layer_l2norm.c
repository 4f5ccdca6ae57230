/*
 * layer_l2norm.c - rows scaled to length 1. With y = x / ||x||, the gradient is
 * dx = (dy - y (y . dy)) / ||x||.
 */
#include <math.h>
#include <string.h>

#include "nn/layer.h"
#include "nn/net.h"

/* Sums side by side in dot. */
enum { width = 8 };

static double dot(const float *a, const float *b, size_t n) {
  double lane[width] = {0}, sum = 0.0;
  size_t i = 0;
  for (; i + width <= n; i += width)
    for (size_t k = 0; k < width; k++)
      lane[k] += (double)a[i + k] * (double)b[i + k];
  for (; i < n; i++)
    sum += (double)a[i] * (double)b[i];
  for (size_t k = 0; k < width; k++)
    sum += lane[k];
  return sum;
}

static int normalise_rows(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const size_t size = pf_shape_size(&call->in);
  for (size_t row = begin; row < end; row++) {
    const float *x = call->x + row * size;
    float *y = call->y + row * size;
    const double norm = sqrt(dot(x, x, size));
    const double scale = norm > 0.0 ? 1.0 / norm : norm;
    for (size_t i = 0; i < size; i++)
      y[i] = (float)((double)x[i] * scale);
  }
  return 0;
}

static int backward_rows(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const size_t size = pf_shape_size(&call->in);
  for (size_t row = begin; row < end; row++) {
    const float *x = call->x + row * size, *dy = call->dy + row * size;
    float *dx = call->dx + row * size;
    const double square = dot(x, x, size);
    if (square == 0.0) {
      memset(dx, 0, size * sizeof *dx);
      continue;
    }
    const double scale = 1.0 / sqrt(square), along = dot(x, dy, size) / square;
    for (size_t i = 0; i < size; i++)
      dx[i] = (float)(scale * ((double)dy[i] - along * (double)x[i]));
  }
  return 0;
}

static pflow_err plan_l2norm(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = plan->in;
  plan->ignores_y = 1;
  return PFLOW_OK;
}

static pflow_err forward_l2norm(const pflow_layer_call *call, void *user) {
  (void)user;
  return pf_layer_for_rows(call, normalise_rows);
}

static pflow_err backward_l2norm(const pflow_layer_call *call, void *user) {
  (void)user;
  return call->dx ? pf_layer_for_rows(call, backward_rows) : PFLOW_OK;
}

static const pflow_layer_class l2norm_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "l2norm",
    .plan = plan_l2norm,
    .forward = forward_l2norm,
    .backward = backward_l2norm,
};

pflow_err pflow_net_add_l2norm(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &l2norm_class, NULL);
}
