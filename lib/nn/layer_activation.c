/*
 * layer_activation.c - functions of one value: ReLU and SiLU.
 */
#include <stdint.h>
#include <string.h>

#include "nn/layer.h"

/* ---- relu: written so that NaN passes ---- */

/* One array for input and output, so that compilers vectorise without a proof. */
static void bring(float *to, const float *from, size_t n) {
  if (to != from) memcpy(to, from, n * sizeof *to);
}

static int relu_values(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  float *y = call->y;
  bring(y + begin, call->x + begin, end - begin);
  for (size_t i = begin; i < end; i++)
    y[i] = y[i] < 0.0f ? 0.0f : y[i];
  return 0;
}

static int relu_slopes(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const float *restrict y = call->y;
  float *restrict dx = call->dx;
  bring(dx + begin, call->dy + begin, end - begin);
  for (size_t i = begin; i < end; i++)
    dx[i] = y[i] <= 0.0f ? 0.0f : dx[i];
  return 0;
}

static pflow_err plan_relu(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = plan->in;
  plan->in_place = 1;
  return PFLOW_OK;
}

static pflow_err forward_relu(const pflow_layer_call *call, void *user) {
  (void)user;
  return pf_layer_for_values(call, relu_values);
}

static pflow_err backward_relu(const pflow_layer_call *call, void *user) {
  (void)user;
  return call->dx ? pf_layer_for_values(call, relu_slopes) : PFLOW_OK;
}

static const pflow_layer_class relu_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "relu",
    .plan = plan_relu,
    .forward = forward_relu,
    .backward = backward_relu,
};

bool pf_layer_is_relu(const pflow_layer_class *type) {
  return type->forward == forward_relu;
}

pflow_err pflow_net_add_relu(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &relu_class, NULL);
}

/* ---- silu ---- */

static inline int32_t bits_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float float_of(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/*
 * x held within +-87, where e^x is a normal number; by its bits, because compilers
 * vectorise that. NaN becomes +-87.
 */
static inline float hold(float x) {
  const int32_t largest = 0x42ae0000; /* 87.0f */
  const int32_t bits = bits_of(x), magnitude = bits & INT32_MAX;
  return float_of((magnitude < largest ? magnitude : largest) | (bits & INT32_MIN));
}

/*
 * e^x for |x| <= 87: with k = round(x / ln 2) and r = x - k ln 2 (ln 2 in two parts), it
 * is 2^k times the Taylor sum of e^r.
 */
static inline float exp_held(float x) {
  const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it leaves k in the low bits */
  const float shifted = x * 1.44269504f + rounder;
  const float k = shifted - rounder;
  const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  float sum = 1.0f / 5040.0f;
  sum = sum * r + 1.0f / 720.0f;
  sum = sum * r + 1.0f / 120.0f;
  sum = sum * r + 1.0f / 24.0f;
  sum = sum * r + 1.0f / 6.0f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const int32_t exponent = bits_of(shifted) - bits_of(rounder) + 127;
  return sum * float_of(exponent * (1 << 23));
}

static inline float sigmoid(float x) {
  return 1.0f / (1.0f + exp_held(-hold(x)));
}

static int silu_values(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const float *x = call->x;
  float *restrict y = call->y;
  for (size_t i = begin; i < end; i++)
    y[i] = x[i] * sigmoid(x[i]);
  return 0;
}

static int silu_slopes(size_t begin, size_t end, void *user) {
  const pflow_layer_call *call = user;
  const float *x = call->x, *dy = call->dy;
  float *restrict dx = call->dx;
  for (size_t i = begin; i < end; i++) {
    const float s = sigmoid(x[i]);
    dx[i] = dy[i] * (s * (1.0f + x[i] * (1.0f - s)));
  }
  return 0;
}

static pflow_err plan_silu(pflow_layer_plan *plan, void *user) {
  (void)user;
  plan->out = plan->in;
  plan->ignores_y = 1;
  return PFLOW_OK;
}

static pflow_err forward_silu(const pflow_layer_call *call, void *user) {
  (void)user;
  return pf_layer_for_values(call, silu_values);
}

static pflow_err backward_silu(const pflow_layer_call *call, void *user) {
  (void)user;
  return call->dx ? pf_layer_for_values(call, silu_slopes) : PFLOW_OK;
}

static const pflow_layer_class silu_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "silu",
    .plan = plan_silu,
    .forward = forward_silu,
    .backward = backward_silu,
};

bool pf_layer_is_silu(const pflow_layer_class *type) {
  return type->forward == forward_silu;
}

pflow_err pflow_net_add_silu(pflow_net *net) {
  pf_need(net);
  return pflow_net_add_layer(net, &silu_class, NULL);
}
