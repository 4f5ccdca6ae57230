#include "compare/measures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"

int outcome_begin(outcome *self, size_t test_rows) {
  for (size_t c = 0; c < column_count; c++) {
    self->value[c] = NAN;
    if (!column_about((column)c)->by_row) continue;
    self->scores[c] = say_alloc(test_rows, sizeof *self->scores[c]);
    if (!self->scores[c]) return status_failed;
  }
  return status_ok;
}

void outcome_free(outcome *self) {
  for (size_t c = 0; c < column_count; c++)
    pflow_free(self->scores[c]);
}

void measures_missed(outcome *result, const char *what) {
  const size_t used = strlen(result->note);
  snprintf(result->note + used, sizeof result->note - used, "%s%s: %s", used ? "; " : "",
           what, pflow_errmsg());
}

static pflow_err uniformity(const arena *self, const mapped *rows, outcome *result) {
  pflow_uniformity_config config;
  double value, ideal;
  pflow_uniformity_config_init(&config);
  config.seed = self->seed;
  config.pool = self->pool;
  pflow_err rc =
      pflow_uniformity(rows->test.x, rows->test.n, rows->test.dim, &config, &value);
  if (rc < 0) return rc;
  rc = pflow_uniformity_ideal(rows->test.dim, config.t, &ideal);
  if (rc < 0) return rc;
  result->value[col_uniformity] = value;
  result->value[col_ideal] = ideal;
  result->value[col_gap] = value - ideal;
  return rc;
}

static pflow_err hubness(const arena *self, const mapped *rows, outcome *result) {
  const pflow_features test = {rows->test.x, rows->test.n, rows->test.dim};
  const size_t k = arena_neighbours;
  pflow_hubs hubs;
  size_t *lists = pflow_alloc(test.n, k * sizeof *lists);
  if (!lists) return PFLOW_ENOMEM;
  pflow_err rc = pflow_neighbours_within(&test, NULL, 0, k, lists, NULL, self->pool);
  if (rc >= 0) rc = pflow_hubness(lists, test.n, k, test.n, &hubs, NULL);
  if (rc >= 0) result->value[col_hubness] = hubs.skewness;
  pflow_free(lists);
  return rc;
}

static pflow_err effective_rank(const arena *self, const mapped *rows, outcome *result) {
  double rank;
  (void)self;
  const pflow_err rc =
      pflow_effective_rank(rows->test.x, rows->test.n, rows->test.dim, &rank);
  if (rc >= 0) result->value[col_rank] = rank;
  return rc;
}

static pflow_err kept(const arena *self, const mapped *rows, outcome *result) {
  const pflow_features train = {rows->train.x, rows->train.n, rows->train.dim};
  const size_t n = rows->test.n, k = arena_neighbours;
  double mean;
  size_t *lists = pflow_alloc(n, k * sizeof *lists);
  if (!lists) return PFLOW_ENOMEM;
  pflow_err rc = pflow_neighbours(&train, rows->test.x, n, k, lists, NULL, self->pool);
  if (rc >= 0)
    rc = pflow_overlap(self->nearest, lists, n, k, &mean, result->scores[col_kept]);
  if (rc >= 0) result->value[col_kept] = mean;
  pflow_free(lists);
  return rc;
}

/* 1 for a row whose class was found, else 0; the mean of these. */
static double score_classes(const int32_t *found, const pflow_labelled *test,
                            double *scores) {
  double right = 0.0;
  for (size_t i = 0; i < test->n; i++) {
    scores[i] = found[i] == test->labels[i];
    right += scores[i];
  }
  return right / (double)test->n;
}

static pflow_err knn(const arena *self, const mapped *rows, outcome *result) {
  int32_t *found = pflow_alloc(rows->test.n, sizeof *found);
  if (!found) return PFLOW_ENOMEM;
  const pflow_err rc = pflow_knn_predict(&rows->train, rows->test.x, rows->test.n,
                                         arena_neighbours, found, self->pool);
  if (rc >= 0)
    result->value[col_knn] = score_classes(found, &rows->test, result->scores[col_knn]);
  pflow_free(found);
  return rc;
}

static pflow_err linear(const arena *self, const mapped *rows, outcome *result) {
  pflow_probe_config config;
  pflow_probe_report report;
  pflow_probe_config_init(&config);
  config.grid = self->grid;
  config.grid_size = self->grid_size;
  config.seed = self->seed;
  config.pool = self->pool;
  int32_t *found = pflow_alloc(rows->test.n, sizeof *found);
  if (!found) return PFLOW_ENOMEM;
  const pflow_err rc = pflow_probe(&rows->train, &rows->test, &config, &report, found,
                                   result->scores[col_nll]);
  if (rc >= 0) {
    result->value[col_linear] =
        score_classes(found, &rows->test, result->scores[col_linear]);
    result->value[col_nll] = report.nll;
    result->strength = report.strength;
  }
  pflow_free(found);
  return rc;
}

static pflow_err few_shot(const arena *self, const mapped *rows, outcome *result) {
  static const struct {
    size_t shots;
    column into;
  } runs[] = {{1, col_shot_1}, {5, col_shot_5}};
  pflow_few_shot_config config;
  pflow_few_shot found;
  pflow_few_shot_config_init(&config);
  config.seed = self->seed;
  config.pool = self->pool;
  for (size_t i = 0; i < 2; i++) {
    config.shots = runs[i].shots;
    const pflow_err rc = pflow_few_shot_accuracy(&rows->train, &rows->test, &config,
                                                 &found, result->scores[runs[i].into]);
    if (rc < 0) return rc;
    result->value[runs[i].into] = found.accuracy;
  }
  return PFLOW_OK;
}

static pflow_err codes(const arena *self, const mapped *rows, outcome *result) {
  static const struct {
    pflow_code code;
    column into;
  } runs[] = {{PFLOW_CODE_BIT, col_bit}, {PFLOW_CODE_BYTE, col_byte}};
  const pflow_features train = {rows->train.x, rows->train.n, rows->train.dim};
  double recall;
  for (size_t i = 0; i < 2; i++) {
    const pflow_err rc = pflow_code_recall(
        self->nearest, arena_neighbours, &train, runs[i].code, rows->test.x, rows->test.n,
        &recall, result->scores[runs[i].into], self->pool);
    if (rc < 0) return rc;
    result->value[runs[i].into] = recall;
  }
  return PFLOW_OK;
}

static pflow_err clusters(const arena *self, const mapped *rows, outcome *result) {
  const pflow_labelled *test = &rows->test;
  const pflow_features features = {test->x, test->n, test->dim};
  pflow_kmeans_config config;
  pflow_kmeans_report report;
  double nmi;
  pflow_kmeans_config_init(&config);
  config.clusters = test->classes;
  config.seed = self->seed;
  config.pool = self->pool;
  int32_t *found = pflow_alloc(test->n, sizeof *found);
  if (!found) return PFLOW_ENOMEM;
  pflow_err rc = pflow_kmeans(&features, &config, found, NULL, &report);
  if (rc >= 0)
    rc = pflow_nmi(test->labels, test->classes, found, test->classes, test->n, &nmi);
  if (rc >= 0) result->value[col_nmi] = nmi;
  pflow_free(found);
  return rc;
}

typedef struct measure {
  const char *name;
  pflow_err (*take)(const arena *, const mapped *, outcome *);
} measure;

static const measure measures[measure_steps] = {
    {"uniformity", uniformity}, {"hubness", hubness}, {"effective rank", effective_rank},
    {"neighbours", kept},       {"kNN", knn},         {"linear probe", linear},
    {"few shots", few_shot},    {"codes", codes},     {"k-means", clusters},
};

int measures_take(arena *self, const char *method, const mapped *rows, outcome *result) {
  for (size_t i = 0; i < measure_steps; i++) {
    try_status(arena_step(self, method, measures[i].name));
    const pflow_err rc = measures[i].take(self, rows, result);
    if (rc == PFLOW_ENOMEM) return say_result(rc);
    if (rc < 0) measures_missed(result, measures[i].name);
  }
  return status_ok;
}
