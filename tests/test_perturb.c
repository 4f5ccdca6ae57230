/*
 * test_perturb.c - the draws around a data row and how they are put together.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/statistics.h"
#include "support/suite.h"

/* ---- putting draws together ---- */

typedef struct setting {
  const char *folder;
  double tau;
} setting;

static double length_of(const float *row, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)row[k] * row[k];
  return sqrt(sum);
}

/* The points of a golden setting, rebuilt from its draws. */
static float *rebuild(const setting *of, const golden *want) {
  golden x = golden_load(of->folder, "sources"), m = golden_load(of->folder, "m");
  golden z = golden_load(of->folder, "abs_z_noise");
  golden noise = golden_load(of->folder, "noise");
  golden unit = golden_load(of->folder, "unit_direction");
  size_t dim = x.shape[1];
  float *y = malloc(want->size * sizeof *y);
  for (size_t i = 0; i < want->shape[0]; i++) {
    const pflow_perturb_draw draw = {.abs_z = z.f64[i],
                                     .m = m.f64[i],
                                     .noise_norm = length_of(noise.f32 + i * dim, dim),
                                     .unit = unit.f32 + i * dim};
    ck_ok(pflow_perturb_apply(x.f32 + i * dim, dim, of->tau, &draw, y + i * (dim + 1)));
  }
  golden *all[] = {&x, &m, &z, &noise, &unit};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    golden_free(all[i]);
  return y;
}

/* Heights are small beside coordinates: they get a scale of their own. */
static void check_heights(const setting *of, const float *y, const golden *want) {
  size_t width = want->shape[1];
  double scale = 0.0, worst = 0.0;
  for (size_t i = width - 1; i < want->size; i += width) {
    scale = fmax(scale, fabs(want->f64[i]));
    worst = worst_of(worst, fabs(y[i] - want->f64[i]));
  }
  ck_assert_msg(worst <= 2e-6 * scale, "%s: heights off by %g of %g", of->folder, worst,
                scale);
}

START_TEST(points_are_rebuilt_from_draws) {
  const setting settings[] = {{"poisson_target/seed_sphere128", 0.03},
                              {"poisson_target/clustered128", 0.03},
                              {"poisson_target/pfgm_far_m291", 0.03},
                              {"poisson_target/plane2", 0.05},
                              {"poisson_target/one_source", 0.03}};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    golden want = golden_load(settings[i].folder, "perturbed");
    float *y = rebuild(&settings[i], &want);
    check_close(settings[i].folder, y, &want, 2e-6);
    check_heights(&settings[i], y, &want);
    free(y);
    golden_free(&want);
  }
}
END_TEST

/* ---- distributions ---- */

enum { samples = 20000 };
static const double sigma = 0.02, tau = 0.04, m_max = 50.0;

/* Points around the origin; the same seed gives the same draws for every tau. */
static float *points(size_t dim, double with_tau, int restrict_m) {
  float *x = calloc(samples * dim, sizeof *x);
  float *y = malloc(samples * (dim + 1) * sizeof *y);
  pflow_perturb_config config;
  pflow_perturb_config_init(&config);
  config.sigma = sigma;
  config.tau = with_tau;
  config.m_max = m_max;
  config.restrict_m = restrict_m;
  pflow_rng rng;
  pflow_rng_init(&rng, 11, dim);
  ck_ok(pflow_perturb(&config, x, samples, dim, &rng, y, NULL));
  free(x);
  return y;
}

static double half_normal_cdf(double x, double std) {
  return erf(x / (std * sqrt(2.0)));
}

static double uniform_cdf(double x, double high) {
  return x < 0.0 ? 0.0 : x > high ? 1.0 : x / high;
}

/* Of the length of three normals (Maxwell). */
static double chi3_cdf(double x, double std) {
  double r = x / std;
  return erf(r / sqrt(2.0)) - sqrt(2.0 / acos(-1.0)) * r * exp(-0.5 * r * r);
}

/* Of half the squared length of an even number of standard normals (Erlang). */
static double chi_even_cdf(double half_square, double dim) {
  double term = exp(-half_square), sum = 0.0;
  for (double k = 1.0; k <= dim / 2.0; k += 1.0) {
    sum += term;
    term *= half_square / k;
  }
  return 1.0 - sum;
}

START_TEST(heights_and_lengths_have_their_distributions) {
  const size_t dim = 3;
  float *y = points(dim, 0.0, 0);
  double z[samples], length[samples], first[samples];
  for (size_t i = 0; i < samples; i++) {
    const float *row = y + i * (dim + 1);
    z[i] = row[dim];
    length[i] = length_of(row, dim);
    first[i] = row[0] / length[i] + 1.0;
  }
  check_uncorrelated("height and length", z, length, samples);
  check_uncorrelated("height and direction", z, first, samples);
  check_uncorrelated("length and direction", length, first, samples);
  check_distribution("height", z, samples, half_normal_cdf, sigma);
  check_distribution("length of 3", length, samples, chi3_cdf, sigma);
  /* A coordinate of a uniform direction in 3-space is uniform (Archimedes). */
  check_distribution("direction", first, samples, uniform_cdf, 2.0);
  free(y);
}
END_TEST

START_TEST(lengths_of_many_normals_are_chi) {
  const size_t dims[] = {2, 130};
  for (size_t c = 0; c < 2; c++) {
    float *y = points(dims[c], 0.0, 0);
    double half_square[samples];
    for (size_t i = 0; i < samples; i++) {
      double length = length_of(y + i * (dims[c] + 1), dims[c]) / sigma;
      half_square[i] = 0.5 * length * length;
    }
    check_distribution("length", half_square, samples, chi_even_cdf, (double)dims[c]);
    free(y);
  }
}
END_TEST

/* Means and second moments of uniform directions: 0 and 1/dim on the diagonal. */
START_TEST(directions_are_isotropic) {
  enum { dim = 7 };
  float *y = points(dim, 0.0, 0);
  double mean[dim] = {0.0}, second[dim][dim] = {{0.0}};
  for (size_t i = 0; i < samples; i++) {
    const float *row = y + i * (dim + 1);
    double length = length_of(row, dim);
    for (size_t a = 0; a < dim; a++) {
      mean[a] += row[a] / length / samples;
      for (size_t b = 0; b < dim; b++)
        second[a][b] += row[a] / length * row[b] / length / samples;
    }
  }
  double bound = 4.0 / sqrt(samples * (double)dim);
  double bound2 = bound * sqrt(2.0 / (dim + 2.0));
  for (size_t a = 0; a < dim; a++) {
    ck_assert_double_lt(fabs(mean[a]), bound);
    for (size_t b = 0; b < dim; b++)
      ck_assert_double_lt(fabs(second[a][b] - (a == b) / (double)dim), bound2);
  }
  free(y);
}
END_TEST

/* The exponents, from points with and without growth; narrow ones apart. */
static size_t exponents(int restrict_m, double *narrow, double *wide, size_t *n_wide) {
  const size_t dim = 3;
  float *still = points(dim, 0.0, restrict_m), *grown = points(dim, tau, restrict_m);
  size_t n_narrow = 0;
  *n_wide = 0;
  for (size_t i = 0; i < samples; i++) {
    const float *a = still + i * (dim + 1), *b = grown + i * (dim + 1);
    double m = log((double)b[dim] / a[dim]) / log1p(tau);
    double lengths = log(length_of(b, dim) / length_of(a, dim)) / log1p(tau);
    ck_assert_double_lt(fabs(m - lengths), 1e-4);
    if (a[dim] < 0.5 * sigma)
      narrow[n_narrow++] = m;
    else
      wide[(*n_wide)++] = m;
  }
  free(still);
  free(grown);
  return n_narrow;
}

START_TEST(exponents_are_uniform) {
  double narrow[samples], wide[samples];
  size_t n_wide, n_narrow = exponents(0, narrow, wide, &n_wide);
  double share = (double)n_narrow / samples, want = half_normal_cdf(0.5, 1.0);
  ck_assert_double_lt(fabs(share - want), 4.0 * sqrt(want * (1.0 - want) / samples));
  check_distribution("m at low z", narrow, n_narrow, uniform_cdf, m_max);
  check_distribution("m", wide, n_wide, uniform_cdf, m_max);
}
END_TEST

START_TEST(exponents_are_restricted_at_low_heights) {
  double narrow[samples], wide[samples];
  size_t n_wide, n_narrow = exponents(1, narrow, wide, &n_wide);
  check_distribution("m at low z", narrow, n_narrow, uniform_cdf, 0.7 * m_max);
  check_distribution("m", wide, n_wide, uniform_cdf, m_max);
}
END_TEST

/* ---- words of the generator ---- */

START_TEST(rows_have_words_of_their_own) {
  enum { n = 37, dim = 5 };
  float x[n * dim], all[n * (dim + 1)], one[dim + 1];
  pflow_rng rng, single;
  pflow_rng_init(&rng, 3, 4);
  pflow_rng_normal(&rng, x, n * dim, 0.0, 1.0);
  single = rng;
  ck_ok(pflow_perturb(NULL, x, n, dim, &rng, all, NULL));
  for (size_t i = 0; i < n; i++) {
    ck_ok(pflow_perturb(NULL, x + i * dim, 1, dim, &single, one, NULL));
    ck_assert_mem_eq(one, all + i * (dim + 1), sizeof one);
  }
  ck_assert_uint_eq(single.position, rng.position);
}
END_TEST

START_TEST(pools_do_not_change_points) {
  enum { n = 203, dim = 6 };
  static float x[n * dim], want[n * (dim + 1)], got[n * (dim + 1)];
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_pool *pool;
    pflow_rng rng;
    pflow_rng_init(&rng, 8, 0);
    ck_ok(pflow_pool_create(&pool, threads));
    ck_ok(pflow_perturb(NULL, x, n, dim, &rng, threads == 1 ? want : got, pool));
    if (threads > 1) ck_assert_mem_eq(got, want, sizeof want);
    pflow_pool_destroy(pool);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- the rule of M, and bad input ---- */

/* Values from the formula in Python's float64. */
START_TEST(rule_of_m_matches_hand_values) {
  const struct {
    double norm, sigma, tau, m;
    size_t dim;
  } cases[] = {{1.0, 0.01, 0.03, 155.0, 128},
               {30.0, 0.01, 0.03, 287.0, 3072},
               {2.5, 0.05, 0.1, 48.0, 9}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double m;
    ck_ok(pflow_perturb_rule_m(cases[i].norm, cases[i].dim, cases[i].sigma, cases[i].tau,
                               &m));
    ck_assert_double_eq(m, cases[i].m);
  }
}
END_TEST

START_TEST(bad_rules_are_named) {
  double m;
  ck_fails(pflow_perturb_rule_m(1, 1, 1, 1, NULL), PFLOW_ENULL, "m_max");
  ck_fails(pflow_perturb_rule_m(0, 8, 0.01, 0.03, &m), PFLOW_EINVAL, "norm is 0");
  ck_fails(pflow_perturb_rule_m(NAN, 8, 0.01, 0.03, &m), PFLOW_EINVAL, "norm is nan");
  ck_fails(pflow_perturb_rule_m(1, 0, 0.01, 0.03, &m), PFLOW_EINVAL, "dim is 0");
  ck_fails(pflow_perturb_rule_m(1, 8, -0.01, 0.03, &m), PFLOW_EINVAL, "sigma is -0.01");
  ck_fails(pflow_perturb_rule_m(1, 8, 0.01, 0, &m), PFLOW_EINVAL, "tau is 0");
  ck_fails(pflow_perturb_rule_m(1e-3, 8, 0.01, 0.03, &m), PFLOW_EINVAL, "gives M -");
  ck_assert_double_eq(m, 0.0);
}
END_TEST

START_TEST(bad_settings_are_named) {
  float x[2] = {0}, y[3];
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  const struct {
    double sigma, tau, m_max;
    const char *text;
  } cases[] = {{0.0, 0.03, 20.0, "sigma is 0"},
               {NAN, 0.03, 20.0, "sigma is nan"},
               {0.01, -0.5, 20.0, "tau is -0.5"},
               {0.01, NAN, 20.0, "tau is nan"},
               {0.01, 0.03, -1.0, "m_max is -1"},
               {0.01, 0.03, INFINITY, "m_max is inf"},
               {0.01, 0.03, 5000.0, "wants a value below 1e15"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pflow_perturb_config config;
    pflow_perturb_config_init(&config);
    config.sigma = cases[i].sigma;
    config.tau = cases[i].tau;
    config.m_max = cases[i].m_max;
    ck_fails(pflow_perturb(&config, x, 1, 2, &rng, y, NULL), PFLOW_EINVAL, cases[i].text);
  }
  pflow_perturb_config forgotten = {0};
  ck_fails(pflow_perturb(&forgotten, x, 1, 2, &rng, y, NULL), PFLOW_EINVAL,
           "struct_size is 0");
  ck_assert_uint_eq(rng.position, 0);
}
END_TEST

START_TEST(bad_rows_are_named) {
  float x[4] = {0, 0, NAN, 0}, y[6];
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  ck_fails(pflow_perturb(NULL, NULL, 1, 2, &rng, y, NULL), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_perturb(NULL, x, 1, 2, NULL, y, NULL), PFLOW_ENULL, "rng is NULL");
  ck_fails(pflow_perturb(NULL, x, 1, 2, &rng, NULL, NULL), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_perturb(NULL, x, 0, 2, &rng, y, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_perturb(NULL, x, 1, 0, &rng, y, NULL), PFLOW_EINVAL, "1 rows of 0");
  ck_fails(pflow_perturb(NULL, x, 2, 2, &rng, y, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_fails(pflow_perturb(NULL, x, SIZE_MAX / 4, 8, &rng, y, NULL), PFLOW_EOVERFLOW,
           "overflows");
  ck_fails(pflow_perturb(NULL, x, 1, SIZE_MAX, &rng, y, NULL), PFLOW_EOVERFLOW, "+ 1");
}
END_TEST

START_TEST(bad_draws_are_named) {
  float x[2] = {0}, y[3];
  const pflow_perturb_draw good = {.abs_z = 1, .m = 2, .noise_norm = 3, .unit = x};
  pflow_perturb_draw bad = good;
  bad.unit = NULL;
  ck_fails(pflow_perturb_apply(NULL, 2, 0.1, &good, y), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_perturb_apply(x, 2, 0.1, NULL, y), PFLOW_ENULL, "draw is NULL");
  ck_fails(pflow_perturb_apply(x, 2, 0.1, &bad, y), PFLOW_ENULL, "unit is NULL");
  ck_fails(pflow_perturb_apply(x, 2, 0.1, &good, NULL), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_perturb_apply(x, 0, 0.1, &good, y), PFLOW_EINVAL, "dim is 0");
  ck_fails(pflow_perturb_apply(x, 2, -0.1, &good, y), PFLOW_EINVAL, "tau is -0.1");
  bad = good;
  bad.m = INFINITY;
  ck_fails(pflow_perturb_apply(x, 2, 0.1, &bad, y), PFLOW_EINVAL, "is inf");
  bad = good;
  bad.abs_z = -1;
  ck_fails(pflow_perturb_apply(x, 2, 0.1, &bad, y), PFLOW_EINVAL, "abs_z is -1");
  bad = good;
  bad.noise_norm = NAN;
  ck_fails(pflow_perturb_apply(x, 2, 0.1, &bad, y), PFLOW_EINVAL, "noise_norm is nan");
}
END_TEST

int main(void) {
  return run_tests(
      "perturb",
      TESTS(points_are_rebuilt_from_draws, heights_and_lengths_have_their_distributions,
            lengths_of_many_normals_are_chi, directions_are_isotropic,
            exponents_are_uniform, exponents_are_restricted_at_low_heights,
            rows_have_words_of_their_own, pools_do_not_change_points,
            rule_of_m_matches_hand_values, bad_rules_are_named, bad_settings_are_named,
            bad_rows_are_named, bad_draws_are_named));
}
