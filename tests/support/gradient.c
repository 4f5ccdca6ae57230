/*
 * gradient.c - central differences over every parameter and input value.
 */
#include "support/gradient.h"

#include <math.h>

#include "support/suite.h"
#include "support/toy.h"

/* A function of everything in reach: L = sum(y * dy). */
typedef struct problem {
  pflow_net *net;
  pflow_net_work *work;
  size_t n;
  float *x, *dy;
  float h;
  double tolerance;
} problem;

static double weighted_sum(const problem *p) {
  const float *y;
  double sum = 0.0;
  ck_ok(pflow_net_forward(p->net, p->work, p->x, p->n, &y));
  for (size_t i = 0; i < p->n * pflow_net_out_size(p->net); i++)
    sum += (double)y[i] * p->dy[i];
  return sum;
}

static double sum_at(const problem *p, float *value, float at) {
  float kept = *value;
  *value = at;
  double sum = weighted_sum(p);
  *value = kept;
  return sum;
}

static double difference(const problem *p, float *value) {
  float at = *value, h = p->h;
  double near = sum_at(p, value, at + h) - sum_at(p, value, at - h);
  double far = sum_at(p, value, at + 2 * h) - sum_at(p, value, at - 2 * h);
  return (8 * near - far) / (12 * (double)h);
}

/* The largest error of `size` derivatives, relative to the largest of them. */
static double compare(const problem *p, const char *what, float *values,
                      const float *gradient, size_t size) {
  double largest = 0.0, worst = 0.0;
  for (size_t i = 0; i < size; i++) {
    double slope = difference(p, &values[i]);
    largest = fmax(largest, fabs(slope));
    worst = worst_of(worst, fabs(slope - gradient[i]));
  }
  ck_assert_msg(worst <= p->tolerance * largest, "%s: off by %g of %g", what, worst,
                largest);
  return worst / largest;
}

static double compare_params(const problem *p) {
  double worst = 0.0;
  for (size_t i = 0; i < pflow_net_param_count(p->net); i++) {
    pflow_param array;
    ck_ok(pflow_net_param(p->net, i, &array));
    if (!array.grad) continue;
    worst = worst_of(worst, compare(p, array.name, array.value, array.grad, array.size));
  }
  return worst;
}

double check_gradients_at(pflow_net *net, float *x, size_t n, float h, double tolerance) {
  size_t in_size = n * pflow_net_in_size(net);
  problem p = {.net = net, .n = n, .x = x, .h = h, .tolerance = tolerance};
  p.dy = normal_values(n * pflow_net_out_size(net), 2);
  float *dx = pflow_alloc(in_size, sizeof *dx);
  ck_ok(pflow_net_work_create(&p.work, net, n, PFLOW_TRAINING));
  weighted_sum(&p);
  ck_ok(pflow_net_zero_grads(net));
  ck_ok(pflow_net_backward(net, p.work, p.dy, dx));
  double worst = worst_of(compare_params(&p), compare(&p, "input", p.x, dx, in_size));
  pflow_net_work_destroy(p.work);
  pflow_free(p.dy);
  pflow_free(dx);
  return worst;
}

double check_gradients(pflow_net *net, size_t n, float h, double tolerance) {
  float *x = normal_values(n * pflow_net_in_size(net), 1);
  double worst = check_gradients_at(net, x, n, h, tolerance);
  pflow_free(x);
  return worst;
}
