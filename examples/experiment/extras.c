#include "extras.h"

#include <math.h>

#include "common/must.h"

/* How well the probe knows the rows it was fitted to, which the post reports too. */
static double train_accuracy(const arena *rows, const pflow_labelled *train,
                             double strength) {
  pflow_probe_config config;
  pflow_probe_report report;
  pflow_probe_config_init(&config);
  config.grid = &strength;
  config.grid_size = 1;
  config.seed = rows->seed;
  config.pool = rows->pool;
  return pflow_probe(train, train, &config, &report, NULL, NULL) < 0 ? NAN
                                                                     : report.accuracy;
}

/* x at unit length; a zero row stays one. */
static void put_unit(const float *x, size_t dim, float *unit) {
  double squared = 0.0;
  for (size_t k = 0; k < dim; k++)
    squared += (double)x[k] * x[k];
  const double factor = squared > 0.0 ? 1.0 / sqrt(squared) : 0.0;
  for (size_t k = 0; k < dim; k++)
    unit[k] = (float)(x[k] * factor);
}

static double alignment(const pflow_labelled *test) {
  const size_t dim = test->dim, none = test->n;
  size_t *last = must_alloc(test->classes, sizeof *last), pairs = 0;
  float *a = must_alloc(test->n * dim, sizeof *a),
        *b = must_alloc(test->n * dim, sizeof *b);
  double value = NAN;
  for (size_t c = 0; c < test->classes; c++)
    last[c] = none;
  for (size_t i = 0; i < test->n; i++) {
    size_t *before = &last[test->labels[i]];
    if (*before != none) {
      put_unit(test->x + i * dim, dim, a + pairs * dim);
      put_unit(test->x + *before * dim, dim, b + pairs * dim);
      pairs++;
    }
    *before = i;
  }
  if (pairs > 0) must(pflow_alignment(a, b, pairs, dim, 2.0, &value));
  pflow_free(b);
  pflow_free(a);
  pflow_free(last);
  return value;
}

static void ranks(const arena *rows, const pflow_features *test,
                  double value[value_count]) {
  const pflow_features before = input_features(&rows->test);
  pflow_ranks_config config;
  pflow_ranks found;
  pflow_ranks_config_init(&config);
  config.k = arena_neighbours;
  config.seed = rows->seed;
  config.pool = rows->pool;
  if (pflow_rank_preservation(&before, test, &config, &found, NULL) < 0) return;
  value[trust_value] = found.trustworthiness;
  value[continuity_value] = found.continuity;
}

static void hub_shares(const arena *rows, const pflow_features *test,
                       double value[value_count]) {
  const size_t k = arena_neighbours;
  size_t *lists = must_alloc(test->n, k * sizeof *lists);
  pflow_hubs hubs;
  if (pflow_neighbours_within(test, NULL, 0, k, lists, NULL, rows->pool) >= 0) {
    must(pflow_hubness(lists, test->n, k, test->n, &hubs, NULL));
    value[hubs_value] = hubs.hubs;
    value[antihubs_value] = hubs.antihubs;
  }
  pflow_free(lists);
}

void extras_take(const arena *rows, const mapped *made, double strength,
                 double value[value_count]) {
  const pflow_features test = {made->test.x, made->test.n, made->test.dim};
  for (size_t v = column_count; v < value_count; v++)
    value[v] = NAN;
  if (strength > 0.0)
    value[train_linear_value] = train_accuracy(rows, &made->train, strength);
  value[alignment_value] = alignment(&made->test);
  ranks(rows, &test, value);
  hub_shares(rows, &test, value);
}
