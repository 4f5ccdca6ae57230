/*
 * test_map_post.c - the post's field as a map: its parts put together by hand.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 200, dim = 5, seed = 3 };

static pflow_field_fit_config short_training(void) {
  pflow_field_fit_config config;
  pflow_field_fit_config_init(&config);
  config.epochs = 4;
  config.large_batch = 64;
  config.small_batch = 32;
  return config;
}

static pflow_map_config post_map(const pflow_field_fit_config *training) {
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.field = PFLOW_MAP_POST;
  config.post = training;
  config.seed = seed;
  return config;
}

/* The post's steps: z = 0, radial clock, 100 Euler steps of 0.01, z left off. */
static float *flow_by_hand(const pflow_field *field, const float *x) {
  pflow_clock *clock;
  pflow_ode_config ode;
  float *augmented = malloc(n * (dim + 1) * sizeof *augmented);
  float *y = malloc(n * dim * sizeof *y);
  ck_ok(pflow_clock_create(&clock, field, n, NULL));
  pflow_ode_config_init(&ode);
  ode.method = PFLOW_ODE_EULER;
  ode.steps = 100;
  ck_ok(pflow_points_augment(x, n, dim, 0.0, augmented));
  ck_ok(pflow_ode_solve(&ode, pflow_clock_rhs, clock, 0.0, 1.0, augmented, n, dim + 1,
                        NULL));
  ck_ok(pflow_points_project(augmented, n, dim, y));
  pflow_clock_destroy(clock);
  free(augmented);
  return y;
}

/* Trains by public calls what the map trains. */
static float *whole_by_hand(const clouds *rows, double *loss) {
  pflow_net *net;
  pflow_field *field;
  pflow_net_config config;
  pflow_field_fit_report report;
  pflow_field_fit_config training = short_training();
  training.seed = seed;
  pflow_net_config_init(&config);
  config.seed = seed;
  ck_ok(pflow_field_net_create(&net, dim, &config));
  ck_ok(pflow_field_fit(net, rows->x, n, dim, &training, &report));
  ck_ok(pflow_field_create_net(&field, net));
  float *y = flow_by_hand(field, rows->x);
  *loss = report.last_loss;
  pflow_field_destroy(field);
  pflow_net_destroy(net);
  return y;
}

START_TEST(it_is_the_posts_steps) {
  clouds rows = clouds_make(n, dim, dim, 0);
  const pflow_field_fit_config training = short_training();
  const pflow_map_config config = post_map(&training);
  pflow_map *map = fit_map(&config, &rows);
  pflow_map_info info;
  double loss;
  float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n);
  float *want = whole_by_hand(&rows, &loss);
  ck_assert(memcmp(y, want, n * dim * sizeof *y) == 0);
  ck_assert(memcmp(y, rows.x, n * dim * sizeof *y) != 0);
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert(info.target == PFLOW_MAP_RAW && info.aug_dim == 1.0 && info.loss == loss);
  ck_assert(info.out_dim == dim && info.dims == dim && info.trials == 0);
  ck_assert_uint_eq(info.steps, 12);
  free(want);
  free(y);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* It has no way back, no prior and no dial. */
START_TEST(it_goes_one_way) {
  clouds rows = clouds_make(n, dim, dim, 0);
  const pflow_field_fit_config training = short_training();
  const pflow_map_config config = post_map(&training);
  pflow_map *map = fit_map(&config, &rows);
  pflow_map_work *work;
  pflow_map_work_config half;
  float x[dim];
  pflow_map_work_config_init(&half);
  half.strength = 0.5;
  ck_assert(!pflow_map_is_invertible(map));
  ck_fails(pflow_map_work_create(&work, map, &half), PFLOW_EUNSUPPORTED, "the post's");
  ck_ok(pflow_map_work_create(&work, map, NULL));
  ck_fails(pflow_map_inverse(map, work, rows.x, 1, x), PFLOW_EUNSUPPORTED,
           "poisson with the post's field has no way back");
  ck_fails(pflow_map_sample(map, work, 0, 0, 1, x), PFLOW_EUNSUPPORTED,
           "poisson with the post's field has no prior");
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

START_TEST(files_threads_and_pieces_keep_the_bits) {
  clouds rows = clouds_make(n, dim, dim, 0);
  const pflow_field_fit_config training = short_training();
  pflow_map_config config = post_map(&training);
  pflow_map *map = fit_map(&config, &rows), *read;
  float *y = map_rows(map, PFLOW_MAP_AUTO, rows.x, n), *again;
  temp_begin();
  ck_ok(pflow_map_save(map, temp_path("post.safetensors")));
  ck_ok(pflow_map_load(&read, temp_path("post.safetensors"), NULL));
  temp_end();
  again = map_rows(read, PFLOW_MAP_AUTO, rows.x, n);
  ck_assert(memcmp(y, again, n * dim * sizeof *y) == 0);
  pflow_map_work *work;
  pflow_map_work_config few;
  pflow_map_work_config_init(&few);
  few.max_rows = 7;
  ck_ok(pflow_map_work_create(&work, read, &few));
  ck_ok(pflow_map_transform(read, work, rows.x, n, again));
  ck_assert(memcmp(y, again, n * dim * sizeof *y) == 0);
  pflow_map_work_destroy(work);
  free(again);
  pflow_map_destroy(read);
  for (size_t threads = 1; threads <= 5; threads += 2) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    read = fit_map(&config, &rows);
    again = map_rows(read, PFLOW_MAP_AUTO, rows.x, n);
    ck_assert(memcmp(y, again, n * dim * sizeof *y) == 0);
    free(again);
    pflow_map_destroy(read);
    pflow_pool_destroy(config.pool);
  }
  free(y);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

/* A map is fitted with the training it was created for, also after a stop. */
static int stop_once(const pflow_map_progress *progress, void *user) {
  ck_assert_str_eq(progress->stage, "training");
  return (*(int *)user)++ == 0;
}

START_TEST(a_stopped_fit_begins_anew) {
  clouds rows = clouds_make(n, dim, dim, 0);
  const pflow_field_fit_config training = short_training();
  pflow_map_config config = post_map(&training);
  pflow_map *map;
  pflow_map_info info;
  int calls = 0;
  config.on_progress = stop_once;
  config.user = &calls;
  ck_ok(pflow_map_create(&map, &config));
  ck_assert_int_eq(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_STOPPED);
  ck_assert_uint_eq(pflow_map_out_dim(map), 0);
  ck_ok(pflow_map_fit(map, rows.x, NULL, n, dim));
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert_uint_eq(info.steps, 12);
  pflow_map_destroy(map);
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_training_is_named) {
  clouds rows = clouds_make(n, dim, dim, 0);
  pflow_field_fit_config training = short_training();
  training.struct_size = 3;
  const pflow_map_config config = post_map(&training);
  pflow_map *map;
  ck_ok(pflow_map_create(&map, &config));
  ck_fails(pflow_map_fit(map, rows.x, NULL, n, dim), PFLOW_EINVAL,
           "pflow_field_fit_config");
  pflow_map_destroy(map);
  clouds_free(&rows);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("map post", TESTS(it_is_the_posts_steps, it_goes_one_way,
                                     files_threads_and_pieces_keep_the_bits,
                                     a_stopped_fit_begins_anew, bad_training_is_named));
}
