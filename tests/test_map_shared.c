/*
 * test_map_shared.c - one map in many threads, each with a workspace of its own.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/suite.h"

enum { n = 160, k = 3, dim = 5, sharers = 8, rounds = 3 };

/* What a thread does, and whether it got what one alone gets. */
typedef struct sharer {
  const pflow_map *map;
  const float *x, *want, *back;
  pflow_err rc;
  int same;
} sharer;

static pflow_err use(sharer *self, pflow_map_work *work, float *y, float *x) {
  const size_t width = pflow_map_out_dim(self->map);
  for (int round = 0; round < rounds; round++) {
    pflow_err rc = pflow_map_transform(self->map, work, self->x, n, y);
    if (rc == PFLOW_OK && self->back) rc = pflow_map_inverse(self->map, work, y, n, x);
    if (rc != PFLOW_OK) return rc;
    self->same &= memcmp(y, self->want, n * width * sizeof *y) == 0;
    if (self->back) self->same &= memcmp(x, self->back, n * dim * sizeof *x) == 0;
  }
  return PFLOW_OK;
}

static void *share(void *user) {
  sharer *self = user;
  pflow_map_work *work;
  float *y = malloc(n * (dim + 1) * sizeof *y), *x = malloc(n * dim * sizeof *x);
  self->same = 1;
  self->rc = pflow_map_work_create(&work, self->map, NULL);
  if (self->rc == PFLOW_OK) {
    self->rc = use(self, work, y, x);
    pflow_map_work_destroy(work);
  }
  free(x);
  free(y);
  return NULL;
}

static void share_map(const pflow_map *map, const clouds *rows) {
  const int invertible = pflow_map_is_invertible(map);
  float *want = map_rows(map, PFLOW_MAP_AUTO, rows->x, n);
  float *back = invertible ? map_back(map, PFLOW_MAP_AUTO, want, n) : NULL;
  pthread_t thread[sharers];
  sharer self[sharers];
  for (int i = 0; i < sharers; i++) {
    self[i] = (sharer){.map = map, .x = rows->x, .want = want, .back = back};
    ck_assert_int_eq(pthread_create(&thread[i], NULL, share, &self[i]), 0);
  }
  for (int i = 0; i < sharers; i++) {
    pthread_join(thread[i], NULL);
    ck_assert_int_eq(self[i].rc, PFLOW_OK);
    ck_assert(self[i].same);
  }
  free(back);
  free(want);
}

static void share_field(pflow_map_field field, size_t threads) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(k);
  pflow_denoiser_config network;
  pflow_field_fit_config post;
  pflow_denoiser_config_init(&network);
  network.width = 16;
  network.layers = 1;
  network.steps = 20;
  network.batch = 32;
  pflow_field_fit_config_init(&post);
  post.epochs = 1;
  config.field = field;
  config.target = PFLOW_MAP_HEMISPHERE;
  config.denoiser = &network;
  config.post = &post;
  ck_ok(pflow_pool_create(&config.pool, threads));
  pflow_map *map = fit_map(&config, &rows);
  share_map(map, &rows);
  pflow_map_destroy(map);
  pflow_pool_destroy(config.pool);
  clouds_free(&rows);
}

START_TEST(fields_are_shared) {
  for (int field = PFLOW_MAP_EXACT; field <= PFLOW_MAP_POST; field++)
    for (size_t threads = 1; threads <= 3; threads += 2)
      share_field((pflow_map_field)field, threads);
}
END_TEST

START_TEST(rivals_are_shared) {
  clouds rows = clouds_make(n, k, dim, 0);
  for (int method = PFLOW_MAP_NONE; method <= PFLOW_MAP_QUANTILE; method++) {
    pflow_map_config config = settled_map(0);
    config.method = (pflow_map_method)method;
    pflow_map *map = fit_map(&config, &rows);
    share_map(map, &rows);
    pflow_map_destroy(map);
  }
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests("map shared", TESTS(fields_are_shared, rivals_are_shared));
}
