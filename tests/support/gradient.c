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

static double difference(const problem *p, float *value, float h) {
  float at = *value;
  double near = sum_at(p, value, at + h) - sum_at(p, value, at - h);
  double far = sum_at(p, value, at + 2 * h) - sum_at(p, value, at - 2 * h);
  return (8 * near - far) / (12 * (double)h);
}

static double compare(const problem *p, float *values, const float *gradient, size_t size,
                      float h, double tolerance, const char *what) {
  double largest = 0.0, worst = 0.0;
  for (size_t i = 0; i < size; i++) {
    double slope = difference(p, &values[i], h);
    largest = fmax(largest, fabs(slope));
    worst = fmax(worst, fabs(slope - gradient[i]));
  }
  ck_assert_msg(worst <= tolerance * largest, "%s: off by %g of %g", what, worst,
                largest);
  return worst / largest;
}

double check_gradients(pflow_net *net, size_t n, float h, double tolerance) {
  size_t in_size = n * pflow_net_in_size(net);
  problem p = {.net = net, .n = n};
  p.x = toy_values(in_size, 1);
  p.dy = toy_values(n * pflow_net_out_size(net), 2);
  float *dx = pflow_alloc(in_size, sizeof *dx);
  ck_ok(pflow_net_work_create(&p.work, net, n, PFLOW_TRAINING));
  weighted_sum(&p);
  ck_ok(pflow_net_zero_grads(net));
  ck_ok(pflow_net_backward(net, p.work, p.dy, dx));
  double of_params = compare(&p, pflow_net_params(net), pflow_net_grads(net),
                             pflow_net_param_size(net), h, tolerance, "parameters");
  double of_input = compare(&p, p.x, dx, in_size, h, tolerance, "input");
  pflow_net_work_destroy(p.work);
  pflow_free(p.x);
  pflow_free(p.dy);
  pflow_free(dx);
  return fmax(of_params, of_input);
}
