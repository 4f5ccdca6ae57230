/*
 * test_uniformity.c - uniformity and its ideal value.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/toy.h"

static const double pi = 3.14159265358979323846;

static double uniformity(const float *x, size_t n, size_t dim, double t, size_t max_rows,
                         uint64_t seed, pflow_pool *pool) {
  pflow_uniformity_config config;
  pflow_uniformity_config_init(&config);
  config.t = t;
  config.max_rows = max_rows;
  config.seed = seed;
  config.pool = pool;
  double value;
  ck_ok(pflow_uniformity(x, n, dim, &config, &value));
  return value;
}

/* In long double, from differences of normalised rows. */
static double uniformity_by_pairs(const float *x, size_t n, size_t dim, double t) {
  double *unit = malloc(n * dim * sizeof *unit);
  ck_assert_ptr_nonnull(unit);
  for (size_t i = 0; i < n; i++) {
    double norm = 0.0;
    for (size_t k = 0; k < dim; k++)
      norm += (double)x[i * dim + k] * x[i * dim + k];
    for (size_t k = 0; k < dim; k++)
      unit[i * dim + k] = x[i * dim + k] / sqrt(norm);
  }
  long double sum = 0.0L;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) {
      double square = 0.0;
      for (size_t k = 0; k < dim; k++)
        square += pow(unit[i * dim + k] - unit[j * dim + k], 2.0);
      sum += expl(-(long double)t * square);
    }
  }
  free(unit);
  return (double)logl(sum / (0.5L * (long double)n * (long double)(n - 1)));
}

START_TEST(uniformity_is_the_reference) {
  golden x = golden_load("metrics", "x");
  golden want = golden_load("metrics", "uniformity_t2_f64");
  double value;
  ck_ok(pflow_uniformity(x.f32, x.shape[0], x.shape[1], NULL, &value));
  check_close_f64("uniformity", &value, want.f64, 1, 1e-6);
  golden_free(&want);
  golden_free(&x);
}
END_TEST

START_TEST(uniformity_is_the_mean_over_pairs) {
  const size_t n = 1300, dim = 5; /* several blocks of rows and of columns */
  float *x = normal_values(n * dim, 11);
  const double ts[] = {0.1, 2.0, 300.0};
  for (size_t i = 0; i < 3; i++) {
    double got = uniformity(x, n, dim, ts[i], n, 0, NULL);
    double want = uniformity_by_pairs(x, n, dim, ts[i]);
    ck_assert_msg(fabs(got - want) < 1e-12 * (1 + ts[i]), "t %g: %.15g, wants %.15g",
                  ts[i], got, want);
  }
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(uniformity_ignores_lengths) {
  const size_t n = 50, dim = 6;
  float *x = normal_values(n * dim, 12);
  double before = uniformity(x, n, dim, 2.0, n, 0, NULL);
  for (size_t i = 0; i < n * dim; i++)
    x[i] = ldexpf(x[i], (int)(i / dim) - 25);
  ck_assert(uniformity(x, n, dim, 2.0, n, 0, NULL) == before);
  pflow_free(x);
}
END_TEST

/* exp(-2t) alone is far below the smallest double here. */
START_TEST(uniformity_does_not_underflow) {
  const float orthogonal[] = {1, 0, 0, 5}, equal[] = {0.1f, 0.3f, 0.2f, 0.6f};
  ck_assert(uniformity(orthogonal, 2, 2, 1e6, 2, 0, NULL) == -2e6);
  ck_assert(fabs(uniformity(equal, 2, 2, 1e6, 2, 0, NULL)) < 1e-8);
}
END_TEST

START_TEST(uniformity_of_random_directions_is_nearly_ideal) {
  const size_t n = 2000, dims[] = {3, 16, 128};
  for (size_t i = 0; i < 3; i++) {
    size_t dim = dims[i];
    float *x = pflow_alloc(n * dim, sizeof *x);
    pflow_rng rng;
    pflow_rng_init(&rng, 21, 0);
    pflow_rng_sphere(&rng, x, n, dim);
    double ideal;
    ck_ok(pflow_uniformity_ideal(dim, 2.0, &ideal));
    double value = uniformity(x, n, dim, 2.0, n, 0, NULL);
    /* Pairs are uncorrelated; the relative deviation of one is sqrt(3) in 3 dimensions
       and less above: four deviations of the mean are below 4 sqrt(3) sqrt(2) / n. */
    ck_assert_msg(fabs(value - ideal) < 10.0 / (double)n, "dim %zu: %g, ideal %g", dim,
                  value, ideal);
    x[0] += 2.0f; /* one direction more often than the others */
    for (size_t row = 1; row < n / 4; row++)
      memcpy(x + row * dim, x, dim * sizeof *x);
    ck_assert(uniformity(x, n, dim, 2.0, n, 0, NULL) > ideal + 0.1);
    pflow_free(x);
  }
}
END_TEST

START_TEST(uniformity_samples_rows_evenly) {
  /* The six pairs of these rows have six different values. */
  const float x[] = {1, 0, 0.9f, 0.5f, 0, 1, -1, 0.3f};
  double pairs[6];
  size_t counts[6] = {0}, known = 0, draws = 1200;
  for (uint64_t seed = 0; seed < draws; seed++) {
    double value = uniformity(x, 4, 2, 2.0, 2, seed, NULL);
    ck_assert(uniformity(x, 4, 2, 2.0, 2, seed, NULL) == value);
    size_t k = 0;
    while (k < known && pairs[k] != value)
      k++;
    ck_assert_uint_lt(k, 6);
    pairs[k] = value;
    known = k == known ? known + 1 : known;
    counts[k]++;
  }
  /* 200 each, deviation 13. */
  for (size_t k = 0; k < 6; k++)
    ck_assert_msg(counts[k] > 140 && counts[k] < 260, "pair %zu: %zu", k, counts[k]);
}
END_TEST

START_TEST(uniformity_of_a_sample_is_near_the_whole) {
  const size_t n = 3000, dim = 8;
  float *x = normal_values(n * dim, 13);
  for (size_t i = 0; i < n; i++)
    x[i * dim] += 1.0f;
  double whole = uniformity(x, n, dim, 2.0, n, 0, NULL);
  double sample = uniformity(x, n, dim, 2.0, 1000, 5, NULL);
  ck_assert(sample != whole && fabs(sample - whole) < 0.05);
  ck_assert(uniformity(x, n, dim, 2.0, n + 1, 5, NULL) == whole);
  pflow_free(x);
}
END_TEST

START_TEST(uniformity_refuses_bad_input) {
  float x[] = {1, 0, 0, 1, 1, 1};
  double value = 7;
  pflow_uniformity_config config;
  pflow_uniformity_config_init(&config);
  ck_fails(pflow_uniformity(NULL, 3, 2, NULL, &value), PFLOW_ENULL, "x");
  ck_fails(pflow_uniformity(x, 3, 2, NULL, NULL), PFLOW_ENULL, "value");
  ck_fails(pflow_uniformity(x, 0, 2, NULL, &value), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_uniformity(x, 3, 0, NULL, &value), PFLOW_EINVAL, "3 x 0");
  ck_fails(pflow_uniformity(x, 1, 2, NULL, &value), PFLOW_EINVAL, "1 row");
  ck_fails(pflow_uniformity(x, SIZE_MAX, 2, NULL, &value), PFLOW_EOVERFLOW, "*");
  const double bad[] = {0, -2, 1.5e6, NAN, INFINITY};
  for (size_t i = 0; i < 5; i++) {
    config.t = bad[i];
    ck_fails(pflow_uniformity(x, 3, 2, &config, &value), PFLOW_EINVAL, "t is");
    ck_fails(pflow_uniformity_ideal(3, bad[i], &value), PFLOW_EINVAL, "t is");
  }
  pflow_uniformity_config_init(&config);
  config.max_rows = 1;
  ck_fails(pflow_uniformity(x, 3, 2, &config, &value), PFLOW_EINVAL, "max_rows is 1");
  config.struct_size = 1;
  ck_fails(pflow_uniformity(x, 3, 2, &config, &value), PFLOW_EINVAL, "struct_size is 1");
  x[2] = x[3] = 0;
  ck_fails(pflow_uniformity(x, 3, 2, NULL, &value), PFLOW_EINVAL, "row 1 is zero");
  x[3] = NAN;
  ck_fails(pflow_uniformity(x, 3, 2, NULL, &value), PFLOW_ENONFINITE, "row 1, column 1");
  ck_fails(pflow_uniformity_ideal(0, 2.0, &value), PFLOW_EINVAL, "dim is 0");
  ck_fails(pflow_uniformity_ideal(3, 2.0, NULL), PFLOW_ENULL, "value");
  ck_assert(value == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_bits) {
  const size_t n = 900, dim = 9;
  float *x = normal_values(n * dim, 41);
  double first = 0.0;
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    double value = uniformity(x, n, dim, 2.0, n, 0, pool);
    if (threads == 1) first = value;
    ck_assert(value == first);
    pflow_pool_destroy(pool);
  }
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err find_uniformity(void *user) {
  const float x[] = {0, 1, 2, 0, 3, 5};
  return pflow_uniformity(x, 3, 2, NULL, user);
}

START_TEST(failing_memory_leaves_nothing) {
  double value;
  failing_install();
  ck_assert_uint_ge(check_failures(find_uniformity, &value), 3);
  failing_remove();
}
END_TEST

/* ---- the ideal ---- */

/* ln E exp(2t (u - 1)) with u = cos(a), density of a proportional to sin(a)^(dim - 2): by
 * the trapezoid rule, on logarithms. */
static double ideal_by_quadrature(size_t dim, double t) {
  const size_t steps = 200000;
  double power = (double)dim - 2.0, top = -INFINITY;
  for (size_t i = 1; i < steps; i++) {
    double a = pi * (double)i / (double)steps;
    top = fmax(top, power * log(sin(a)) + 2.0 * t * (cos(a) - 1.0));
  }
  double sum = 0.0, weights = 0.0;
  for (size_t i = dim == 2 ? 0 : 1; i < steps + (dim == 2); i++) {
    double a = pi * (double)i / (double)steps;
    double share = i == 0 || i == steps ? 0.5 : 1.0;
    double weight = dim == 2 ? 0.0 : power * log(sin(a));
    sum += share * exp(weight + 2.0 * t * (cos(a) - 1.0) - top);
    weights += share * exp(weight);
  }
  return top + log(sum) - log(weights);
}

static void meet_ideal(size_t dim, double t, double want, double tolerance) {
  double value;
  ck_ok(pflow_uniformity_ideal(dim, t, &value));
  ck_assert_msg(fabs(value - want) < tolerance, "dim %zu, t %g: %.12g, wants %.12g", dim,
                t, value, want);
}

START_TEST(ideal_has_closed_forms) {
  const double ts[] = {1e-3, 0.5, 2.0, 30.0, 400.0};
  for (size_t i = 0; i < 5; i++) {
    double t = ts[i];
    meet_ideal(1, t, log((1.0 + exp(-4.0 * t)) / 2.0), 1e-12);
    /* u is uniform on [-1, 1]: (exp(2t) - exp(-2t)) / 4t, times exp(-2t). */
    meet_ideal(3, t, log(-expm1(-4.0 * t) / (4.0 * t)), 1e-12);
  }
  meet_ideal(3, 1e6, -log(4e6), 1e-7);
  meet_ideal(128, 2.0, -3.9375, 5e-5);
}
END_TEST

START_TEST(ideal_is_the_mean_over_the_sphere) {
  const size_t dims[] = {2, 4, 5, 16, 128, 700};
  const double ts[] = {0.5, 2.0, 40.0, 3000.0};
  for (size_t i = 0; i < 6; i++)
    for (size_t k = 0; k < 4; k++)
      meet_ideal(dims[i], ts[k], ideal_by_quadrature(dims[i], ts[k]), 1e-9);
}
END_TEST

/* Above, the quadrature would underflow; ln E exp(2t u) = t^2/N - t^4/(N^2 (N + 2)) / 2
 * + ..., dim N. */
START_TEST(ideal_of_large_dimensions_is_nearly_normal) {
  const double dims[] = {4096, 1e6, 1e12};
  for (size_t i = 0; i < 3; i++) {
    double dim = dims[i], t = 2.0;
    double cumulants = 2.0 * t * t / dim - 4.0 * pow(t, 4) / (dim * dim * (dim + 2.0));
    meet_ideal((size_t)dim, t, cumulants - 2.0 * t, 1e-11);
  }
  double value;
  ck_ok(pflow_uniformity_ideal(SIZE_MAX, 1e6, &value));
  ck_assert(fabs(value + 2e6) < 1e-3);
}
END_TEST

int main(void) {
  return run_tests("uniformity",
                   TESTS(uniformity_is_the_reference, uniformity_is_the_mean_over_pairs,
                         uniformity_ignores_lengths, uniformity_does_not_underflow,
                         uniformity_of_random_directions_is_nearly_ideal,
                         uniformity_samples_rows_evenly,
                         uniformity_of_a_sample_is_near_the_whole,
                         uniformity_refuses_bad_input, threads_do_not_change_bits,
                         failing_memory_leaves_nothing, ideal_has_closed_forms,
                         ideal_is_the_mean_over_the_sphere,
                         ideal_of_large_dimensions_is_nearly_normal));
}
