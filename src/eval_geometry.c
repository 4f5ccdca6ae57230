/*
 * eval_geometry.c - measures of rows that need no labels.
 */
#include <math.h>

#include "cli/say.h"
#include "eval.h"

static int measure_uniformity(const eval_data *data, eval_measures *to) {
  const input *rows = &data->rows, *test = &data->test;
  pflow_uniformity_config config;
  pflow_uniformity_config_init(&config);
  config.seed = data->seed;
  config.pool = data->pool;
  try_library(pflow_uniformity_ideal(rows->dim, config.t, &to->ideal));
  try_status(
      eval_took(pflow_uniformity(rows->x, rows->n, rows->dim, &config, &to->uniformity),
                "uniformity"));
  if (!test->x) return status_ok;
  return eval_took(
      pflow_uniformity(test->x, test->n, test->dim, &config, &to->test_uniformity),
      "uniformity of test rows");
}

static int measure_dimensions(const eval_data *data, eval_measures *to) {
  const pflow_features rows = input_features(&data->rows);
  pflow_intrinsic intrinsic = {NAN, NAN, NAN, 0, 0};
  pflow_intrinsic_config config;
  pflow_intrinsic_config_init(&config);
  if (config.k >= rows.n) config.k = rows.n - 1;
  config.seed = data->seed;
  config.pool = data->pool;
  try_status(
      eval_took(pflow_effective_rank(rows.x, rows.n, rows.dim, &to->effective_rank),
                "effective rank"));
  try_status(
      eval_took(pflow_intrinsic_dim(&rows, &config, &intrinsic), "intrinsic dimension"));
  to->two_nn = intrinsic.two_nn;
  to->mle = intrinsic.mle;
  to->mle_k = config.k;
  to->nearest = intrinsic.nearest;
  return status_ok;
}

static int measure_hubs(const eval_data *data, eval_measures *to) {
  pflow_hubs hubs;
  try_library(
      pflow_hubness(data->near, data->rows.n, data->k, data->rows.n, &hubs, NULL));
  to->hubness = hubs.skewness;
  to->hubs = hubs.hubs;
  to->antihubs = hubs.antihubs;
  return status_ok;
}

int eval_geometry(const eval_data *data, eval_measures *to) {
  try_status(measure_uniformity(data, to));
  try_status(measure_dimensions(data, to));
  return measure_hubs(data, to);
}
