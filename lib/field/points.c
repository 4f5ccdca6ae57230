/*
 * points.c - arrays of augmented points: their sizes, the way there and back.
 */
#include "field/points.h"

#include <string.h>

#include "pflow/field.h"

pflow_err pf_points_size(size_t *size, size_t n, size_t dim, const char *what) {
  size_t width, bytes;
  if (n == 0 || dim == 0)
    return pf_fail(PFLOW_EINVAL, "%s: %zu rows of %zu values", what, n, dim);
  pf_try(pf_add(&width, dim, 1, what));
  pf_try(pf_mul(size, n, width, what));
  return pf_mul(&bytes, *size, sizeof(float), what);
}

pflow_err pflow_points_augment(const float *x, size_t n, size_t dim, double z, float *y) {
  size_t size;
  pf_need(x);
  pf_need(y);
  pf_try(pf_points_size(&size, n, dim, "augmented points"));
  for (size_t i = 0; i < n; i++) {
    memcpy(y + i * (dim + 1), x + i * dim, dim * sizeof *y);
    y[i * (dim + 1) + dim] = (float)z;
  }
  return PFLOW_OK;
}

pflow_err pflow_points_project(const float *y, size_t n, size_t dim, float *x) {
  size_t size;
  pf_need(y);
  pf_need(x);
  pf_try(pf_points_size(&size, n, dim, "projected points"));
  for (size_t i = 0; i < n; i++)
    memmove(x + i * dim, y + i * (dim + 1), dim * sizeof *x);
  return PFLOW_OK;
}
