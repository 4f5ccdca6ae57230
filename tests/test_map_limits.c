/*
 * test_map_limits.c - maps at the edges: scales, outliers, labels, rows without a place.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 300, k = 3, dim = 5, methods = 9 };

static void scale_rows(clouds *rows, float scale) {
  for (size_t i = 0; i < rows->n * rows->dim; i++)
    rows->x[i] *= scale;
}

static pflow_map *through_a_file(const pflow_map *map) {
  pflow_map *read;
  temp_begin();
  ck_ok(pflow_map_save(map, temp_path("map.safetensors")));
  ck_ok(pflow_map_load(&read, temp_path("map.safetensors"), NULL));
  temp_end();
  return read;
}

/* A map of rows 2^+-70 as large: the same result but for the factor, also from a file. */
static void check_scale(pflow_map_method method, int power) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(method == PFLOW_MAP_POISSON ? k : 0);
  config.method = method;
  config.target = PFLOW_MAP_HEMISPHERE;
  pflow_map *map = fit_map(&config, &rows);
  float *want = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
  const size_t values = n * pflow_map_out_dim(map);
  const bool keeps = method == PFLOW_MAP_NONE || method == PFLOW_MAP_CENTER ||
                     method == PFLOW_MAP_ABTT || method == PFLOW_MAP_ROTATE;
  pflow_map_destroy(map);
  scale_rows(&rows, ldexpf(1.0f, power));
  map = fit_map(&config, &rows);
  pflow_map *read = through_a_file(map);
  float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
  float *again = map_rows(read, PFLOW_MAP_AUTO, rows.x, n);
  ck_assert(memcmp(y, again, values * sizeof *y) == 0);
  for (size_t i = 0; i < values; i++) {
    const double value = keeps ? ldexp(y[i], -power) : y[i];
    ck_assert_msg(fabs(value - want[i]) < 1e-4, "method %d, 2^%d: %g, wants %g", method,
                  power, value, (double)want[i]);
  }
  free(again);
  free(y);
  free(want);
  pflow_map_destroy(read);
  pflow_map_destroy(map);
  clouds_free(&rows);
}

START_TEST(scales_do_not_matter) {
  for (int i = 0; i < methods; i++) {
    check_scale((pflow_map_method)i, 70);
    check_scale((pflow_map_method)i, -70);
  }
}
END_TEST

START_TEST(smallest_numbers_have_quantiles) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(0);
  config.method = PFLOW_MAP_QUANTILE;
  scale_rows(&rows, 1e-39f);
  pflow_map *map = fit_map(&config, &rows);
  float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
  for (size_t i = 0; i < n * dim; i++)
    ck_assert(fabs(y[i]) < 4.0);
  free(y);
  pflow_map_work *work;
  float far[dim] = {1e10f}, out[dim];
  ck_ok(pflow_map_work_create(&work, map, NULL));
  ck_fails(pflow_map_transform(map, work, far, 1, out), PFLOW_ENONFINITE,
           "row 0: value 0 of the result is inf");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* Rows a thousand times too far out come back finite; rows off the target are refused. */
START_TEST(outliers_come_back) {
  static const char *const refusal[] = {"", "above 0", "beyond float32", "outside", ""};
  clouds rows = clouds_make(n, k, k, 0), far = clouds_make(20, k, k, n);
  scale_rows(&far, 1000.0f);
  for (int target = PFLOW_MAP_HEMISPHERE; target <= PFLOW_MAP_RAW; target++) {
    pflow_map_config config = settled_map(k);
    config.target = (pflow_map_target)target;
    config.aug_dim = 1.0;
    pflow_map *map = fit_map(&config, &rows);
    float *y = map_rows(map, PFLOW_MAP_AUTO, far.x, 20);
    float *x = map_back(map, PFLOW_MAP_AUTO, y, 20);
    for (size_t i = 0; i < 20 * k; i++)
      ck_assert(isfinite(x[i]));
    pflow_map_work *work;
    ck_ok(pflow_map_work_create(&work, map, NULL));
    float off[k + 1] = {1e30f, 1e30f, 1e30f, -1.0f};
    if (*refusal[target])
      ck_fails(pflow_map_inverse(map, work, off, 1, x), PFLOW_EINVAL, refusal[target]);
    pflow_map_work_destroy(work);
    free(x);
    free(y);
    pflow_map_destroy(map);
  }
  clouds_free(&far);
  clouds_free(&rows);
}
END_TEST

/* Messages count rows from the first of the call, not of a piece. */
START_TEST(rows_are_named_by_their_number) {
  static const pflow_map_method named[] = {PFLOW_MAP_POISSON, PFLOW_MAP_L2,
                                           PFLOW_MAP_WHITEN};
  clouds rows = clouds_make(n, k, dim, 0);
  for (size_t i = 0; i < 3; i++) {
    pflow_map_config config = settled_map(named[i] == PFLOW_MAP_POISSON ? k : 0);
    config.method = named[i];
    pflow_map *map = fit_map(&config, &rows);
    pflow_map_work_config few;
    pflow_map_work *work;
    float *y = malloc(n * dim * sizeof *y), *x = malloc(n * dim * sizeof *x);
    memcpy(x, rows.x, n * dim * sizeof *x);
    for (size_t c = 0; c < dim; c++)
      x[101 * dim + c] = named[i] == PFLOW_MAP_L2 ? 0.0f : c % 2 ? -FLT_MAX : FLT_MAX;
    pflow_map_work_config_init(&few);
    few.max_rows = 10;
    ck_ok(pflow_map_work_create(&work, map, &few));
    ck_assert_int_lt(pflow_map_transform(map, work, x, n, y), 0);
    ck_assert_msg(strstr(pflow_errmsg(), "row 101") || strstr(pflow_errmsg(), "row 100:"),
                  "%s", pflow_errmsg());
    free(x);
    free(y);
    pflow_map_work_destroy(work);
    pflow_map_destroy(map);
  }
  clouds_free(&rows);
}
END_TEST

/* Labels are names: the largest says nothing about how many there are. */
START_TEST(labels_may_be_any_numbers) {
  clouds rows = clouds_make(n, k, dim, 0);
  for (int objective = PFLOW_MAP_KNN; objective <= PFLOW_MAP_LINEAR; objective++) {
    pflow_map_config config = settled_map(k);
    pflow_map_info info[2];
    config.strength = PFLOW_MAP_AUTO;
    config.objective = (pflow_map_objective)objective;
    for (int round = 0; round < 2; round++) {
      clouds made = clouds_make(n, k, dim, 0);
      for (size_t i = 0; round && i < n; i++)
        made.labels[i] = INT32_MAX - 100000000 * made.labels[i];
      pflow_map *map = fit_map(&config, &made);
      ck_ok(pflow_map_get_info(map, &info[round]));
      pflow_map_destroy(map);
      clouds_free(&made);
    }
    ck_assert(info[0].score_before > 0.3);
    ck_assert(fabs(info[0].score_before - info[1].score_before) < 0.1);
  }
  clouds_free(&rows);
}
END_TEST

/* ReLU features have rows of zeros, which lie in no direction. */
START_TEST(a_row_of_zeros_is_a_row) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(k);
  pflow_map_info info;
  config.start = PFLOW_MAP_AUTO;
  config.strength = PFLOW_MAP_AUTO;
  for (size_t i = 0; i < n; i += 10)
    memset(rows.x + i * dim, 0, dim * sizeof *rows.x);
  pflow_map *map = fit_map(&config, &rows);
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert_uint_gt(info.trials, 0);
  ck_assert(isfinite(info.score_before) && isfinite(info.score_after));
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

START_TEST(one_source_is_too_few) {
  pflow_map_config config = settled_map(k);
  pflow_map *map;
  config.max_sources = 1;
  ck_fails(pflow_map_create(&map, &config), PFLOW_EINVAL, "max_sources is 1");
}
END_TEST

START_TEST(a_row_at_the_mean_has_no_direction) {
  clouds rows = clouds_make(n, k, dim, 0);
  for (size_t i = 0; i + 1 < n; i += 2)
    for (size_t c = 0; c < dim; c++)
      rows.x[(i + 1) * dim + c] = -rows.x[i * dim + c];
  pflow_map_config config = settled_map(k);
  pflow_map *map = fit_map(&config, &rows);
  pflow_map_work_config still;
  pflow_map_work *work;
  float x[2 * dim] = {1.0f}, y[2 * dim]; /* row 1 is the mean */
  pflow_map_work_config_init(&still);
  still.strength = 0.0;
  ck_ok(pflow_map_work_create(&work, map, &still));
  ck_fails(pflow_map_transform(map, work, x, 2, y), PFLOW_EINVAL,
           "row 1: a row at the mean has no direction");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* A search in rows that are all alike but one. */
static void check_search_fails(float value, size_t other, const char *message) {
  enum { alike = 100 };
  float x[alike * 3];
  pflow_map_config config = settled_map(2);
  pflow_map *map;
  config.strength = PFLOW_MAP_AUTO;
  for (size_t i = 0; i < alike * 3; i++)
    x[i] = value;
  x[other * 3] = value + 1.0f;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, x, NULL, alike, 3), PFLOW_EINVAL, message);
  pflow_map_destroy(map);
}

/* The search holds out row 3, but not row 0. */
START_TEST(searches_want_rows_that_differ) {
  check_search_fails(1.0f, 0, "more than half of the rows have an equal one");
  check_search_fails(1.0f, 3, "the 80 rows that a search fits to are all alike");
  check_search_fails(0.0f, 0, "map: 0 of 20 rows held out have a direction");
  check_search_fails(0.0f, 3, "map: 1 of 20 rows held out have a direction");
}
END_TEST

START_TEST(a_start_above_the_end_is_refused) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(k);
  pflow_map *map;
  config.start = 1e6;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_EINVAL,
           "map: start 1e+06 puts the start height at ");
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

START_TEST(a_workspace_is_its_maps) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(k);
  pflow_map *map = fit_map(&config, &rows), *other = fit_map(&config, &rows);
  pflow_map_work *work;
  float y[dim];
  ck_ok(pflow_map_work_create(&work, other, NULL));
  ck_fails(pflow_map_transform(map, work, rows.x, 1, y), PFLOW_ESTATE, "another map's");
  ck_fails(pflow_map_inverse(map, work, rows.x, 1, y), PFLOW_ESTATE, "another map's");
  pflow_map_work_destroy(work);
  pflow_map_destroy(other);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests("map limits",
                   TESTS(scales_do_not_matter, smallest_numbers_have_quantiles,
                         outliers_come_back, rows_are_named_by_their_number,
                         labels_may_be_any_numbers, a_row_of_zeros_is_a_row,
                         one_source_is_too_few, a_row_at_the_mean_has_no_direction,
                         searches_want_rows_that_differ, a_start_above_the_end_is_refused,
                         a_workspace_is_its_maps));
}
