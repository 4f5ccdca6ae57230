/*
 * test_energy.c - energy distance of two sets of rows and its permutation test.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/statistics.h"
#include "support/suite.h"
#include "support/values.h"

static double mean_distance(const pflow_features *a, const pflow_features *b) {
  double sum = 0.0;
  for (size_t i = 0; i < a->n; i++) {
    for (size_t j = 0; j < b->n; j++) {
      double squared = 0.0;
      for (size_t k = 0; k < a->dim; k++)
        squared += pow((double)a->x[i * a->dim + k] - (double)b->x[j * a->dim + k], 2.0);
      sum += sqrt(squared);
    }
  }
  return sum / ((double)a->n * (double)b->n);
}

/* Normal rows, all moved by `shift` in each column; x is to be freed with pflow_free. */
static pflow_features make(size_t n, size_t dim, float shift, uint64_t seed) {
  float *x = normal_values(n * dim, seed);
  for (size_t i = 0; i < n * dim; i++)
    x[i] += shift;
  return (pflow_features){x, n, dim};
}

static void drop(pflow_features *rows) {
  pflow_free((void *)(uintptr_t)rows->x);
}

static void check_energy(size_t n, size_t m, size_t dim, float shift) {
  pflow_features x = make(n, dim, 0.0f, 1), y = make(m, dim, shift, 2);
  const double across = 2.0 * mean_distance(&x, &y);
  const double want = across - mean_distance(&x, &x) - mean_distance(&y, &y);
  const double share = want / across;
  pflow_energy got;
  ck_ok(pflow_energy_distance(&x, &y, NULL, &got));
  check_close_f64("distance", &got.distance, &want, 1, 1e-11);
  check_close_f64("normalized", &got.normalized, &share, 1, 1e-11);
  ck_assert(isnan(got.p_value) && got.x_rows == n && got.y_rows == m);
  drop(&y);
  drop(&x);
}

START_TEST(energy_is_brute_force) {
  check_energy(1, 1, 1, 1.0f);
  check_energy(40, 70, 3, 0.5f);
  check_energy(130, 31, 17, 2.0f);
  check_energy(200, 200, 2, 50.0f);
}
END_TEST

/* In one dimension it is 2 int (F - G)^2 (Szekely 2003): for N(0, 1) and N(s, 1), with
 * Z ~ N(0, 1), 2 E|Z sqrt 2 + s| - 2 E|Z sqrt 2|. */
START_TEST(energy_of_shifted_normals) {
  enum { n = 1000 };
  const double pi = 3.14159265358979323846;
  for (double s = 0.5; s < 4.0; s *= 2.0) {
    pflow_features x = make(n, 1, 0.0f, 3), y = make(n, 1, (float)s, 4);
    pflow_energy_config config;
    pflow_energy_config_init(&config);
    config.max_rows = n;
    pflow_energy got;
    ck_ok(pflow_energy_distance(&x, &y, &config, &got));
    const double folded = 2.0 / sqrt(pi) * exp(-s * s / 4.0) + s * erf(s / 2.0);
    const double want = 2.0 * folded - 4.0 / sqrt(pi);
    /* The sampled distance has a deviation of about 2 s / sqrt n. */
    ck_assert_msg(fabs(got.distance - want) < 6.0 * s / sqrt(n), "shift %g: %g, wants %g",
                  s, got.distance, want);
    drop(&y);
    drop(&x);
  }
}
END_TEST

START_TEST(equal_sets_are_at_zero) {
  pflow_features x = make(50, 4, 0.0f, 5);
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  config.permutations = 99;
  pflow_energy got;
  ck_ok(pflow_energy_distance(&x, &x, &config, &got));
  ck_assert(got.distance < 1e-12 && got.p_value == 1.0);
  const float same[] = {3, 3, 3};
  const pflow_features constant = {same, 3, 1};
  ck_ok(pflow_energy_distance(&constant, &constant, &config, &got));
  ck_assert(got.distance == 0.0 && got.normalized == 0.0 && got.p_value == 1.0);
  drop(&x);
}
END_TEST

static double uniform_cdf(double x, double parameter) {
  (void)parameter;
  return x < 0.0 ? 0.0 : fmin(x, 1.0);
}

/* Without a difference all p-values are as likely; with one they are small. */
START_TEST(permutations_tell_distributions_apart) {
  enum { rounds = 200 };
  double p[rounds];
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  config.permutations = 199;
  pflow_energy got;
  for (size_t i = 0; i < rounds; i++) {
    pflow_features x = make(30, 2, 0.0f, 2 * i), y = make(20, 2, 0.0f, 2 * i + 1);
    config.seed = i;
    ck_ok(pflow_energy_distance(&x, &y, &config, &got));
    p[i] = got.p_value;
    drop(&y);
    drop(&x);
  }
  check_distribution("p", p, rounds, uniform_cdf, 0.0);
  pflow_features x = make(100, 3, 0.0f, 1), y = make(120, 3, 0.6f, 2);
  ck_ok(pflow_energy_distance(&x, &y, &config, &got));
  ck_assert(got.p_value == 1.0 / 200.0);
  drop(&y);
  drop(&x);
}
END_TEST

START_TEST(samples_are_seeded) {
  pflow_features x = make(500, 3, 0.0f, 1), y = make(900, 3, 1.0f, 2);
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  pflow_energy all, some, again, other;
  ck_ok(pflow_energy_distance(&x, &y, &config, &all));
  config.max_rows = 300;
  config.permutations = 10;
  ck_ok(pflow_energy_distance(&x, &y, &config, &some));
  ck_ok(pflow_energy_distance(&x, &y, &config, &again));
  config.seed = 1;
  ck_ok(pflow_energy_distance(&x, &y, &config, &other));
  ck_assert(all.x_rows == 500 && all.y_rows == 900);
  ck_assert(some.x_rows == 300 && some.y_rows == 300);
  ck_assert(memcmp(&some, &again, sizeof some) == 0 && some.distance != other.distance);
  ck_assert(fabs(some.distance - all.distance) < 0.25 * all.distance);
  drop(&y);
  drop(&x);
}
END_TEST

START_TEST(energy_refuses_bad_input) {
  float x[] = {0, 1, NAN};
  pflow_features good = {x, 2, 1}, bad = {NULL, 2, 1};
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  pflow_energy got = {.distance = 7};
  ck_fails(pflow_energy_distance(NULL, &good, NULL, &got), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_energy_distance(&bad, &good, NULL, &got), PFLOW_ENULL, "x->x");
  ck_fails(pflow_energy_distance(&good, NULL, NULL, &got), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_energy_distance(&good, &bad, NULL, &got), PFLOW_ENULL, "y->x");
  ck_fails(pflow_energy_distance(&good, &good, NULL, NULL), PFLOW_ENULL, "energy");
  bad = (pflow_features){x, 1, 2};
  ck_fails(pflow_energy_distance(&good, &bad, NULL, &got), PFLOW_ESHAPE,
           "1 of x, 2 of y");
  bad = (pflow_features){x, 3, 1};
  ck_fails(pflow_energy_distance(&good, &bad, NULL, &got), PFLOW_ENONFINITE,
           "rows of y: row 2");
  bad.n = 0;
  ck_fails(pflow_energy_distance(&bad, &good, NULL, &got), PFLOW_EINVAL, "0 x 1");
  config.max_rows = 0;
  ck_fails(pflow_energy_distance(&good, &good, &config, &got), PFLOW_EINVAL, "max_rows");
  config.max_rows = 9;
  config.permutations = SIZE_MAX;
  ck_fails(pflow_energy_distance(&good, &good, &config, &got), PFLOW_EINVAL, "permut");
  ck_assert(got.distance == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_energy) {
  pflow_features x = make(333, 5, 0.0f, 1), y = make(222, 5, 0.2f, 2);
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  config.permutations = 20;
  pflow_energy got[2];
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    ck_ok(pflow_energy_distance(&x, &y, &config, &got[threads > 1]));
    ck_assert(threads == 1 || memcmp(&got[0], &got[1], sizeof got[0]) == 0);
    pflow_pool_destroy(config.pool);
  }
  drop(&y);
  drop(&x);
}
END_TEST

static pflow_err find(void *user) {
  const float x[] = {0, 1, 2};
  const pflow_features rows = {x, 3, 1};
  pflow_energy_config config;
  pflow_energy_config_init(&config);
  config.permutations = 3;
  return pflow_energy_distance(&rows, &rows, &config, user);
}

START_TEST(failing_memory_leaves_nothing) {
  pflow_energy energy;
  failing_install();
  check_failures(find, &energy);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("energy",
                   TESTS(energy_is_brute_force, energy_of_shifted_normals,
                         equal_sets_are_at_zero, permutations_tell_distributions_apart,
                         samples_are_seeded, energy_refuses_bad_input,
                         threads_do_not_change_energy, failing_memory_leaves_nothing));
}
