/*
 * test_map_radii.c - lengths along the Poisson flow: quantiles and their match, the
 * targets' laws, the sphere's way back, and draws, from low starts and from high ones.
 */
#include <math.h>
#include <stdlib.h>

#include "map/radii.h"
#include "support/clouds.h"
#include "support/suite.h"

/* ---- quantiles ---- */

/* Rows on a line whose lengths at height 2 have logarithms 0, 1/n, 2/n, ... */
static pf_radii even_radii(size_t n) {
  float *u = malloc(n * sizeof *u);
  pf_radii made;
  ck_assert_ptr_nonnull(u);
  for (size_t i = 0; i < n; i++)
    u[n - 1 - i] = (float)((i % 2 ? -2.0 : 2.0) * exp((double)i / (double)n));
  ck_ok(pf_radii_measure(&made, u, n, 1, 2.0));
  free(u);
  return made;
}

START_TEST(quantiles_of_the_rows) {
  const pf_radii radii = even_radii(10001);
  for (size_t i = 0; i < pf_radii_shares; i++)
    ck_assert_double_eq_tol(radii.at[i], pf_radii_share(i), 1e-4);
  for (double share = 0.02; share < 0.985; share += 0.01)
    ck_assert_double_eq_tol(pf_radii_of_share(&radii, share), share, 1e-4);
  ck_assert_double_eq(pf_radii_of_share(&radii, 1.0), radii.at[pf_radii_shares - 1]);
  ck_assert_double_eq(pf_radii_of_share(&radii, 0.0), radii.at[0]);
}
END_TEST

/* Rows of equal length, or at the centre, still have a way there and back. */
START_TEST(equal_rows_rise) {
  const float u[] = {3.0f, 3.0f, 3.0f, 0.0f, 0.0f};
  pf_radii radii;
  for (size_t first = 0; first < 5; first += 2) {
    ck_ok(pf_radii_measure(&radii, u + first, 5 - first, 1, 1.0));
    ck_assert(pf_radii_are_sound(&radii));
  }
  radii.at[7] = radii.at[6];
  ck_assert(!pf_radii_are_sound(&radii));
  ck_ok(pf_radii_measure(&radii, u, 5, 1, 1.0));
  radii.at[pf_radii_shares - 1] = INFINITY;
  ck_assert(!pf_radii_are_sound(&radii));
}
END_TEST

START_TEST(shares_match) {
  pf_radii_match match = {.rows = even_radii(1000)};
  for (size_t i = 0; i < pf_radii_shares; i++)
    match.uniform.at[i] = pow(pf_radii_share(i), 3.0);
  ck_assert(pf_radii_are_sound(&match.uniform));
  double before = -INFINITY;
  for (double at = -2.0; at < 3.0; at += 0.01) {
    const double there = pf_radii_match_there(&match, at);
    ck_assert_double_gt(there, before);
    ck_assert_double_eq_tol(pf_radii_match_back(&match, there), at, 1e-9);
    if (at > 0.1 && at < 0.9) ck_assert_double_eq_tol(there, at * at * at, 3e-3);
    before = there;
  }
  const double out = pf_radii_match_there(&match, 5.0);
  ck_assert_double_eq_tol(pf_radii_match_there(&match, 6.0) - out, 1.0, 1e-12);
}
END_TEST

/* ---- maps ---- */

static double mean_square(const float *y, size_t n, size_t width) {
  double sum = 0.0;
  for (size_t i = 0; i < n * width; i++)
    sum += (double)y[i] * y[i];
  return sum / (double)n;
}

static double mean_square_of(pflow_map_target target, size_t k) {
  return target == PFLOW_MAP_HEMISPHERE ? 1.0
         : target == PFLOW_MAP_GAUSSIAN ? (double)k
                                        : (double)k / ((double)k + 2.0);
}

/* GAUSSIAN has a normal's radii, BALL a uniform ball's: from a low start and from a high
 * one, at full strength and, between two measured ones, at less. */
START_TEST(targets_have_their_laws) {
  enum { many = 4000, some = 750, k = 5 };
  static const struct {
    double start, strength;
  } of[] = {{1.0, 1.0}, {1.0, 0.4}, {8.0, 1.0}, {8.0, 0.1}};
  clouds rows = clouds_make(many, k, k, 0), fresh = clouds_make(some, k, k, many);
  for (int target = PFLOW_MAP_GAUSSIAN; target < PFLOW_MAP_RAW; target++)
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
      pflow_map_config config = settled_map(k);
      config.rtol = 1e-4;
      config.target = (pflow_map_target)target;
      config.start = of[i].start;
      pflow_map *map = fit_map(&config, &rows);
      float *y = map_rows(map, of[i].strength, fresh.x, some);
      const double found = mean_square(y, some, k);
      const double want = mean_square_of(config.target, k);
      ck_assert_msg(fabs(found / want - 1.0) < 0.1,
                    "target %d, start %g, strength %g: mean square %g, wants %g", target,
                    of[i].start, of[i].strength, found, want);
      free(y);
      pflow_map_destroy(map);
    }
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median distance of rows x from the mean of rows `of`. */
static double median_distance(const float *x, const clouds *of) {
  double *distance = malloc(of->n * sizeof *distance), mean[8] = {0.0};
  ck_assert_ptr_nonnull(distance);
  for (size_t i = 0; i < of->n * of->dim; i++)
    mean[i % of->dim] += of->x[i] / (double)of->n;
  for (size_t i = 0; i < of->n; i++) {
    distance[i] = 0.0;
    for (size_t c = 0; c < of->dim; c++)
      distance[i] += pow(x[i * of->dim + c] - mean[c], 2.0);
  }
  qsort(distance, of->n, sizeof *distance, by_value);
  const double median = sqrt(distance[of->n / 2]);
  free(distance);
  return median;
}

/* A row's own length is lost on a sphere; all rows together keep theirs. */
START_TEST(a_sphere_gives_rows_their_usual_length) {
  enum { k = 5 };
  clouds rows = clouds_make(2000, k, k, 0), fresh = clouds_make(500, k, k, 2000);
  for (double start = 1.0; start < 10.0; start += 7.0)
    for (double strength = 0.3; strength < 1.1; strength += 0.7) {
      pflow_map_config config = settled_map(k);
      config.start = start;
      pflow_map *map = fit_map(&config, &rows);
      float *y = map_rows(map, strength, fresh.x, fresh.n);
      float *x = map_back(map, strength, y, fresh.n);
      const double found = median_distance(x, &fresh);
      const double want = median_distance(fresh.x, &fresh);
      ck_assert_msg(fabs(found / want - 1.0) < 0.1,
                    "start %g, strength %g: rows %g from the mean, were %g", start,
                    strength, found, want);
      free(y);
      free(x);
      pflow_map_destroy(map);
    }
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

/* ---- draws ---- */

static double energy_distance(const float *x, const clouds *fresh) {
  const pflow_features a = {x, fresh->n, fresh->dim},
                       b = {fresh->x, fresh->n, fresh->dim};
  pflow_energy_config config;
  pflow_energy distance;
  pflow_energy_config_init(&config);
  config.permutations = 199;
  ck_ok(pflow_energy_distance(&a, &b, &config, &distance));
  return distance.normalized;
}

/* Drawn rows are as near to unseen rows as fitted ones are, wherever the flow starts, and
 * do not depend on how many are asked for. */
static void check_draws(const pflow_map_config *config, const clouds *rows,
                        const clouds *fresh) {
  const size_t n = fresh->n, k = fresh->dim;
  pflow_map *map = fit_map(config, rows);
  pflow_map_work *work;
  float *drawn = malloc(n * k * sizeof *drawn), *some = malloc(10 * k * sizeof *some);
  ck_ok(pflow_map_work_create(&work, map, NULL));
  ck_ok(pflow_map_sample(map, work, 9, 0, n, drawn));
  ck_ok(pflow_map_sample(map, work, 9, 50, 10, some));
  ck_assert(memcmp(some, drawn + 50 * k, 10 * k * sizeof *some) == 0);
  const double distance = energy_distance(drawn, fresh);
  ck_assert_msg(distance < 0.02, "field %d, start %g, D %g: energy distance %g",
                config->field, config->start, config->aug_dim, distance);
  free(some);
  free(drawn);
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
}

START_TEST(samples_look_like_the_rows) {
  enum { n = 1000, k = 4 };
  static const struct {
    pflow_map_field field;
    double start, aug_dim;
  } of[] = {{PFLOW_MAP_EXACT, 1.0, k},
            {PFLOW_MAP_EXACT, 8.0, k},
            {PFLOW_MAP_EXACT, 8.0, 1.0},
            {PFLOW_MAP_NETWORK, 8.0, 64.0}};
  clouds rows = clouds_make(4000, k, k, 0), fresh = clouds_make(n, k, k, 4000);
  pflow_denoiser_config network;
  pflow_denoiser_config_init(&network);
  network.width = 64;
  network.steps = 3000;
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    pflow_map_config config = settled_map(k);
    config.field = of[i].field;
    config.start = of[i].start;
    config.aug_dim = of[i].aug_dim;
    config.denoiser = &network;
    check_draws(&config, &rows, &fresh);
  }
  for (size_t i = 0; i < n * k; i++)
    rows.x[i] = fresh.x[i] + 0.5f; /* the same measure sees a shift */
  ck_assert(energy_distance(rows.x, &fresh) > 0.02);
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests_and_long(
      "map radii", TESTS(quantiles_of_the_rows, equal_rows_rise, shares_match),
      TESTS(targets_have_their_laws, a_sphere_gives_rows_their_usual_length,
            samples_look_like_the_rows));
}
