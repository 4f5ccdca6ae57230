/*
 * test_train_rules.c - the training loop: callbacks, and everything it refuses.
 */
#include <math.h>
#include <string.h>

#include "support/failing.h"
#include "support/fitting.h"
#include "support/suite.h"

/* ---- callbacks ---- */

/* Counts its calls and answers `result` from call `from` on. */
typedef struct caller {
  size_t calls, from;
  int result;
  pflow_fit_progress last;
} caller;

static int count_call(const pflow_fit_progress *progress, void *user) {
  caller *count = user;
  ck_assert_uint_eq(progress->batches, epoch_batches);
  ck_assert(progress->accuracy >= 0.0 && progress->accuracy <= 1.0);
  ck_assert(progress->loss > 0.0 && progress->seconds >= 0.0);
  count->last = *progress;
  return ++count->calls >= count->from ? count->result : 0;
}

START_TEST(callbacks_see_every_batch_and_epoch) {
  fitting self = make_fitting(NULL);
  caller count = {.from = 1000};
  pflow_fit_config config = fit_config(3);
  config.user = &count;
  config.on_batch = count_call;
  ck_ok(fit(&self, &config));
  ck_assert_uint_eq(count.calls, 3 * epoch_batches);
  ck_assert_uint_eq(count.last.batch, epoch_batches);
  ck_assert_uint_eq(count.last.epoch, 2);
  ck_assert_uint_eq(count.last.epochs, 3);
  config.on_batch = NULL;
  config.on_epoch = count_call;
  count.calls = 0;
  ck_ok(fit(&self, &config));
  ck_assert_uint_eq(count.calls, 3);
  destroy_fitting(&self);
}
END_TEST

START_TEST(callbacks_stop_and_abort) {
  fitting self = make_fitting(NULL);
  caller count = {.from = 7, .result = 1};
  pflow_fit_config config = fit_config(3);
  config.user = &count;
  config.on_batch = count_call;
  ck_assert_int_eq(fit(&self, &config), PFLOW_STOPPED);
  ck_assert_uint_eq(count.last.epoch, 1);
  ck_assert_uint_eq(count.last.batch, 2);
  ck_assert_uint_eq(count.last.rows, 2 * batch);
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 7);
  count = (caller){.from = 2, .result = -7};
  ck_fails(fit(&self, &config), PFLOW_ECALLBACK, "on_batch returned -7");
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 9);
  config.on_batch = NULL;
  config.on_epoch = count_call;
  count = (caller){.from = 2, .result = 5};
  ck_assert_int_eq(fit(&self, &config), PFLOW_STOPPED);
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 9 + 2 * epoch_batches);
  count = (caller){.from = 1, .result = -1};
  ck_fails(fit(&self, &config), PFLOW_ECALLBACK, "on_epoch returned -1");
  destroy_fitting(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- failures ---- */

START_TEST(lost_losses_are_named) {
  fitting self = make_fitting(NULL);
  pflow_fit_config config = fit_config(5);
  config.first_epoch = 3;
  pflow_net_params(self.net)[self.params - 1] = NAN;
  ck_fails(fit(&self, &config), PFLOW_EDIVERGED, "epoch 3, batch 0: the loss is ");
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 0);
  destroy_fitting(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* A layer that passes values on, and an infinite gradient back. */
static pflow_err plan_same(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  return PFLOW_OK;
}

static pflow_err pass_on(const pflow_layer_call *call, void *self) {
  (void)self;
  memcpy(call->y, call->x, call->rows * classes * sizeof *call->y);
  return PFLOW_OK;
}

static pflow_err pass_infinity(const pflow_layer_call *call, void *self) {
  (void)self;
  for (size_t i = 0; call->dx && i < call->rows * classes; i++)
    call->dx[i] = INFINITY;
  return PFLOW_OK;
}

START_TEST(lost_gradients_are_named_when_clipping) {
  const pflow_layer_class broken = {.struct_size = sizeof broken,
                                    .kind = "broken",
                                    .plan = plan_same,
                                    .forward = pass_on,
                                    .backward = pass_infinity};
  fitting self = {0};
  make_batches(&self);
  ck_ok(pflow_net_create(&self.net, NULL));
  ck_ok(pflow_net_add_flatten(self.net));
  ck_ok(pflow_net_add_linear(self.net, classes, 0));
  ck_ok(pflow_net_add_layer(self.net, &broken, NULL));
  ck_ok(pflow_net_build(self.net, (size_t[]){3, side, side}, 3));
  self.params = pflow_net_param_size(self.net);
  ck_ok(pflow_optim_create_sgd(&self.optim, self.params, NULL));
  pflow_fit_config config = fit_config(1);
  config.clip_norm = 1;
  ck_fails(fit(&self, &config), PFLOW_EDIVERGED, "batch 0: the norm of the gradient is");
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 0);
  destroy_fitting(&self);
}
END_TEST

START_TEST(parts_that_do_not_fit_are_named) {
  fitting self = make_fitting(NULL), other = {0};
  make_net(&other, classes + 1);
  ck_fails(pflow_net_fit(other.net, self.optim, self.batches, NULL), PFLOW_ESHAPE,
           "6 outputs for 5 classes");
  pflow_net_destroy(other.net);
  ck_ok(pflow_net_create(&other.net, NULL));
  ck_ok(pflow_net_add_linear(other.net, classes, 1));
  ck_fails(pflow_net_fit(other.net, self.optim, self.batches, NULL), PFLOW_ESTATE,
           "not built");
  ck_ok(pflow_net_build(other.net, (size_t[]){107}, 1));
  ck_fails(pflow_net_fit(other.net, self.optim, self.batches, NULL), PFLOW_ESHAPE,
           "rows of 107 values, batches have 108");
  pflow_net_destroy(other.net);
  ck_ok(pflow_optim_create_sgd(&other.optim, 17, NULL));
  ck_fails(pflow_net_fit(self.net, other.optim, self.batches, NULL), PFLOW_ESHAPE,
           "its optimiser 17");
  pflow_optim_destroy(other.optim);
  pflow_fit_config config = fit_config(1);
  ck_ok(pflow_ema_create(&config.ema, pflow_net_params(self.net), 17, 0.5));
  ck_assert_uint_eq(pflow_ema_size(config.ema), 17);
  ck_fails(fit(&self, &config), PFLOW_ESHAPE, "its average 17");
  pflow_ema_destroy(config.ema);
  ck_fails(pflow_net_fit(NULL, self.optim, self.batches, NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_fit(self.net, NULL, self.batches, NULL), PFLOW_ENULL, "optim");
  ck_fails(pflow_net_fit(self.net, self.optim, NULL, NULL), PFLOW_ENULL, "batches");
  destroy_fitting(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_settings_are_named) {
  fitting self = make_fitting(NULL);
  pflow_fit_config config = fit_config(0);
  ck_fails(fit(&self, &config), PFLOW_EINVAL, "epochs is 0");
  config = fit_config(2);
  config.first_epoch = 3;
  ck_fails(fit(&self, &config), PFLOW_EINVAL, "first_epoch is 3 of 2");
  config.first_epoch = 2;
  ck_ok(fit(&self, &config));
  const double norms[] = {-1, NAN, INFINITY};
  for (size_t i = 0; i < 3; i++) {
    config = fit_config(1);
    config.clip_norm = norms[i];
    ck_fails(fit(&self, &config), PFLOW_EINVAL, "clip_norm is");
  }
  config = fit_config(1);
  config.struct_size = 1;
  ck_fails(fit(&self, &config), PFLOW_EINVAL, "struct_size is 1");
  pflow_schedule schedule;
  pflow_schedule_init(&schedule);
  schedule.kind = PFLOW_SCHEDULE_STEP;
  config = fit_config(1);
  config.schedule = &schedule;
  ck_fails(fit(&self, &config), PFLOW_EINVAL, "period");
  ck_assert_uint_eq(pflow_optim_steps(self.optim), 0);
  destroy_fitting(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err fit_once(void *user) {
  return fit(user, NULL);
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  fitting self = make_fitting(NULL);
  ck_assert_uint_ge(check_failures(fit_once, &self), 4);
  destroy_fitting(&self);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("train_rules",
                   TESTS(callbacks_see_every_batch_and_epoch, callbacks_stop_and_abort,
                         lost_losses_are_named, lost_gradients_are_named_when_clipping,
                         parts_that_do_not_fit_are_named, bad_settings_are_named,
                         failing_allocations_leave_nothing));
}
