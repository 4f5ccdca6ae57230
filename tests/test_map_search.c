/*
 * test_map_search.c - settings chosen on held-out rows, and advice.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"

enum { n = 1000, k = 3, dim = 8 };

static pflow_map_info fit_and_tell(const pflow_map_config *config, const clouds *rows) {
  pflow_map_info info;
  pflow_map *map = fit_map(config, rows);
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert_uint_eq(pflow_map_out_dim(map), info.out_dim);
  pflow_map_destroy(map);
  return info;
}

START_TEST(open_settings_are_chosen) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.rtol = 1e-3;
  config.target = PFLOW_MAP_HEMISPHERE;
  const pflow_map_info info = fit_and_tell(&config, &rows);
  ck_assert_uint_gt(info.trials, 20);
  ck_assert(!info.leave_alone && info.score_after > info.score_before);
  ck_assert(info.dims >= 2 && info.dims <= 6); /* three dimensions are there */
  ck_assert(info.aug_dim >= 1.0 && info.start >= 1.0 && info.strength > 0.0);
  /* The score is what the two uniformities say; hemispheres have a dimension more. */
  double ideal;
  ck_ok(pflow_uniformity_ideal(dim, 2.0, &ideal));
  ck_assert(info.ideal_before == ideal);
  ck_ok(pflow_uniformity_ideal(info.dims + 1, 2.0, &ideal));
  ck_assert(info.ideal_after == ideal);
  ck_assert(info.score_before == info.ideal_before - info.uniformity_before);
  ck_assert(info.score_after == fmin(info.ideal_after - info.uniformity_after, 0.0));
  ck_assert(info.least_kept >= 0.5 && info.kept >= info.least_kept && info.kept <= 1.0);
  const pflow_map_info again = fit_and_tell(&config, &rows);
  ck_assert(again.dims == info.dims && again.strength == info.strength);
  ck_assert(again.score_after == info.score_after);
  clouds_free(&rows);
}
END_TEST

START_TEST(given_settings_are_kept) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(4);
  pflow_map_info info = fit_and_tell(&config, &rows);
  ck_assert_uint_eq(info.trials, 0);
  ck_assert(info.kept == 0.0 && info.uniformity_before == 0.0);
  config.start = PFLOW_MAP_AUTO;
  config.rtol = 1e-3;
  info = fit_and_tell(&config, &rows);
  ck_assert_uint_eq(info.trials, 4);
  ck_assert(info.dims == 4 && info.aug_dim == 4.0 && info.strength == 1.0);
  clouds_free(&rows);
}
END_TEST

/* Labels that say nothing: no map can beat the rows as they are by more than chance, and
 * then it is the identity. */
START_TEST(it_may_say_leave_them_alone) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_rng rng;
  pflow_rng_init(&rng, 3, 0);
  for (size_t i = 0; i < n; i++)
    rows.labels[i] = (int32_t)pflow_rng_below(&rng, 2);
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.objective = PFLOW_MAP_LINEAR;
  config.dims = 3;
  config.aug_dim = 3.0;
  config.start = 1.0;
  config.rtol = 1e-3;
  pflow_map_info info;
  pflow_map *map = fit_map(&config, &rows);
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert(info.leave_alone);
  ck_assert_uint_eq(info.out_dim, dim);
  float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
  ck_assert(memcmp(y, rows.x, n * dim * sizeof *y) == 0);
  free(y);
  y = map_rows(map, 0.0, rows.x, 1); /* no flow is what it has */
  free(y);
  pflow_map_work *work;
  pflow_map_work_config full;
  pflow_map_work_config_init(&full);
  full.strength = 1.0;
  ck_fails(pflow_map_work_create(&work, map, &full), PFLOW_EUNSUPPORTED,
           "strength is 1, a map by poisson that leaves the rows alone has none");
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

START_TEST(labels_choose_by_accuracy) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.objective = PFLOW_MAP_KNN;
  config.aug_dim = 3.0;
  config.start = 1.0;
  config.rtol = 1e-3;
  const pflow_map_info info = fit_and_tell(&config, &rows);
  ck_assert(info.score_before > 0.5 && info.score_before <= 1.0);
  ck_assert(info.score_after > 0.5 && info.score_after <= 1.0);
  ck_assert(info.kept > 0.0 && info.least_kept == 0.0 && info.uniformity_after < 0.0);
  pflow_map *map;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_EINVAL, "knn wants labels");
  ck_fails(pflow_map_fit(map, rows.x, rows.labels, 99, dim), PFLOW_EINVAL,
           "99 rows are too few");
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* The fit of a map that has to find its dimensions. */
static pflow_err search_once(void *user) {
  const clouds *rows = user;
  pflow_map *map;
  pflow_map_config config = settled_map(0);
  config.rtol = 1e-2;
  pflow_err rc = pflow_map_create(&map, &config);
  if (rc >= 0) rc = pflow_map_fit(map, rows->x, NULL, rows->n, rows->dim);
  pflow_map_destroy(map);
  return rc;
}

/* Without memory there is an error, never a choice from less. */
START_TEST(failing_memory_is_no_verdict) {
  clouds rows = clouds_make(100, 2, 4, 0);
  counting_install();
  ck_ok(search_once(&rows));
  const size_t calls = counting_calls();
  counting_remove();
  failing_install();
  ck_assert_uint_eq(check_failures(search_once, &rows), calls);
  failing_remove();
  clouds_free(&rows);
}
END_TEST

static int stop_at_third(const pflow_map_progress *progress, void *user) {
  ck_assert_uint_le(progress->done, progress->total);
  if (strcmp(progress->stage, "components") == 0) return 0;
  ck_assert_str_eq(progress->stage, "search");
  return ++*(int *)user == 3 ? 1 : 0;
}

START_TEST(progress_can_stop_a_fit) {
  clouds rows = clouds_make(n, k, dim, 0);
  int calls = 0;
  pflow_map *map;
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.on_progress = stop_at_third;
  config.user = &calls;
  config.rtol = 1e-3;
  ck_ok(pflow_map_create(&map, &config));
  ck_assert_int_eq(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_STOPPED);
  ck_assert_int_eq(calls, 3);
  ck_assert_uint_eq(pflow_map_out_dim(map), 0);
  pflow_map_destroy(map);
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(advice_has_reasons) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_advice advice;
  ck_ok(pflow_map_suggest(rows.x, n, dim, 0, NULL, &advice));
  ck_assert(advice.n == n && advice.dim == dim);
  ck_assert(fabs(advice.intrinsic_dim - k) < 1.0);
  ck_assert(advice.dims >= 2 && advice.dims <= 3);
  ck_assert(advice.norm_mean > 3.0 && advice.nearest > 0.0);
  const char *const why[] = {advice.why_dims,     advice.why_aug_dim, advice.why_start,
                             advice.why_strength, advice.why_target,  advice.why_field};
  for (size_t i = 0; i < 6; i++) {
    const size_t length = strlen(why[i]);
    ck_assert(length > 40 && length < PFLOW_ADVICE_TEXT - 1 && why[i][length - 1] == '.');
  }
  ck_assert(advice.field == PFLOW_MAP_EXACT && advice.target == PFLOW_MAP_SPHERE);
  rows.x[5] = INFINITY;
  ck_fails(pflow_map_suggest(rows.x, n, dim, 0, NULL, &advice), PFLOW_ENONFINITE,
           "row 0, column 5");
  ck_fails(pflow_map_suggest(rows.x, 3, 1, 0, NULL, &advice), PFLOW_EINVAL,
           "advice: 3, wants 4");
  clouds_free(&rows);
}
END_TEST

/* Above 20,000 rows: a sample, another for each seed, which says what they all would. */
START_TEST(advice_of_many_rows_looks_at_some) {
  enum { many = 20100 };
  clouds rows = clouds_make(many, k, dim, 0);
  pflow_map_advice first, again, other;
  ck_ok(pflow_map_suggest(rows.x, many, dim, 0, NULL, &first));
  ck_ok(pflow_map_suggest(rows.x, many, dim, 0, NULL, &again));
  ck_ok(pflow_map_suggest(rows.x, many, dim, 1, NULL, &other));
  ck_assert_uint_eq(first.n, many);
  ck_assert(fabs(first.intrinsic_dim - k) < 1.0);
  ck_assert(first.nearest == again.nearest && first.norm_mean == again.norm_mean);
  ck_assert(first.nearest != other.nearest);
  ck_assert_double_eq_tol(first.nearest, other.nearest, 0.05 * first.nearest);
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests_and_long(
      "map search",
      TESTS(given_settings_are_kept, it_may_say_leave_them_alone,
            labels_choose_by_accuracy, failing_memory_is_no_verdict,
            progress_can_stop_a_fit, advice_has_reasons),
      TESTS(open_settings_are_chosen, advice_of_many_rows_looks_at_some));
}
