/*
 * logistic_predict.c - classes, probabilities and losses of new rows, a block at a time.
 */
#include <math.h>

#include "eval/logistic.h"
#include "eval/rows.h"
#include "kernels/gemm.h"

enum { block_rows = 1024 };

typedef struct block {
  double *rows;   /* count x dim */
  double *logits; /* count x classes, behind rows */
} block;

static pflow_err block_create(block *self, const pflow_logistic *model, size_t n) {
  size_t rows = n < block_rows ? n : block_rows, size;
  pf_try(pf_add(&size, model->dim, model->classes, "block of rows"));
  pf_try(pf_mul(&size, size, rows, "block of rows"));
  pf_try(pf_alloc(&self->rows, size, sizeof *self->rows));
  self->logits = self->rows + rows * model->dim;
  return PFLOW_OK;
}

static pflow_err find_logits(block *self, const pflow_logistic *model, const float *x,
                             size_t count) {
  for (size_t i = 0; i < count * model->dim; i++)
    self->rows[i] = x[i];
  for (size_t i = 0; i < count * model->classes; i++)
    self->logits[i] = model->intercept[i % model->classes];
  return pf_dgemm(pf_plain, pf_transposed, count, model->classes, model->dim, self->rows,
                  model->coef, 1.0, self->logits);
}

/* Where the answers go: all but one are NULL. */
typedef struct answers {
  int32_t *labels;
  float *proba;
  double *losses;
  const int32_t *truth; /* that the losses are of */
} answers;

/* -log of the probability of a class. */
static double loss_of(const double *logits, size_t classes, size_t truth) {
  const double top = logits[pf_largest(logits, classes)];
  double sum = 0.0;
  for (size_t k = 0; k < classes; k++)
    sum += exp(logits[k] - top);
  return log(sum) + (top - logits[truth]);
}

static void answer_row(double *logits, size_t classes, answers out, size_t row) {
  if (out.labels) {
    out.labels[row] = (int32_t)pf_largest(logits, classes);
    return;
  }
  if (out.losses) {
    out.losses[row] = loss_of(logits, classes, (size_t)out.truth[row]);
    return;
  }
  pf_softmax(logits, classes);
  for (size_t k = 0; k < classes; k++)
    out.proba[row * classes + k] = (float)logits[k];
}

static pflow_err answer_all(const pflow_logistic *model, const float *x, size_t n,
                            answers out) {
  block self;
  pf_try(block_create(&self, model, n));
  pflow_err rc = PFLOW_OK;
  for (size_t begin = 0; begin < n && rc >= 0; begin += block_rows) {
    size_t count = n - begin < block_rows ? n - begin : block_rows;
    rc = find_logits(&self, model, x + begin * model->dim, count);
    for (size_t i = 0; i < count && rc >= 0; i++)
      answer_row(self.logits + i * model->classes, model->classes, out, begin + i);
  }
  pflow_free(self.rows);
  return rc;
}

static pflow_err check_rows(const pflow_logistic *model, const float *x, size_t n,
                            size_t dim) {
  if (dim != model->dim)
    return pf_fail(PFLOW_ESHAPE, "the model was fitted to %zu values a row, got %zu",
                   model->dim, dim);
  return pf_check_rows(x, n, dim, "rows");
}

pflow_err pflow_logistic_predict(const pflow_logistic *model, const float *x, size_t n,
                                 size_t dim, int32_t *labels) {
  pf_need(model);
  pf_need(x);
  pf_need(labels);
  pf_try(check_rows(model, x, n, dim));
  return answer_all(model, x, n, (answers){.labels = labels});
}

pflow_err pflow_logistic_proba(const pflow_logistic *model, const float *x, size_t n,
                               size_t dim, float *proba) {
  pf_need(model);
  pf_need(x);
  pf_need(proba);
  pf_try(check_rows(model, x, n, dim));
  return answer_all(model, x, n, (answers){.proba = proba});
}

pflow_err pf_logistic_losses(const pflow_logistic *model, const float *x,
                             const int32_t *truth, size_t n, double *losses) {
  return answer_all(model, x, n, (answers){.losses = losses, .truth = truth});
}
