/*
 * probe.c - linear probe with its strength chosen by cross-validation.
 */
#include "pflow/probes.h"

#include <math.h>

#include "eval/folds.h"
#include "eval/logistic.h"
#include "eval/rows.h"

enum { most_worse = 2 };

static const double default_grid[] = {1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2};

typedef struct probe {
  const pflow_labelled *train;
  pflow_probe_config config;
  size_t take;         /* rows cross-validated */
  size_t *rows, *fold; /* of them: number and fold */
  size_t *places;      /* classes + 1 */
  float *x;            /* take x dim: rows outside of a fold, then those in it */
  int32_t *labels;
  double *losses; /* of rows held out */
  double variance;
  double unit; /* the power of two below its root: fits are of rows divided by it */
} probe;

/* Mean over columns of their variances; 1 for constant rows. */
static pflow_err mean_variance(const pflow_labelled *train, double *variance) {
  double *mean, sum = 0.0;
  pf_try(pf_alloc(&mean, train->dim, sizeof *mean));
  const pflow_err rc = pf_moments(train->x, train->n, train->dim, mean, NULL);
  for (size_t i = 0; i < train->n; i++)
    for (size_t k = 0; k < train->dim; k++)
      sum += pow(train->x[i * train->dim + k] - mean[k], 2.0);
  pflow_free(mean);
  sum /= (double)train->n * (double)train->dim;
  *variance = sum > 0.0 ? sum : 1.0;
  return rc;
}

static pflow_err fit(const probe *self, const float *x, const int32_t *labels, size_t n,
                     double strength, pflow_logistic **model) {
  const pflow_labelled rows = {x, labels, n, self->train->dim, self->train->classes};
  pflow_logistic_config config;
  pflow_logistic_config_init(&config);
  config.c = strength / (self->variance / self->unit / self->unit);
  config.grad_tol = self->config.grad_tol;
  config.max_iters = self->config.max_iters;
  config.pool = self->config.pool;
  return pf_logistic_fit(model, &rows, self->unit, &config, NULL);
}

/* Adds the losses of the rows in a fold, held out from a fit of that strength. */
static pflow_err try_fold(const probe *self, size_t fold, double strength, double *sum) {
  const pflow_labelled *train = self->train;
  const size_t outside = pf_folds_split(train, self->take, self->rows, self->fold, fold,
                                        self->x, self->labels);
  const size_t held = self->take - outside;
  pflow_logistic *model;
  pf_try(fit(self, self->x, self->labels, outside, strength, &model));
  const pflow_err rc = pf_logistic_losses(model, self->x + outside * train->dim,
                                          self->labels + outside, held, self->losses);
  pflow_logistic_destroy(model);
  for (size_t row = 0; rc >= 0 && row < held; row++)
    *sum += self->losses[row];
  return rc;
}

static pflow_err allocate(probe *self) {
  const pflow_labelled *train = self->train;
  size_t size;
  pf_try(pf_mul(&size, self->take, train->dim, "rows of folds"));
  pf_try(pf_alloc(&self->rows, self->take, sizeof *self->rows));
  pf_try(pf_alloc(&self->fold, self->take, sizeof *self->fold));
  pf_try(pf_alloc(&self->places, train->classes + 1, sizeof *self->places));
  pf_try(pf_alloc(&self->x, size, sizeof *self->x));
  pf_try(pf_alloc(&self->labels, self->take, sizeof *self->labels));
  return pf_alloc(&self->losses, self->take, sizeof *self->losses);
}

static void probe_free(probe *self) {
  pflow_free(self->losses);
  pflow_free(self->labels);
  pflow_free(self->x);
  pflow_free(self->places);
  pflow_free(self->fold);
  pflow_free(self->rows);
}

/* Place in the grid of the least sum of losses, and that sum. Stronger and stronger fits
 * take longer and longer: it does not look beyond two that are worse than the best. */
static pflow_err choose(probe *self, size_t *best, double *least) {
  pf_try(allocate(self));
  pf_folds_deal(self->train, self->take, self->config.folds, self->config.seed,
                self->rows, self->fold, self->places);
  *least = INFINITY;
  for (size_t i = 0; i < self->config.grid_size && i <= *best + most_worse; i++) {
    double sum = 0.0;
    for (size_t fold = 0; fold < self->config.folds; fold++)
      pf_try(try_fold(self, fold, self->config.grid[i], &sum));
    if (sum >= *least) continue;
    *least = sum;
    *best = i;
  }
  return PFLOW_OK;
}

static pflow_err cross_validate(probe *self, pflow_probe_report *report) {
  size_t best = 0;
  if (self->config.grid_size > 1) {
    double least;
    const pflow_err rc = choose(self, &best, &least);
    probe_free(self);
    pf_try(rc);
    report->cross_nll = least / (double)self->take;
  }
  report->strength = self->config.grid[best];
  report->c = report->strength / self->variance;
  return PFLOW_OK;
}

/* Where the answers to the test rows go. */
typedef struct answers {
  const pflow_labelled *test;
  int32_t *predicted;
  double *losses;
} answers;

static pflow_err measure(const pflow_logistic *model, const answers *to,
                         pflow_probe_report *report) {
  const pflow_labelled *test = to->test;
  pf_try(pflow_logistic_predict(model, test->x, test->n, test->dim, to->predicted));
  pf_try(pf_logistic_losses(model, test->x, test->labels, test->n, to->losses));
  double sum = 0.0;
  for (size_t i = 0; i < test->n; i++)
    sum += to->losses[i];
  report->nll = sum / (double)test->n;
  return pflow_accuracy(to->predicted, test->labels, test->n, &report->accuracy);
}

/* PFLOW_LIMIT if the fit did not reach the tolerance. */
static pflow_err run(probe *self, const answers *to, pflow_probe_report *report) {
  const pflow_labelled *train = self->train;
  pflow_probe_report found = {0};
  pflow_logistic *model;
  pf_try(mean_variance(train, &self->variance));
  self->unit = ldexp(1.0, ilogb(sqrt(self->variance)));
  pf_try(cross_validate(self, &found));
  const pflow_err fitted =
      fit(self, train->x, train->labels, train->n, found.strength, &model);
  pf_try(fitted);
  const pflow_err rc = measure(model, to, &found);
  pflow_logistic_destroy(model);
  if (rc >= 0) *report = found;
  return rc < 0 ? rc : fitted;
}

static pflow_err check_grid(const pflow_probe_config *config) {
  pf_try(pf_check_setting(config->grid_size > 0, "grid_size", 0.0, "> 0"));
  for (size_t i = 0; i < config->grid_size; i++) {
    const double least = i > 0 ? config->grid[i - 1] : 0.0;
    pf_try(pf_check_setting(config->grid[i] > least && config->grid[i] <= 1e50, "grid",
                            config->grid[i], "> 0, rising and <= 1e50"));
  }
  return PFLOW_OK;
}

static pflow_err read_config(probe *self, const pflow_probe_config *given) {
  pflow_probe_config *config = &self->config;
  pflow_probe_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_probe_config"));
  if (!config->grid) {
    config->grid = default_grid;
    config->grid_size = sizeof default_grid / sizeof *default_grid;
  }
  return check_grid(config);
}

/* Sets the rows to cross-validate. */
static pflow_err check_folds(probe *self) {
  const pflow_probe_config *config = &self->config;
  const size_t n = self->train->n;
  self->take = n < config->max_rows ? n : config->max_rows;
  if (config->grid_size == 1) return PFLOW_OK;
  if (config->folds < 2 || config->folds > self->take)
    return pf_fail(PFLOW_EINVAL, "folds is %zu, wants 2 to %zu (rows)", config->folds,
                   self->take);
  return PFLOW_OK;
}

pflow_err pflow_probe(const pflow_labelled *train, const pflow_labelled *test,
                      const pflow_probe_config *config, pflow_probe_report *report,
                      int32_t *predicted, double *losses) {
  pf_need(report);
  probe self = {.train = train};
  pf_try(read_config(&self, config));
  pf_try(pf_check_train_test(train, test, self.config.pool));
  pf_try(
      pf_check_setting(train->classes >= 2, "classes", (double)train->classes, ">= 2"));
  pf_try(check_folds(&self));
  int32_t *own_predicted = NULL;
  double *own_losses = NULL;
  pflow_err rc = PFLOW_OK;
  if (!predicted) rc = pf_alloc(&own_predicted, test->n, sizeof *own_predicted);
  if (rc >= 0 && !losses) rc = pf_alloc(&own_losses, test->n, sizeof *own_losses);
  const answers to = {test, predicted ? predicted : own_predicted,
                      losses ? losses : own_losses};
  if (rc >= 0) rc = run(&self, &to, report);
  pflow_free(own_losses);
  pflow_free(own_predicted);
  return rc;
}
