/*
 * test_net_run.c - forward, backward and prediction of networks of user-defined layers.
 */
#include <math.h>
#include <pthread.h>

#include "support/suite.h"
#include "support/toy.h"

enum { rows = 4 };

/* A toy network with a training workspace, a batch, and fixed weights of the outputs. */
typedef struct bench {
  pflow_net *net;
  pflow_net_work *work;
  float *x, *dy;
} bench;

static bench bench_create(void) {
  bench b = {.net = toy_net(NULL)};
  pflow_init_config init;
  pflow_init_config_init(&init);
  init.kind = PFLOW_INIT_NORMAL;
  init.std = 1.0;
  ck_ok(pflow_net_init(b.net, &init));
  ck_ok(pflow_net_work_create(&b.work, b.net, rows, PFLOW_TRAINING));
  b.x = toy_values(rows * 5, 1);
  b.dy = toy_values(rows * 3, 2);
  return b;
}

static void bench_destroy(bench *b) {
  pflow_net_work_destroy(b->work);
  pflow_net_destroy(b->net);
  pflow_free(b->x);
  pflow_free(b->dy);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

/* sum(y * dy), whose gradient backward(dy) has to give. */
static double weighted_sum(const bench *b) {
  const float *y;
  double sum = 0.0;
  ck_ok(pflow_net_forward(b->net, b->work, b->x, rows, &y));
  for (size_t i = 0; i < rows * 3; i++)
    sum += (double)y[i] * b->dy[i];
  return sum;
}

static double sum_at(const bench *b, float *value, float at) {
  float kept = *value;
  *value = at;
  double sum = weighted_sum(b);
  *value = kept;
  return sum;
}

/* Derivative by the central difference of fourth order. */
static double difference(const bench *b, float *value) {
  const float h = 0x1p-5f, at = *value;
  double near = sum_at(b, value, at + h) - sum_at(b, value, at - h);
  double far = sum_at(b, value, at + 2 * h) - sum_at(b, value, at - 2 * h);
  return (8 * near - far) / (12 * (double)h);
}

/* Compares gradients with central differences over `values`; the sign counts. */
static void check_gradient(const bench *b, float *values, const float *gradient, size_t n,
                           const char *what) {
  double largest = 0.0, worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    double slope = difference(b, &values[i]);
    largest = fmax(largest, fabs(slope));
    worst = fmax(worst, fabs(slope - gradient[i]));
  }

  ck_assert_msg(worst <= 1e-4 * largest, "%s: off by %g of %g", what, worst, largest);
}

START_TEST(gradients_match_differences) {
  bench b = bench_create();
  float *dx = pflow_alloc(rows * 5, sizeof *dx);
  weighted_sum(&b);
  ck_ok(pflow_net_zero_grads(b.net));
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, dx));
  check_gradient(&b, pflow_net_params(b.net), pflow_net_grads(b.net),
                 pflow_net_param_size(b.net), "parameters");
  check_gradient(&b, b.x, dx, rows * 5, "input");
  pflow_free(dx);
  bench_destroy(&b);
}
END_TEST

int main(void) {
  return run_tests("net_run", TESTS(gradients_match_differences));
}
