#include "treat.h"

#include <stdio.h>
#include <string.h>

#include "cifar10/flow.h"
#include "common/must.h"

/* All arms of Poisson maps: nobody goes back, and the field is exact. */
static const double tolerance = 1e-4;
static const double times = 30.0;

static splits rows_like(const splits *raw, size_t dim) {
  splits made = *raw;
  made.dim = dim;
  made.train = must_alloc(raw->n_train * dim, sizeof *made.train);
  made.test = must_alloc(raw->n_test * dim, sizeof *made.test);
  return made;
}

void splits_free(splits *self) {
  pflow_free(self->train);
  pflow_free(self->test);
}

/* ---- maps ---- */

/* What `pflow suggest` would say. */
static size_t advised_dims(const splits *raw, uint64_t seed, pflow_pool *pool) {
  pflow_map_advice advice;
  must(pflow_map_suggest(raw->train, raw->n_train, raw->dim, seed, pool, &advice));
  return advice.dims;
}

static void set_map(pflow_map_config *config, const arm *which, const splits *raw,
                    uint64_t seed, pflow_pool *pool) {
  pflow_map_config_init(config);
  config->method = which->method;
  config->objective = which->objective;
  config->rtol = tolerance;
  config->seed = seed;
  config->pool = pool;
  if (which->dims == intrinsic_dims) config->dims = advised_dims(raw, seed, pool);
  if (which->dims == all_dims) config->dims = raw->dim;
  if (which->aug_dim == 0.0) return;
  config->aug_dim = which->aug_dim;
  config->start = which->start;
  config->strength = which->strength;
}

static splits through_map(const arm *which, const splits *raw, uint64_t seed,
                          pflow_pool *pool) {
  pflow_map *map;
  pflow_map_work *work;
  pflow_map_config config;
  set_map(&config, which, raw, seed, pool);
  must(pflow_map_create(&map, &config));
  must(pflow_map_fit(map, raw->train, raw->train_labels, raw->n_train, raw->dim));
  splits made = rows_like(raw, pflow_map_out_dim(map));
  must(pflow_map_work_create(&work, map, NULL));
  must(pflow_map_transform(map, work, raw->train, raw->n_train, made.train));
  must(pflow_map_transform(map, work, raw->test, raw->n_test, made.test));
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  return made;
}

/* ---- the post's flow ---- */

enum { words_size = 256 };

/* The options that every arm has, and those of `text`. words: a copy, which the options
 * point into. */
static void read_options(options *opts, const char *text, uint64_t seed, char *folder,
                         char words[words_size]) {
  enum { most_words = 32 };
  char number[24], *rest = words;
  char *argv[most_words] = {"experiment", "--data", "none", "--out",
                            folder,       "--seed", number};
  int argc = 7;
  snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
  snprintf(words, words_size, "%s", text);
  for (char *word; argc < most_words - 1 && (word = strtok_r(rest, " ", &rest));)
    argv[argc++] = word;
  options_parse(opts, argc, argv);
}

/* The rows that the arm's field is learned from, n x dim. */
static float *source_rows(const arm *which, const splits *raw, uint64_t seed) {
  float *rows = must_alloc(raw->n_train * raw->dim, sizeof *rows);
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 1);
  if (which->kind == foreign_arm)
    pflow_rng_sphere(&rng, rows, raw->n_train, raw->dim);
  else
    memcpy(rows, raw->train, raw->n_train * raw->dim * sizeof *rows);
  return rows;
}

static splits through_flow(const arm *which, const splits *raw, uint64_t seed,
                           char *folder, pflow_pool *pool) {
  options opts;
  flow_report report;
  flow_field field = {0};
  splits made = *raw;
  char words[words_size];
  read_options(&opts, which->flow, seed, folder, words);
  if (which->kind == blind_arm) {
    field.net = flow_untrained_net(&opts, pool);
  } else {
    float *sources = source_rows(which, raw, seed);
    flow_field_fit(&field, sources, raw->n_train, &opts, pool);
    pflow_free(sources);
  }
  made.train = flow_run(field.net, raw->train, raw->n_train, &opts, &report);
  made.test = flow_run(field.net, raw->test, raw->n_test, &opts, &report);
  flow_field_destroy(&field);
  return made;
}

/* ---- controls ---- */

static splits through_random_net(const splits *raw, uint64_t seed, pflow_pool *pool) {
  pflow_net *net;
  pflow_net_work *work;
  pflow_net_config config;
  splits made = rows_like(raw, raw->dim);
  pflow_net_config_init(&config);
  config.seed = seed;
  config.pool = pool;
  must(pflow_field_net_create(&net, raw->dim - 1, &config));
  must(pflow_net_work_create(&work, net, 1024, PFLOW_INFERENCE));
  must(pflow_net_predict(net, work, raw->train, raw->n_train, made.train));
  must(pflow_net_predict(net, work, raw->test, raw->n_test, made.test));
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return made;
}

static void multiply(const float *from, size_t n, float *to) {
  for (size_t i = 0; i < n; i++)
    to[i] = (float)(from[i] * times);
}

static splits scaled(const splits *raw) {
  splits made = rows_like(raw, raw->dim);
  multiply(raw->train, raw->n_train * raw->dim, made.train);
  multiply(raw->test, raw->n_test * raw->dim, made.test);
  return made;
}

splits treat(const arm *which, const splits *raw, uint64_t seed, char *folder,
             pflow_pool *pool) {
  switch (which->kind) {
  case map_arm:
    return through_map(which, raw, seed, pool);
  case scaled_arm:
    return scaled(raw);
  case random_arm:
    return through_random_net(raw, seed, pool);
  default:
    return through_flow(which, raw, seed, folder, pool);
  }
}
