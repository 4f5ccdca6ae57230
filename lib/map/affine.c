/*
 * affine.c - fitting of y = M (x - mean); affine_apply.c applies it.
 */
#include "map/affine.h"

#include <float.h>
#include <math.h>

#include "eval/eigen.h"
#include "eval/rows.h"
#include "kernels/gemm.h"
#include "map/doubles_io.h"
#include "map/rotation.h"

/* What a fit reads, and its scratch space (each in x in). */
typedef struct fit {
  const float *x;
  size_t n;
  pflow_affine_config config;
  double *vectors; /* in the place of the covariance */
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

/* Adds weight * left right^T to a matrix. */
static void add_outer(const pf_affine_matrix *matrix, double weight, const double *left,
                      const double *right) {
  for (size_t i = 0; i < matrix->out; i++)
    for (size_t k = 0; k < matrix->in; k++)
      *pf_affine_entry(matrix, i, k) += weight * left[i] * right[k];
}

/* Row i of M is weight * axis, column i of the way back axis / weight. */
static void set_axis(pflow_affine *affine, size_t i, const double *axis, double weight) {
  for (size_t k = 0; k < affine->in; k++) {
    *pf_affine_entry(&affine->there, i, k) = axis[k] * weight;
    *pf_affine_entry(&affine->back, k, i) = axis[k] / weight;
  }
}

/* 1 / rms radius of the rows' kept coordinates. */
static pflow_err radius_weight(const pflow_affine *affine, double *weight) {
  double sum = 0.0;
  for (size_t i = 0; i < affine->out; i++)
    sum += affine->variances[i];
  if (!(sum > 0.0)) return pf_fail(PFLOW_EINVAL, "the rows have no spread to normalise");
  *weight = 1.0 / sqrt(sum);
  return PFLOW_OK;
}

static pflow_err set_principal_rows(pflow_affine *affine, const fit *self) {
  double weight = 1.0;
  if (affine->kind == PFLOW_AFFINE_PCA && self->config.normalize)
    pf_try(radius_weight(affine, &weight));
  for (size_t i = 0; i < affine->out; i++) {
    if (affine->kind == PFLOW_AFFINE_PCA_WHITEN)
      pf_try(whitening_weight(affine, self->config.eps, i, &weight));
    set_axis(affine, i, self->vectors + i * affine->in, weight);
  }
  return PFLOW_OK;
}

/* Matrix = sum of weight * axis axis^T over the components, by a product of matrices: in
 * sums by component it takes 16 times as long as the eigenvectors do (dim 1,536).
 * `scratch` has 2 x in x in. */
static pflow_err sum_axes(const pf_affine_matrix *matrix, const double *axes,
                          const double *weights, double *scratch) {
  const size_t dim = matrix->in;
  double *weighted = scratch, *sum = scratch + dim * dim;
  for (size_t i = 0; i < dim; i++)
    for (size_t k = 0; k < dim; k++)
      weighted[i * dim + k] = weights[i] * axes[i * dim + k];
  pf_try(pf_dgemm(pf_transposed, pf_plain, dim, dim, dim, axes, weighted, 0, sum));
  for (size_t i = 0; i < dim; i++)
    for (size_t k = i; k < dim; k++) {
      *pf_affine_entry(matrix, i, k) = sum[i * dim + k];
      *pf_affine_entry(matrix, k, i) = sum[i * dim + k];
    }
  return PFLOW_OK;
}

static pflow_err set_zca_rows(pflow_affine *affine, const fit *self) {
  const size_t dim = affine->in;
  double *weights, *scratch;
  pf_try(pf_alloc(&weights, dim * (2 * dim + 1), sizeof *weights));
  scratch = weights + dim;
  pflow_err rc = PFLOW_OK;
  for (size_t i = 0; i < dim && rc >= 0; i++)
    rc = whitening_weight(affine, self->config.eps, i, &weights[i]);
  if (rc >= 0) rc = sum_axes(&affine->there, self->vectors, weights, scratch);
  for (size_t i = 0; i < dim && rc >= 0; i++)
    weights[i] = 1.0 / weights[i];
  if (rc >= 0) rc = sum_axes(&affine->back, self->vectors, weights, scratch);
  pflow_free(weights);
  return rc;
}

/* M = identity - sum of axis axis^T over the first components. */
static pflow_err set_other_rows(pflow_affine *affine, const fit *self) {
  for (size_t i = 0; i < affine->in; i++)
    *pf_affine_entry(&affine->there, i, i) = 1.0;
  for (size_t i = 0; i < self->config.removed; i++) {
    const double *axis = self->vectors + i * affine->in;
    add_outer(&affine->there, -1.0, axis, axis);
  }
  return PFLOW_OK;
}

static pflow_err fit_principal(pflow_affine *affine, const fit *self) {
  size_t dim = affine->in;
  pf_try(pf_moments(self->x, self->n, dim, affine->mean, self->vectors));
  pf_try(pf_eigen_symmetric(self->vectors, dim, affine->variances, true));
  for (size_t i = 0; i < dim; i++)
    affine->variances[i] = fmax(affine->variances[i], 0.0);
  if (affine->kind == PFLOW_AFFINE_ALL_BUT_TOP) return set_other_rows(affine, self);
  return is_pca(affine->kind) ? set_principal_rows(affine, self)
                              : set_zca_rows(affine, self);
}

static pflow_err fit_rotation(pflow_affine *affine, const fit *self) {
  pf_try(pf_random_rotation(self->vectors, affine->in, self->config.seed));
  for (size_t i = 0; i < affine->in; i++)
    set_axis(affine, i, self->vectors + i * affine->in, 1.0);
  return PFLOW_OK;
}

/* Fits a matrix with scratch space of its own. */
static pflow_err fit_matrix(pflow_affine *affine, fit *self) {
  size_t square;
  pf_try(pf_mul(&square, affine->in, affine->in, "covariance"));
  pf_try(pf_alloc(&self->vectors, square, sizeof *self->vectors));
  pflow_err rc = affine->kind == PFLOW_AFFINE_ROTATE ? fit_rotation(affine, self)
                                                     : fit_principal(affine, self);
  pflow_free(self->vectors);
  return rc;
}

/* Rounds to two floats each; false where floats do not reach. */
static bool round_values(double *values, size_t n) {
  bool finite = true;
  for (size_t i = 0; values && i < n; i++) {
    values[i] = pf_two_floats(values[i]);
    finite = finite && isfinite(values[i]);
  }
  return finite;
}

static bool round_variances(double *variances, size_t n) {
  bool finite = true;
  for (size_t i = 0; variances && i < n; i++) {
    variances[i] = pf_affine_variance(sqrt(variances[i]));
    finite = finite && isfinite(variances[i]);
  }
  return finite;
}

static size_t panel_values(const pf_affine_matrix *matrix) {
  return (matrix->out + pf_affine_panel - 1) / pf_affine_panel * pf_affine_panel *
         matrix->in;
}

static pflow_err build(pflow_affine *affine, fit *self) {
  pf_try(pf_affine_has_matrix(affine->kind)
             ? fit_matrix(affine, self)
             : pf_moments(self->x, self->n, affine->in, affine->mean, NULL));
  if (!round_values(affine->mean, affine->in) ||
      !round_variances(affine->variances, affine->in) ||
      !round_values(affine->there.panels, panel_values(&affine->there)) ||
      !round_values(affine->back.panels, panel_values(&affine->back)))
    return pf_fail(PFLOW_ENONFINITE, "the rows' values are too large or too small: "
                                     "numbers of the transform are beyond float32");
  return PFLOW_OK;
}

static pflow_err read_config(pflow_affine_config *config,
                             const pflow_affine_config *given, pflow_affine_kind kind,
                             size_t dim) {
  pflow_affine_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_affine_config"));
  if ((unsigned)kind > PFLOW_AFFINE_ALL_BUT_TOP)
    return pf_fail(PFLOW_EINVAL, "kind is %d, wants 0 to %d", (int)kind,
                   PFLOW_AFFINE_ALL_BUT_TOP);
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
  if (pf_affine_has_matrix(kind) && kind != PFLOW_AFFINE_ROTATE)
    pf_try(pf_eigen_check(dim));
  if (self.config.removed == 0) self.config.removed = dim < 200 ? 1 : dim / 100;
  if (self.config.removed > dim)
    return pf_fail(PFLOW_EINVAL, "removed is %zu, wants 0 to %zu", self.config.removed,
                   dim);
  pflow_affine *made;
  const size_t out = self.config.out_dim ? self.config.out_dim : dim;
  pf_try(pf_affine_new(&made, kind, dim, out));
  made->pool = self.config.pool;
  pflow_err rc = build(made, &self);
  if (rc < 0) {
    pflow_affine_destroy(made);
    return rc;
  }
  *affine = made;
  return PFLOW_OK;
}
