/*
 * test_train.c - the training loop: against one by hand, resumed, in threads, learning.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/fitting.h"
#include "support/suite.h"

static int same_floats(const float *a, const float *b, size_t n) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

static int same_nets(const fitting *a, const fitting *b) {
  return same_floats(pflow_net_params(a->net), pflow_net_params(b->net), a->params) &&
         same_floats(pflow_net_state(a->net), pflow_net_state(b->net),
                     pflow_net_state_size(a->net));
}

/* ---- the loop itself ---- */

static size_t count_right(const float *logits, const int32_t *labels, size_t n) {
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
      if (logits[i * classes + k] > logits[i * classes + best]) best = k;
    right += (int32_t)best == labels[i];
  }
  return right;
}

/* One epoch written out; the means over it. */
static void epoch_by_hand(fitting *self, uint64_t epoch, double *mean_loss,
                          double *accuracy) {
  pflow_net_work *work;
  static float x[batch * 3 * side * side], dlogits[batch * classes];
  int32_t labels[batch];
  const float *logits;
  double loss, sum = 0.0;
  size_t n, right = 0;
  ck_ok(pflow_net_work_create(&work, self->net, batch, PFLOW_TRAINING));
  for (size_t b = 0; b < epoch_batches; b++) {
    ck_ok(pflow_batches_get(self->batches, epoch, b, x, labels, &n));
    ck_ok(pflow_net_zero_grads(self->net));
    ck_ok(pflow_net_forward(self->net, work, x, n, &logits));
    ck_ok(pflow_loss_cross_entropy(logits, labels, n, classes, &loss, dlogits));
    ck_ok(pflow_net_backward(self->net, work, dlogits, NULL));
    ck_ok(pflow_optim_step(self->optim, pflow_net_params(self->net),
                           pflow_net_grads(self->net)));
    sum += loss * (double)n;
    right += count_right(logits, labels, n);
  }
  pflow_net_work_destroy(work);
  *mean_loss = sum / rows;
  *accuracy = (double)right / rows;
}

static int keep_progress(const pflow_fit_progress *progress, void *user) {
  *(pflow_fit_progress *)user = *progress;
  return 0;
}

START_TEST(two_epochs_equal_a_loop_by_hand) {
  fitting fitted = make_fitting(NULL), by_hand = make_fitting(NULL);
  pflow_fit_progress last;
  pflow_fit_config config = fit_config(2);
  config.on_epoch = keep_progress;
  config.user = &last;
  ck_ok(fit(&fitted, &config));
  double loss, accuracy;
  epoch_by_hand(&by_hand, 0, &loss, &accuracy);
  epoch_by_hand(&by_hand, 1, &loss, &accuracy);
  ck_assert(same_nets(&fitted, &by_hand));
  ck_assert_double_eq_tol(last.loss, loss, 1e-12);
  ck_assert_double_eq(last.accuracy, accuracy);
  ck_assert_uint_eq(last.rows, rows);
  destroy_fitting(&fitted);
  destroy_fitting(&by_hand);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(defaults_train_one_epoch) {
  fitting self = make_fitting(NULL);
  ck_ok(fit(&self, NULL));
  ck_assert_uint_eq(pflow_optim_steps(self.optim), epoch_batches);
  destroy_fitting(&self);
}
END_TEST

/* Everything that a run can use: cosine schedule, clipping, average of weights. */
static void fit_fully(fitting *self, pflow_ema *ema, size_t first, size_t epochs) {
  pflow_schedule schedule;
  pflow_schedule_init(&schedule);
  schedule.kind = PFLOW_SCHEDULE_COSINE;
  schedule.warmup = 3;
  schedule.total = 4 * epoch_batches;
  pflow_fit_config config = fit_config(epochs);
  config.first_epoch = first;
  config.schedule = &schedule;
  config.clip_norm = 1.0;
  config.ema = ema;
  ck_ok(fit(self, &config));
}

static pflow_ema *make_ema(fitting *self) {
  pflow_ema *ema;
  ck_ok(pflow_ema_create(&ema, pflow_net_params(self->net), self->params, 0.9));
  return ema;
}

static void copy_floats(float *to, const float *from, size_t n) {
  memcpy(to, from, n * sizeof *to);
}

/* What a checkpoint would carry from one process to the next. */
static void copy_training(fitting *to, pflow_ema *to_ema, const fitting *from,
                          pflow_ema *from_ema) {
  copy_floats(pflow_net_params(to->net), pflow_net_params(from->net), from->params);
  copy_floats(pflow_net_state(to->net), pflow_net_state(from->net),
              pflow_net_state_size(from->net));
  for (size_t i = 0; i < pflow_optim_slots(from->optim); i++)
    copy_floats(pflow_optim_slot(to->optim, i), pflow_optim_slot(from->optim, i),
                from->params);
  ck_ok(pflow_optim_set_steps(to->optim, pflow_optim_steps(from->optim)));
  copy_floats(pflow_ema_values(to_ema), pflow_ema_values(from_ema), from->params);
  ck_ok(pflow_ema_set_updates(to_ema, pflow_ema_updates(from_ema)));
}

START_TEST(resumed_run_equals_an_unbroken_one) {
  fitting whole = make_fitting(NULL), first = make_fitting(NULL),
          second = make_fitting(NULL);
  pflow_ema *ema[3] = {make_ema(&whole), make_ema(&first), make_ema(&second)};
  fit_fully(&whole, ema[0], 0, 4);
  fit_fully(&first, ema[1], 0, 2);
  ck_assert(!same_nets(&whole, &first));
  copy_training(&second, ema[2], &first, ema[1]);
  fit_fully(&second, ema[2], 2, 4);
  ck_assert(same_nets(&whole, &second));
  ck_assert(
      same_floats(pflow_ema_values(ema[0]), pflow_ema_values(ema[2]), whole.params));
  for (size_t i = 0; i < 3; i++)
    pflow_ema_destroy(ema[i]);
  destroy_fitting(&whole);
  destroy_fitting(&first);
  destroy_fitting(&second);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_change_no_bit) {
  fitting runs[3];
  pflow_pool *pools[3];
  for (size_t i = 0; i < 3; i++) {
    ck_ok(pflow_pool_create(&pools[i], i + 1));
    runs[i] = make_fitting(pools[i]);
    fit_fully(&runs[i], NULL, 0, 2);
  }
  ck_assert(same_nets(&runs[0], &runs[1]) && same_nets(&runs[0], &runs[2]));
  for (size_t i = 0; i < 3; i++) {
    destroy_fitting(&runs[i]);
    pflow_pool_destroy(pools[i]);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- schedule, clipping, average ---- */

/* An optimiser that writes down what it is given, and follows the gradient. */
typedef struct recorder {
  size_t count;
  double lr[4 * epoch_batches], norm[4 * epoch_batches];
} recorder;

static pflow_err record_step(const pflow_optim_step_args *args, void *self) {
  recorder *record = self;
  double sum = 0.0;
  for (size_t i = 0; i < args->size; i++) {
    sum += (double)args->grads[i] * args->grads[i];
    args->params[i] -= (float)args->lr * args->grads[i];
  }
  record->lr[record->count] = args->lr;
  record->norm[record->count++] = sqrt(sum);
  return PFLOW_OK;
}

static fitting make_recorded(recorder *record) {
  static const pflow_optim_class recording = {
      .struct_size = sizeof recording, .kind = "recorder", .step = record_step};
  fitting self = make_fitting(NULL);
  pflow_optim_destroy(self.optim);
  ck_ok(pflow_optim_create(&self.optim, self.params, 0.25, &recording, record));
  return self;
}

START_TEST(schedule_is_asked_for_the_step_of_the_whole_run) {
  recorder record = {0};
  fitting self = make_recorded(&record);
  pflow_schedule schedule;
  pflow_schedule_init(&schedule);
  schedule.kind = PFLOW_SCHEDULE_STEP;
  schedule.lr = 0.5;
  schedule.period = 3;
  schedule.gamma = 0.5;
  pflow_fit_config config = fit_config(3);
  config.first_epoch = 1;
  config.schedule = &schedule;
  ck_ok(fit(&self, &config));
  ck_assert_uint_eq(record.count, 2 * epoch_batches);
  for (size_t i = 0; i < record.count; i++)
    ck_assert_double_eq(record.lr[i], 0.5 * pow(0.5, floor((5.0 + (double)i) / 3.0)));
  ck_assert_double_eq(pflow_optim_lr(self.optim), record.lr[record.count - 1]);
  destroy_fitting(&self);
}
END_TEST

START_TEST(gradients_are_clipped) {
  recorder free_record = {0}, record = {0};
  fitting unclipped = make_recorded(&free_record), clipped = make_recorded(&record);
  pflow_fit_config config = fit_config(1);
  ck_ok(fit(&unclipped, &config));
  config.clip_norm = free_record.norm[0] / 4;
  ck_ok(fit(&clipped, &config));
  ck_assert_double_eq(free_record.lr[0], 0.25);
  ck_assert_double_eq_tol(record.norm[0], config.clip_norm, 1e-6 * config.clip_norm);
  for (size_t i = 0; i < record.count; i++)
    ck_assert_double_le(record.norm[i], config.clip_norm * (1 + 1e-6));
  destroy_fitting(&unclipped);
  destroy_fitting(&clipped);
}
END_TEST

/* An average of the test's own, updated after each step. */
typedef struct follower {
  fitting *self;
  pflow_ema *ema;
} follower;

static int follow_batch(const pflow_fit_progress *progress, void *user) {
  follower *follow = user;
  (void)progress;
  ck_ok(pflow_ema_update(follow->ema, pflow_net_params(follow->self->net)));
  return 0;
}

START_TEST(average_follows_each_step) {
  fitting self = make_fitting(NULL);
  follower follow = {&self, make_ema(&self)};
  pflow_ema *ema = make_ema(&self);
  pflow_fit_config config = fit_config(2);
  config.ema = ema;
  config.on_batch = follow_batch;
  config.user = &follow;
  ck_ok(fit(&self, &config));
  ck_assert_uint_eq(pflow_ema_updates(ema), 2 * epoch_batches);
  ck_assert(
      same_floats(pflow_ema_values(ema), pflow_ema_values(follow.ema), self.params));
  ck_assert(!same_floats(pflow_ema_values(ema), pflow_net_params(self.net), self.params));
  pflow_ema_destroy(ema);
  pflow_ema_destroy(follow.ema);
  destroy_fitting(&self);
}
END_TEST

/* ---- learning ---- */

static double accuracy_of(const fitting *self, const pflow_images *images) {
  size_t n = pflow_images_count(images);
  float *x = malloc(n * pflow_net_in_size(self->net) * sizeof *x);
  float *logits = malloc(n * classes * sizeof *logits);
  pflow_net_work *work;
  ck_assert(x && logits);
  ck_ok(pflow_images_get(images, 0, n, x));
  ck_ok(pflow_net_work_create(&work, self->net, n, PFLOW_INFERENCE));
  ck_ok(pflow_net_predict(self->net, work, x, n, logits));
  size_t right = count_right(logits, pflow_images_labels(images), n);
  pflow_net_work_destroy(work);
  free(x);
  free(logits);
  return (double)right / (double)n;
}

/* Chance is 0.2; 500 test rows put 0.5 sixteen standard deviations above it. */
START_TEST(the_synthetic_set_is_learned) {
  fitting self = make_fitting(NULL);
  pflow_batches_destroy(self.batches);
  pflow_images_destroy(self.images);
  pflow_synthetic_config sc;
  pflow_synthetic_config_init(&sc);
  sc.n = 1500;
  sc.classes = classes;
  sc.height = sc.width = side;
  sc.noise = 0.1;
  ck_ok(pflow_images_create_synthetic(&self.images, &sc));
  ck_ok(pflow_batches_create(
      &self.batches, self.images,
      &(pflow_batches_config){.struct_size = sizeof(size_t) * 2, .batch = 50}));
  sc.split = PFLOW_TEST;
  sc.n = 500;
  pflow_images *test;
  ck_ok(pflow_images_create_synthetic(&test, &sc));
  pflow_fit_progress last;
  pflow_fit_config config = fit_config(10);
  config.on_epoch = keep_progress;
  config.user = &last;
  ck_ok(fit(&self, &config));
  double accuracy = accuracy_of(&self, test);
  ck_assert_msg(accuracy > 0.5 && last.accuracy > 0.5, "accuracy %g, in training %g",
                accuracy, last.accuracy);
  pflow_images_destroy(test);
  destroy_fitting(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("train",
                   TESTS(two_epochs_equal_a_loop_by_hand, defaults_train_one_epoch,
                         resumed_run_equals_an_unbroken_one, threads_change_no_bit,
                         schedule_is_asked_for_the_step_of_the_whole_run,
                         gradients_are_clipped, average_follows_each_step,
                         the_synthetic_set_is_learned));
}
