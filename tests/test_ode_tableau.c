/*
 * test_ode_tableau.c - Runge-Kutta methods: their conditions and their measured order.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/problems.h"
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

enum { stages = 16, conditions = 17 };

/* c^power * A x, where x NULL stands for no product at all. */
static void weights(double out[stages], double a[stages][stages], const double c[stages],
                    int power, const double *x) {
  for (int i = 0; i < stages; i++) {
    out[i] = x ? 0.0 : 1.0;
    for (int j = 0; x && j < i; j++)
      out[i] += a[i][j] * x[j];
    out[i] *= pow(c[i], power);
  }
}

/* The weights of the 17 trees in the order of the check, written out. */
static void all_weights(double phi[conditions][stages], double a[stages][stages]) {
  double one[stages], c[stages];
  weights(one, a, one, 0, NULL);
  weights(c, a, one, 0, one);
  weights(phi[0], a, c, 0, NULL);
  weights(phi[1], a, c, 1, NULL);
  weights(phi[2], a, c, 2, NULL);
  weights(phi[3], a, c, 0, c);
  weights(phi[4], a, c, 3, NULL);
  weights(phi[5], a, c, 1, c);
  weights(phi[6], a, c, 0, phi[2]);
  weights(phi[7], a, c, 0, phi[3]);
  weights(phi[8], a, c, 4, NULL);
  weights(phi[9], a, c, 2, c);
  weights(phi[10], a, c, 1, phi[2]);
  weights(phi[11], a, c, 1, phi[3]);
  weights(phi[12], a, phi[3], 1, c);
  weights(phi[13], a, c, 0, phi[4]);
  weights(phi[14], a, c, 0, phi[5]);
  weights(phi[15], a, c, 0, phi[6]);
  weights(phi[16], a, c, 0, phi[7]);
}

/* b with phi b = right in the first n conditions, by elimination with full pivoting. */
static void solve_weights(double b[stages], double phi[conditions][stages],
                          const double *right, int n) {
  double m[stages][stages + 1];
  int column[stages];
  for (int i = 0; i < n; i++) {
    memcpy(m[i], phi[i], sizeof phi[i]);
    m[i][stages] = right[i];
  }
  for (int k = 0; k < n; k++) {
    int row = k, best = 0;
    for (int i = k * stages; i < n * stages; i++)
      if (fabs(m[i / stages][i % stages]) > fabs(m[row][best]))
        row = i / stages, best = i % stages;
    for (int j = 0; j <= stages; j++) {
      double swap = m[k][j];
      m[k][j] = m[row][j];
      m[row][j] = swap;
    }
    column[k] = best;
    for (int i = 0; i < n; i++) {
      double factor = i == k ? 0.0 : m[i][best] / m[k][best];
      for (int j = 0; j <= stages; j++)
        m[i][j] -= factor * m[k][j];
    }
  }
  memset(b, 0, stages * sizeof *b);
  for (int k = 0; k < n; k++)
    b[column[k]] = m[k][stages] / m[k][column[k]];
}

/* Hairer, Norsett and Wanner, table II.2.1: trees, and the densities they want. */
static const struct {
  const char *text;
  double density;
} table[conditions] = {{"b 1", 1},        {"b c", 2},        {"b c^2", 3},
                       {"b A c", 6},      {"b c^3", 4},      {"b c A c", 8},
                       {"b A c^2", 12},   {"b A A c", 24},   {"b c^4", 5},
                       {"b c^2 A c", 10}, {"b c A c^2", 15}, {"b c A A c", 30},
                       {"b (A c)^2", 20}, {"b A c^3", 20},   {"b A c A c", 40},
                       {"b A A c^2", 60}, {"b A A A c", 120}};

/* For each condition, a method of 16 random stages that fails there and not before. */
START_TEST(every_condition_is_checked) {
  double a[stages][stages] = {{0}}, packed[stages * (stages - 1) / 2], b[stages],
         c[stages] = {0}, phi[conditions][stages], right[conditions];
  for (int i = 1, at = 0; i < stages; i++)
    for (int j = 0; j < i; j++, at++)
      c[i] += packed[at] = a[i][j] = sin(1.0 + 7.0 * at * at);
  all_weights(phi, a);
  for (int wrong = 0; wrong < conditions; wrong++) {
    for (int i = 0; i < conditions; i++)
      right[i] = 1 / table[i].density + (i == wrong ? 1e-3 : 0);
    solve_weights(b, phi, right, wrong < stages ? wrong + 1 : stages);
    const pflow_ode_tableau method = {sizeof method, "m", stages, 5,   0, 0,
                                      packed,        b,   c,      NULL};
    char text[64];
    snprintf(text, sizeof text, "m: %s is", table[wrong].text);
    ck_fails(pflow_ode_tableau_check(&method), PFLOW_EINVAL, text);
    snprintf(text, sizeof text, "wants 1/%g", table[wrong].density);
    ck_assert_ptr_nonnull(strstr(pflow_errmsg(), text));
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
                         a_wrong_coefficient_is_found, every_condition_is_checked,
                         bad_tableaux_are_named, missing_tableau_parts_are_named));
}
