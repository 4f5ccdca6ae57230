/*
 * contrast_infonce.c - InfoNCE with the other rows of a view as negatives.
 *
 * Inner products come from distances: x_i . x_j = (||x_i||^2 + ||x_j||^2 - d_ij^2) / 2.
 * With c_ij the derivative by x_i . x_j, which stands in the sums of rows i and j, the
 * gradient is sum_j c_ij x_j = sum_j c_ij (x_j - x_i) + (sum_j c_ij) x_i.
 */
#include <math.h>

#include "kernels/table.h"
#include "nn/contrast.h"

typedef struct infonce {
  pf_contrast_row *row; /* after the first pass, top: ln of row i's sum */
  double tau;
  double factor; /* of the gradient: weight / (n tau) */
} infonce;

/* NaN for rows too far apart for a float: their product is not known. */
static double exponent_of(const infonce *self, const pf_pair_block *block, size_t j) {
  const double squares = self->row[block->row].square + self->row[block->other[j]].square;
  const double squared = block->squared[j];
  return squared < INFINITY ? 0.5 * (squares - squared) / self->tau : NAN;
}

static void add_pairs(const pf_pair_block *block, void *user) {
  const infonce *self = user;
  double exponent[pf_pair_room];
  for (size_t j = 0; j < block->count; j++)
    exponent[j] = exponent_of(self, block, j);
  pf_contrast_add_exp(&self->row[block->row], exponent, block->count);
}

static void weigh_pairs(const pf_pair_block *block, void *user) {
  const infonce *self = user;
  pf_contrast_row *row = &self->row[block->row];
  for (size_t j = 0; j < block->count; j++) {
    const double exponent = exponent_of(self, block, j);
    const double weight = self->factor * (exp(exponent - row->top) +
                                          exp(exponent - self->row[block->other[j]].top));
    row->weight += weight;
    block->weight[j] = (float)weight;
  }
}

/* Lengths and positive products; the positive is the first of each row's exponents. */
static void begin_rows(const infonce *self, const pf_contrast *call) {
  const pf_rows_kernels *kernels = &pf_kernels_get()->rows;
  for (size_t i = 0; i < call->n; i++) {
    const size_t at = i * call->dim;
    const pf_rows_dots dots = kernels->dots(call->dim, call->x + at, call->y + at);
    self->row[i] = (pf_contrast_row){
        .top = dots.ab / self->tau, .sum = 1.0, .square = dots.aa, .positive = dots.ab};
  }
}

/* What is not a difference of rows: the part along x_i, and that of the positive. */
static void finish_gradients(const infonce *self, const pf_contrast *call) {
  for (size_t i = 0; i < call->n; i++) {
    const pf_contrast_row *row = &self->row[i];
    const size_t at = i * call->dim;
    const double missing =
        self->factor * expm1(row->positive / self->tau - row->top); /* <= 0 */
    if (call->dx) {
      pf_contrast_add(call->dx + at, row->weight, call->x + at, call->dim);
      pf_contrast_add(call->dx + at, missing, call->y + at, call->dim);
    }
    if (call->dy) pf_contrast_add(call->dy + at, missing, call->x + at, call->dim);
  }
}

/* *value += weight * the loss of (x, y); gradients are added. */
static pflow_err add_infonce(const pf_contrast *call, double tau, double weight,
                             double *value) {
  const double n = (double)call->n;
  infonce self = {.row = call->work->row, .tau = tau, .factor = weight / (n * tau)};
  double sum = 0.0;
  begin_rows(&self, call);
  pf_try(pf_pairs_run(call->work->pool, call->x, call->n, call->dim, add_pairs, &self,
                      NULL));
  for (size_t i = 0; i < call->n; i++) {
    pf_contrast_row *row = &self.row[i];
    row->top += log(row->sum);
    sum += row->top - row->positive / tau;
  }
  *value += weight * sum / n;
  if (call->dx)
    pf_try(pf_pairs_run(call->work->pool, call->x, call->n, call->dim, weigh_pairs, &self,
                        call->dx));
  finish_gradients(&self, call);
  return PFLOW_OK;
}

pflow_err pflow_loss_infonce(pflow_contrast_work *work, const float *x, const float *y,
                             size_t n, size_t dim, const pflow_infonce_config *config,
                             double *loss, float *dx, float *dy) {
  const pf_contrast call = {work, x, y, n, dim, dx, dy};
  const pf_contrast turned = {work, y, x, n, dim, dy, dx};
  pflow_infonce_config full;
  double value = 0.0;
  pflow_infonce_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_infonce_config"));
  pf_try(pf_check_setting(full.tau > 0.0 && full.tau < INFINITY, "tau", full.tau, "> 0"));
  pf_try(pf_contrast_begin(&call, loss));
  pf_try(add_infonce(&call, full.tau, full.symmetric ? 0.5 : 1.0, &value));
  if (full.symmetric) pf_try(add_infonce(&turned, full.tau, 0.5, &value));
  *loss = value;
  return PFLOW_OK;
}
