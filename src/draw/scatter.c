#include "draw/scatter.h"

static void take_shares(scatter *self, const pflow_affine *pca, size_t dim) {
  const double *variances = pflow_affine_variances(pca);
  double total = 0.0;
  for (size_t i = 0; i < dim; i++)
    total += variances[i];
  for (size_t i = 0; i < 2 && i < dim; i++)
    self->share[i] = total > 0.0 ? variances[i] / total : 0.0;
}

static pflow_err project(scatter *self, const pflow_affine *pca,
                         const pflow_features *rows, float *plane) {
  const size_t axes = pflow_affine_out_dim(pca);
  const pflow_err rc = pflow_affine_apply(pca, rows->x, rows->n, plane);
  if (rc < 0) return rc;
  for (size_t i = 0; i < rows->n; i++) {
    self->x[i] = plane[axes * i];
    self->y[i] = axes > 1 ? plane[axes * i + 1] : 0.0;
  }
  plot_widen(self->x, rows->n, &self->range.x0, &self->range.x1);
  plot_widen(self->y, rows->n, &self->range.y0, &self->range.y1);
  take_shares(self, pca, rows->dim);
  return PFLOW_OK;
}

static pflow_err make(scatter *self, const pflow_features *rows) {
  pflow_affine_config config;
  pflow_affine *pca;
  pflow_affine_config_init(&config);
  config.out_dim = rows->dim < 2 ? rows->dim : 2;
  self->x = pflow_alloc(rows->n, sizeof *self->x);
  self->y = pflow_alloc(rows->n, sizeof *self->y);
  float *plane = pflow_alloc(rows->n, 2 * sizeof *plane);
  if (!self->x || !self->y || !plane) {
    pflow_free(plane);
    return PFLOW_ENOMEM;
  }
  pflow_err rc =
      pflow_affine_fit(&pca, PFLOW_AFFINE_PCA, rows->x, rows->n, rows->dim, &config);
  if (rc >= 0) {
    rc = project(self, pca, rows, plane);
    pflow_affine_destroy(pca);
  }
  pflow_free(plane);
  return rc;
}

pflow_err scatter_make(scatter *self, const pflow_features *rows) {
  *self = (scatter){.n = rows->n};
  const pflow_err rc = make(self, rows);
  if (rc < 0) scatter_free(self);
  return rc;
}

void scatter_free(scatter *self) {
  pflow_free(self->x);
  pflow_free(self->y);
  *self = (scatter){0};
}
