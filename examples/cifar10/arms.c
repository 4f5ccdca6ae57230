#include "arms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "common/must.h"

/* What is at hand while arms are measured. */
typedef struct bench {
  arm_table *table;
  encoder *enc;
  const dataset *data;
  const options *opts;
} bench;

static arm *add_arm(bench *self, const char *name) {
  arm *made = &self->table->arm[self->table->count++];
  *made = (arm){.name = name};
  return made;
}

static double uniformity(const feature_set *set, const options *opts, pflow_pool *pool) {
  double value;
  pflow_uniformity_config config;
  pflow_uniformity_config_init(&config);
  config.seed = opts->seed;
  config.pool = pool;
  must(pflow_uniformity(set->test, set->n_test, set->dim, &config, &value));
  return value;
}

static double probe_accuracy(const pflow_logistic *model, const float *x,
                             const int32_t *labels, size_t n, size_t dim) {
  double accuracy;
  int32_t *predicted = must_alloc(n, sizeof *predicted);
  must(pflow_logistic_predict(model, x, n, dim, predicted));
  must(pflow_accuracy(predicted, labels, n, &accuracy));
  pflow_free(predicted);
  return accuracy;
}

/* A logistic refit on the train rows of a set, measured on both splits. */
static arm *refit(bench *self, const char *name, const feature_set *set) {
  arm *row = add_arm(self, name);
  pflow_logistic *model;
  pflow_logistic_config config;
  pflow_logistic_report report;
  pflow_logistic_config_init(&config);
  config.c = self->opts->probe_c;
  config.max_iters = self->opts->probe_iters;
  config.pool = self->enc->pool;
  pflow_err rc =
      must(pflow_logistic_fit(&model, set->train, set->train_labels, set->n_train,
                              set->dim, set->classes, &config, &report));
  row->refitted = 1;
  row->converged = rc == PFLOW_OK;
  row->iterations = report.iterations;
  row->train =
      probe_accuracy(model, set->train, set->train_labels, set->n_train, set->dim);
  row->test = probe_accuracy(model, set->test, set->test_labels, set->n_test, set->dim);
  row->uniformity = uniformity(set, self->opts, self->enc->pool);
  pflow_logistic_destroy(model);
  fprintf(stderr, "  %-28s train %.2f %%  test %.2f %%  uniformity %.4f\n", name,
          100 * row->train, 100 * row->test, row->uniformity);
  return row;
}

/* ---- feature sets ---- */

static feature_set flowed_features(const bench *self, const pflow_net *net,
                                   flow_report *train, flow_report *test) {
  const feature_set *raw = &self->table->raw;
  feature_set made = features_like(raw);
  made.train = flow_run(net, raw->train, raw->n_train, self->opts, train);
  made.test = flow_run(net, raw->test, raw->n_test, self->opts, test);
  return made;
}

static float *apply_affine(const pflow_affine *affine, const float *x, size_t n) {
  float *y = must_alloc(n * pflow_affine_out_dim(affine), sizeof *y);
  must(pflow_affine_apply(affine, x, n, y));
  return y;
}

static void affine_arm(bench *self, const char *name, pflow_affine_kind kind) {
  const feature_set *raw = &self->table->raw;
  feature_set made = features_like(raw);
  pflow_affine *affine;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.seed = self->opts->seed;
  config.pool = self->enc->pool;
  must(pflow_affine_fit(&affine, kind, raw->train, raw->n_train, raw->dim, &config));
  made.train = apply_affine(affine, raw->train, raw->n_train);
  made.test = apply_affine(affine, raw->test, raw->n_test);
  pflow_affine_destroy(affine);
  refit(self, name, &made);
  features_free(&made);
}

/* Features of a random network of the field's kind and size, never trained. */
static void random_mlp_arm(bench *self) {
  const feature_set *raw = &self->table->raw;
  feature_set made = features_like(raw);
  pflow_net *net;
  pflow_net_work *work;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.seed = self->opts->seed;
  config.pool = self->enc->pool;
  must(pflow_field_net_create(&net, FEATURE_DIM - 1, &config));
  must(pflow_net_work_create(&work, net, 1024, PFLOW_INFERENCE));
  made.train = must_alloc(raw->n_train * FEATURE_DIM, sizeof *made.train);
  made.test = must_alloc(raw->n_test * FEATURE_DIM, sizeof *made.test);
  must(pflow_net_predict(net, work, raw->train, raw->n_train, made.train));
  must(pflow_net_predict(net, work, raw->test, raw->n_test, made.test));
  refit(self, "random MLP + refit", &made);
  features_free(&made);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
}

/* ---- the arms ---- */

/* The network's own head: on augmented train images as the post had it, or clean ones. */
static void head_arms(bench *self) {
  enum { augmented_limit = 10000 };
  const feature_set *raw = &self->table->raw;
  double test =
      encoder_head_accuracy(self->enc, raw->test, raw->test_labels, raw->n_test);
  double spread = uniformity(raw, self->opts, self->enc->pool);
  arm *row = add_arm(self, "head (augmented train)");
  row->train = encoder_augmented_accuracy(self->enc, self->data->train, self->opts,
                                          augmented_limit);
  row->test = test;
  row->from_post = 1;
  row->uniformity = spread;
  row = add_arm(self, "head (clean train)");
  row->train =
      encoder_head_accuracy(self->enc, raw->train, raw->train_labels, raw->n_train);
  row->test = test;
  row->uniformity = spread;
}

static void untrained_arm(bench *self) {
  flow_report test;
  pflow_net *net = flow_untrained_net(self->opts, self->enc->pool);
  feature_set made = flowed_features(self, net, &self->table->untrained_flow, &test);
  refit(self, "untrained field + refit", &made);
  features_free(&made);
  pflow_net_destroy(net);
}

void arms_measure(arm_table *self, encoder *enc, const feature_set *raw,
                  const flow_field *field, const dataset *data, const options *opts) {
  bench all = {self, enc, data, opts};
  must(pflow_uniformity_ideal(FEATURE_DIM, 2.0, &self->ideal));
  fprintf(stderr, "measuring the arms\n");
  self->raw = *raw;
  head_arms(&all);
  self->flowed = flowed_features(&all, field->net, &self->train_flow, &self->test_flow);
  refit(&all, "Poisson flow + refit", &self->flowed)->from_post = 1;
  refit(&all, "raw features + refit", &self->raw);
  affine_arm(&all, "centred + refit", PFLOW_AFFINE_CENTER);
  affine_arm(&all, "PCA-whitened + refit", PFLOW_AFFINE_PCA_WHITEN);
  affine_arm(&all, "ZCA-whitened + refit", PFLOW_AFFINE_ZCA_WHITEN);
  affine_arm(&all, "random rotation + refit", PFLOW_AFFINE_ROTATE);
  untrained_arm(&all);
  random_mlp_arm(&all);
}

void arms_destroy(arm_table *self) {
  features_free(&self->raw);
  features_free(&self->flowed);
}
