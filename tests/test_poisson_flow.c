/*
 * test_poisson_flow.c - rows in units of their size reach what the plain equation does,
 * in fewer evaluations.
 */
#include "map/poisson_flow.h"

#include <math.h>
#include <string.h>

#include "support/suite.h"

enum { sources = 400, n = 40, dim = 5 };

typedef struct problem {
  float source[sources * dim], x[n * dim];
  pflow_exact *exact;
  pflow_exact_flow field;
} problem;

/* Two clumps of an rms radius of about 1, and rows among them. */
static void begin(problem *p, double aug_dim) {
  pflow_rng rng;
  pflow_exact_config config;
  pflow_rng_init(&rng, 5, 0);
  pflow_rng_normal(&rng, p->source, sources * dim, 0.0, 0.2);
  pflow_rng_normal(&rng, p->x, n * dim, 0.0, 0.3);
  for (size_t j = 0; j < sources; j++)
    p->source[j * dim] += j % 2 ? 0.9f : -0.9f;
  pflow_exact_config_init(&config);
  config.aug_dim = aug_dim;
  ck_ok(
      pflow_exact_create(&p->exact, &(pflow_sources){p->source, sources, dim}, &config));
  p->field = (pflow_exact_flow){p->exact, NULL};
}

static pflow_ode_config settings(double tol) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.rtol = config.atol = tol;
  return config;
}

static uint64_t run_plain(problem *p, double tol, double from, double to, float *u) {
  pflow_ode_stats stats;
  const pflow_ode_config config = settings(tol);
  ck_ok(pflow_ode_solve(&config, pflow_exact_rhs, &p->field, log(from), log(to), u, n,
                        dim, &stats));
  return stats.evaluations;
}

static uint64_t run_scaled(problem *p, double aug_dim, double tol, double from, double to,
                           float *u) {
  pflow_ode *ode;
  pflow_ode_stats stats;
  const pflow_ode_config config = settings(tol);
  pf_poisson_flow flow = {pflow_exact_rhs, &p->field, dim, aug_dim};
  ck_ok(pflow_ode_create(&ode, n, dim, &config));
  ck_ok(pf_poisson_flow_run(&flow, ode, from, to, u, n, &stats));
  pflow_ode_destroy(ode);
  return stats.evaluations;
}

/* The largest relative distance of a row from its like. */
static double farthest(const float *a, const float *b) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    double apart = 0.0, size = 0.0;
    for (size_t k = i * dim; k < (i + 1) * dim; k++) {
      apart += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
      size += (double)b[k] * b[k];
    }
    most = fmax(most, sqrt(apart / size));
  }
  return most;
}

static const double aug_dims[] = {1.0, 5.0, 128.0};

START_TEST(it_solves_the_plain_equation) {
  for (size_t i = 0; i < 3; i++) {
    const double from = 0.3 * sqrt(aug_dims[i]), to = 100.0 * from;
    problem p;
    begin(&p, aug_dims[i]);
    float plain[n * dim], scaled[n * dim], back[n * dim];
    memcpy(plain, p.x, sizeof plain);
    memcpy(scaled, p.x, sizeof scaled);
    run_plain(&p, 1e-7, from, to, plain);
    run_scaled(&p, aug_dims[i], 1e-7, from, to, scaled);
    ck_assert_double_lt(farthest(scaled, plain), 1e-5);
    memcpy(back, plain, sizeof back);
    run_scaled(&p, aug_dims[i], 1e-7, to, from, back);
    ck_assert_double_lt(farthest(back, p.x), 1e-4);
    pflow_exact_destroy(p.exact);
  }
}
END_TEST

START_TEST(it_evaluates_less) {
  for (size_t i = 0; i < 3; i++) {
    const double from = 0.3 * sqrt(aug_dims[i]), to = 100.0 * from;
    problem p;
    begin(&p, aug_dims[i]);
    float plain[n * dim], scaled[n * dim];
    memcpy(plain, p.x, sizeof plain);
    memcpy(scaled, p.x, sizeof scaled);
    const uint64_t usual = run_plain(&p, 1e-6, from, to, plain);
    const uint64_t now = run_scaled(&p, aug_dims[i], 1e-6, from, to, scaled);
    ck_assert_msg(now < usual * 3 / 4, "%d evaluations, %d without", (int)now,
                  (int)usual);
    pflow_exact_destroy(p.exact);
  }
}
END_TEST

START_TEST(the_field_works_in_place) {
  problem p;
  begin(&p, 5.0);
  float there[n * dim], here[n * dim];
  double s[n];
  size_t row[n];
  for (size_t i = 0; i < n; i++) {
    s[i] = 0.1 * (double)i - 1.0;
    row[i] = i;
  }
  memcpy(here, p.x, sizeof here);
  ck_assert_int_eq(
      pflow_exact_rhs(&(pflow_ode_rows){n, dim, s, p.x, row}, there, &p.field), 0);
  ck_assert_int_eq(
      pflow_exact_rhs(&(pflow_ode_rows){n, dim, s, here, row}, here, &p.field), 0);
  ck_assert(memcmp(here, there, sizeof here) == 0);
  pflow_exact_destroy(p.exact);
}
END_TEST

int main(void) {
  return run_tests("poisson flow", TESTS(it_solves_the_plain_equation, it_evaluates_less,
                                         the_field_works_in_place));
}
