#include "draw/scatter.h"

#include "cli/say.h"

static void take_shares(scatter *self, const pflow_affine *pca, size_t dim) {
  const double *variances = pflow_affine_variances(pca);
  double total = 0.0;
  for (size_t i = 0; i < dim; i++)
    total += variances[i];
  for (size_t i = 0; i < 2 && i < dim; i++)
    self->share[i] = total > 0.0 ? variances[i] / total : 0.0;
}

static int project(scatter *self, const pflow_affine *pca, const pflow_features *rows,
                   float *plane) {
  const size_t axes = pflow_affine_out_dim(pca);
  try_library(pflow_affine_apply(pca, rows->x, rows->n, plane));
  for (size_t i = 0; i < rows->n; i++) {
    self->x[i] = plane[axes * i];
    self->y[i] = axes > 1 ? plane[axes * i + 1] : 0.0;
  }
  plot_widen(self->x, rows->n, &self->range.x0, &self->range.x1);
  plot_widen(self->y, rows->n, &self->range.y0, &self->range.y1);
  take_shares(self, pca, rows->dim);
  return status_ok;
}

static int make(scatter *self, const pflow_features *rows) {
  pflow_affine_config config;
  pflow_affine *pca;
  pflow_affine_config_init(&config);
  config.out_dim = rows->dim < 2 ? rows->dim : 2;
  self->x = say_alloc(rows->n, sizeof *self->x);
  self->y = say_alloc(rows->n, sizeof *self->y);
  float *plane = say_alloc(rows->n, 2 * sizeof *plane);
  if (!self->x || !self->y || !plane) {
    pflow_free(plane);
    return status_failed;
  }
  int status = say_result(
      pflow_affine_fit(&pca, PFLOW_AFFINE_PCA, rows->x, rows->n, rows->dim, &config));
  if (status == status_ok) {
    status = project(self, pca, rows, plane);
    pflow_affine_destroy(pca);
  }
  pflow_free(plane);
  return status;
}

int scatter_make(scatter *self, const pflow_features *rows) {
  *self = (scatter){.n = rows->n};
  const int status = make(self, rows);
  if (status != status_ok) scatter_free(self);
  return status;
}

void scatter_free(scatter *self) {
  pflow_free(self->x);
  pflow_free(self->y);
  *self = (scatter){0};
}
