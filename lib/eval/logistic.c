/*
 * logistic.c - fitting of multinomial logistic regression by L-BFGS.
 *
 * L-BFGS works in other variables than the weights (eval/precondition.h). Only they
 * change, not the objective; tolerance and report are those of the weights w.
 */
#include <math.h>

#include "eval/precondition.h"
#include "eval/rows.h"
#include "pflow/optim.h"

typedef struct fit {
  pf_objective objective;
  size_t size; /* classes * width */
  pf_precondition variables;
  double *start;    /* v, where L-BFGS begins and ends */
  double *weights;  /* w, where the objective was evaluated last */
  double *gradient; /* there */
  double grad_tol, grad_max, value;
} fit;

/* NaN if there is one. */
static double max_abs(const double *values, size_t size) {
  double largest = 0.0;
  for (size_t i = 0; i < size && !isnan(largest); i++) {
    double value = fabs(values[i]);
    if (!(value <= largest)) largest = value;
  }
  return largest;
}

/* Evaluates at v, and tells whether the tolerance is met there. */
static pflow_err evaluate(fit *self, const double *v, bool *met) {
  for (size_t i = 0; i < self->size; i++)
    self->weights[i] = v[i];
  pf_to_weights(&self->variables, self->weights, self->objective.classes);
  pf_try(pf_objective_evaluate(&self->objective, self->weights, &self->value,
                               self->gradient));
  self->grad_max = max_abs(self->gradient, self->size) / (double)self->objective.n;
  *met = self->grad_max <= self->grad_tol;
  return PFLOW_OK;
}

static int lbfgs_objective(const double *v, size_t size, double *value, double *gradient,
                           void *user) {
  fit *self = user;
  bool met;
  pf_try(evaluate(self, v, &met));
  *value = self->value;
  for (size_t i = 0; i < size; i++)
    gradient[i] = self->gradient[i];
  pf_to_variables(&self->variables, gradient, self->objective.classes);
  return met;
}

static pflow_err minimize(fit *self, size_t max_iters, size_t *iterations) {
  pflow_lbfgs_config config;
  pflow_lbfgs_config_init(&config);
  config.max_iters = max_iters;
  config.history = 20;
  config.grad_tol = 0.0; /* the objective itself stops at the tolerance */
  pflow_lbfgs_report report = {0};
  pflow_err rc = pflow_lbfgs_minimize(lbfgs_objective, self, self->start, self->size,
                                      &config, &report);
  *iterations = report.iterations;
  if (rc < 0 || rc == PFLOW_STOPPED) return rc < 0 ? rc : PFLOW_OK;
  bool met;
  pf_try(evaluate(self, self->start, &met));
  return met ? PFLOW_OK : PFLOW_LIMIT;
}

static void fit_free(fit *self) {
  pflow_free(self->gradient);
  pflow_free(self->weights);
  pflow_free(self->start);
  pf_precondition_free(&self->variables);
  pf_objective_free(&self->objective);
}

static pflow_err fit_allocate(fit *self) {
  pf_try(pf_mul(&self->size, self->objective.classes, self->objective.width,
                "logistic weights"));
  pf_try(pf_objective_allocate(&self->objective));
  pf_try(pf_alloc(&self->start, self->size, sizeof(double)));
  pf_try(pf_alloc(&self->weights, self->size, sizeof(double)));
  return pf_alloc(&self->gradient, self->size, sizeof(double));
}

static pflow_err model_create(pflow_logistic **model, const fit *self) {
  pflow_logistic *made;
  size_t classes = self->objective.classes, width = self->objective.width;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = pf_alloc(&made->coef, self->size, sizeof *made->coef);
  if (rc < 0) {
    pflow_free(made);
    return rc;
  }
  made->dim = width - 1;
  made->classes = classes;
  made->intercept = made->coef + classes * made->dim;
  for (size_t k = 0; k < classes; k++) {
    const double *weights = self->weights + k * width;
    made->intercept[k] = weights[0];
    for (size_t j = 0; j < made->dim; j++)
      made->coef[k * made->dim + j] = weights[j + 1] / self->objective.unit;
  }
  *model = made;
  return PFLOW_OK;
}

static pflow_err fit_run(pflow_logistic **model, fit *self, size_t max_iters,
                         size_t *iterations) {
  pf_try(fit_allocate(self));
  pf_try(pf_precondition_make(&self->variables, &self->objective));
  pflow_err rc = minimize(self, max_iters, iterations);
  if (rc >= 0) pf_try(model_create(model, self));
  return rc;
}

static pflow_err read_config(pflow_logistic_config *config,
                             const pflow_logistic_config *given) {
  pflow_logistic_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_logistic_config"));
  pf_try(pf_check_setting(config->c > 0.0 && config->c <= 1e100, "c", config->c,
                          "> 0 and <= 1e100"));
  pf_try(pf_check_setting(config->grad_tol > 0.0 && config->grad_tol < INFINITY,
                          "grad_tol", config->grad_tol, "> 0 and finite"));
  return pf_check_setting(config->max_iters > 0, "max_iters", (double)config->max_iters,
                          "> 0");
}

pflow_err pf_logistic_fit(pflow_logistic **model, const pflow_labelled *rows, double unit,
                          const pflow_logistic_config *config,
                          pflow_logistic_report *report) {
  *model = NULL;
  pflow_logistic_config full;
  pf_try(read_config(&full, config));
  pf_try(pf_check_setting(rows->classes >= 2, "classes", (double)rows->classes, ">= 2"));
  pf_try(pf_check_rows_shared(full.pool, rows->x, rows->n, rows->dim, "rows"));
  pf_try(pf_check_labels(rows->labels, rows->n, rows->classes, "labels"));
  fit self = {.grad_tol = full.grad_tol};
  self.objective = (pf_objective){.x = rows->x,
                                  .labels = rows->labels,
                                  .n = rows->n,
                                  .width = rows->dim + 1,
                                  .classes = rows->classes,
                                  .c = full.c,
                                  .unit = unit,
                                  .pool = full.pool,
                                  .kernels = pf_kernels_get()};
  size_t iterations = 0;
  pflow_err rc = fit_run(model, &self, full.max_iters, &iterations);
  fit_free(&self);
  if (rc >= 0 && report)
    *report = (pflow_logistic_report){self.value, self.grad_max, iterations};
  return rc;
}

pflow_err pflow_logistic_fit(pflow_logistic **model, const float *x,
                             const int32_t *labels, size_t n, size_t dim, size_t classes,
                             const pflow_logistic_config *config,
                             pflow_logistic_report *report) {
  pf_need(model);
  *model = NULL;
  pf_need(x);
  pf_need(labels);
  const pflow_labelled rows = {x, labels, n, dim, classes};
  return pf_logistic_fit(model, &rows, 1.0, config, report);
}

void pflow_logistic_destroy(pflow_logistic *model) {
  if (!model) return;
  pflow_free(model->coef);
  pflow_free(model);
}

const double *pflow_logistic_coef(const pflow_logistic *model) {
  return model ? model->coef : NULL;
}

const double *pflow_logistic_intercept(const pflow_logistic *model) {
  return model ? model->intercept : NULL;
}
