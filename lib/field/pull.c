/*
 * pull.c - see pull.h. A NaN is never out of reach, so that it is not lost.
 */
#include "field/pull.h"

#include <math.h>

void pf_pull_start(pf_pull *self, const float *y, float *sum) {
  self->y = y;
  self->sum = sum;
  self->weight = 0.0;
  self->scale = INFINITY;
  self->count = 0;
}

/* Makes the sums relative to a nearer source. */
static void rescale(pf_pull *self, const pf_pull_field *field, double nearest) {
  const size_t dim = field->sources->dim;
  if (self->weight > 0.0 && nearest < self->scale) {
    double ratio = nearest / self->scale, factor;
    field->kernels->powers(&ratio, &factor, 1, dim + 1);
    self->weight *= factor;
    for (size_t k = 0; k < dim; k++)
      self->sum[k] = (float)(self->sum[k] * factor);
  }
  self->scale = nearest;
}

/* Forgets the sources that are out of reach. */
static void forget(pf_pull *self, double limit) {
  size_t kept = 0;
  for (size_t i = 0; i < self->count; i++) {
    self->row[kept] = self->row[i];
    self->squared[kept] = self->squared[i];
    kept += !(self->squared[i] > limit);
  }
  self->count = kept;
}

void pf_pull_add(pf_pull *self, const pf_pull_field *field, double nearest) {
  const pflow_sources *sources = field->sources;
  const float *row[pf_pull_room];
  double ratio[pf_pull_room], weight[pf_pull_room];
  float factor[pf_pull_room];
  forget(self, nearest * field->reach);
  const size_t count = nearest == 0.0 ? 0 : self->count;
  self->count = 0;
  if (count == 0) return;
  rescale(self, field, nearest);
  for (size_t i = 0; i < count; i++) {
    row[i] = sources->x + self->row[i] * sources->dim;
    ratio[i] = nearest / self->squared[i];
  }
  field->kernels->powers(ratio, weight, count, sources->dim + 1);
  for (size_t i = 0; i < count; i++) {
    self->weight += weight[i];
    factor[i] = (float)weight[i];
  }
  field->kernels->pull(sources->dim, count, row, factor, self->y, self->sum);
}

void pf_pull_note(pf_pull *self, const pf_pull_field *field, double nearest, size_t first,
                  size_t count, const double *squared, size_t stride) {
  const double limit = nearest * field->reach;
  if (self->count + count > pf_pull_room) forget(self, limit);
  if (self->count + count > pf_pull_room) pf_pull_add(self, field, nearest);
  size_t noted = self->count;
  for (size_t j = 0; j < count; j++) {
    self->row[noted] = first + j;
    self->squared[noted] = squared[j * stride];
    noted += !(squared[j * stride] > limit);
  }
  self->count = noted;
}
