/*
 * test_map_resume.c - fits of a map that are stopped and go on from their checkpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 400, k = 3, dim = 5 };

/* Stops a fit in a stage, after so many calls. */
typedef struct stopper {
  const char *stage;
  int left, trained; /* and steps of training that were told */
} stopper;

static int stop(const pflow_map_progress *progress, void *user) {
  stopper *self = user;
  self->trained += strcmp(progress->stage, "training") == 0;
  return strcmp(progress->stage, self->stage) == 0 && --self->left == 0;
}

static pflow_denoiser_config network;

/* A search over two settings, then a small training. */
static pflow_map_config settings(stopper *stopping) {
  pflow_denoiser_config_init(&network);
  network.width = 32;
  network.layers = 2;
  network.steps = 60;
  network.batch = 64;
  pflow_map_config config = settled_map(k);
  config.field = PFLOW_MAP_NETWORK;
  config.start = PFLOW_MAP_AUTO;
  config.rtol = 1e-3;
  config.denoiser = &network;
  config.checkpoint = temp_path("checkpoint");
  config.resume = 1;
  config.on_progress = stop;
  config.user = stopping;
  return config;
}

static pflow_err try_fit(const pflow_map_config *config, const clouds *rows,
                         pflow_map **map) {
  ck_ok(pflow_map_create(map, config));
  return pflow_map_fit(*map, rows->x, NULL, rows->n, rows->dim);
}

/* Stopped in any stage, on the way to what was done before, or at the very end, a fit
 * that goes on ends with the bits of an unbroken one. */
START_TEST(a_fit_goes_on_to_the_same_bits) {
  clouds rows = clouds_make(n, k, dim, 0);
  temp_begin();
  stopper never = {"", 0, 0};
  pflow_map_config config = settings(&never);
  config.resume = 0;
  config.checkpoint = NULL;
  pflow_map *map = fit_map(&config, &rows);
  float *want = map_rows(map, 1.0, rows.x, n);
  pflow_map_destroy(map);
  static const struct {
    const char *stage;
    int after;
  } stops[] = {{"components", 1}, {"search", 2},     {"heights", 1}, {"training", 2},
               {"training", 45},  {"components", 2}, {"heights", 1}, {"search", 1},
               {"training", 13},  {"radii", 1}};
  for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
    stopper stopping = {stops[i].stage, stops[i].after, 0};
    config = settings(&stopping);
    ck_assert_int_eq(try_fit(&config, &rows, &map), PFLOW_STOPPED);
    pflow_map_destroy(map);
  }
  stopper last = {"", 0, 0};
  config = settings(&last);
  ck_ok(try_fit(&config, &rows, &map));
  ck_assert_int_eq(last.trained, 0);
  float *got = map_rows(map, 1.0, rows.x, n);
  ck_assert(memcmp(want, got, n * k * sizeof *got) == 0);
  free(want);
  free(got);
  pflow_map_destroy(map);
  temp_end();
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(other_shapes_or_labels_are_refused) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map *map;
  temp_begin();
  stopper stopping = {"search", 1, 0};
  pflow_map_config config = settings(&stopping);
  ck_assert_int_eq(try_fit(&config, &rows, &map), PFLOW_STOPPED);
  pflow_map_destroy(map);
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, n * dim / 4, 4), PFLOW_EINVAL,
           "a checkpoint of other rows: rows=400, now rows=500");
  pflow_map_destroy(map);
  config.objective = PFLOW_MAP_KNN;
  config.resume = 0;
  for (stopping.left = 1; config.resume < 2; config.resume++) {
    ck_ok(pflow_map_create(&map, &config));
    if (config.resume)
      ck_fails(pflow_map_fit(map, rows.x, rows.labels, n, dim), PFLOW_EINVAL,
               "a checkpoint of other labels");
    else
      ck_assert_int_eq(pflow_map_fit(map, rows.x, rows.labels, n, dim), PFLOW_STOPPED);
    pflow_map_destroy(map);
    rows.labels[7]++;
  }
  temp_end();
  clouds_free(&rows);
}
END_TEST

START_TEST(other_rows_or_settings_are_refused) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map *map;
  temp_begin();
  stopper stopping = {"training", 3, 0};
  pflow_map_config config = settings(&stopping);
  ck_assert_int_eq(try_fit(&config, &rows, &map), PFLOW_STOPPED);
  pflow_map_destroy(map);
  config.seed = 1;
  ck_fails(try_fit(&config, &rows, &map), PFLOW_EINVAL,
           "a checkpoint of other settings: seed=0, now seed=1");
  pflow_map_destroy(map);
  config.seed = 0;
  rows.x[7] += 1.0f;
  ck_fails(try_fit(&config, &rows, &map), PFLOW_EINVAL, "a checkpoint of other rows");
  pflow_map_destroy(map);
  config.checkpoint = temp_write("broken", "not a checkpoint", 16);
  ck_assert_int_lt(try_fit(&config, &rows, &map), 0);
  pflow_map_destroy(map);
  config.checkpoint = "/nowhere/checkpoint";
  stopping.left = 3;
  ck_fails(try_fit(&config, &rows, &map), PFLOW_EIO, "/nowhere/checkpoint");
  pflow_map_destroy(map);
  temp_end();
  clouds_free(&rows);
}
END_TEST

/* A byte that is not what it was is found, wherever it lies. */
START_TEST(broken_checkpoints_are_refused) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map *map;
  unsigned char *bytes;
  size_t size;
  temp_begin();
  stopper stopping = {"training", 3, 0};
  pflow_map_config config = settings(&stopping);
  ck_assert_int_eq(try_fit(&config, &rows, &map), PFLOW_STOPPED);
  pflow_map_destroy(map);
  ck_ok(pflow_file_read(&bytes, &size, config.checkpoint, 1 << 24));
  for (size_t at = 0; at < size; at += at < 4000 ? 7 : 997) {
    bytes[at] ^= 1;
    config.checkpoint = temp_write("broken", bytes, size);
    stopping.left = 1;
    const pflow_err rc = try_fit(&config, &rows, &map);
    ck_assert_msg(rc < 0 && strstr(pflow_errmsg(), "broken: "), "byte %zu: %d, %s", at,
                  rc, rc < 0 ? pflow_errmsg() : "");
    pflow_map_destroy(map);
    bytes[at] ^= 1;
  }
  pflow_free(bytes);
  temp_end();
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests("map resume", TESTS(a_fit_goes_on_to_the_same_bits,
                                       other_shapes_or_labels_are_refused,
                                       other_rows_or_settings_are_refused,
                                       broken_checkpoints_are_refused));
}
