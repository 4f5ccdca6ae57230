/*
 * affine_object.c - an affine transform's memory and what it tells of itself.
 */
#include "base/base.h"
#include "map/affine.h"
#include "map/doubles_io.h"

double *pf_affine_entry(const pf_affine_matrix *matrix, size_t row, size_t column) {
  const size_t panel = row / pf_affine_panel * pf_affine_panel;
  return &matrix->panels[panel * matrix->in + column * pf_affine_panel + row - panel];
}

double pf_affine_variance(double deviation) {
  const double rounded = pf_two_floats(deviation);
  return rounded * rounded;
}

static pflow_err make_matrix(pf_affine_matrix *matrix, bool has_values) {
  if (!has_values) return PFLOW_OK;
  size_t rows, size;
  pf_try(pf_add(&rows, matrix->out, pf_affine_panel - 1, "rows of a transform"));
  rows -= rows % pf_affine_panel;
  pf_try(pf_mul(&size, rows, matrix->in, "values of a transform"));
  return pf_alloc(&matrix->panels, size, sizeof *matrix->panels);
}

static pflow_err allocate(pflow_affine *affine) {
  const bool matrix = pf_affine_has_matrix(affine->kind);
  pf_try(pf_alloc(&affine->mean, affine->in, sizeof *affine->mean));
  pf_try(make_matrix(&affine->there, matrix));
  pf_try(make_matrix(&affine->back, matrix && pf_affine_has_inverse(affine->kind)));
  if (!pf_affine_has_variances(affine->kind)) return PFLOW_OK;
  return pf_alloc(&affine->variances, affine->in, sizeof *affine->variances);
}

pflow_err pf_affine_new(pflow_affine **affine, pflow_affine_kind kind, size_t in,
                        size_t out) {
  pflow_affine *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->kind = kind;
  made->in = made->there.in = made->back.out = in;
  made->out = made->there.out = made->back.in = out;
  pflow_err rc = allocate(made);
  if (rc < 0) {
    pflow_affine_destroy(made);
    return rc;
  }
  *affine = made;
  return PFLOW_OK;
}

void pflow_affine_destroy(pflow_affine *affine) {
  if (!affine) return;
  pflow_free(affine->there.panels);
  pflow_free(affine->back.panels);
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
