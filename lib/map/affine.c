/*
 * affine.c - fitting of y = M (x - mean). Applying is in affine_apply.c.
 */
#include "map/affine.h"

#include <float.h>
#include <math.h>

#include "eval/rows.h"
#include "map/eigen.h"
#include "map/rotation.h"

/* What a fit reads, and its scratch space (each in x in). */
typedef struct fit {
  const float *x;
  size_t n;
  pflow_affine_config config;
  double *covariance, *vectors;
} fit;

static bool is_pca(pflow_affine_kind kind) {
  return kind == PFLOW_AFFINE_PCA || kind == PFLOW_AFFINE_PCA_WHITEN;
}

/* 1 / deviation of a component; fails where rounding is all there is of it. */
static pflow_err whitening_weight(const pflow_affine *affine, double eps,
                                  size_t component, double *weight) {
  double largest = affine->variances[0], own = affine->variances[component];
  double variance = own + eps * largest;
  if (!(variance > 16.0 * (double)affine->in * DBL_EPSILON * largest))
    return pf_fail(PFLOW_EINVAL,
                   "component %zu has no variance to whiten: %g of %g, eps is %g",
                   component, own, largest, eps);
  *weight = 1.0 / sqrt(variance);
  return PFLOW_OK;
}

/* Puts a row of M in its place. */
static void set_row(pflow_affine *affine, size_t row, const double *values,
                    double weight) {
  double *panel = affine->panels + row / pf_affine_panel * pf_affine_panel * affine->in;
  for (size_t k = 0; k < affine->in; k++)
    panel[k * pf_affine_panel + row % pf_affine_panel] = values[k] * weight;
}

static pflow_err set_principal_rows(pflow_affine *affine, const fit *self) {
  for (size_t i = 0; i < affine->out; i++) {
    double weight = 1.0;
    if (affine->kind == PFLOW_AFFINE_PCA_WHITEN)
      pf_try(whitening_weight(affine, self->config.eps, i, &weight));
    set_row(affine, i, self->vectors + i * affine->in, weight);
  }
  return PFLOW_OK;
}

/* M = sum of weight * axis axis^T over the components, in place of the covariance. */
static pflow_err set_zca_rows(pflow_affine *affine, const fit *self) {
  size_t dim = affine->in;
  double *matrix = self->covariance;
  for (size_t i = 0; i < dim * dim; i++)
    matrix[i] = 0.0;
  for (size_t component = 0; component < dim; component++) {
    const double *axis = self->vectors + component * dim;
    double weight;
    pf_try(whitening_weight(affine, self->config.eps, component, &weight));
    for (size_t i = 0; i < dim; i++)
      for (size_t k = 0; k < dim; k++)
        matrix[i * dim + k] += axis[i] * axis[k] * weight;
  }
  for (size_t i = 0; i < dim; i++)
    set_row(affine, i, matrix + i * dim, 1.0);
  return PFLOW_OK;
}

static pflow_err fit_principal(pflow_affine *affine, const fit *self) {
  size_t dim = affine->in;
  pf_try(pf_moments(self->x, self->n, dim, affine->mean, self->covariance));
  pf_try(pf_eigen_symmetric(self->covariance, dim, affine->variances, self->vectors));
  for (size_t i = 0; i < dim; i++)
    affine->variances[i] = fmax(affine->variances[i], 0.0);
  return is_pca(affine->kind) ? set_principal_rows(affine, self)
                              : set_zca_rows(affine, self);
}

static pflow_err fit_rotation(pflow_affine *affine, const fit *self) {
  pf_try(pf_random_rotation(self->vectors, affine->in, self->config.seed));
  for (size_t i = 0; i < affine->in; i++)
    set_row(affine, i, self->vectors + i * affine->in, 1.0);
  return PFLOW_OK;
}

/* Fits a matrix with scratch space of its own. */
static pflow_err fit_matrix(pflow_affine *affine, fit *self) {
  size_t square;
  pf_try(pf_mul(&square, affine->in, affine->in, "covariance"));
  pflow_err rc = pf_alloc(&self->covariance, square, sizeof *self->covariance);
  if (rc >= 0) rc = pf_alloc(&self->vectors, square, sizeof *self->vectors);
  if (rc >= 0 && affine->kind == PFLOW_AFFINE_ROTATE)
    rc = fit_rotation(affine, self);
  else if (rc >= 0)
    rc = fit_principal(affine, self);
  pflow_free(self->vectors);
  pflow_free(self->covariance);
  return rc;
}

static pflow_err allocate(pflow_affine *affine) {
  pf_try(pf_alloc(&affine->mean, affine->in, sizeof *affine->mean));
  if (affine->kind == PFLOW_AFFINE_CENTER) return PFLOW_OK;
  size_t rows, size;
  pf_try(pf_add(&rows, affine->out, pf_affine_panel - 1, "rows of a transform"));
  rows -= rows % pf_affine_panel;
  pf_try(pf_mul(&size, rows, affine->in, "values of a transform"));
  pf_try(pf_alloc(&affine->panels, size, sizeof *affine->panels));
  if (affine->kind == PFLOW_AFFINE_ROTATE) return PFLOW_OK;
  return pf_alloc(&affine->variances, affine->in, sizeof *affine->variances);
}

static pflow_err build(pflow_affine *affine, fit *self) {
  pf_try(allocate(affine));
  if (affine->kind == PFLOW_AFFINE_CENTER)
    return pf_moments(self->x, self->n, affine->in, affine->mean, NULL);
  return fit_matrix(affine, self);
}

static pflow_err read_config(pflow_affine_config *config,
                             const pflow_affine_config *given, pflow_affine_kind kind,
                             size_t dim) {
  pflow_affine_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_affine_config"));
  if ((unsigned)kind > PFLOW_AFFINE_ROTATE)
    return pf_fail(PFLOW_EINVAL, "kind is %d, wants 0 to %d", (int)kind,
                   PFLOW_AFFINE_ROTATE);
  size_t out = config->out_dim;
  if (out > dim || (out != 0 && out != dim && !is_pca(kind)))
    return pf_fail(PFLOW_EINVAL, "out_dim is %zu, wants 0 %s %zu for this kind", out,
                   is_pca(kind) ? "to" : "or", dim);
  return pf_check_setting(config->eps >= 0.0 && config->eps < INFINITY, "eps",
                          config->eps, ">= 0 and finite");
}

pflow_err pflow_affine_fit(pflow_affine **affine, pflow_affine_kind kind, const float *x,
                           size_t n, size_t dim, const pflow_affine_config *config) {
  pf_need(affine);
  *affine = NULL;
  pf_need(x);
  fit self = {.x = x, .n = n};
  pf_try(read_config(&self.config, config, kind, dim));
  pf_try(pf_check_rows_shared(self.config.pool, x, n, dim, "rows"));
  if (n < 2) return pf_fail(PFLOW_EINVAL, "fit to %zu row, wants 2 or more", n);
  pflow_affine *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->kind = kind;
  made->pool = self.config.pool;
  made->in = dim;
  made->out = self.config.out_dim ? self.config.out_dim : dim;
  pflow_err rc = build(made, &self);
  if (rc < 0) {
    pflow_affine_destroy(made);
    return rc;
  }
  *affine = made;
  return PFLOW_OK;
}

void pflow_affine_destroy(pflow_affine *affine) {
  if (!affine) return;
  pflow_free(affine->panels);
  pflow_free(affine->variances);
  pflow_free(affine->mean);
  pflow_free(affine);
}

size_t pflow_affine_in_dim(const pflow_affine *affine) {
  return affine ? affine->in : 0;
}

size_t pflow_affine_out_dim(const pflow_affine *affine) {
  return affine ? affine->out : 0;
}

const double *pflow_affine_variances(const pflow_affine *affine) {
  return affine ? affine->variances : NULL;
}
