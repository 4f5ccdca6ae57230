/*
 * contrast_uniform.c - alignment and uniformity as a loss.
 *
 * With T the sum of e^(-t d_ij^2) over ordered pairs, U = ln T / (n (n - 1)), and row i
 * is pulled by row j with 4 t e^(-t d_ij^2) / T: pushed, in the descent.
 */
#include <math.h>

#include "nn/contrast.h"

/* The uniformity of one view. */
typedef struct potential {
  pf_contrast_row *row;
  double t;
  double log_total; /* ln T */
  double factor;    /* of the gradient */
} potential;

static void add_pairs(const pf_pair_block *block, void *user) {
  const potential *self = user;
  double exponent[pf_pair_room];
  for (size_t j = 0; j < block->count; j++)
    exponent[j] = -self->t * block->squared[j];
  pf_contrast_add_exp(&self->row[block->row], exponent, block->count);
}

static void weigh_pairs(const pf_pair_block *block, void *user) {
  const potential *self = user;
  for (size_t j = 0; j < block->count; j++)
    block->weight[j] =
        (float)(self->factor * exp(-self->t * block->squared[j] - self->log_total));
}

static double log_total(const pf_contrast_row *row, size_t n) {
  pf_contrast_row total = {.top = -INFINITY};
  for (size_t i = 0; i < n; i++) {
    const double exponent = row[i].top + log(row[i].sum);
    pf_contrast_add_exp(&total, &exponent, 1);
  }
  return total.top + log(total.sum);
}

/* *value += weight * U(x); its gradient is added unless NULL. */
static pflow_err add_uniformity(const pf_contrast *call, const float *x, double t,
                                double weight, float *gradient, double *value) {
  const size_t n = call->n;
  potential self = {.row = call->work->row, .t = t, .factor = 4.0 * t * weight};
  for (size_t i = 0; i < n; i++)
    self.row[i] = (pf_contrast_row){.top = -INFINITY};
  pf_try(pf_pairs_run(call->work->pool, x, n, call->dim, add_pairs, &self, NULL));
  self.log_total = log_total(self.row, n);
  *value += weight * (self.log_total - log((double)n) - log((double)(n - 1)));
  if (!gradient) return PFLOW_OK;
  return pf_pairs_run(call->work->pool, x, n, call->dim, weigh_pairs, &self, gradient);
}

static pflow_err read_config(pflow_align_uniform_config *config,
                             const pflow_align_uniform_config *given) {
  pflow_align_uniform_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_align_uniform_config"));
  pf_try(pf_contrast_check_power("alpha", config->alpha));
  pf_try(
      pf_check_setting(config->t > 0.0 && config->t < INFINITY, "t", config->t, "> 0"));
  return pf_check_setting(config->lambda >= 0.0 && config->lambda < INFINITY, "lambda",
                          config->lambda, "0 or more");
}

pflow_err pflow_loss_align_uniform(pflow_contrast_work *work, const float *x,
                                   const float *y, size_t n, size_t dim,
                                   const pflow_align_uniform_config *config, double *loss,
                                   float *dx, float *dy) {
  const pf_contrast call = {work, x, y, n, dim, dx, dy};
  pflow_align_uniform_config full;
  double value = 0.0;
  pf_try(read_config(&full, config));
  pf_try(pf_contrast_begin(&call, loss));
  pf_try(add_uniformity(&call, x, full.t, 0.5 * full.lambda, dx, &value));
  pf_try(add_uniformity(&call, y, full.t, 0.5 * full.lambda, dy, &value));
  *loss = value + pf_contrast_align(&call, full.alpha);
  return PFLOW_OK;
}
