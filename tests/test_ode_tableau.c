/*
 * test_ode_tableau.c - Runge-Kutta methods: their conditions and their measured order.
 */
#include <math.h>
#include <string.h>

#include "support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static pflow_ode_config fixed_steps(const pflow_ode_tableau *tableau, size_t steps) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.tableau = tableau;
  config.steps = steps;
  config.adaptive = 0;
  return config;
}

/* y' = -2 s y^2 from s = -4 to 0: y = 1 / (1 + s^2). */
static int bell(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t i = 0; i < rows->n * rows->dim; i++)
    dy[i] = -2.0f * (float)rows->s[i / rows->dim] * rows->y[i] * rows->y[i];
  return 0;
}

static double bell_error(const pflow_ode_config *config) {
  float y = 1.0f / 17.0f;
  ck_ok(pflow_ode_solve(config, bell, NULL, -4.0, 0.0, &y, 1, 1, NULL));
  return fabs(y - 1.0);
}

/* A rotation (u, v) seen in the bent coordinates (u + v^2 / 10, v). */
static int bent_rotation(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++) {
    double v = rows->y[2 * r + 1], u = rows->y[2 * r] - 0.1 * v * v;
    dy[2 * r] = (float)(-v + 0.2 * u * v);
    dy[2 * r + 1] = (float)u;
  }
  return 0;
}

enum { angles = 16 };

static void bent_rows(double *y, double turn) {
  for (int r = 0; r < angles; r++) {
    double v = sin(0.4 * r + turn);
    y[2 * r] = cos(0.4 * r + turn) + 0.1 * v * v;
    y[2 * r + 1] = v;
  }
}

static double bent_rotation_error(const pflow_ode_config *config) {
  double start[2 * angles], want[2 * angles], total = 0.0;
  float y[2 * angles];
  bent_rows(start, 0.0);
  bent_rows(want, 12.0);
  for (size_t i = 0; i < COUNT(y); i++)
    y[i] = (float)start[i];
  ck_ok(pflow_ode_solve(config, bent_rotation, NULL, 0.0, 12.0, y, angles, 2, NULL));
  for (size_t i = 0; i < COUNT(y); i++)
    total += (y[i] - want[i]) * (y[i] - want[i]);
  return sqrt(total / angles);
}

/* Fails unless the error falls like h^order from `steps` steps to four times as many. */
static void check_slope(const pflow_ode_tableau *tableau, size_t steps, const char *what,
                        double (*error)(const pflow_ode_config *)) {
  pflow_ode_config coarse = fixed_steps(tableau, steps);
  pflow_ode_config fine = fixed_steps(tableau, 4 * steps);
  double slope = log2(error(&coarse) / error(&fine)) / 2;
  ck_assert_msg(fabs(slope - tableau->order) <= 0.2, "%s, %s: slope %g, order %d",
                tableau->name, what, slope, tableau->order);
}

/* Two methods that the library does not have. */
static const pflow_ode_tableau ralston = {sizeof(pflow_ode_tableau),
                                          "ralston",
                                          2,
                                          2,
                                          0,
                                          0,
                                          (double[]){2.0 / 3},
                                          (double[]){0.25, 0.75},
                                          (double[]){0, 2.0 / 3},
                                          NULL};
static const pflow_ode_tableau ssprk3 = {sizeof(pflow_ode_tableau),
                                         "ssprk3",
                                         3,
                                         3,
                                         0,
                                         0,
                                         (double[]){1, 0.25, 0.25},
                                         (double[]){1.0 / 6, 1.0 / 6, 2.0 / 3},
                                         (double[]){0, 1, 0.5},
                                         NULL};

/* float32 leaves no room for the asymptotic range of order 5 on the bell. */
START_TEST(methods_have_their_order) {
  const struct {
    const pflow_ode_tableau *tableau;
    size_t bell_steps, rotation_steps;
  } cases[] = {{pflow_ode_tableau_get(PFLOW_ODE_EULER), 2000, 4000},
               {pflow_ode_tableau_get(PFLOW_ODE_MIDPOINT), 200, 200},
               {pflow_ode_tableau_get(PFLOW_ODE_HEUN), 200, 200},
               {pflow_ode_tableau_get(PFLOW_ODE_BS23), 60, 50},
               {pflow_ode_tableau_get(PFLOW_ODE_RK4), 24, 30},
               {pflow_ode_tableau_get(PFLOW_ODE_DOPRI5), 0, 13},
               {&ralston, 200, 200},
               {&ssprk3, 60, 50}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    const size_t bell_steps = cases[i].bell_steps;
    check_slope(cases[i].tableau, cases[i].rotation_steps, "rotation",
                bent_rotation_error);
    if (bell_steps > 0) check_slope(cases[i].tableau, bell_steps, "bell", bell_error);
  }
}
END_TEST

START_TEST(builtin_tableaux_have_exactly_their_order) {
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    const pflow_ode_tableau *builtin = pflow_ode_tableau_get((pflow_ode_method)method);
    pflow_ode_tableau claim = *builtin;
    ck_ok(pflow_ode_tableau_check(builtin));
    claim.order++;
    if (claim.order <= 5)
      ck_fails(pflow_ode_tableau_check(&claim), PFLOW_EINVAL, builtin->name);
    if (!builtin->error) continue;
    claim = *builtin;
    claim.error_order++;
    ck_fails(pflow_ode_tableau_check(&claim), PFLOW_EINVAL, "of b*");
  }
  ck_assert_ptr_null(pflow_ode_tableau_get((pflow_ode_method)6));
  ck_assert_ptr_null(pflow_ode_tableau_get((pflow_ode_method)-1));
}
END_TEST

/* Every coefficient of Dormand and Prince's method counts in some condition. */
START_TEST(a_wrong_coefficient_is_found) {
  const pflow_ode_tableau *dopri = pflow_ode_tableau_get(PFLOW_ODE_DOPRI5);
  double a[21], b[7], c[7], error[7];
  pflow_ode_tableau copy = *dopri;
  copy.fsal = 0;
  copy.a = a, copy.b = b, copy.c = c, copy.error = error;
  for (size_t wrong = 0; wrong < 21 + 7 + 7; wrong++) {
    memcpy(a, dopri->a, sizeof a);
    memcpy(b, dopri->b, sizeof b);
    memcpy(c, dopri->c, sizeof c);
    memcpy(error, dopri->error, sizeof error);
    ck_ok(pflow_ode_tableau_check(&copy));
    double *place = wrong < 21 ? &a[wrong] : wrong < 28 ? &b[wrong - 21] : &c[wrong - 28];
    *place += 1e-6;
    for (size_t i = 1, at = 0; wrong < 21 && i < 7; at += i++)
      if (wrong >= at && wrong < at + i) c[i] += 1e-6; /* past the row sums */
    ck_assert_msg(pflow_ode_tableau_check(&copy) == PFLOW_EINVAL, "coefficient %zu",
                  wrong);
  }
}
END_TEST

START_TEST(bad_tableaux_are_named) {
  pflow_ode_tableau bad = *pflow_ode_tableau_get(PFLOW_ODE_RK4);
  bad.order = 5;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "rk4: order 5 with 4 stages");
  bad = ralston;
  bad.b = (double[]){0.5, 0.5};
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "ralston: b c is 0.333");
  bad.b = (double[]){0.25, NAN};
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "b 1 is nan");
  bad = ralston;
  bad.c = (double[]){0, 0.5};
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "c of stage 1 is 0.5");
  bad = ralston;
  bad.fsal = 1;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "fsal wants b of stage 0");
  bad = ralston;
  bad.stages = 17;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "17 stages");
  bad.stages = 0;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "0 stages");
  bad = ralston;
  bad.order = 0;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "order 0");
  bad = ralston;
  bad.error_order = 1;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "error_order 1 without");
  bad.error = (double[]){-0.75, 0.75};
  bad.error_order = 2;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "b c of b*");
  bad.error_order = 0;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "error_order 0 with");
  bad = *pflow_ode_tableau_get(PFLOW_ODE_EULER);
  bad.fsal = 1;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "fsal with 1 stage");
}
END_TEST

START_TEST(missing_tableau_parts_are_named) {
  pflow_ode_tableau bad = ralston;
  ck_fails(pflow_ode_tableau_check(NULL), PFLOW_ENULL, "tableau");
  bad.name = NULL;
  ck_ok(pflow_ode_tableau_check(&bad));
  bad.a = NULL;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_ENULL, "a is NULL");
  bad = ralston;
  bad.b = NULL;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_ENULL, "b is NULL");
  bad = ralston;
  bad.c = NULL;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_ENULL, "c is NULL");
  bad.struct_size = 0;
  ck_fails(pflow_ode_tableau_check(&bad), PFLOW_EINVAL, "struct_size is 0");
}
END_TEST

int main(void) {
  return run_tests("ode tableaux",
                   TESTS(methods_have_their_order,
                         builtin_tableaux_have_exactly_their_order,
                         a_wrong_coefficient_is_found, bad_tableaux_are_named,
                         missing_tableau_parts_are_named));
}
