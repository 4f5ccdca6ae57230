/*
 * affine_apply.c - y = M (x - mean) and the way back, a panel of outputs at a time. Sums
 * are in double over inputs in order, so results depend on nothing but the row.
 */
#include <math.h>

#include "base/base.h"
#include "eval/rows.h"
#include "map/affine.h"
#include "pflow/threads.h"

enum { row_grain = 16 };

/* Rows through a matrix, in - before, out + after; either shift may be NULL. */
typedef struct job {
  const pf_affine_matrix *matrix;
  const double *before, *after;
  const float *x;
  float *y;
  size_t first; /* number of the first row, for messages */
} job;

/* Up to 16 outputs of a row. */
static void multiply(const job *self, size_t first, const float *row, float *out) {
  const size_t in = self->matrix->in, left = self->matrix->out - first;
  const size_t count = left < pf_affine_panel ? left : pf_affine_panel;
  const double *panel = self->matrix->panels + first * in;
  double sums[pf_affine_panel] = {0.0};
  for (size_t k = 0; k < in; k++) {
    double value = self->before ? row[k] - self->before[k] : row[k];
    for (size_t i = 0; i < pf_affine_panel; i++)
      sums[i] += panel[k * pf_affine_panel + i] * value;
  }
  for (size_t i = 0; i < count; i++)
    out[i] = (float)(self->after ? sums[i] + self->after[first + i] : sums[i]);
}

static void shift(const job *self, const float *row, float *out) {
  for (size_t k = 0; k < self->matrix->in; k++) {
    double value = self->before ? row[k] - self->before[k] : row[k];
    out[k] = (float)(self->after ? value + self->after[k] : value);
  }
}

static void apply_row(const job *self, const float *row, float *out) {
  if (!self->matrix->panels) {
    shift(self, row, out);
    return;
  }
  for (size_t first = 0; first < self->matrix->out; first += pf_affine_panel)
    multiply(self, first, row, out + first);
}

static int apply_rows(size_t begin, size_t end, void *user) {
  const job *self = user;
  const size_t in = self->matrix->in, width = self->matrix->out;
  for (size_t i = begin; i < end; i++) {
    float *out = self->y + i * width;
    apply_row(self, self->x + i * in, out);
    for (size_t k = 0; k < width; k++)
      if (!isfinite(out[k]))
        return pf_fail(PFLOW_ENONFINITE, "transform of row %zu: value %zu is %g",
                       self->first + i, k, (double)out[k]);
  }
  return 0;
}

static pflow_err run(pflow_pool *pool, job *self, size_t n) {
  const size_t in = self->matrix->in, out = self->matrix->out;
  pf_try(pf_check_rows_shared(pool, self->x, n, in, "rows"));
  if (pf_rows_overlap(self->x, n * in, self->y, n * out))
    return pf_fail(PFLOW_EINVAL, "y overlaps x (%zu rows)", n);
  return pflow_parallel_for(pool, n, row_grain, apply_rows, self);
}

pflow_err pf_affine_apply(const pflow_affine *affine, const float *x, size_t n,
                          size_t first, float *y) {
  job self = {
      .matrix = &affine->there, .before = affine->mean, .x = x, .y = y, .first = first};
  return run(affine->pool, &self, n);
}

pflow_err pf_affine_invert(const pflow_affine *affine, const float *y, size_t n,
                           size_t first, float *x) {
  if (!pf_affine_has_inverse(affine->kind))
    return pf_fail(PFLOW_EUNSUPPORTED, "directions that were taken out do not come back");
  job self = {
      .matrix = &affine->back, .after = affine->mean, .x = y, .y = x, .first = first};
  return run(affine->pool, &self, n);
}

pflow_err pflow_affine_apply(const pflow_affine *affine, const float *x, size_t n,
                             float *y) {
  pf_need(affine);
  pf_need(x);
  pf_need(y);
  return pf_affine_apply(affine, x, n, 0, y);
}

pflow_err pflow_affine_invert(const pflow_affine *affine, const float *y, size_t n,
                              float *x) {
  pf_need(affine);
  pf_need(y);
  pf_need(x);
  return pf_affine_invert(affine, y, n, 0, x);
}
