/*
 * test_map.c - the map's interface: rivals of the flow, names, files, bad input.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/counting.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 150, k = 3, dim = 6, methods = 9 };

/* A map of each method, the flow's a small one. */
static pflow_map *fit_method(pflow_map_method method, const clouds *rows) {
  pflow_map_config config = settled_map(0);
  if (method == PFLOW_MAP_POISSON) config = settled_map(k);
  config.target = PFLOW_MAP_HEMISPHERE;
  config.method = method;
  return fit_map(&config, rows);
}

START_TEST(names_go_both_ways) {
  for (int i = 0; i < methods; i++) {
    pflow_map_method method;
    ck_ok(pflow_map_method_find(pflow_map_method_name((pflow_map_method)i), &method));
    ck_assert_int_eq((int)method, i);
  }
  pflow_map_target target;
  pflow_map_objective objective;
  pflow_map_field field;
  ck_ok(pflow_map_target_find("ball", &target));
  ck_ok(pflow_map_objective_find("linear", &objective));
  ck_ok(pflow_map_field_find("network", &field));
  ck_assert(target == PFLOW_MAP_BALL && objective == PFLOW_MAP_LINEAR);
  ck_assert(field == PFLOW_MAP_NETWORK);
  ck_assert_ptr_null(pflow_map_method_name((pflow_map_method)methods));
  ck_assert_ptr_null(pflow_map_field_name((pflow_map_field)-1));
  ck_fails(pflow_map_target_find("cube", &target), PFLOW_EINVAL,
           "target 'cube', wants one of sphere, hemisphere, gaussian, ball, raw");
}
END_TEST

START_TEST(rivals_do_what_they_are_named_for) {
  clouds rows = clouds_make(n, k, dim, 0);
  for (int i = PFLOW_MAP_NONE; i < methods; i++) {
    pflow_map *map = fit_method((pflow_map_method)i, &rows);
    float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
    double mean = 0.0, length = 0.0, square = 0.0;
    for (size_t j = 0; j < n * dim; j++) {
      mean += y[j] / (double)n;
      square += (double)y[j] * y[j] / n;
    }
    for (size_t j = 0; j < dim; j++)
      length += (double)y[j] * y[j];
    if (i == PFLOW_MAP_NONE) ck_assert(memcmp(y, rows.x, n * dim * sizeof *y) == 0);
    if (i == PFLOW_MAP_L2) ck_assert(fabs(length - 1.0) < 1e-6);
    if (i == PFLOW_MAP_CENTER || i == PFLOW_MAP_WHITEN || i == PFLOW_MAP_ABTT)
      ck_assert(fabs(mean) < 1e-4);
    if (i == PFLOW_MAP_WHITEN) ck_assert(fabs(square - k) < 0.1); /* k directions */
    if (i == PFLOW_MAP_QUANTILE) ck_assert(fabs(square - dim) < 0.1 * dim);
    free(y);
    pflow_map_destroy(map);
  }
  clouds_free(&rows);
}
END_TEST

/* Quantiles of a skewed column become normal ones; between and beyond knots it rises. */
START_TEST(quantile_is_monotone_and_normal) {
  enum { count = 3000 };
  float x[count], *y, *back;
  pflow_rng rng;
  pflow_rng_init(&rng, 5, 0);
  pflow_rng_normal(&rng, x, count, 0.0, 1.0);
  for (size_t i = 0; i < count; i++)
    x[i] = expf(x[i]);
  clouds rows = {x, NULL, count, 1};
  pflow_map_config config = settled_map(0);
  config.method = PFLOW_MAP_QUANTILE;
  pflow_map *map = fit_map(&config, &rows);
  float probe[] = {-5.0f, 0.0f, 0.1f, 0.5f, 1.0f, 2.0f, 10.0f, 1000.0f};
  y = map_rows(map, PFLOW_MAP_AUTO, probe, 8);
  back = map_back(map, PFLOW_MAP_AUTO, y, 8);
  for (size_t i = 0; i < 8; i++) {
    if (i > 0) ck_assert(y[i] > y[i - 1]);
    if (i > 1 && i < 6) ck_assert(fabs(y[i] - log(probe[i])) < 0.1);
    ck_assert(fabs(back[i] - probe[i]) < 1e-3 * (1.0 + fabs(probe[i])));
  }
  free(y);
  free(back);
  pflow_map_destroy(map);
}
END_TEST

START_TEST(ways_back_lead_back) {
  clouds rows = clouds_make(n, k, dim, 0), fresh = clouds_make(40, k, dim, n);
  for (int i = 0; i < methods; i++) {
    pflow_map *map = fit_method((pflow_map_method)i, &rows);
    float *y = map_rows(map, PFLOW_MAP_AUTO, fresh.x, 40);
    if (i == PFLOW_MAP_L2 || i == PFLOW_MAP_ABTT) {
      pflow_map_work *work;
      ck_ok(pflow_map_work_create(&work, map, NULL));
      ck_assert(!pflow_map_is_invertible(map));
      ck_fails(pflow_map_inverse(map, work, y, 40, fresh.x), PFLOW_EUNSUPPORTED,
               "no way back");
      pflow_map_work_destroy(work);
    } else {
      float *x = map_back(map, PFLOW_MAP_AUTO, y, 40);
      for (size_t j = 0; j < 40 * dim; j++)
        ck_assert_msg(fabs(x[j] - fresh.x[j]) < 2e-3, "method %d, value %zu: %g of %g", i,
                      j, (double)x[j], (double)fresh.x[j]);
      free(x);
    }
    free(y);
    pflow_map_destroy(map);
  }
  clouds_free(&fresh);
  clouds_free(&rows);
}
END_TEST

START_TEST(files_give_the_same_bits) {
  clouds rows = clouds_make(n, k, dim, 0);
  temp_begin();
  for (int i = 0; i < methods; i++) {
    pflow_map *map = fit_method((pflow_map_method)i, &rows), *read, *parsed;
    pflow_map_info info, seen, header;
    size_t size;
    float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n), *again;
    ck_ok(pflow_map_save(map, temp_path("map.safetensors")));
    ck_ok(pflow_map_load(&read, temp_path("map.safetensors"), NULL));
    again = map_rows(read, PFLOW_MAP_AUTO, rows.x, n);
    ck_assert(memcmp(y, again, n * pflow_map_out_dim(map) * sizeof *y) == 0);
    free(again);
    ck_ok(pflow_map_get_info(map, &info));
    ck_ok(pflow_map_get_info(read, &seen));
    ck_ok(pflow_map_load_info(temp_path("map.safetensors"), &header));
    ck_assert(memcmp(&seen, &header, sizeof seen) == 0);
    ck_assert(info.r0 == seen.r0 && info.rows == seen.rows &&
              info.out_dim == seen.out_dim);
    unsigned char *bytes = temp_read("map.safetensors", &size);
    ck_ok(pflow_map_parse(&parsed, bytes, size, "memory", NULL));
    pflow_map_destroy(parsed);
    if (i != PFLOW_MAP_NONE && i != PFLOW_MAP_L2) {
      bytes[size - 3] ^= 1;
      ck_fails(pflow_map_parse(&parsed, bytes, size, "memory", NULL), PFLOW_EFORMAT,
               "checksum");
    }
    free(bytes);
    free(y);
    pflow_map_destroy(read);
    pflow_map_destroy(map);
  }
  temp_end();
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static int may_not_be_called(const pflow_map_progress *progress, void *user) {
  (void)user;
  ck_abort_msg("%s was begun", progress->stage);
  return -1;
}

START_TEST(bad_settings_are_named) {
  pflow_map *map;
  pflow_map_config config;
#define refuse(field, value, text)                                                       \
  do {                                                                                   \
    pflow_map_config_init(&config);                                                      \
    config.field = value;                                                                \
    ck_fails(pflow_map_create(&map, &config), PFLOW_EINVAL, text);                       \
    ck_assert_ptr_null(map);                                                             \
  } while (0)
  refuse(method, (pflow_map_method)9, "method is 9");
  refuse(field, (pflow_map_field)3, "field is 3");
  refuse(target, (pflow_map_target)5, "target is 5");
  refuse(objective, (pflow_map_objective)3, "objective is 3");
  refuse(aug_dim, 0.5, "aug_dim is 0.5");
  refuse(start, 0.0, "start is 0");
  refuse(strength, 1.5, "strength is 1.5");
  refuse(strength, NAN, "strength is");
  refuse(rtol, 0.0, "rtol is 0");
  refuse(dims, 1, "dims is 1, target sphere wants 2 or more");
#undef refuse
}
END_TEST

START_TEST(bad_rows_are_named) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(k);
  pflow_map *map;
  pflow_map_work *work;
  float y[n * dim + 5] = {0};
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, 1, dim), PFLOW_EINVAL, "1 row");
  ck_fails(pflow_map_fit(map, rows.x, NULL, n, 2), PFLOW_EINVAL,
           "dims is 3, rows have 2");
  ck_fails(pflow_map_work_create(&work, map, NULL), PFLOW_ESTATE, "not fitted");
  ck_fails(pflow_map_save(map, "/nowhere"), PFLOW_ESTATE, "not fitted");
  rows.labels[4] = -2;
  ck_fails(pflow_map_fit(map, rows.x, rows.labels, n, dim), PFLOW_ELABEL, "row 4 is -2");
  ck_ok(pflow_map_fit(map, rows.x, NULL, n, dim));
  ck_fails(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_ESTATE, "already");
  ck_ok(pflow_map_work_create(&work, map, NULL));
  rows.x[17 * dim + 3] = NAN;
  ck_fails(pflow_map_transform(map, work, rows.x, n, y), PFLOW_ENONFINITE,
           "row 17, column 3 is nan");
  ck_fails(pflow_map_transform(map, work, y, n, y + 5), PFLOW_EINVAL, "overlaps");
  ck_fails(pflow_map_transform(map, work, rows.x, 0, y), PFLOW_EINVAL, "0 x 6");
  ck_fails(pflow_map_sample(map, work, 0, 0, 0, y), PFLOW_EINVAL, "a sample of 0 rows");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
  pflow_map_destroy(NULL);
  pflow_map_work_destroy(NULL);
}
END_TEST

/* Rows that are all alike, or of one value for a sphere, and a network that cannot be,
 * are refused before anything is looked for. */
START_TEST(a_search_begins_only_where_it_can_end) {
  float alike[200] = {0};
  clouds rows = clouds_make(200, 1, 1, 0);
  pflow_map_config config;
  pflow_denoiser_config network;
  pflow_map *map;
  pflow_map_config_init(&config);
  pflow_denoiser_config_init(&network);
  network.width = 0;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, alike, NULL, 100, 2), PFLOW_EINVAL,
           "all 100 rows are alike, poisson wants rows that differ");
  ck_fails(pflow_map_fit(map, rows.x, NULL, 200, 1), PFLOW_EINVAL,
           "values in a row: 1, target sphere wants 2 or more");
  pflow_map_destroy(map);
  config.field = PFLOW_MAP_NETWORK;
  config.denoiser = &network;
  config.on_progress = may_not_be_called;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, 100, 2), PFLOW_EINVAL, "width is 0");
  pflow_map_destroy(map);
  config.method = PFLOW_MAP_ZCA;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, alike, NULL, 100, 2), PFLOW_EINVAL, "zca wants rows that");
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* Errors count rows from where the caller's file goes on. */
START_TEST(rows_are_counted_as_the_caller_counts_them) {
  float x[n * dim] = {0}, y[n * dim];
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map *map = fit_method(PFLOW_MAP_L2, &rows);
  pflow_map_work *work;
  pflow_map_work_config config;
  pflow_map_work_config_init(&config);
  config.max_rows = 8;
  ck_ok(pflow_map_work_create(&work, map, &config));
  memcpy(x, rows.x, 20 * dim * sizeof *x);
  ck_fails(pflow_map_transform(map, work, x, n, y), PFLOW_EINVAL, "row 20 is 0");
  pflow_map_work_count_from(work, 5000);
  ck_fails(pflow_map_transform(map, work, x, n, y), PFLOW_EINVAL, "row 5020 is 0");
  x[3 * dim + 2] = INFINITY;
  ck_fails(pflow_map_transform(map, work, x, n, y), PFLOW_ENONFINITE,
           "row 5003, column 2 is inf");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  map = fit_method(PFLOW_MAP_POISSON, &rows);
  ck_ok(pflow_map_work_create(&work, map, &config));
  pflow_map_work_count_from(work, 5000);
  x[3 * dim + 2] = 0.0f;
  x[11 * dim + 2] = 1e20f;
  ck_fails(pflow_map_transform(map, work, x, n, y), PFLOW_EDIVERGED,
           "map: row 5011: the flow");
  x[13 * dim] = -1e20f;
  ck_fails(pflow_map_transform(map, work, x, n, y), PFLOW_EDIVERGED,
           "map: row 5011 and others: the flow");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

START_TEST(a_flows_settings_are_the_flows_alone) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map *map = fit_method(PFLOW_MAP_ZCA, &rows);
  pflow_map_work_config config;
  pflow_map_work *work;
  pflow_map_work_config_init(&config);
  config.strength = 0.5;
  ck_fails(pflow_map_work_create(&work, map, &config), PFLOW_EUNSUPPORTED,
           "strength is 0.5, a map by zca has none");
  config.strength = PFLOW_MAP_AUTO;
  config.rtol = 1e-3;
  ck_fails(pflow_map_work_create(&work, map, &config), PFLOW_EUNSUPPORTED,
           "rtol is 0.001, a map by zca has none");
  config.rtol = 1e-8;
  ck_fails(pflow_map_work_create(&work, map, &config), PFLOW_EINVAL, "rtol is 1e-08");
  ck_ok(pflow_map_work_create(&work, map, NULL));
  ck_fails(pflow_map_sample(map, work, 0, 0, 1, rows.x), PFLOW_EUNSUPPORTED, "no prior");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* One fit, use and save of a method. */
typedef struct whole_life {
  pflow_map_method method;
  const clouds *rows;
} whole_life;

static pflow_err live(void *user) {
  const whole_life *self = user;
  pflow_map_config config = settled_map(self->method == PFLOW_MAP_POISSON ? k : 0);
  pflow_map *map = NULL, *read = NULL;
  pflow_map_work *work = NULL;
  float y[n * dim];
  config.method = self->method;
  pflow_err rc = pflow_map_create(&map, &config);
  if (rc >= 0) rc = pflow_map_fit(map, self->rows->x, NULL, n, dim);
  if (rc >= 0) rc = pflow_map_work_create(&work, map, NULL);
  if (rc >= 0) rc = pflow_map_transform(map, work, self->rows->x, n, y);
  if (rc >= 0) rc = pflow_map_save(map, temp_path("m.safetensors"));
  if (rc >= 0) rc = pflow_map_load(&read, temp_path("m.safetensors"), NULL);
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  pflow_map_destroy(read);
  return rc;
}

START_TEST(failing_memory_leaves_nothing) {
  clouds rows = clouds_make(n, k, dim, 0);
  temp_begin();
  failing_install();
  for (int i = 0; i < methods; i++) {
    whole_life life = {(pflow_map_method)i, &rows};
    ck_assert_uint_gt(check_failures(live, &life), 8);
  }
  failing_remove();
  temp_end();
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests("map", TESTS(names_go_both_ways, rivals_do_what_they_are_named_for,
                                quantile_is_monotone_and_normal, ways_back_lead_back,
                                files_give_the_same_bits, bad_settings_are_named,
                                bad_rows_are_named, a_search_begins_only_where_it_can_end,
                                rows_are_counted_as_the_caller_counts_them,
                                a_flows_settings_are_the_flows_alone,
                                failing_memory_leaves_nothing));
}
