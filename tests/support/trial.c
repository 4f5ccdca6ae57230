#include "support/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/suite.h"

static float *normal_values(size_t n, uint64_t stream) {
  float *values = pflow_alloc(n, sizeof *values);
  pflow_rng rng;
  pflow_rng_init(&rng, 20240229, stream);
  pflow_rng_normal(&rng, values, n, 0.0, 1.0);
  return values;
}

trial trial_begin(pflow_pool *pool, size_t scratch_bytes) {
  trial t = {0};
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = pool;
  if (scratch_bytes > 0) config.scratch_bytes = scratch_bytes;
  ck_ok(pflow_net_create(&t.net, &config));
  return t;
}

void trial_build(trial *t, const size_t *row_shape, size_t ndim, size_t rows) {
  ck_ok(pflow_net_build(t->net, row_shape, ndim));
  ck_ok(pflow_net_work_create(&t->work, t->net, rows, PFLOW_TRAINING));
  pflow_rng rng;
  pflow_rng_init(&rng, 20240229, 0);
  pflow_rng_uniform(&rng, pflow_net_params(t->net), pflow_net_param_size(t->net), 0.5,
                    1.5);
  t->rows = rows;
  t->in = pflow_net_in_size(t->net);
  t->out = pflow_net_out_size(t->net);
  t->x = normal_values(rows * t->in, 1);
  t->dy = normal_values(rows * t->out, 2);
  t->y = pflow_alloc(rows * t->out, sizeof(float));
  t->dx = pflow_alloc(rows * t->in, sizeof(float));
}

static void forward(trial *t) {
  const float *y;
  ck_ok(pflow_net_forward(t->net, t->work, t->x, t->rows, &y));
  memcpy(t->y, y, t->rows * t->out * sizeof *y);
}

void trial_run(trial *t) {
  forward(t);
  ck_ok(pflow_net_zero_grads(t->net));
  ck_ok(pflow_net_backward(t->net, t->work, t->dy, t->dx));
}

void trial_run_again(trial *t) {
  forward(t);
  ck_ok(pflow_net_backward(t->net, t->work, t->dy, NULL));
}

void trial_end(trial *t) {
  pflow_net_work_destroy(t->work);
  pflow_net_destroy(t->net);
  pflow_free(t->x);
  pflow_free(t->dy);
  pflow_free(t->y);
  pflow_free(t->dx);
}

pflow_param trial_array(const trial *t, const char *name) {
  pflow_param param = {0};
  for (size_t i = 0; i < pflow_net_param_count(t->net); i++) {
    ck_ok(pflow_net_param(t->net, i, &param));
    if (strcmp(param.name, name) == 0) return param;
  }
  ck_abort_msg("no array %s", name);
  return param;
}

void trial_set(const trial *t, const char *name, const float *values) {
  pflow_param param = trial_array(t, name);
  memcpy(param.value, values, param.size * sizeof *values);
}

/* sum(y * dy) with one value moved. */
static double sum_at(trial *t, float *value, double at) {
  float kept = *value;
  *value = (float)at;
  forward(t);
  *value = kept;
  double sum = 0.0;
  for (size_t i = 0; i < t->rows * t->out; i++)
    sum += (double)t->y[i] * (double)t->dy[i];
  return sum;
}

static double difference(trial *t, float *value, double h) {
  double at = *value;
  double near = sum_at(t, value, at + h) - sum_at(t, value, at - h);
  double far = sum_at(t, value, at + 2 * h) - sum_at(t, value, at - 2 * h);
  return (8 * near - far) / (12 * h);
}

static double check_slopes(trial *t, float *values, const float *gradient, size_t n,
                           double h, double tolerance, const char *what) {
  double largest = 1e-30, worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    double slope = difference(t, &values[i], h);
    largest = fmax(largest, fabs(slope));
    worst = fmax(worst, fabs(slope - (double)gradient[i]));
  }
  ck_assert_msg(worst <= tolerance * largest, "gradient of %s: off by %g of %g", what,
                worst, largest);
  return worst / largest;
}

double trial_check_gradients(trial *t, double step, double tolerance) {
  trial_run(t);
  double worst = check_slopes(t, t->x, t->dx, t->rows * t->in, step, tolerance, "x");
  for (size_t i = 0; i < pflow_net_param_count(t->net); i++) {
    pflow_param p;
    ck_ok(pflow_net_param(t->net, i, &p));
    if (!p.grad) continue;
    double error = check_slopes(t, p.value, p.grad, p.size, step, tolerance, p.name);
    worst = fmax(worst, error);
  }
  return worst;
}
