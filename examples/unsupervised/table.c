#include "table.h"

#include <stdio.h>

#include "common/must.h"

static double probe_accuracy(const table *self, const pflow_labelled *train,
                             const pflow_labelled *test, int *converged) {
  pflow_probe_report report;
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  config.seed = self->opts->seed;
  config.pool = self->pool;
  *converged = must(pflow_probe(train, test, &config, &report, NULL, NULL)) == PFLOW_OK;
  return report.accuracy;
}

static double vote_accuracy(const table *self, const pflow_labelled *train,
                            const pflow_labelled *test) {
  double accuracy;
  int32_t *predicted = must_alloc(test->n, sizeof *predicted);
  must(pflow_knn_predict(train, test->x, test->n, table_neighbours, predicted,
                         self->pool));
  must(pflow_accuracy(predicted, test->labels, test->n, &accuracy));
  pflow_free(predicted);
  return accuracy;
}

static double uniformity(const table *self, const pflow_labelled *test) {
  double value;
  pflow_uniformity_config config;
  pflow_uniformity_config_init(&config);
  config.seed = self->opts->seed;
  config.pool = self->pool;
  must(pflow_uniformity(test->x, test->n, test->dim, &config, &value));
  return value;
}

table_row *table_add(table *self, const char *name, const feature_set *set) {
  if (self->count == table_room) fail("more than %d rows in the table", table_room);
  table_row *row = &self->row[self->count++];
  const pflow_labelled train = {set->train, set->train_labels, set->n_train, set->dim,
                                set->classes};
  const pflow_labelled test = {set->test, set->test_labels, set->n_test, set->dim,
                               set->classes};
  *row = (table_row){.dim = set->dim};
  snprintf(row->name, sizeof row->name, "%s", name);
  row->linear = probe_accuracy(self, &train, &test, &row->converged);
  row->neighbours = vote_accuracy(self, &train, &test);
  row->uniformity = uniformity(self, &test);
  must(pflow_uniformity_ideal(set->dim, 2.0, &row->ideal));
  fprintf(stderr, "  %-32s linear %.2f %%  kNN %.2f %%  uniformity %.4f\n", name,
          100 * row->linear, 100 * row->neighbours, row->uniformity);
  return row;
}

static float *whiten(const pflow_affine *affine, const float *x, size_t n) {
  float *y = must_alloc(n * pflow_affine_out_dim(affine), sizeof *y);
  must(pflow_affine_apply(affine, x, n, y));
  return y;
}

void table_add_whitened(table *self, const char *name, const feature_set *set) {
  pflow_affine *affine;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.pool = self->pool;
  must(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA_WHITEN, set->train, set->n_train,
                        set->dim, &config));
  feature_set made = features_like(set);
  made.dim = pflow_affine_out_dim(affine);
  made.train = whiten(affine, set->train, set->n_train);
  made.test = whiten(affine, set->test, set->n_test);
  table_add(self, name, &made);
  features_free(&made);
  pflow_affine_destroy(affine);
}

static float *transform(const pflow_map *map, const float *x, size_t n) {
  pflow_map_work *work;
  float *y = must_alloc(n * pflow_map_out_dim(map), sizeof *y);
  must(pflow_map_work_create(&work, map, NULL));
  must(pflow_map_transform(map, work, x, n, y));
  pflow_map_work_destroy(work);
  return y;
}

void table_add_mapped(table *self, const char *name, const feature_set *set) {
  pflow_map *map;
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.max_sources = self->opts->map_rows;
  config.seed = self->opts->seed;
  config.pool = self->pool;
  must(pflow_map_create(&map, &config));
  must(pflow_map_fit(map, set->train, NULL, set->n_train, set->dim));
  feature_set made = features_like(set);
  made.dim = pflow_map_out_dim(map);
  made.train = transform(map, set->train, set->n_train);
  made.test = transform(map, set->test, set->n_test);
  table_row *row = table_add(self, name, &made);
  row->mapped = 1;
  must(pflow_map_get_info(map, &row->map));
  features_free(&made);
  pflow_map_destroy(map);
}
