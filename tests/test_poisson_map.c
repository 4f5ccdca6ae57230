/*
 * test_poisson_map.c - the flow as a map: uniform, monotone, invertible, row by row.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/counting.h"
#include "support/suite.h"

enum { known = 4000, fresh_rows = 1000, strengths = 5 };

static double uniformity_of(const float *y, size_t n, size_t dim) {
  double value;
  ck_ok(pflow_uniformity(y, n, dim, NULL, &value));
  return value;
}

static double ideal_of(size_t dim) {
  double value;
  ck_ok(pflow_uniformity_ideal(dim, 2.0, &value));
  return value;
}

/* Unseen rows end within 0.05 of the ideal, and each strength is no less uniform than the
 * one before but for the sample's noise. */
static void check_uniform(const pflow_map *map, const clouds *fresh) {
  const size_t dim = pflow_map_out_dim(map);
  double before = 0.0;
  for (size_t i = 0; i < strengths; i++) {
    const double strength = (double)i / (strengths - 1);
    float *y = map_rows(map, strength, fresh->x, fresh->n);
    const double value = uniformity_of(y, fresh->n, dim);
    if (i > 0)
      ck_assert_msg(value < before + 0.01, "strength %g: %g after %g", strength, value,
                    before);
    before = value;
    free(y);
  }
  ck_assert_msg(before < ideal_of(dim) + 0.05, "%zu dimensions: %g, ideal %g", dim,
                before, ideal_of(dim));
}

START_TEST(unseen_rows_become_uniform) {
  static const size_t dims[] = {2, 4, 8, 16};
  for (size_t i = 0; i < 4; i++) {
    clouds rows = clouds_make(known, dims[i], 24, 0);
    clouds fresh = clouds_make(fresh_rows, dims[i], 24, known);
    pflow_map_config config = settled_map(dims[i]);
    config.start = 0.5; /* lower is more uniform, and tears more neighbours apart */
    config.rtol = 1e-4;
    pflow_map *map = fit_map(&config, &rows);
    check_uniform(map, &fresh);
    pflow_map_destroy(map);
    clouds_free(&fresh);
    clouds_free(&rows);
  }
}
END_TEST

/* Fitted rows do not see themselves: they are as uniform as unseen ones. */
START_TEST(fitted_rows_follow_the_same_law) {
  clouds rows = clouds_make(2000, 6, 12, 0), fresh = clouds_make(2000, 6, 12, 2000);
  pflow_map_config config = settled_map(6);
  config.rtol = 1e-4;
  pflow_map *map = fit_map(&config, &rows);
  float *own = map_rows(map, 1.0, rows.x, 2000),
        *other = map_rows(map, 1.0, fresh.x, 2000);
  const double a = uniformity_of(own, 2000, 6), b = uniformity_of(other, 2000, 6);
  ck_assert_msg(fabs(a - b) < 0.02, "fitted rows %g, unseen ones %g", a, b);
  free(own);
  free(other);
  pflow_map_destroy(map);
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

/* Without a flow and with the raw target there are the principal coordinates alone. */
START_TEST(strength_0_is_the_preprocessing) {
  enum { n = 300, dim = 9, kept = 4 };
  clouds rows = clouds_make(n, kept, dim, 0);
  pflow_map_config config = settled_map(kept);
  config.target = PFLOW_MAP_RAW;
  pflow_affine_config pca;
  pflow_affine *affine;
  pflow_affine_config_init(&pca);
  pca.out_dim = kept;
  pca.normalize = 1;
  pflow_map *map = fit_map(&config, &rows);
  float *y = map_rows(map, 0.0, rows.x, n), want[n * kept];
  ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA, rows.x, n, dim, &pca));
  ck_ok(pflow_affine_apply(affine, rows.x, n, want));
  ck_assert(memcmp(y, want, sizeof want) == 0);
  free(y);
  pflow_affine_destroy(affine);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* A small training, enough for a smooth field. */
static pflow_denoiser_config small_network(void) {
  pflow_denoiser_config config;
  pflow_denoiser_config_init(&config);
  config.width = 64;
  config.layers = 2;
  config.steps = 500;
  config.batch = 128;
  config.ema_decay = 0.98;
  return config;
}

/* The worst distance between rows and what came back, by the rms radius. */
static double round_trip(const pflow_map *map, const clouds *fresh) {
  pflow_map_info info;
  float *y = map_rows(map, PFLOW_MAP_AUTO, fresh->x, fresh->n);
  float *x = map_back(map, PFLOW_MAP_AUTO, y, fresh->n);
  double worst = 0.0;
  ck_ok(pflow_map_get_info(map, &info));
  for (size_t i = 0; i < fresh->n; i++) {
    double square = 0.0;
    for (size_t c = 0; c < fresh->dim; c++)
      square += pow((double)x[i * fresh->dim + c] - fresh->x[i * fresh->dim + c], 2.0);
    worst = fmax(worst, sqrt(square) / info.scale);
  }
  free(y);
  free(x);
  return worst;
}

START_TEST(inverse_undoes_the_flow) {
  clouds rows = clouds_make(2000, 5, 5, 0), fresh = clouds_make(200, 5, 5, 2000);
  const pflow_denoiser_config network = small_network();
  for (int field = PFLOW_MAP_EXACT; field <= PFLOW_MAP_NETWORK; field++) {
    for (int target = PFLOW_MAP_HEMISPHERE; target <= PFLOW_MAP_RAW; target++) {
      pflow_map_config config = settled_map(5);
      config.field = (pflow_map_field)field;
      config.target = (pflow_map_target)target;
      config.denoiser = &network;
      pflow_map *map = fit_map(&config, &rows);
      const double worst = round_trip(map, &fresh);
      ck_assert_msg(worst < 1e-3, "field %d, target %d: %g", field, target, worst);
      pflow_map_destroy(map);
    }
  }
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

/* Bits of a row do not depend on the others, on max_rows, or on threads; no memory. */
START_TEST(rows_are_on_their_own) {
  enum { n = 300, k = 3 };
  clouds rows = clouds_make(400, k, k, 0), fresh = clouds_make(n, k, k, 400);
  const pflow_denoiser_config network = small_network();
  for (int field = PFLOW_MAP_EXACT; field <= PFLOW_MAP_NETWORK; field++) {
    pflow_map_config config = settled_map(k);
    config.field = (pflow_map_field)field;
    config.denoiser = &network;
    pflow_map *map = fit_map(&config, &rows);
    float *all = map_rows(map, 1.0, fresh.x, n), y[n * k];
    pflow_map_work_config few;
    pflow_map_work *work;
    pflow_map_work_config_init(&few);
    few.max_rows = 7;
    ck_ok(pflow_map_work_create(&work, map, &few));
    ck_ok(pflow_map_transform(map, work, fresh.x, n, y));
    ck_assert(memcmp(all, y, sizeof y) == 0);
    ck_ok(pflow_map_transform(map, work, fresh.x + 31 * k, 1, y));
    ck_assert(memcmp(all + 31 * k, y, k * sizeof *y) == 0);
    pflow_map_work_destroy(work);
    pflow_map_destroy(map);
    for (size_t threads = 1; threads <= 5; threads += 2) {
      pflow_pool *pool;
      ck_ok(pflow_pool_create(&pool, threads));
      config.pool = pool;
      map = fit_map(&config, &rows);
      float *again = map_rows(map, 1.0, fresh.x, n);
      ck_assert(memcmp(all, again, sizeof y) == 0);
      free(again);
      pflow_map_destroy(map);
      pflow_pool_destroy(pool);
    }
    free(all);
  }
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

static pflow_map_config small_map(pflow_map_method method, pflow_map_field field) {
  static pflow_denoiser_config network;
  static pflow_field_fit_config post;
  pflow_map_config config;
  pflow_map_config_init(&config);
  if (method == PFLOW_MAP_POISSON && field != PFLOW_MAP_POST) config = settled_map(3);
  if (field == PFLOW_MAP_POST) config.target = PFLOW_MAP_RAW;
  pflow_denoiser_config_init(&network);
  network.steps = 20;
  network.width = 16;
  pflow_field_fit_config_init(&post);
  post.epochs = 1;
  config.method = method;
  config.field = field;
  config.denoiser = &network;
  config.post = &post;
  return config;
}

/* Fitted, used and destroyed; rows and room for results are the caller's. */
static void check_counts(pflow_map_method method, pflow_map_field field,
                         const clouds *rows) {
  float y[300 * 3], x[300 * 3];
  const pflow_map_config config = small_map(method, field);
  pflow_map *map = fit_map(&config, rows);
  pflow_map_work *work;
  ck_assert_uint_eq(pflow_map_out_dim(map), 3);
  ck_ok(pflow_map_work_create(&work, map, NULL));
  const size_t before = counting_calls();
  ck_ok(pflow_map_transform(map, work, rows->x, 300, y));
  if (pflow_map_is_invertible(map)) {
    ck_ok(pflow_map_inverse(map, work, y, 300, x));
    if (method == PFLOW_MAP_POISSON) ck_ok(pflow_map_sample(map, work, 1, 0, 100, x));
  }
  ck_assert_msg(counting_calls() == before, "method %d, field %d: %zu allocations",
                method, field, counting_calls() - before);
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
}

START_TEST(use_allocates_nothing) {
  clouds rows = clouds_make(300, 3, 3, 0);
  counting_install();
  for (int field = PFLOW_MAP_EXACT; field <= PFLOW_MAP_POST; field++)
    check_counts(PFLOW_MAP_POISSON, (pflow_map_field)field, &rows);
  for (int method = PFLOW_MAP_NONE; method <= PFLOW_MAP_QUANTILE; method++)
    check_counts((pflow_map_method)method, PFLOW_MAP_EXACT, &rows);
  counting_remove();
  clouds_free(&rows);
}
END_TEST

static float *map_rows_within(const pflow_map *map, double rtol, const float *x,
                              size_t n) {
  pflow_map_work_config config;
  pflow_map_work *work;
  pflow_map_work_config_init(&config);
  config.rtol = rtol;
  ck_ok(pflow_map_work_create(&work, map, &config));
  float *y = malloc(n * pflow_map_out_dim(map) * sizeof *y);
  ck_ok(pflow_map_transform(map, work, x, n, y));
  pflow_map_work_destroy(work);
  return y;
}

/* A workspace's tolerance does what the map's own would, and nears the exact rows. */
START_TEST(a_workspace_has_its_own_tolerance) {
  enum { n = 300, kept = 5 };
  clouds rows = clouds_make(n, kept, 9, 0);
  pflow_map_config config = settled_map(kept);
  pflow_map *map = fit_map(&config, &rows);
  config.rtol = 1e-3;
  pflow_map *loose = fit_map(&config, &rows);
  float *want = map_rows_within(map, 1e-7, rows.x, n);
  float *own = map_rows(loose, PFLOW_MAP_AUTO, rows.x, n);
  double before = 0.0;
  for (double rtol = 1e-1; rtol > 1e-6; rtol /= 10.0) {
    float *y = map_rows_within(map, rtol, rows.x, n);
    double worst = 0.0;
    for (size_t i = 0; i < n * kept; i++)
      worst = worst_of(worst, fabs((double)y[i] - want[i]));
    ck_assert_msg(worst < rtol * 20.0, "rtol %g: off by %g", rtol, worst);
    ck_assert(before == 0.0 || worst < before);
    before = worst;
    free(y);
  }
  float *same = map_rows_within(map, 1e-3, rows.x, n);
  ck_assert(memcmp(same, own, n * kept * sizeof *same) == 0);
  free(same);
  free(own);
  free(want);
  pflow_map_destroy(loose);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests_and_long("poisson map",
                            TESTS(strength_0_is_the_preprocessing, rows_are_on_their_own,
                                  use_allocates_nothing,
                                  a_workspace_has_its_own_tolerance),
                            TESTS(unseen_rows_become_uniform, inverse_undoes_the_flow,
                                  fitted_rows_follow_the_same_law));
}
