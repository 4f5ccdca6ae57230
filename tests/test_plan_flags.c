/*
 * test_plan_flags.c - what a layer of one's own may promise in its plan changes memory
 * and passes, but not a bit of the results.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/toy.h"
#include "support/trial.h"

/* y = expm1(x / 4), whose backward reads y alone and goes value by value. */
typedef struct promises {
  int ignores_x, dx_over_dy, rectifies;
} promises;

static pflow_err plan(pflow_layer_plan *to, void *user) {
  const promises *p = user;
  to->out = to->in;
  to->ignores_x = p->ignores_x;
  to->dx_over_dy = p->dx_over_dy;
  to->rectifies = p->rectifies;
  return PFLOW_OK;
}

static size_t values_of(const pflow_layer_call *call) {
  return call->rows * call->in.dim[0];
}

static pflow_err forward(const pflow_layer_call *call, void *user) {
  (void)user;
  for (size_t i = 0; i < values_of(call); i++) {
    const float y = expm1f(call->x[i] / 4.0f);
    call->y[i] = call->rectify && y <= 0.0f ? 0.0f : y;
  }
  return PFLOW_OK;
}

static pflow_err backward(const pflow_layer_call *call, void *user) {
  (void)user;
  for (size_t i = 0; call->dx && i < values_of(call); i++) {
    const bool cut = call->rectify && !(call->y[i] > 0.0f);
    call->dx[i] = cut ? 0.0f : call->dy[i] * ((call->y[i] + 1.0f) / 4.0f);
  }
  return PFLOW_OK;
}

static const pflow_layer_class expm1_class = {
    .struct_size = sizeof(pflow_layer_class),
    .kind = "expm1",
    .plan = plan,
    .forward = forward,
    .backward = backward,
};

enum { rows = 9, width = 11 };

/* In front of a ReLU and a layer in place; behind a layer that reads its own output; and
 * as the first and the last layer. */
static trial trial_of(promises *p) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_layer(t.net, &expm1_class, p));
  ck_ok(toy_add_dense(t.net, width));
  ck_ok(pflow_net_add_layer(t.net, &expm1_class, p));
  ck_ok(pflow_net_add_relu(t.net));
  ck_ok(toy_add_asinh(t.net));
  ck_ok(toy_add_dense(t.net, width + 3));
  ck_ok(toy_add_exp(t.net));
  ck_ok(pflow_net_add_layer(t.net, &expm1_class, p));
  ck_ok(pflow_net_add_layer(t.net, &expm1_class, p));
  ck_ok(toy_add_dense(t.net, 4));
  ck_ok(pflow_net_add_layer(t.net, &expm1_class, p));
  trial_build(&t, (size_t[]){width}, 1, rows);
  float *params = pflow_net_params(t.net);
  for (size_t i = 0; i < pflow_net_param_size(t.net); i++)
    params[i] = params[i] - 1.0f;
  trial_run(&t);
  return t;
}

START_TEST(promises_change_no_bit) {
  promises none = {0, 0, 0};
  trial plain = trial_of(&none);
  for (int flags = 1; flags < 8; flags++) {
    promises p = {flags & 1, flags >> 1 & 1, flags >> 2 & 1};
    trial t = trial_of(&p);
    ck_assert_mem_eq(t.y, plain.y, rows * t.out * sizeof *t.y);
    ck_assert_mem_eq(t.dx, plain.dx, rows * t.in * sizeof *t.dx);
    ck_assert_mem_eq(pflow_net_grads(t.net), pflow_net_grads(plain.net),
                     pflow_net_param_size(t.net) * sizeof(float));
    trial_end(&t);
  }
  trial_end(&plain);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err widen(pflow_layer_plan *to, void *user) {
  (void)user;
  to->out = (pflow_shape){1, {to->in.dim[0] / 2}};
  to->dx_over_dy = 1;
  return PFLOW_OK;
}

START_TEST(gradients_of_other_sizes_do_not_share_memory) {
  pflow_layer_class class = expm1_class;
  pflow_net *net;
  class.plan = widen;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_layer(net, &class, NULL));
  ck_fails(pflow_net_build(net, (size_t[]){6}, 1), PFLOW_ESHAPE,
           "expm1 0 works in place but makes 3 values of 6");
  pflow_net_destroy(net);
}
END_TEST

int main(void) {
  return run_tests("plan_flags", TESTS(promises_change_no_bit,
                                       gradients_of_other_sizes_do_not_share_memory));
}
