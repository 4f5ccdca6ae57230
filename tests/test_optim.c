/*
 * test_optim.c - optimisers, schedules, clipping and the average of weights.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/suite.h"

/* Steps over the rows of grads from row 0 of a trajectory; every row must be met. */
static void follow_trajectory(const char *folder, pflow_optim *optim) {
  golden grads = golden_load(folder, "grads"), rows = golden_load(folder, "trajectory");
  size_t dim = rows.shape[1];
  float *params = malloc(dim * sizeof *params);
  double *got = malloc(dim * sizeof *got);
  ck_assert(params && got);
  memcpy(params, rows.f32, dim * sizeof *params);
  for (size_t step = 0; step < grads.shape[0]; step++) {
    ck_ok(pflow_optim_step(optim, params, grads.f32 + step * dim));
    for (size_t i = 0; i < dim; i++)
      got[i] = params[i];
    check_close_f64(folder, got, rows.f64 + (step + 1) * dim, dim, 5e-7);
  }
  ck_assert_uint_eq(pflow_optim_steps(optim), grads.shape[0]);
  free(got);
  free(params);
  golden_free(&grads);
  golden_free(&rows);
}

START_TEST(adam_follows_pytorch) {
  pflow_adam_config config;
  pflow_adam_config_init(&config);
  config.lr = 1e-2;
  pflow_optim *optim;
  ck_ok(pflow_optim_create_adam(&optim, 50, &config));
  ck_assert_str_eq(pflow_optim_kind(optim), "adam");
  follow_trajectory("adam", optim);
  pflow_optim_destroy(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(sgd_follows_pytorch) {
  pflow_sgd_config config;
  pflow_sgd_config_init(&config);
  config.momentum = 0.9;
  config.weight_decay = 1e-3;
  pflow_optim *optim;
  ck_ok(pflow_optim_create_sgd(&optim, 50, &config));
  ck_assert_str_eq(pflow_optim_kind(optim), "sgd");
  follow_trajectory("sgd_momentum0.9_wd1e-3_lr0.1", optim);
  pflow_optim_destroy(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("optim", TESTS(adam_follows_pytorch, sgd_follows_pytorch));
}
