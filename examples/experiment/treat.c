#include "treat.h"

#include <stdio.h>
#include <string.h>

#include "cifar10/flow.h"
#include "cli/json_out.h"
#include "common/must.h"

/* All arms of Poisson maps: nobody goes back, and the field is exact. */
static const double tolerance = 1e-4;
static const double times = 30.0;

static splits rows_like(const splits *raw, size_t dim) {
  splits made = *raw;
  made.dim = dim;
  for (int s = 0; s < split_count; s++)
    made.x[s] = must_alloc(raw->n[s] * dim, sizeof *made.x[s]);
  return made;
}

void splits_free(splits *self) {
  for (int s = 0; s < split_count; s++)
    pflow_free(self->x[s]);
}

/* ---- maps ---- */

/* What `pflow suggest` would say. */
static size_t advised_dims(const splits *raw, const conditions *under) {
  pflow_map_advice advice;
  must(pflow_map_suggest(raw->x[train_split], raw->n[train_split], raw->dim, under->seed,
                         under->pool, &advice));
  return advice.dims;
}

static void set_map(pflow_map_config *config, const arm *which, const splits *raw,
                    const conditions *under) {
  pflow_map_config_init(config);
  config->method = which->method;
  config->objective = which->objective;
  config->max_sources = under->field_rows;
  config->rtol = tolerance;
  config->seed = under->seed;
  config->pool = under->pool;
  if (which->dims == intrinsic_dims) config->dims = advised_dims(raw, under);
  if (which->dims == all_dims) config->dims = raw->dim;
  if (which->aug_dim == 0.0) return;
  config->aug_dim = which->aug_dim;
  config->start = which->start;
  config->strength = which->strength;
}

static void note_map(json_t *notes, const pflow_map_info *info) {
  put_bool(notes, "leave_alone", info->leave_alone);
  if (info->leave_alone) return;
  put_size(notes, "dims", info->dims);
  put_size(notes, "sources", info->sources);
  put_real(notes, "aug_dim", info->aug_dim);
  put_real(notes, "start", info->start);
  put_real(notes, "strength", info->strength);
}

static splits through_map(const arm *which, const splits *raw, const conditions *under,
                          json_t *notes, pflow_map_info *flow) {
  pflow_map *map;
  pflow_map_work *work;
  pflow_map_config config;
  pflow_map_info info;
  set_map(&config, which, raw, under);
  must(pflow_map_create(&map, &config));
  must(pflow_map_fit(map, raw->x[train_split], raw->labels, raw->n[train_split],
                     raw->dim));
  must(pflow_map_get_info(map, &info));
  if (info.method == PFLOW_MAP_POISSON) note_map(notes, &info);
  if (info.method == PFLOW_MAP_POISSON && !info.leave_alone) *flow = info;
  splits made = rows_like(raw, pflow_map_out_dim(map));
  must(pflow_map_work_create(&work, map, NULL));
  for (int s = 0; s < split_count; s++)
    if (raw->n[s] > 0)
      must(pflow_map_transform(map, work, raw->x[s], raw->n[s], made.x[s]));
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  return made;
}

/* ---- the post's flow ---- */

enum { words_size = 256 };

/* The options that every arm has, and those of `text`. words: a copy, which the options
 * point into. */
static void read_options(options *opts, const char *text, const conditions *under,
                         char words[words_size]) {
  enum { most_words = 32 };
  char number[24], *rest = words;
  char *argv[most_words] = {"experiment", "--data", "none", "--seed", number};
  int argc = 5;
  snprintf(number, sizeof number, "%llu", (unsigned long long)under->seed);
  snprintf(words, words_size, "%s", text);
  for (char *word; argc < most_words - 1 && (word = strtok_r(rest, " ", &rest));)
    argv[argc++] = word;
  options_parse(opts, argc, argv);
}

/* The rows that the arm's field is learned from, n x dim. */
static float *source_rows(const arm *which, const splits *raw, uint64_t seed) {
  const size_t n = raw->n[train_split];
  float *rows = must_alloc(n * raw->dim, sizeof *rows);
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 1);
  if (which->kind == foreign_arm)
    pflow_rng_sphere(&rng, rows, n, raw->dim);
  else
    memcpy(rows, raw->x[train_split], n * raw->dim * sizeof *rows);
  return rows;
}

static splits through_flow(const arm *which, const splits *raw, const conditions *under,
                           json_t *notes) {
  static const char *const names[] = {"train_flow", "test_flow", "foreign_flow"};
  options opts;
  flow_report report;
  flow_field field = {0};
  splits made = *raw;
  char words[words_size];
  read_options(&opts, which->flow, under, words);
  if (which->kind == blind_arm) {
    field.net = flow_untrained_net(&opts, under->pool);
  } else {
    float *sources = source_rows(which, raw, under->seed);
    flow_field_fit(&field, sources, raw->n[train_split], &opts, under->pool);
    pflow_free(sources);
  }
  for (int s = 0; s < split_count; s++) {
    made.x[s] = NULL;
    if (raw->n[s] == 0) continue;
    made.x[s] = flow_run(field.net, raw->x[s], raw->n[s], &opts, &report);
    put_json(notes, names[s], flow_report_json(&report));
  }
  flow_field_destroy(&field);
  return made;
}

/* ---- controls ---- */

static splits through_random_net(const splits *raw, const conditions *under) {
  pflow_net *net;
  pflow_net_work *work;
  pflow_net_config config;
  splits made = rows_like(raw, raw->dim);
  pflow_net_config_init(&config);
  config.seed = under->seed;
  config.pool = under->pool;
  must(pflow_field_net_create(&net, raw->dim - 1, &config));
  must(pflow_net_work_create(&work, net, 1024, PFLOW_INFERENCE));
  for (int s = 0; s < split_count; s++)
    if (raw->n[s] > 0)
      must(pflow_net_predict(net, work, raw->x[s], raw->n[s], made.x[s]));
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return made;
}

static splits scaled(const splits *raw) {
  splits made = rows_like(raw, raw->dim);
  for (int s = 0; s < split_count; s++)
    for (size_t i = 0; i < raw->n[s] * raw->dim; i++)
      made.x[s][i] = (float)(raw->x[s][i] * times);
  return made;
}

splits treat(const arm *which, const splits *raw, const conditions *under, json_t *notes,
             pflow_map_info *flow) {
  *flow = (pflow_map_info){0};
  switch (which->kind) {
  case map_arm:
    return through_map(which, raw, under, notes, flow);
  case scaled_arm:
    return scaled(raw);
  case random_arm:
    return through_random_net(raw, under);
  default:
    return through_flow(which, raw, under, notes);
  }
}
