/*
 * test_linesearch.c - the line search of L-BFGS, seen through its objective.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "support/golden.h"
#include "support/objective.h"
#include "support/suite.h"

/* Both strong Wolfe conditions for the move between two points, but for rounding. */
static void check_wolfe(const double *from, const double *to, size_t size,
                        const pflow_lbfgs_config *config) {
  double before, after, slope_before = 0.0, slope_after = 0.0;
  double gradient_before[10], gradient_after[10];
  rosenbrock(from, size, &before, gradient_before, NULL);
  rosenbrock(to, size, &after, gradient_after, NULL);
  for (size_t i = 0; i < size; i++) {
    slope_before += gradient_before[i] * (to[i] - from[i]);
    slope_after += gradient_after[i] * (to[i] - from[i]);
  }
  double slack = 1e-7 * fabs(slope_before);
  ck_assert_double_lt(slope_before, 0.0);
  ck_assert_double_le(after, before + config->armijo * slope_before + slack);
  ck_assert_double_le(fabs(slope_after), config->curvature * fabs(slope_before) + slack);
}

START_TEST(every_step_meets_the_strong_wolfe_conditions) {
  const double settings[][2] = {
      {1e-4, 0.9}, {1e-4, 0.1}, {0.3, 0.4}, {0.01, 0.02}, {0.6, 0.9}};
  for (size_t k = 0; k < 5; k++) {
    pflow_lbfgs_config config = with_tolerance(1e-5);
    config.armijo = settings[k][0];
    config.curvature = settings[k][1];
    double from[10], to[10];
    rosenbrock_start(from, 10);
    pflow_err rc = PFLOW_LIMIT;
    for (size_t i = 1; rc == PFLOW_LIMIT; i++) {
      ck_assert_uint_lt(i, 200);
      rc = rosenbrock_iterate(to, 10, config, i);
      check_wolfe(from, to, 10, &config);
      memcpy(from, to, sizeof from);
    }
    ck_assert_int_eq(rc, PFLOW_OK);
  }
}
END_TEST

/* An objective with a result other than 0 at one evaluation. */
typedef struct interrupted {
  pflow_objective_fn objective;
  size_t evaluations, at;
  int result;
  double lowest;
} interrupted;

static int interrupted_value(const double *x, size_t size, double *value,
                             double *gradient, void *user) {
  interrupted *self = user;
  if (++self->evaluations == self->at) return self->result;
  self->objective(x, size, value, gradient, NULL);
  self->lowest = fmin(self->lowest, *value);
  return 0;
}

/* A bowl with ripples: many minima, curvature of both signs. */
static int ripples(const double *x, size_t size, double *value, double *gradient,
                   void *user) {
  (void)user;
  *value = 0.0;
  for (size_t i = 0; i < size; i++) {
    *value += 0.05 * x[i] * x[i] + sin(3.0 * x[i]);
    gradient[i] = 0.1 * x[i] + 3.0 * cos(3.0 * x[i]);
  }
  return 0;
}

/* However the search is cut short, x is the lowest point that was evaluated. */
static void check_interrupted(pflow_objective_fn objective, double *x, size_t at,
                              int result) {
  interrupted self = {
      .objective = objective, .at = at, .result = result, .lowest = INFINITY};
  double value, gradient[2];
  pflow_lbfgs_report report;
  pflow_err rc = pflow_lbfgs_minimize(interrupted_value, &self, x, 2, NULL, &report);
  if (rc == PFLOW_OK) {
    ck_assert_uint_gt(at, report.evaluations);
  } else {
    ck_assert_int_eq(rc, result > 0 ? PFLOW_STOPPED : PFLOW_ECALLBACK);
    ck_assert_uint_eq(report.evaluations, at);
  }
  ck_assert_uint_eq(self.evaluations, report.evaluations);
  if (at == 1) return;
  objective(x, 2, &value, gradient, NULL);
  ck_assert(value == report.value && value == self.lowest);
}

START_TEST(callback_stops_and_aborts) {
  for (size_t at = 1; at <= 60; at++) {
    double x[2] = {-1.2, 1.0}, y[2] = {-1.2, 1.0};
    check_interrupted(rosenbrock, x, at, 7);
    check_interrupted(rosenbrock, y, at, -7);
    ck_assert_mem_eq(x, y, sizeof x);
  }
  double x[2] = {-1.2, 1.0};
  check_interrupted(rosenbrock, x, 5, -7);
  ck_assert_str_eq(pflow_errmsg(), "objective returned -7");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(no_lower_point_is_forgotten) {
  for (int start = 0; start < 200; start++) {
    for (size_t at = 1; at <= 12; at++) {
      double x[2] = {0.05 * start, 3.0 - 0.07 * start};
      check_interrupted(ripples, x, at, 1);
    }
  }
}
END_TEST

/* sum of x - log(x): NaN for x < 0, minimum at 1. */
static int barrier(const double *x, size_t size, double *value, double *gradient,
                   void *user) {
  size_t *bad = user;
  *value = 0.0;
  for (size_t i = 0; i < size; i++) {
    *value += x[i] - log(x[i]);
    gradient[i] = 1.0 - 1.0 / x[i];
  }
  if (!isfinite(*value)) ++*bad;
  return 0;
}

/* A valley with a wall: beyond twice the scale, value or gradient is not finite. */
typedef struct wall {
  double scale, value, gradient;
  size_t hits;
} wall;

static int walled_value(const double *x, size_t size, double *value, double *gradient,
                        void *user) {
  wall *self = user;
  (void)size;
  double place = x[0] / self->scale;
  bool outside = place > 2.0;
  if (outside) self->hits++;
  *value = outside ? self->value : 1e3 * pow(place - 1.9, 2.0);
  gradient[0] = outside ? self->gradient : 2e3 * (place - 1.9) / self->scale;
  return 0;
}

START_TEST(search_backs_off_from_non_finite_values) {
  double x[3] = {1e-3, 5.0, 80.0};
  const double one[3] = {1.0, 1.0, 1.0};
  size_t bad = 0;
  ck_ok(pflow_lbfgs_minimize(barrier, &bad, x, 3, NULL, NULL));
  ck_assert_uint_gt(bad, 0);
  check_close_f64("barrier", x, one, 3, 1e-4);
}
END_TEST

/* The smaller scale is 1e-12 of the first step: more than 30 halvings would reach. */
START_TEST(search_backs_off_from_walls) {
  const double kinds[][2] = {
      {NAN, 0.0}, {INFINITY, 0.0}, {-INFINITY, 0.0}, {-1e9, NAN}, {-1e9, -INFINITY}};
  for (size_t k = 0; k < 5; k++) {
    for (double scale = 1.0; scale > 1e-13; scale *= 1e-12) {
      wall self = {scale, kinds[k][0], kinds[k][1], 0};
      double place = 1.5 * scale;
      ck_ok(pflow_lbfgs_minimize(walled_value, &self, &place, 1, NULL, NULL));
      ck_assert_uint_gt(self.hits, 0);
      ck_assert_double_eq_tol(place / scale, 1.9, 1e-7);
    }
  }
}
END_TEST

START_TEST(a_start_that_is_not_finite_is_named) {
  size_t bad = 0;
  double x[2] = {1.0, -1.0};
  pflow_lbfgs_report report;
  ck_fails(pflow_lbfgs_minimize(barrier, &bad, x, 2, NULL, &report), PFLOW_ENONFINITE,
           "nan at the start");
  ck_assert(x[0] == 1.0 && x[1] == -1.0);
  wall self = {.scale = 1.0, .gradient = -INFINITY};
  x[0] = 3.0;
  ck_fails(pflow_lbfgs_minimize(walled_value, &self, x, 1, NULL, NULL), PFLOW_ENONFINITE,
           "gradient 0 is -inf");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests(
      "linesearch",
      TESTS(every_step_meets_the_strong_wolfe_conditions, callback_stops_and_aborts,
            no_lower_point_is_forgotten, search_backs_off_from_non_finite_values,
            search_backs_off_from_walls, a_start_that_is_not_finite_is_named));
}
