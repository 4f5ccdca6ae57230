/*
 * test_optim.c - SGD, Adam, AdamW and optimisers of one's own.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
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

/* Parameters and the gradients of a few steps, the same for every test that asks. */
enum { steps = 40 };

typedef struct problem {
  size_t size;
  float *params, *grads;
} problem;

static problem make_problem(size_t size) {
  problem self = {size, malloc(size * sizeof(float)),
                  malloc(steps * size * sizeof(float))};
  ck_assert(self.params && self.grads);
  pflow_rng rng;
  pflow_rng_init(&rng, 5, 0);
  pflow_rng_normal(&rng, self.params, size, 0.0, 1.0);
  pflow_rng_normal(&rng, self.grads, steps * size, 0.1, 1.0);
  return self;
}

static void free_problem(problem *self) {
  free(self->params);
  free(self->grads);
}

/* Steps from..to of the problem, with a learning rate that moves. */
static void run_steps(pflow_optim *optim, problem *self, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    ck_ok(pflow_optim_set_lr(optim, 0.01 / (1.0 + 0.1 * (double)i)));
    ck_ok(pflow_optim_step(optim, self->params, self->grads + i * self->size));
  }
}

/* One parameter followed in double: formulas of the PyTorch manual. */
typedef struct scalar_state {
  double param, first, second;
} scalar_state;

static void adam_reference(scalar_state *at, double grad, double lr, double step,
                           const pflow_adam_config *config) {
  if (config->decoupled)
    at->param -= lr * config->weight_decay * at->param;
  else
    grad += config->weight_decay * at->param;
  at->first = config->beta1 * at->first + (1.0 - config->beta1) * grad;
  at->second = config->beta2 * at->second + (1.0 - config->beta2) * grad * grad;
  double mean = at->first / (1.0 - pow(config->beta1, step));
  double square = at->second / (1.0 - pow(config->beta2, step));
  at->param -= lr * mean / (sqrt(square) + config->eps);
}

static void sgd_reference(scalar_state *at, double grad, double lr, double step,
                          const pflow_sgd_config *config) {
  grad += config->weight_decay * at->param;
  at->first = step == 1.0 ? grad : config->momentum * at->first + grad;
  at->param -= lr * (config->nesterov ? grad + config->momentum * at->first : at->first);
}

/* The problem's end in double by one of the references (the other config is NULL). */
static void follow_reference(const problem *self, double *end,
                             const pflow_adam_config *adam, const pflow_sgd_config *sgd) {
  for (size_t i = 0; i < self->size; i++) {
    scalar_state at = {.param = self->params[i]};
    for (size_t k = 0; k < steps; k++) {
      double grad = self->grads[k * self->size + i], lr = 0.01 / (1.0 + 0.1 * (double)k);
      if (adam) adam_reference(&at, grad, lr, (double)k + 1.0, adam);
      if (sgd) sgd_reference(&at, grad, lr, (double)k + 1.0, sgd);
    }
    end[i] = at.param;
  }
}

/* Destroys optim. */
static void check_against_reference(const char *what, pflow_optim *optim,
                                    const pflow_adam_config *adam,
                                    const pflow_sgd_config *sgd) {
  problem self = make_problem(100);
  double want[100], got[100];
  follow_reference(&self, want, adam, sgd);
  run_steps(optim, &self, 0, steps);
  for (size_t i = 0; i < 100; i++)
    got[i] = self.params[i];
  check_close_f64(what, got, want, 100, 1e-6);
  free_problem(&self);
  pflow_optim_destroy(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(adam_agrees_with_double) {
  for (int decoupled = 0; decoupled < 2; decoupled++) {
    pflow_adam_config config;
    pflow_adam_config_init(&config);
    config.weight_decay = 0.1;
    config.beta1 = 0.8;
    config.beta2 = 0.95;
    config.eps = 1e-3;
    config.decoupled = decoupled;
    pflow_optim *optim;
    ck_ok(pflow_optim_create_adam(&optim, 100, &config));
    ck_assert_str_eq(pflow_optim_kind(optim), decoupled ? "adamw" : "adam");
    check_against_reference(pflow_optim_kind(optim), optim, &config, NULL);
  }
}
END_TEST

START_TEST(sgd_agrees_with_double) {
  const double momenta[] = {0.0, 0.9, 0.7};
  for (int k = 0; k < 3; k++) {
    pflow_sgd_config config;
    pflow_sgd_config_init(&config);
    config.momentum = momenta[k];
    config.nesterov = k == 2;
    config.weight_decay = 0.05;
    pflow_optim *optim;
    ck_ok(pflow_optim_create_sgd(&optim, 100, &config));
    ck_assert_uint_eq(pflow_optim_slots(optim), k == 0 ? 0 : 1);
    check_against_reference("sgd", optim, NULL, &config);
  }
}
END_TEST

/* The optimisers of these tests: 0 Adam, 1 AdamW, 2 SGD, 3 Nesterov. */
enum { kinds = 4 };

static pflow_optim *make_optim(int kind, size_t size, pflow_pool *pool) {
  pflow_optim *optim;
  pflow_adam_config adam;
  pflow_adam_config_init(&adam);
  adam.decoupled = kind == 1;
  adam.weight_decay = 0.01;
  adam.pool = pool;
  pflow_sgd_config sgd;
  pflow_sgd_config_init(&sgd);
  sgd.momentum = kind == 3 ? 0.9 : 0.0;
  sgd.nesterov = kind == 3;
  sgd.pool = pool;
  ck_ok(kind < 2 ? pflow_optim_create_adam(&optim, size, &adam)
                 : pflow_optim_create_sgd(&optim, size, &sgd));
  return optim;
}

START_TEST(copied_state_goes_on_bit_for_bit) {
  enum { size = 77 };
  for (int kind = 0; kind < kinds; kind++) {
    problem whole = make_problem(size), parts = make_problem(size);
    pflow_optim *first = make_optim(kind, size, NULL);
    run_steps(first, &parts, 0, 13);
    pflow_optim *second = make_optim(kind, size, NULL);
    ck_ok(pflow_optim_set_steps(second, pflow_optim_steps(first)));
    for (size_t i = 0; i < pflow_optim_slots(first); i++)
      memcpy(pflow_optim_slot(second, i), pflow_optim_slot(first, i),
             size * sizeof(float));
    run_steps(second, &parts, 13, steps);
    pflow_optim_destroy(first);
    first = make_optim(kind, size, NULL);
    run_steps(first, &whole, 0, steps);
    ck_assert_mem_eq(whole.params, parts.params, size * sizeof(float));
    ck_assert_uint_eq(pflow_optim_steps(second), steps);
    pflow_optim_destroy(first);
    pflow_optim_destroy(second);
    free_problem(&whole);
    free_problem(&parts);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_a_bit) {
  enum { size = 150001 };
  for (int kind = 0; kind < kinds; kind++) {
    problem one = make_problem(size);
    for (size_t threads = 1; threads <= 3; threads++) {
      problem self = make_problem(size);
      pflow_pool *pool;
      ck_ok(pflow_pool_create(&pool, threads));
      pflow_optim *optim = make_optim(kind, size, pool);
      run_steps(optim, threads == 1 ? &one : &self, 0, 3);
      if (threads > 1) ck_assert_mem_eq(one.params, self.params, size * sizeof(float));
      pflow_optim_destroy(optim);
      pflow_pool_destroy(pool);
      free_problem(&self);
    }
    free_problem(&one);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* SignSGD, which also counts how often it was destroyed and can be told to fail. */
typedef struct sign_sgd {
  int destroyed, fail;
  uint64_t last_step;
} sign_sgd;

static pflow_err sign_step(const pflow_optim_step_args *args, void *user) {
  sign_sgd *self = user;
  if (self->fail == 1) return PFLOW_EDIVERGED;
  if (self->fail == 2) return pflow_clip_value(args->params, args->size, -4.0);
  self->last_step = args->step;
  for (size_t i = 0; i < args->size; i++) {
    args->params[i] -= (float)args->lr * copysignf(1.0f, args->grads[i]);
    args->slot[1][i] += 1.0f;
  }
  return PFLOW_OK;
}

static void sign_destroy(void *user) {
  ((sign_sgd *)user)->destroyed++;
}

static pflow_optim_class sign_class(void) {
  return (pflow_optim_class){.struct_size = sizeof(pflow_optim_class),
                             .kind = "sign",
                             .slots = 2,
                             .step = sign_step,
                             .destroy = sign_destroy};
}

START_TEST(optimisers_of_ones_own) {
  sign_sgd self = {0};
  pflow_optim_class type = sign_class();
  pflow_optim *optim;
  float params[2] = {1.0f, 1.0f};
  const float grads[2] = {-3.0f, 0.5f};
  ck_ok(pflow_optim_create(&optim, 2, 0.25, &type, &self));
  memset(&type, 0, sizeof type);
  ck_assert_str_eq(pflow_optim_kind(optim), "sign");
  ck_ok(pflow_optim_step(optim, params, grads));
  ck_ok(pflow_optim_step(optim, params, grads));
  ck_assert(params[0] == 1.5f && params[1] == 0.5f && self.last_step == 2);
  ck_assert(pflow_optim_slot(optim, 1)[1] == 2.0f && pflow_optim_slot(optim, 0)[1] == 0);
  ck_assert_ptr_null(pflow_optim_slot(optim, 2));
  self.fail = 1;
  ck_fails(pflow_optim_step(optim, params, grads), PFLOW_EDIVERGED,
           "sign: step 3 returned -18");
  ck_assert_str_eq(pflow_errmsg(), "sign: step 3 returned -18");
  self.fail = 2;
  ck_fails(pflow_optim_step(optim, params, grads), PFLOW_EINVAL,
           "sign: step 3 returned -5: bound is -4");
  ck_assert_uint_eq(pflow_optim_steps(optim), 2);
  ck_assert_int_eq(self.destroyed, 0);
  pflow_optim_destroy(optim);
  ck_assert_int_eq(self.destroyed, 1);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_refused_class_is_destroyed_once) {
  sign_sgd self = {0};
  pflow_optim_class type = sign_class();
  pflow_optim *optim;
  type.slots = PFLOW_OPTIM_MAX_SLOTS + 1;
  ck_fails(pflow_optim_create(&optim, 2, 0.1, &type, &self), PFLOW_EINVAL, "slots is 5");
  ck_assert_int_eq(self.destroyed, 1);
  type = sign_class();
  type.step = NULL;
  ck_fails(pflow_optim_create(&optim, 2, 0.1, &type, &self), PFLOW_ENULL, "step");
  type = sign_class();
  type.kind = NULL;
  ck_fails(pflow_optim_create(&optim, 2, 0.1, &type, &self), PFLOW_ENULL, "kind");
  type = sign_class();
  ck_fails(pflow_optim_create(NULL, 2, 0.1, &type, &self), PFLOW_ENULL, "optim");
  ck_fails(pflow_optim_create(&optim, 0, 0.1, &type, &self), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_optim_create(&optim, 2, -0.1, &type, &self), PFLOW_EINVAL, "lr is -0.1");
  ck_fails(pflow_optim_create(&optim, SIZE_MAX / 2, 0.1, &type, &self), PFLOW_EOVERFLOW,
           "overflows");
  ck_assert_int_eq(self.destroyed, 7);
  type.struct_size = 3;
  optim = (pflow_optim *)&self;
  ck_fails(pflow_optim_create(&optim, 2, 0.1, &type, &self), PFLOW_EINVAL,
           "struct_size is 3");
  ck_assert_ptr_null(optim);
  optim = (pflow_optim *)&self;
  ck_fails(pflow_optim_create(&optim, 2, 0.1, NULL, &self), PFLOW_ENULL, "optim_class");
  ck_assert_ptr_null(optim);
  ck_assert_int_eq(self.destroyed, 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_settings_are_named) {
  pflow_optim *optim = NULL;
#define ck_setting(kind, assignment, text)                                               \
  do {                                                                                   \
    pflow_##kind##_config config;                                                        \
    pflow_##kind##_config_init(&config);                                                 \
    config.assignment;                                                                   \
    ck_fails(pflow_optim_create_##kind(&optim, 2, &config), PFLOW_EINVAL, text);         \
  } while (0)
  ck_setting(sgd, lr = -1.0, "lr is -1");
  ck_setting(sgd, lr = NAN, "lr is nan");
  ck_setting(sgd, momentum = 1.0, "momentum is 1");
  ck_setting(sgd, momentum = NAN, "momentum is nan");
  ck_setting(sgd, weight_decay = -2.0, "weight_decay is -2");
  ck_setting(sgd, weight_decay = INFINITY, "weight_decay is inf");
  ck_setting(sgd, nesterov = 1, "nesterov is 1");
  ck_setting(sgd, struct_size = 1, "struct_size is 1");
  ck_setting(adam, lr = INFINITY, "lr is inf");
  ck_setting(adam, beta1 = 1.0, "beta1 is 1");
  ck_setting(adam, beta1 = NAN, "beta1 is nan");
  ck_setting(adam, beta2 = -0.5, "beta2 is -0.5");
  ck_setting(adam, eps = 0.0, "eps is 0");
  ck_setting(adam, eps = 1e-60, "eps is 1e-60");
  ck_setting(adam, eps = NAN, "eps is nan");
  ck_setting(adam, weight_decay = NAN, "weight_decay is nan");
  ck_setting(adam, struct_size = 0, "struct_size is 0");
#undef ck_setting
  ck_fails(pflow_optim_create_sgd(&optim, 0, NULL), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_optim_create_adam(&optim, 0, NULL), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_optim_create_adam(&optim, SIZE_MAX, NULL), PFLOW_EOVERFLOW, "overflows");
  ck_fails(pflow_optim_create_adam(NULL, 1, NULL), PFLOW_ENULL, "optim");
  ck_fails(pflow_optim_create_sgd(NULL, 1, NULL), PFLOW_ENULL, "optim");
  ck_assert_ptr_null(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_calls_are_named) {
  pflow_optim *optim = make_optim(0, 2, NULL);
  float values[2] = {0.0f, 0.0f};
  ck_fails(pflow_optim_step(NULL, values, values), PFLOW_ENULL, "optim");
  ck_fails(pflow_optim_step(optim, NULL, values), PFLOW_ENULL, "params");
  ck_fails(pflow_optim_step(optim, values, NULL), PFLOW_ENULL, "grads");
  ck_fails(pflow_optim_set_lr(NULL, 0.1), PFLOW_ENULL, "optim");
  ck_fails(pflow_optim_set_lr(optim, NAN), PFLOW_EINVAL, "lr is nan");
  ck_fails(pflow_optim_set_lr(optim, -0.5), PFLOW_EINVAL, "lr is -0.5");
  ck_assert(pflow_optim_lr(optim) == 1e-3);
  ck_fails(pflow_optim_set_steps(NULL, 1), PFLOW_ENULL, "optim");
  ck_fails(pflow_optim_set_steps(optim, UINT64_MAX), PFLOW_EINVAL,
           "18446744073709551615");
  ck_ok(pflow_optim_set_steps(optim, UINT64_MAX / 2));
  ck_assert_uint_eq(pflow_optim_size(optim), 2);
  pflow_optim_destroy(optim);
  pflow_optim_destroy(NULL);
  ck_assert(pflow_optim_lr(NULL) == 0.0 && pflow_optim_steps(NULL) == 0);
  ck_assert(!pflow_optim_kind(NULL) && !pflow_optim_slot(NULL, 0));
  ck_assert(pflow_optim_size(NULL) == 0 && pflow_optim_slots(NULL) == 0);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err make_adam(void *user) {
  (void)user;
  pflow_optim *optim;
  pflow_err rc = pflow_optim_create_adam(&optim, 10, NULL);
  if (rc < 0) ck_assert_ptr_null(optim);
  pflow_optim_destroy(optim);
  return rc;
}

static pflow_err make_sgd(void *user) {
  (void)user;
  pflow_optim *optim;
  pflow_sgd_config config;
  pflow_sgd_config_init(&config);
  config.momentum = 0.9;
  pflow_err rc = pflow_optim_create_sgd(&optim, 10, &config);
  if (rc < 0) ck_assert_ptr_null(optim);
  pflow_optim_destroy(optim);
  return rc;
}

/* self counts how often it was destroyed: once for each call. */
static pflow_err make_own(void *user) {
  sign_sgd *self = user;
  pflow_optim_class type = sign_class();
  pflow_optim *optim;
  self->destroyed = 0;
  pflow_err rc = pflow_optim_create(&optim, 10, 0.1, &type, self);
  pflow_optim_destroy(optim);
  ck_assert_int_eq(self->destroyed, 1);
  return rc;
}

START_TEST(failed_allocations_leave_nothing) {
  sign_sgd self = {0};
  failing_install();
  ck_assert_uint_eq(check_failures(make_adam, NULL), 4);
  ck_assert_uint_eq(check_failures(make_sgd, NULL), 3);
  ck_assert_uint_eq(check_failures(make_own, &self), 3);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "optim", TESTS(adam_follows_pytorch, sgd_follows_pytorch, adam_agrees_with_double,
                     sgd_agrees_with_double, copied_state_goes_on_bit_for_bit,
                     threads_do_not_change_a_bit, optimisers_of_ones_own,
                     a_refused_class_is_destroyed_once, bad_settings_are_named,
                     bad_calls_are_named, failed_allocations_leave_nothing));
}
