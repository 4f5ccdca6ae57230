/*
 * affine_apply.c - y = M (x - mean), a panel of outputs at a time. Sums are in double
 * over inputs in order, so results depend on nothing but the row.
 */
#include <math.h>

#include "base/base.h"
#include "eval/rows.h"
#include "map/affine.h"
#include "pflow/threads.h"

enum { row_grain = 16 };

typedef struct job {
  const pflow_affine *affine;
  const float *x;
  float *y;
} job;

/* Up to 16 outputs of a row. */
static void multiply(const double *panel, const double *mean, const float *row,
                     size_t dim, float *out, size_t count) {
  double sums[pf_affine_panel] = {0.0};
  for (size_t k = 0; k < dim; k++) {
    double centered = row[k] - mean[k];
    for (size_t i = 0; i < pf_affine_panel; i++)
      sums[i] += panel[k * pf_affine_panel + i] * centered;
  }
  for (size_t i = 0; i < count; i++)
    out[i] = (float)sums[i];
}

static void apply_row(const pflow_affine *affine, const float *row, float *out) {
  if (!affine->panels) {
    for (size_t k = 0; k < affine->in; k++)
      out[k] = (float)(row[k] - affine->mean[k]);
    return;
  }
  for (size_t begin = 0; begin < affine->out; begin += pf_affine_panel) {
    size_t left = affine->out - begin;
    multiply(affine->panels + begin * affine->in, affine->mean, row, affine->in,
             out + begin, left < pf_affine_panel ? left : pf_affine_panel);
  }
}

static int apply_rows(size_t begin, size_t end, void *user) {
  const job *self = user;
  const pflow_affine *affine = self->affine;
  for (size_t i = begin; i < end; i++) {
    float *out = self->y + i * affine->out;
    apply_row(affine, self->x + i * affine->in, out);
    for (size_t k = 0; k < affine->out; k++)
      if (!isfinite(out[k]))
        return pf_fail(PFLOW_ENONFINITE, "transform of row %zu: value %zu is %g", i, k,
                       (double)out[k]);
  }
  return 0;
}

static bool overlap(const float *x, size_t x_size, const float *y, size_t y_size) {
  uintptr_t x_begin = (uintptr_t)x, y_begin = (uintptr_t)y;
  return x_begin < y_begin + y_size * sizeof *y && y_begin < x_begin + x_size * sizeof *x;
}

pflow_err pflow_affine_apply(const pflow_affine *affine, const float *x, size_t n,
                             float *y) {
  pf_need(affine);
  pf_need(x);
  pf_need(y);
  pf_try(pf_check_rows_shared(affine->pool, x, n, affine->in, "rows"));
  if (overlap(x, n * affine->in, y, n * affine->out))
    return pf_fail(PFLOW_EINVAL, "y overlaps x (%zu rows)", n);
  job self = {.affine = affine, .x = x, .y = y};
  return pflow_parallel_for(affine->pool, n, row_grain, apply_rows, &self);
}
