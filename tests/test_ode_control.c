/*
 * test_ode_control.c - the sizes of an adaptive method's steps, against their formulas.
 */
#include <math.h>
#include <string.h>

#include "support/suite.h"

/* Where the one row of a solve has been. */
typedef struct path {
  size_t count;
  double s[400];
} path;

static int record(const pflow_ode_rows *rows, size_t step, void *user) {
  path *self = user;
  ck_assert(rows->n == 1 && step == self->count && step < 400);
  self->s[self->count++] = rows->s[0];
  return 0;
}

static pflow_ode_config recorded(path *self, double rtol, double atol) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.rtol = rtol;
  config.atol = atol;
  config.observer = record;
  config.observer_user = self;
  return config;
}

/* Heun's method with Euler's for the error h / 2 (f(s + h) - f(s)). */
static const pflow_ode_tableau heun_euler = {sizeof(pflow_ode_tableau),
                                             "heun-euler",
                                             2,
                                             2,
                                             1,
                                             0,
                                             (double[]){1},
                                             (double[]){0.5, 0.5},
                                             (double[]){0, 1},
                                             (double[]){-0.5, 0.5}};

static double slope(double s) {
  return s * (3 * s - 2);
}

/* y = (4 - s^2 + s^3, 4): the second value only halves the mean square of the error. */
static int curve(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++) {
    dy[2 * r] = (float)slope(rows->s[r]);
    dy[2 * r + 1] = 0;
  }
  return 0;
}

/* The error of Heun's step from (s, y) by h in tolerances, and its end, by hand. */
static double heun_step(double s, double y, double h, const double tolerance[2],
                        double *end) {
  double error = h / 2 * (slope(s + h) - slope(s));
  *end = y + h * slope(s) + error;
  double scale = tolerance[1] + tolerance[0] * fmax(fabs(y), fabs(*end));
  return fabs(error) / scale / sqrt(2.0);
}

/*
 * Hairer, Norsett and Wanner II.4: h_new = 0.9 h err^(-1/2 + 0.03) err_old^0.04, between
 * a fifth and ten times h, without growth after a rejected step; the rest is cut in two
 * where one step does not reach.
 */
START_TEST(steps_follow_the_formula) {
  const double tolerance[] = {1e-2, 1e-3}, firsts[] = {1e-4, 0.8, 3};
  for (int k = 0; k < 3; k++) {
    path seen = {0};
    float rows[2] = {4, 4};
    pflow_ode_stats stats;
    pflow_ode_config config = recorded(&seen, tolerance[0], tolerance[1]);
    config.tableau = &heun_euler;
    config.h_first = firsts[k];
    ck_ok(pflow_ode_solve(&config, curve, NULL, 0, 3, rows, 1, 2, &stats));
    double s = 0, y = 4, h = firsts[k], old = 1e-4, most = 10;
    size_t count = 1, rejected = 0;
    while (s < 3) {
      double left = 3 - s, end;
      if (h >= left / 2) h = h >= left ? left : left / 2;
      double error = heun_step(s, y, h, tolerance, &end), power = pow(error, -0.47);
      if (error > 1) {
        h *= fmax(0.9 * power, 0.2);
        most = 1;
        rejected++;
        continue;
      }
      s = h == left ? 3 : s + h;
      y = end;
      ck_assert_msg(fabs(seen.s[count] - s) < 1e-5, "step %zu ends at %.8g, wants %.8g",
                    count, seen.s[count], s);
      h *= fmin(fmax(0.9 * power * pow(old, 0.04), 0.2), most);
      old = fmax(error, 1e-4);
      most = 10;
      count++;
    }
    ck_assert_uint_eq(seen.count, count);
    ck_assert_uint_eq(stats.rejected, rejected);
    ck_assert_uint_gt(rejected, 0);
    ck_assert(fabs(rows[0] - y) < 1e-4);
  }
}
END_TEST

/*
 * A step costs all stages but the first, which the step before had: its last stage, or
 * one more where the method is not fsal. A chosen first step costs one evaluation.
 */
START_TEST(the_first_stage_is_never_repeated) {
  const pflow_ode_tableau *tableaux[] = {&heun_euler,
                                         pflow_ode_tableau_get(PFLOW_ODE_BS23),
                                         pflow_ode_tableau_get(PFLOW_ODE_DOPRI5)};
  const uint64_t a_step[] = {2, 3, 6};
  for (int i = 0; i < 6; i++) {
    float y[6] = {4, 4, 0, 0, 1, 2};
    pflow_ode_stats stats;
    pflow_ode_config config;
    pflow_ode_config_init(&config);
    config.tableau = tableaux[i / 2];
    config.h_first = i % 2 ? 3 : 0;
    ck_ok(pflow_ode_solve(&config, curve, NULL, 0, 3, y, 3, 2, &stats));
    ck_assert_uint_eq(stats.evaluations,
                      (i % 2 ? 3 : 6) +
                          a_step[i / 2] * (stats.accepted + stats.rejected));
    if (i == 1) ck_assert_uint_gt(stats.rejected, 0);
  }
}
END_TEST

typedef struct decay {
  double rate;
  size_t calls, refused_call;
} decay;

static int decays(const pflow_ode_rows *rows, float *dy, void *user) {
  decay *self = user;
  for (size_t i = 0; i < rows->n * rows->dim; i++)
    dy[i] = (float)-self->rate * rows->y[i];
  return ++self->calls == self->refused_call;
}

/* The first step of y' = -rate y from y = 1 over two equal values. */
static double first_step(double rate, double tolerance, size_t refused_call) {
  path seen = {0};
  float y[2] = {1, 1};
  decay problem = {.rate = rate, .refused_call = refused_call};
  pflow_ode_config config = recorded(&seen, tolerance, tolerance);
  ck_ok(pflow_ode_solve(&config, decays, &problem, 0, 1, y, 1, 2, NULL));
  return seen.s[1];
}

/*
 * h0 = 0.01 |y| / |f| = 0.01 / rate; h1 = (0.01 / max(|f|, |f1 - f0| / h0))^(1/5) in
 * tolerances; the first step is h1, or 100 h0 if that is less.
 */
START_TEST(first_step_follows_the_formula) {
  double h = first_step(3, 1e-4, 0);
  ck_assert(fabs(h / pow(0.01 * 2e-4 / 9, 0.2) - 1) < 1e-3);
  h = first_step(0.25, 1e-4, 0); /* the slope counts more than the bend */
  ck_assert(fabs(h / pow(0.01 * 2e-4 / 0.25, 0.2) - 1) < 1e-3);
  h = first_step(1000, 1e-2, 0);
  ck_assert(fabs(h / 1e-3 - 1) < 1e-6);
  h = first_step(3, 1e-4, 2); /* without f1 */
  ck_assert(fabs(h / (0.01 / 3) - 1) < 1e-6);
}
END_TEST

/* Refuses row 0, and notes the first s > 0 that it is asked for. */
static int fails_at_once(const pflow_ode_rows *rows, float *dy, void *user) {
  double *first_s = user;
  for (size_t i = 0; i < rows->n * rows->dim; i++)
    dy[i] = sqrtf(rows->y[i]);
  if (rows->s[0] > 0 && *first_s == 0) *first_s = rows->s[0];
  return rows->row[0] == 0;
}

START_TEST(first_step_ignores_a_row_that_failed) {
  float y[] = {100, 9, 4, 1};
  double first_s = 0;
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.atol = 1e-12;
  ck_fails(pflow_ode_solve(&config, fails_at_once, &first_s, 0, 1, y, 2, 2, NULL),
           PFLOW_EDIVERGED, "row 0");
  /* h0 = 0.01 rms(4 / 4, 1 / 1) / rms(2 / 4, 1 / 1) */
  ck_assert(fabs(first_s / (0.01 * sqrt(2 / 1.25)) - 1) < 1e-6);
}
END_TEST

/* Zero y, zero f: the formula's own escape, and steps that grow from there. */
static int still(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  memset(dy, 0, rows->n * rows->dim * sizeof *dy);
  return 0;
}

START_TEST(a_row_at_rest_arrives) {
  path seen = {0};
  float y = 0;
  pflow_ode_config config = recorded(&seen, 1e-4, 1e-6);
  ck_ok(pflow_ode_solve(&config, still, NULL, 0, -100, &y, 1, 1, NULL));
  ck_assert(seen.s[1] == -1e-6 && y == 0);
  ck_assert_uint_lt(seen.count, 20);
}
END_TEST

/* Refuses y < 0 and s > 1.5, and counts that. */
static int drain(const pflow_ode_rows *rows, float *dy, void *user) {
  size_t *refused = user;
  int outside = *rows->y < 0 || *rows->s > 1.5;
  ck_assert_uint_eq(rows->n, 1);
  *dy = -sqrtf(fabsf(*rows->y));
  *refused += outside != 0;
  return outside;
}

/* After one refusal the rest of a step is not tried where it would lead. */
START_TEST(a_refused_step_goes_no_further) {
  for (int method = PFLOW_ODE_BS23; method <= PFLOW_ODE_DOPRI5; method++) {
    size_t refused = 0;
    path seen = {0};
    float y = 1;
    pflow_ode_stats stats;
    pflow_ode_config config = recorded(&seen, 1e-3, 1e-3);
    config.method = (pflow_ode_method)method;
    config.h_first = 40;
    ck_fails(pflow_ode_solve(&config, drain, &refused, 0, 40, &y, 1, 1, &stats),
             PFLOW_EDIVERGED, "ended at s = 1.5");
    ck_assert_uint_gt(refused, 2);
    ck_assert_uint_le(refused, stats.rejected);
  }
}
END_TEST

/* 0.3 + (-0.1 - 0.3) is not -0.1 in double. */
static int inside(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  ck_assert(rows->s[0] <= 0.3 && rows->s[0] >= -0.1);
  *dy = 1;
  return 0;
}

START_TEST(s_stays_between_its_ends) {
  const pflow_ode_method methods[] = {PFLOW_ODE_HEUN, PFLOW_ODE_BS23, PFLOW_ODE_DOPRI5};
  for (int i = 0; i < 3; i++) {
    path seen = {0};
    float y = 1;
    pflow_ode_config config = recorded(&seen, 1e-3, 1e-3);
    config.method = methods[i];
    config.steps = 1;
    config.h_first = 1;
    ck_ok(pflow_ode_solve(&config, inside, NULL, 0.3, -0.1, &y, 1, 1, NULL));
    ck_assert(seen.count == 2 && seen.s[1] == -0.1);
  }
}
END_TEST

static int huge_slope(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++)
    dy[r] = rows->row[r] == 1 ? 3e38f : 1.0f;
  return 0;
}

/* The error of a straight line is 0, but float has an end. */
START_TEST(an_overflowing_row_fails) {
  float y[] = {0, 0};
  int status[2];
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.row_status = status;
  ck_fails(pflow_ode_solve(&config, huge_slope, NULL, 0, 4, y, 2, 1, NULL),
           PFLOW_EDIVERGED, "row 1, ended at s = 1.13");
  ck_assert(y[0] == 4 && y[1] > 3.3e38f && y[1] < INFINITY);
  ck_assert(status[0] == PFLOW_OK && status[1] == PFLOW_EDIVERGED);
}
END_TEST

int main(void) {
  return run_tests("ode control",
                   TESTS(steps_follow_the_formula, the_first_stage_is_never_repeated,
                         first_step_follows_the_formula,
                         first_step_ignores_a_row_that_failed, a_row_at_rest_arrives,
                         a_refused_step_goes_no_further, s_stays_between_its_ends,
                         an_overflowing_row_fails));
}
