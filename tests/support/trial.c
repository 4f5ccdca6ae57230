#include "support/trial.h"

#include <string.h>

#include "support/suite.h"
#include "support/toy.h"

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
