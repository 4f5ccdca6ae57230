/*
 * contrast.c - the workspace of the losses on two views, their checks, and alignment.
 */
#include "nn/contrast.h"

#include <math.h>
#include <string.h>

#include "kernels/table.h"

pflow_err pflow_contrast_work_create(pflow_contrast_work **work, size_t max_rows,
                                     pflow_pool *pool) {
  size_t bytes;
  pflow_contrast_work *made;
  pf_need(work);
  *work = NULL;
  pf_try(pf_check_setting(max_rows >= 2, "max_rows", (double)max_rows, "2 or more"));
  pf_try(pf_mul(&bytes, max_rows, sizeof *made->row, "rows of a contrastive loss"));
  pf_try(pf_add(&bytes, bytes, sizeof *made, "rows of a contrastive loss"));
  pf_try(pf_alloc(&made, 1, bytes));
  made->pool = pool;
  made->max_rows = max_rows;
  *work = made;
  return PFLOW_OK;
}

void pflow_contrast_work_destroy(pflow_contrast_work *work) {
  pflow_free(work);
}

static pflow_err check_sizes(const pf_contrast *self) {
  size_t size;
  if (self->n < 2)
    return pf_fail(PFLOW_EINVAL, "a contrastive loss over %zu rows, wants 2 or more",
                   self->n);
  if (self->n > self->work->max_rows)
    return pf_fail(PFLOW_EINVAL, "%zu rows, the workspace has room for %zu", self->n,
                   self->work->max_rows);
  if (self->dim == 0) return pf_fail(PFLOW_EINVAL, "a loss with dim 0");
  pf_try(pf_mul(&size, self->n, self->dim, "a contrastive loss"));
  return pf_mul(&size, size, sizeof *self->x, "a contrastive loss");
}

static pflow_err check_gradients(const pf_contrast *self) {
  const float *dx = self->dx, *dy = self->dy;
  if (dx && (dx == self->x || dx == self->y))
    return pf_fail(PFLOW_EINVAL, "dx is %s", dx == self->x ? "x" : "y");
  if (dy && (dy == self->x || dy == self->y || dy == dx))
    return pf_fail(PFLOW_EINVAL, "dy is %s", dy == dx ? "dx" : dy == self->x ? "x" : "y");
  return PFLOW_OK;
}

pflow_err pf_contrast_begin(const pf_contrast *self, const double *loss) {
  const pflow_contrast_work *work = self->work;
  const float *x = self->x, *y = self->y;
  pf_need(work);
  pf_need(x);
  pf_need(y);
  pf_need(loss);
  pf_try(check_sizes(self));
  pf_try(check_gradients(self));
  const size_t bytes = self->n * self->dim * sizeof *x;
  if (self->dx) memset(self->dx, 0, bytes);
  if (self->dy) memset(self->dy, 0, bytes);
  return PFLOW_OK;
}

pflow_err pf_contrast_check_power(const char *name, double value) {
  return pf_check_setting(value >= 1.0 && value < INFINITY, name, value, "1 or more");
}

void pf_contrast_add(float *to, double factor, const float *from, size_t dim) {
  for (size_t k = 0; k < dim; k++)
    to[k] = (float)(to[k] + factor * from[k]);
}

static void add_differences(float *to, double factor, const float *from, const float *x,
                            size_t dim) {
  for (size_t k = 0; k < dim; k++)
    to[k] = (float)(to[k] + factor * ((double)from[k] - x[k]));
}

double pf_contrast_align(const pf_contrast *self, double alpha) {
  const pf_rows_kernels *kernels = &pf_kernels_get()->rows;
  const double n = (double)self->n;
  double sum = 0.0;
  for (size_t i = 0; i < self->n; i++) {
    const size_t at = i * self->dim;
    const float *x = self->x + at, *y = self->y + at;
    const double squared = kernels->differences(self->dim, x, y, 0.0, NULL);
    if (squared == 0.0) continue; /* a power of at least 1: no gradient either */
    const double power = pow(squared, 0.5 * alpha);
    const double factor = alpha * power / squared / n;
    sum += power;
    if (self->dx) add_differences(self->dx + at, factor, x, y, self->dim);
    if (self->dy) add_differences(self->dy + at, factor, y, x, self->dim);
  }
  return sum / n;
}

void pf_contrast_add_exp(pf_contrast_row *row, const double *exponent, size_t count) {
  double top = row->top, sum = 0.0;
  for (size_t j = 0; j < count; j++)
    top = exponent[j] > top ? exponent[j] : top;
  for (size_t j = 0; j < count; j++)
    sum += exp(exponent[j] - top);
  if (row->sum > 0.0) sum += row->sum * exp(row->top - top);
  row->sum = isnan(row->sum) ? row->sum : sum;
  row->top = top;
}
