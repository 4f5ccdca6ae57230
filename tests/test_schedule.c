/*
 * test_schedule.c - learning-rate schedules, clipping and the average of weights.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

static double rate_at(const pflow_schedule *schedule, uint64_t step) {
  double lr = NAN;
  ck_ok(pflow_schedule_lr(schedule, step, &lr));
  return lr;
}

static pflow_schedule schedule_of(pflow_schedule_kind kind) {
  pflow_schedule schedule;
  pflow_schedule_init(&schedule);
  schedule.kind = kind;
  schedule.lr = 0.8;
  schedule.period = 10;
  schedule.total = 104;
  return schedule;
}

START_TEST(constant_and_warm_up) {
  pflow_schedule schedule = schedule_of(PFLOW_SCHEDULE_CONSTANT);
  ck_assert(rate_at(&schedule, 0) == 0.8 && rate_at(&schedule, UINT64_MAX) == 0.8);
  for (int kind = 0; kind < 3; kind++) {
    schedule = schedule_of((pflow_schedule_kind)kind);
    schedule.warmup = 4;
    ck_assert_double_eq_tol(rate_at(&schedule, 0), 0.2, 1e-15);
    ck_assert_double_eq_tol(rate_at(&schedule, 1), 0.4, 1e-15);
    ck_assert(rate_at(&schedule, 3) == 0.8);
    ck_assert(rate_at(&schedule, 4) == 0.8);
  }
}
END_TEST

START_TEST(step_schedule_drops_after_each_period) {
  pflow_schedule schedule = schedule_of(PFLOW_SCHEDULE_STEP);
  schedule.gamma = 0.5;
  schedule.warmup = 4;
  ck_assert(rate_at(&schedule, 13) == 0.8 && rate_at(&schedule, 14) == 0.4);
  ck_assert(rate_at(&schedule, 23) == 0.4 && rate_at(&schedule, 24) == 0.2);
  ck_assert_double_eq_tol(rate_at(&schedule, 104), 0.8 / 1024.0, 1e-18);
  ck_assert(rate_at(&schedule, UINT64_MAX) == 0.0);
}
END_TEST

START_TEST(cosine_schedule_meets_closed_forms) {
  pflow_schedule schedule = schedule_of(PFLOW_SCHEDULE_COSINE);
  schedule.warmup = 4;
  schedule.min_lr = 0.2;
  /* A quarter, half and three quarters of the way: cos(pi / 4) = sqrt(1 / 2). */
  ck_assert_double_eq_tol(rate_at(&schedule, 29), 0.2 + 0.3 * (1.0 + sqrt(0.5)), 1e-15);
  ck_assert_double_eq_tol(rate_at(&schedule, 54), 0.5, 1e-15);
  ck_assert_double_eq_tol(rate_at(&schedule, 79), 0.2 + 0.3 * (1.0 - sqrt(0.5)), 1e-15);
  ck_assert(rate_at(&schedule, 103) > 0.2 && rate_at(&schedule, 104) == 0.2);
  ck_assert(rate_at(&schedule, 105) == 0.2 && rate_at(&schedule, UINT64_MAX) == 0.2);
  for (uint64_t step = 4; step < 104; step++)
    ck_assert_double_lt(rate_at(&schedule, step + 1), rate_at(&schedule, step));
}
END_TEST

START_TEST(bad_schedules_are_named) {
  double lr = -1.0;
#define ck_setting(which, assignment, text)                                              \
  do {                                                                                   \
    pflow_schedule schedule = schedule_of(which);                                        \
    schedule.assignment;                                                                 \
    ck_fails(pflow_schedule_lr(&schedule, 0, &lr), PFLOW_EINVAL, text);                  \
  } while (0)
  ck_setting(PFLOW_SCHEDULE_CONSTANT, lr = -0.1, "lr is -0.1");
  ck_setting(PFLOW_SCHEDULE_CONSTANT, lr = NAN, "lr is nan");
  ck_setting(PFLOW_SCHEDULE_CONSTANT, kind = (pflow_schedule_kind)3, "kind is 3");
  ck_setting(PFLOW_SCHEDULE_CONSTANT, struct_size = 0, "struct_size is 0");
  ck_setting(PFLOW_SCHEDULE_STEP, period = 0, "period is 0");
  ck_setting(PFLOW_SCHEDULE_STEP, gamma = 0.0, "gamma is 0");
  ck_setting(PFLOW_SCHEDULE_STEP, gamma = 1.5, "gamma is 1.5");
  ck_setting(PFLOW_SCHEDULE_STEP, gamma = NAN, "gamma is nan");
  ck_setting(PFLOW_SCHEDULE_COSINE, min_lr = -1.0, "min_lr is -1");
  ck_setting(PFLOW_SCHEDULE_COSINE, min_lr = INFINITY, "min_lr is inf");
  ck_setting(PFLOW_SCHEDULE_COSINE, total = 0, "total is 0");
  ck_setting(PFLOW_SCHEDULE_COSINE, warmup = 104, "total is 104");
#undef ck_setting
  pflow_schedule schedule = schedule_of(PFLOW_SCHEDULE_CONSTANT);
  ck_fails(pflow_schedule_lr(NULL, 0, &lr), PFLOW_ENULL, "schedule");
  ck_fails(pflow_schedule_lr(&schedule, 0, NULL), PFLOW_ENULL, "lr");
  ck_assert(lr == -1.0);
}
END_TEST

/* Values whose squares overflow a float, and a size that is no multiple of eight. */
static void fill_large(float *values, size_t size) {
  for (size_t i = 0; i < size; i++)
    values[i] = (i % 2 ? -1e30f : 1e30f) * (float)(i % 5);
}

static double norm_of(const float *values, size_t size) {
  long double sum = 0.0L;
  for (size_t i = 0; i < size; i++)
    sum += (long double)values[i] * values[i];
  return (double)sqrtl(sum);
}

START_TEST(norm_is_clipped) {
  float grads[103], before[103];
  fill_large(grads, 103);
  memcpy(before, grads, sizeof grads);
  double want = norm_of(grads, 103), norm;
  ck_ok(pflow_clip_norm(grads, 103, 2.0 * want, &norm));
  ck_assert_mem_eq(grads, before, sizeof grads);
  ck_assert_double_eq_tol(norm / want, 1.0, 1e-14);
  ck_ok(pflow_clip_norm(grads, 103, 2.5, NULL));
  ck_assert_double_eq_tol(norm_of(grads, 103), 2.5, 2.5e-7);
  for (size_t i = 0; i < 103; i++)
    ck_assert_double_eq_tol(grads[i], before[i] * 2.5 / want, 1e-7);
  float zeros[3] = {0.0f, 0.0f, 0.0f};
  ck_ok(pflow_clip_norm(zeros, 3, 1.0, &norm));
  ck_assert(norm == 0.0 && zeros[0] == 0.0f);
}
END_TEST

START_TEST(norms_that_are_not_finite_change_nothing) {
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t k = 0; k < 3; k++) {
    for (size_t place = 0; place < 11; place += 5) {
      float grads[11], before[11];
      double norm = 0.0;
      fill_large(grads, 11);
      grads[place] = bad[k];
      memcpy(before, grads, sizeof grads);
      ck_fails(pflow_clip_norm(grads, 11, 1.0, &norm), PFLOW_ENONFINITE,
               k == 0 ? "nan" : "inf");
      ck_assert_mem_eq(grads, before, sizeof grads);
      ck_assert(!isfinite(norm));
    }
  }
}
END_TEST

START_TEST(values_are_clipped) {
  float grads[6] = {-INFINITY, -2.0f, -0.5f, 0.5f, 1e30f, NAN};
  const float want[5] = {-0.75f, -0.75f, -0.5f, 0.5f, 0.75f};
  ck_ok(pflow_clip_value(grads, 6, 0.75));
  ck_assert_mem_eq(grads, want, sizeof want);
  ck_assert(isnan(grads[5]));
}
END_TEST

START_TEST(bad_limits_are_named) {
  float grads[1] = {1.0f};
  ck_fails(pflow_clip_norm(NULL, 1, 1.0, NULL), PFLOW_ENULL, "grads");
  ck_fails(pflow_clip_norm(grads, 0, 1.0, NULL), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_clip_norm(grads, 1, 0.0, NULL), PFLOW_EINVAL, "max_norm is 0");
  ck_fails(pflow_clip_norm(grads, 1, NAN, NULL), PFLOW_EINVAL, "max_norm is nan");
  ck_fails(pflow_clip_norm(grads, 1, INFINITY, NULL), PFLOW_EINVAL, "max_norm is inf");
  ck_fails(pflow_clip_value(NULL, 1, 1.0), PFLOW_ENULL, "grads");
  ck_fails(pflow_clip_value(grads, 0, 1.0), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_clip_value(grads, 1, -1.0), PFLOW_EINVAL, "bound is -1");
  ck_assert(grads[0] == 1.0f);
}
END_TEST

/* Weights of update t: they wander, so that the average lags behind. */
static void weights_at(int t, float *weights, size_t size) {
  for (size_t i = 0; i < size; i++)
    weights[i] = (float)sin(0.3 * t + (double)i);
}

START_TEST(average_follows_its_formula) {
  enum { size = 37 };
  float weights[size];
  double average[size];
  weights_at(0, weights, size);
  pflow_ema *ema;
  ck_ok(pflow_ema_create(&ema, weights, size, 0.95));
  ck_assert_mem_eq(pflow_ema_values(ema), weights, sizeof weights);
  for (size_t i = 0; i < size; i++)
    average[i] = weights[i];
  for (int t = 0; t < 400; t++) {
    double decay = fmin(0.95, (1.0 + t) / (10.0 + t));
    weights_at(t + 1, weights, size);
    ck_ok(pflow_ema_update(ema, weights));
    for (size_t i = 0; i < size; i++) {
      average[i] = decay * average[i] + (1.0 - decay) * weights[i];
      ck_assert_double_eq_tol(pflow_ema_values(ema)[i], average[i], 2e-6);
    }
  }
  ck_assert_uint_eq(pflow_ema_updates(ema), 400);
  pflow_ema_destroy(ema);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(average_goes_on_from_saved_state) {
  float weights[4];
  weights_at(0, weights, 4);
  pflow_ema *first, *second;
  ck_ok(pflow_ema_create(&first, weights, 4, 0.9));
  for (int t = 1; t < 6; t++) {
    weights_at(t, weights, 4);
    ck_ok(pflow_ema_update(first, weights));
  }
  ck_ok(pflow_ema_create(&second, pflow_ema_values(first), 4, 0.9));
  ck_ok(pflow_ema_set_updates(second, pflow_ema_updates(first)));
  for (int t = 6; t < 200; t++) {
    weights_at(t, weights, 4);
    ck_ok(pflow_ema_update(first, weights));
    ck_ok(pflow_ema_update(second, weights));
  }
  ck_assert_mem_eq(pflow_ema_values(first), pflow_ema_values(second), sizeof weights);
  pflow_ema_destroy(first);
  pflow_ema_destroy(second);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_averages_are_named) {
  float weights[2] = {1.0f, 2.0f};
  pflow_ema *ema = NULL;
  ck_fails(pflow_ema_create(NULL, weights, 2, 0.9), PFLOW_ENULL, "ema");
  ck_fails(pflow_ema_create(&ema, NULL, 2, 0.9), PFLOW_ENULL, "weights");
  ck_fails(pflow_ema_create(&ema, weights, 0, 0.9), PFLOW_EINVAL, "size is 0");
  ck_fails(pflow_ema_create(&ema, weights, 2, 1.0), PFLOW_EINVAL, "decay is 1");
  ck_fails(pflow_ema_create(&ema, weights, 2, -0.1), PFLOW_EINVAL, "decay is -0.1");
  ck_fails(pflow_ema_create(&ema, weights, 2, NAN), PFLOW_EINVAL, "decay is nan");
  ck_fails(pflow_ema_create(&ema, weights, SIZE_MAX, 0.9), PFLOW_EOVERFLOW, "overflows");
  ck_assert_ptr_null(ema);
  ck_ok(pflow_ema_create(&ema, weights, 2, 0.0));
  ck_fails(pflow_ema_update(NULL, weights), PFLOW_ENULL, "ema");
  ck_fails(pflow_ema_update(ema, NULL), PFLOW_ENULL, "weights");
  ck_fails(pflow_ema_set_updates(NULL, 0), PFLOW_ENULL, "ema");
  ck_fails(pflow_ema_set_updates(ema, UINT64_MAX), PFLOW_EINVAL, "18446744073709551615");
  ck_assert(!pflow_ema_values(NULL) && pflow_ema_updates(NULL) == 0);
  ck_assert_uint_eq(pflow_ema_size(NULL), 0);
  pflow_ema_destroy(ema);
  pflow_ema_destroy(NULL);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err make_ema(void *user) {
  (void)user;
  const float weights[2] = {1.0f, 2.0f};
  pflow_ema *ema;
  pflow_err rc = pflow_ema_create(&ema, weights, 2, 0.9);
  if (rc < 0) ck_assert_ptr_null(ema);
  pflow_ema_destroy(ema);
  return rc;
}

START_TEST(failed_allocations_leave_nothing) {
  failing_install();
  ck_assert_uint_eq(check_failures(make_ema, NULL), 2);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("schedule",
                   TESTS(constant_and_warm_up, step_schedule_drops_after_each_period,
                         cosine_schedule_meets_closed_forms, bad_schedules_are_named,
                         norm_is_clipped, norms_that_are_not_finite_change_nothing,
                         values_are_clipped, bad_limits_are_named,
                         average_follows_its_formula, average_goes_on_from_saved_state,
                         bad_averages_are_named, failed_allocations_leave_nothing));
}
