/*
 * test_ode_adaptive.c - step control row by row, retries, endings, memory and threads.
 */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static pflow_ode_config adaptive_method(pflow_ode_method method, double tolerance) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = method;
  config.rtol = config.atol = tolerance;
  return config;
}

static const pflow_ode_method methods[] = {PFLOW_ODE_BS23, PFLOW_ODE_DOPRI5};

/* y' = cos(s) y^2: y(s) = 1 / (1 / y0 - sin s). */
static int cosine(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++) {
    double y = rows->y[r];
    dy[r] = (float)(cos(rows->s[r]) * y * y);
  }
  return 0;
}

enum { many = 40 };

static void cosine_start(float *y) {
  for (int r = 0; r < many; r++)
    y[r] = 0.2f + 0.015f * (float)r;
}

/* Mean error over rows after 6 units of s, forward. */
static double cosine_error(const pflow_ode_config *config, pflow_ode_stats *stats) {
  float start[many], y[many];
  double total = 0.0;
  cosine_start(start);
  cosine_start(y);
  ck_ok(pflow_ode_solve(config, cosine, NULL, 0, 6, y, many, 1, stats));
  for (int r = 0; r < many; r++)
    total += fabs(y[r] - 1.0 / (1.0 / start[r] - sin(6.0))) / many;
  return total;
}

START_TEST(error_follows_the_tolerance) {
  for (size_t m = 0; m < COUNT(methods); m++) {
    double error[4];
    uint64_t work[4];
    for (int i = 0; i < 4; i++) {
      pflow_ode_stats stats;
      pflow_ode_config config = adaptive_method(methods[m], pow(10, -2 - i));
      error[i] = cosine_error(&config, &stats);
      work[i] = stats.evaluations;
      ck_assert_uint_eq(stats.arrived, many);
      ck_assert_msg(error[i] < 10 * config.rtol, "tolerance %g: error %g", config.rtol,
                    error[i]);
    }
    double slope = log10(error[0] / error[3]) / 3;
    ck_assert_msg(fabs(slope - 1.0) <= 0.2, "method %d: slope %g", methods[m], slope);
    ck_assert_uint_lt(work[0], work[3]);
  }
}
END_TEST

START_TEST(reversal_returns_to_the_start) {
  for (size_t m = 0; m < COUNT(methods); m++) {
    float start[many], y[many];
    pflow_ode_config config = adaptive_method(methods[m], 1e-7);
    cosine_start(start);
    cosine_start(y);
    ck_ok(pflow_ode_solve(&config, cosine, NULL, 0, 5, y, many, 1, NULL));
    ck_assert(fabsf(y[many - 1] - start[many - 1]) > 0.01f);
    ck_ok(pflow_ode_solve(&config, cosine, NULL, 5, 0, y, many, 1, NULL));
    for (int r = 0; r < many; r++)
      ck_assert_msg(fabsf(y[r] - start[r]) < 1e-5f, "row %d: %g, %g", r, (double)y[r],
                    (double)start[r]);
  }
}
END_TEST

/* y' = -rate (y - sin s) + cos s, with a rate for each row and counts of its calls. */
typedef struct relaxation {
  const double *rate;
  size_t evaluations[8];
} relaxation;

static int relax(const pflow_ode_rows *rows, float *dy, void *user) {
  relaxation *self = user;
  for (size_t r = 0; r < rows->n; r++) {
    double s = rows->s[r], y = rows->y[r];
    dy[r] = (float)(-self->rate[rows->row[r]] * (y - sin(s)) + cos(s));
    self->evaluations[rows->row[r]]++;
  }
  return 0;
}

START_TEST(a_stiff_row_steps_alone) {
  const double rates[] = {1, 1000, 2};
  for (size_t m = 0; m < COUNT(methods); m++) {
    relaxation together = {.rate = rates}, alone = {.rate = rates};
    float y[3] = {0.5f, 0.5f, 0.5f}, easy = 0.5f;
    pflow_ode_stats stats;
    pflow_ode_config config = adaptive_method(methods[m], 1e-5);
    ck_ok(pflow_ode_solve(&config, relax, &together, 0, 3, y, 3, 1, &stats));
    ck_ok(pflow_ode_solve(&config, relax, &alone, 0, 3, &easy, 1, 1, NULL));
    ck_assert(easy == y[0]);
    ck_assert_uint_eq(together.evaluations[0], alone.evaluations[0]);
    ck_assert_uint_gt(together.evaluations[1], 10 * together.evaluations[0]);
    for (int r = 0; r < 3; r++)
      ck_assert(fabs(y[r] - (sin(3.0) + 0.5 * exp(-3 * rates[r]))) < 1e-3);
    ck_assert_uint_eq(stats.evaluations, together.evaluations[0] +
                                             together.evaluations[1] +
                                             together.evaluations[2]);
    ck_assert(stats.h_smallest < 1e-2 && stats.h_largest > 0.1);
  }
}
END_TEST

/*
 * Two values a row, y' = -sqrt(y): y = (sqrt(y0) - s / 2)^2, outside for y < 0. `calm`
 * leaves non-finite derivatives for the solver to find instead of answering 1.
 */
static int drain(const pflow_ode_rows *rows, float *dy, void *user) {
  const bool *calm = user;
  for (size_t i = 0; i < rows->n * rows->dim; i++) {
    ck_assert(isfinite(rows->y[i]));
    if (rows->y[i] < 0 && !*calm) return 1;
    dy[i] = -sqrtf(rows->y[i]);
  }
  return 0;
}

enum { tanks = 9 };

static void drain_start(float *y) {
  for (int i = 0; i < 2 * tanks; i++)
    y[i] = i % 4 < 2 ? 25.0f : 1.0f + 0.3f * (float)((5 * i) % 7);
}

/* s1 = 1.9 nearly empties every other row; a step of that size leads outside there. */
START_TEST(a_refused_step_is_retried) {
  for (int calm = 0; calm < 2; calm++) {
    for (size_t m = 0; m < COUNT(methods); m++) {
      float start[2 * tanks], y[2 * tanks];
      bool flag = calm;
      pflow_ode_stats stats;
      pflow_ode_config config = adaptive_method(methods[m], 1e-5);
      config.h_first = 4;
      drain_start(start);
      drain_start(y);
      ck_ok(pflow_ode_solve(&config, drain, &flag, 0, 1.9, y, tanks, 2, &stats));
      ck_assert_uint_gt(stats.rejected, 0);
      for (int i = 0; i < 2 * tanks; i++)
        ck_assert(fabs(y[i] - pow(sqrt(start[i]) - 0.95, 2)) < 3e-4);
    }
  }
}
END_TEST

/* Retries, refusals and early arrivals of some rows must not touch the bits of others. */
START_TEST(blocks_do_not_change_bits) {
  const size_t blocks[] = {1, 3, 4096};
  for (size_t m = 0; m < COUNT(methods); m++) {
    float y[3][2 * tanks];
    pflow_ode_stats stats[3];
    bool calm = false;
    for (int k = 0; k < 3; k++) {
      pflow_ode_config config = adaptive_method(methods[m], 1e-5);
      config.h_first = 4;
      config.block_rows = blocks[k];
      drain_start(y[k]);
      ck_ok(pflow_ode_solve(&config, drain, &calm, 0, 1.9, y[k], tanks, 2, &stats[k]));
      ck_assert_mem_eq(y[k], y[0], sizeof y[0]);
      ck_assert_uint_eq(stats[k].accepted, stats[0].accepted);
      ck_assert_uint_eq(stats[k].rejected, stats[0].rejected);
      ck_assert(stats[k].h_smallest == stats[0].h_smallest);
      ck_assert(stats[k].h_largest == stats[0].h_largest);
    }
    ck_assert_uint_lt(stats[2].calls, stats[0].calls);
  }
}
END_TEST

START_TEST(a_row_outside_at_the_start_fails_alone) {
  for (int calm = 0; calm < 2; calm++) {
    float y[] = {4, 1, -100, 9, 4, 1, 16, 9}, alone[] = {16, 9};
    int status[4];
    bool flag = calm;
    pflow_ode_stats stats;
    pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-6);
    config.row_status = status;
    ck_fails(pflow_ode_solve(&config, drain, &flag, 0, 1, y, 4, 2, &stats),
             PFLOW_EDIVERGED, "1 of 4 rows failed; the first, row 1, ended at s = 0");
    ck_assert(y[2] == -100 && y[3] == 9 && status[1] == PFLOW_EDIVERGED);
    ck_assert(fabsf(y[0] - 2.25f) < 1e-5f && fabsf(y[1] - 0.25f) < 1e-5f);
    ck_assert(status[0] == PFLOW_OK && status[2] == PFLOW_OK && status[3] == PFLOW_OK);
    ck_assert(stats.arrived == 3 && stats.failed == 1);
    config.row_status = NULL;
    ck_ok(pflow_ode_solve(&config, drain, &flag, 0, 1, alone, 1, 2, NULL));
    ck_assert_mem_eq(y + 4, y, sizeof alone);
    ck_assert_mem_eq(y + 6, alone, sizeof alone);
  }
}
END_TEST

/* y' = y^2 has a pole at 1 / y0. */
static int pole(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++)
    dy[r] = rows->y[r] * rows->y[r];
  return 0;
}

START_TEST(a_row_past_its_pole_fails_alone) {
  for (size_t m = 0; m < COUNT(methods); m++) {
    for (int k = 0; k < 2; k++) {
      float y[] = {0.2f, -3, 0.8f, 0.1f, 0.5f};
      int status[5];
      pflow_ode_stats stats;
      pflow_ode_config config = adaptive_method(methods[m], 1e-5);
      config.row_status = status;
      config.block_rows = k ? 2 : 5;
      config.h_min = 1e-7;
      pflow_err rc = pflow_ode_solve(&config, pole, NULL, 0, 3, y, 5, 1, &stats);
      ck_assert_int_eq(rc, PFLOW_EDIVERGED);
      ck_assert_ptr_nonnull(strstr(pflow_errmsg(),
                                   "2 of 5 rows failed; the first, row 2, "
                                   "ended at s = 1.25"));
      ck_assert(stats.failed == 2 && stats.arrived == 3);
      ck_assert(status[2] == PFLOW_EDIVERGED && status[4] == PFLOW_EDIVERGED);
      ck_assert(y[2] > 1000 && y[4] > 1000 && y[2] < INFINITY && y[4] < INFINITY);
      ck_assert(status[0] == 0 && status[1] == 0 && status[3] == 0);
      ck_assert(fabs(y[0] - 1 / (1 / 0.2 - 3)) < 1e-4);
      ck_assert(fabs(y[1] - 1 / (-1 / 3.0 - 3)) < 1e-4);
      ck_assert(fabs(y[3] - 1 / (1 / 0.1 - 3)) < 1e-4);
    }
  }
}
END_TEST

/* Without h_min the pole is met where steps vanish in the rounding of s. */
START_TEST(the_default_h_min_ends) {
  float y = 1;
  pflow_ode_stats stats;
  pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-4);
  ck_fails(pflow_ode_solve(&config, pole, NULL, 0, 2, &y, 1, 1, &stats), PFLOW_EDIVERGED,
           "ended at s = 1");
  ck_assert(isfinite(y) && stats.accepted + stats.rejected < 1000);
}
END_TEST

/* What an observer saw of each row. */
typedef struct watcher {
  size_t calls, moves[8], answer_at;
  int answer;
  double s[8], direction;
  float y[8], start[8];
  const double *rate; /* of relax, to compare y with its solution; or NULL */
} watcher;

static int watch(const pflow_ode_rows *rows, size_t step, void *user) {
  watcher *self = user;
  ck_assert_uint_eq(step, self->calls);
  ck_assert_uint_gt(rows->n, 0);
  for (size_t r = 0; r < rows->n; r++) {
    size_t row = rows->row[r];
    double s = rows->s[r], y = rows->y[r * rows->dim];
    if (step == 0)
      self->start[row] = (float)y;
    else
      ck_assert((s - self->s[row]) * self->direction > 0);
    if (self->rate)
      ck_assert(fabs(y - sin(s) - self->start[row] * exp(-self->rate[row] * s)) < 2e-3);
    self->s[row] = s;
    self->y[row] = (float)y;
    self->moves[row]++;
  }
  return self->calls++ == self->answer_at ? self->answer : 0;
}

static pflow_ode_config watched(watcher *self) {
  pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-4);
  config.observer = watch;
  config.observer_user = self;
  return config;
}

START_TEST(observer_sees_accepted_steps) {
  const double rates[] = {1, 80, 10}, ends[] = {3, -0.03};
  for (int k = 0; k < 2; k++) {
    relaxation problem = {.rate = rates};
    watcher self = {.direction = ends[k], .rate = rates};
    float y[3] = {0.5f, -1, 2};
    pflow_ode_stats stats;
    pflow_ode_config config = watched(&self);
    config.rtol = config.atol = k ? 1e-6 : 1e-4;
    ck_ok(pflow_ode_solve(&config, relax, &problem, 0, ends[k], y, 3, 1, &stats));
    ck_assert_uint_eq(self.moves[0] + self.moves[1] + self.moves[2], stats.accepted + 3);
    for (int r = 0; r < 3; r++)
      ck_assert(self.s[r] == ends[k] && self.y[r] == y[r]);
    ck_assert_uint_lt(self.moves[0], self.moves[1]);
  }
}
END_TEST

/* After a stop y is what the observer saw last, also of rows that had arrived. */
START_TEST(observer_can_stop_and_abort) {
  const double rates[] = {1, 1000, 10};
  for (int answer = -4; answer <= 5; answer += 9) {
    for (size_t at = 0; at < 30; at += 29) {
      relaxation problem = {.rate = rates};
      watcher self = {.direction = 1, .answer_at = at, .answer = answer};
      float y[3] = {0.5f, -1, 2};
      int status[3];
      pflow_ode_stats stats;
      pflow_ode_config config = watched(&self);
      config.row_status = status;
      pflow_err rc = pflow_ode_solve(&config, relax, &problem, 0, 3, y, 3, 1, &stats);
      ck_assert_int_eq(rc, answer > 0 ? PFLOW_STOPPED : PFLOW_ECALLBACK);
      if (answer < 0) ck_assert_str_eq(pflow_errmsg(), "the observer returned -4");
      for (int r = 0; r < 3; r++)
        ck_assert(y[r] == self.y[r]);
      ck_assert_int_eq(status[0], at > 0 ? PFLOW_OK : PFLOW_STOPPED);
      ck_assert_int_eq(status[1], PFLOW_STOPPED);
      ck_assert_uint_eq(stats.arrived, at > 0 && status[2] == 0 ? 2 : at > 0);
    }
  }
}
END_TEST

static int abort_late(const pflow_ode_rows *rows, float *dy, void *user) {
  size_t *calls = user;
  return ++*calls == 20 ? -9 : pole(rows, dy, NULL);
}

START_TEST(rhs_can_abort) {
  watcher self = {.direction = 1};
  float y[3] = {0.1f, 0.2f, 0.3f};
  size_t calls = 0;
  pflow_ode_config config = watched(&self);
  ck_fails(pflow_ode_solve(&config, abort_late, &calls, 0, 3, y, 3, 1, NULL),
           PFLOW_ECALLBACK, "the right-hand side returned -9");
  ck_assert_uint_gt(self.calls, 1);
  for (int r = 0; r < 3; r++)
    ck_assert(y[r] == self.y[r]);
}
END_TEST

START_TEST(max_steps_gives_the_state_reached) {
  const double rates[] = {1, 1000, 1000};
  relaxation problem = {.rate = rates};
  watcher self = {.direction = 1};
  float y[3] = {0.5f, -1, 2};
  int status[3];
  pflow_ode_stats stats;
  pflow_ode_config config = watched(&self);
  config.max_steps = 60;
  config.row_status = status;
  pflow_err rc = pflow_ode_solve(&config, relax, &problem, 0, 3, y, 3, 1, &stats);
  ck_assert_int_eq(rc, PFLOW_LIMIT);
  ck_assert(status[0] == PFLOW_OK && status[1] == PFLOW_LIMIT &&
            status[2] == PFLOW_LIMIT);
  ck_assert(stats.arrived == 1 && stats.limited == 2 && stats.failed == 0);
  const float start[] = {0.5f, -1, 2};
  for (int r = 1; r < 3; r++) {
    double s = self.s[r];
    ck_assert(s > 0 && s < 3 && y[r] == self.y[r]);
    ck_assert(fabs(y[r] - (sin(s) + start[r] * exp(-1000 * s))) < 2e-3);
  }
  config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-4);
  config.max_steps = 60;
  problem.rate = rates + 1;
  rc = pflow_ode_solve(&config, relax, &problem, 0, 3, y, 1, 1, &stats);
  ck_assert_int_eq(rc, PFLOW_LIMIT);
  ck_assert_uint_eq(stats.accepted + stats.rejected, 60);
}
END_TEST

/* The largest step is kept to, and the chosen first step is no bother either way. */
START_TEST(step_limits_are_kept) {
  pflow_ode_stats stats;
  pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-3);
  config.h_max = 0.07;
  ck_assert(cosine_error(&config, &stats) < 1e-4);
  ck_assert(stats.h_largest <= 0.07);
  ck_assert_uint_ge(stats.accepted, many * 86);
  config.h_max = 0;
  config.h_first = 1e-9;
  ck_assert(cosine_error(&config, &stats) < 1e-2);
  ck_assert(stats.h_smallest == 1e-9);
  config.h_first = 1e9;
  ck_assert(cosine_error(&config, &stats) < 1e-2);
}
END_TEST

/* A solve that fails must leave y as it was. */
static pflow_err solve_or_leave(void *user) {
  float y[many], start[many];
  pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-4);
  (void)user;
  cosine_start(y);
  cosine_start(start);
  pflow_err rc = pflow_ode_solve(&config, cosine, NULL, 0, 1, y, many, 1, NULL);
  if (rc < 0) ck_assert_mem_eq(y, start, sizeof y);
  return rc;
}

START_TEST(failing_memory_leaves_nothing) {
  failing_install();
  ck_assert_uint_ge(check_failures(solve_or_leave, NULL), 7);
  failing_remove();
}
END_TEST

START_TEST(huge_problems_are_refused) {
  float y = 1;
  ck_fails(pflow_ode_solve(NULL, pole, NULL, 0, 1, &y, SIZE_MAX / 4, 5, NULL),
           PFLOW_EOVERFLOW, "n * dim");
}
END_TEST

/* One of two solves at the same time. */
static void *solve_apart(void *argument) {
  float *y = argument;
  pflow_ode_config config = adaptive_method(PFLOW_ODE_DOPRI5, 1e-6);
  for (int i = 0; i < 20; i++) {
    cosine_start(y);
    if (pflow_ode_solve(&config, cosine, NULL, 0, 6, y, many, 1, NULL) < 0) return NULL;
  }
  return y;
}

START_TEST(two_threads_solve_at_once) {
  float y[3][many];
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, solve_apart, y[i]), 0);
  ck_assert_ptr_nonnull(solve_apart(y[2]));
  for (int i = 0; i < 2; i++) {
    void *result;
    ck_assert_int_eq(pthread_join(threads[i], &result), 0);
    ck_assert_ptr_nonnull(result);
    ck_assert_mem_eq(y[i], y[2], sizeof y[2]);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests(
      "ode adaptive",
      TESTS(error_follows_the_tolerance, reversal_returns_to_the_start,
            a_stiff_row_steps_alone, a_refused_step_is_retried, blocks_do_not_change_bits,
            a_row_outside_at_the_start_fails_alone, a_row_past_its_pole_fails_alone,
            the_default_h_min_ends, observer_sees_accepted_steps,
            observer_can_stop_and_abort, rhs_can_abort, max_steps_gives_the_state_reached,
            step_limits_are_kept, failing_memory_leaves_nothing,
            huge_problems_are_refused, two_threads_solve_at_once));
}
