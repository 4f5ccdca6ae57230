/*
 * contrast_l2.c - powers of distances: positives attract, the other rows repel. A pair of
 * rows stands in the sums of both, so each pulls the other with twice its derivative.
 */
#include <math.h>

#include "nn/contrast.h"

typedef struct repulsion {
  pf_contrast_row *row;
  double beta;
  double factor; /* of the gradient: 2 lambda beta / n */
} repulsion;

static void add_pairs(const pf_pair_block *block, void *user) {
  const repulsion *self = user;
  double sum = 0.0;
  for (size_t j = 0; j < block->count; j++) {
    const double squared = block->squared[j], power = pow(squared, 0.5 * self->beta);
    sum += power;
    if (block->weight)
      block->weight[j] = squared == 0.0 ? 0.0f : (float)(self->factor * power / squared);
  }
  self->row[block->row].sum += sum;
}

/* *value -= lambda / n * the sum over pairs. */
static pflow_err add_repulsion(const pf_contrast *call, double beta, double lambda,
                               double *value) {
  const double n = (double)call->n;
  repulsion self = {call->work->row, beta, 2.0 * lambda * beta / n};
  double sum = 0.0;
  for (size_t i = 0; i < call->n; i++)
    self.row[i] = (pf_contrast_row){0};
  pf_try(pf_pairs_run(call->work->pool, call->x, call->n, call->dim, add_pairs, &self,
                      call->dx));
  for (size_t i = 0; i < call->n; i++)
    sum += self.row[i].sum;
  *value -= lambda * sum / n;
  return PFLOW_OK;
}

static pflow_err read_config(pflow_l2_contrast_config *config,
                             const pflow_l2_contrast_config *given) {
  pflow_l2_contrast_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_l2_contrast_config"));
  pf_try(pf_contrast_check_power("alpha", config->alpha));
  pf_try(pf_contrast_check_power("beta", config->beta));
  return pf_check_setting((config->lambda >= 0.0 && config->lambda < INFINITY) ||
                              config->lambda == PFLOW_LAMBDA_MEAN,
                          "lambda", config->lambda, "0 or more");
}

pflow_err pflow_loss_l2_contrast(pflow_contrast_work *work, const float *x,
                                 const float *y, size_t n, size_t dim,
                                 const pflow_l2_contrast_config *config, double *loss,
                                 float *dx, float *dy) {
  const pf_contrast call = {work, x, y, n, dim, dx, dy};
  pflow_l2_contrast_config full;
  double value = 0.0;
  pf_try(read_config(&full, config));
  pf_try(pf_contrast_begin(&call, loss));
  const double lambda =
      full.lambda == PFLOW_LAMBDA_MEAN ? 1.0 / (double)(n - 1) : full.lambda;
  pf_try(add_repulsion(&call, full.beta, lambda, &value));
  *loss = value + pf_contrast_align(&call, full.alpha);
  return PFLOW_OK;
}
