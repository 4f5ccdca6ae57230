/*
 * way_quantile.c - each coordinate to the normal distribution by its own quantiles.
 *
 * A coordinate has up to 1001 knots (x, z): x a quantile of the fitted rows, z the normal
 * quantile of the same share. Between knots it is linear, beyond them it goes on as the
 * whole of the knots does. Equal quantiles are one knot with their mean z.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/archive.h"
#include "map/map.h"
#include "map/normal_quantile.h"

enum { most_knots = 1001, row_grain = 64 };

typedef struct quantiles {
  size_t dim, knots; /* knots of a coordinate: at least 2; unused ones repeat the last */
  size_t *used;      /* dim */
  float *x, *z;      /* dim x knots, rising */
  double *slope;     /* dim: dz/dx beyond the knots */
} quantiles;

/* ---- memory ---- */

static void destroy(void *state) {
  quantiles *self = state;
  if (!self) return;
  pflow_free(self->used);
  pflow_free(self->x);
  pflow_free(self->z);
  pflow_free(self->slope);
  pflow_free(self);
}

static pflow_err allocate(quantiles *self) {
  size_t values;
  pf_try(pf_mul(&values, self->dim, self->knots, "quantiles"));
  pf_try(pf_alloc(&self->used, self->dim, sizeof *self->used));
  pf_try(pf_alloc(&self->x, values, sizeof *self->x));
  pf_try(pf_alloc(&self->z, values, sizeof *self->z));
  return pf_alloc(&self->slope, self->dim, sizeof *self->slope);
}

/* The state becomes the map's, which destroys it. */
static pflow_err create(pflow_map *map, size_t dim, size_t knots, quantiles **made) {
  pf_try(pf_alloc(made, 1, sizeof **made));
  (*made)->dim = dim;
  (*made)->knots = knots;
  map->state = *made;
  return allocate(*made);
}

/* ---- fit ---- */

static int by_value(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Counts the knots in use and finds the slope, which is 0 for a constant column. */
static void measure(quantiles *self, size_t column) {
  const float *x = self->x + column * self->knots, *z = self->z + column * self->knots;
  size_t used = 1;
  while (used < self->knots && x[used] > x[used - 1])
    used++;
  self->used[column] = used;
  self->slope[column] = 0.0;
  if (used > 1)
    self->slope[column] = ((double)z[used - 1] - z[0]) / ((double)x[used - 1] - x[0]);
}

/* Knots of a column from its sorted values. */
static void set_knots(quantiles *self, size_t column, const float *sorted, size_t n) {
  float *x = self->x + column * self->knots, *z = self->z + column * self->knots;
  size_t used = 0;
  for (size_t j = 0, next; j < self->knots; j = next) {
    const float value = sorted[j * (n - 1) / (self->knots - 1)];
    double sum = 0.0;
    for (next = j; next < self->knots; next++) {
      if (sorted[next * (n - 1) / (self->knots - 1)] != value) break;
      sum += pf_normal_quantile(((double)next + 0.5) / (double)self->knots);
    }
    x[used] = value;
    z[used++] = (float)(sum / (double)(next - j));
  }
  for (size_t j = used; j < self->knots; j++) {
    x[j] = x[used - 1];
    z[j] = z[used - 1];
  }
  measure(self, column);
}

static pflow_err fit(pflow_map *map, const pf_map_rows *rows) {
  quantiles *self;
  float *column;
  const size_t n = rows->n, dim = rows->dim;
  pf_try(create(map, dim, n < most_knots ? n : most_knots, &self));
  pf_try(pf_alloc(&column, n, sizeof *column));
  pflow_err rc = PFLOW_OK;
  for (size_t k = 0; k < dim && rc == PFLOW_OK; k++) {
    for (size_t i = 0; i < n; i++)
      column[i] = rows->x[i * dim + k];
    qsort(column, n, sizeof *column, by_value);
    set_knots(self, k, column, n);
    rc = pf_map_report(map, "quantiles", k + 1, dim);
  }
  pflow_free(column);
  return rc;
}

/* ---- use ---- */

/* The value at `at` of the line through knots (from, to), beyond them with `slope`. */
static float follow(const float *from, const float *to, size_t knots, double slope,
                    float at) {
  if (knots == 1) return to[0];
  if (at <= from[0]) return (float)(to[0] + slope * ((double)at - from[0]));
  if (at >= from[knots - 1])
    return (float)(to[knots - 1] + slope * ((double)at - from[knots - 1]));
  size_t low = 0, high = knots - 1;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (from[middle] <= at)
      low = middle;
    else
      high = middle;
  }
  const double share = ((double)at - from[low]) / ((double)from[high] - from[low]);
  return (float)(to[low] + share * ((double)to[high] - to[low]));
}

typedef struct job {
  const quantiles *quantiles;
  const float *from;
  float *to;
  size_t first; /* number of the first row, for messages */
  bool back;
} job;

static int follow_rows(size_t begin, size_t end, void *user) {
  const job *self = user;
  const quantiles *q = self->quantiles;
  for (size_t i = begin * q->dim; i < end * q->dim; i++) {
    const size_t k = i % q->dim;
    const float *x = q->x + k * q->knots, *z = q->z + k * q->knots;
    const double slope = q->slope[k];
    self->to[i] = self->back ? follow(z, x, q->used[k], slope > 0.0 ? 1.0 / slope : 0.0,
                                      self->from[i])
                             : follow(x, z, q->used[k], slope, self->from[i]);
    if (!isfinite(self->to[i]))
      return pf_fail(PFLOW_ENONFINITE, "map: row %zu: value %zu of the result is %g",
                     self->first + i / q->dim, k, (double)self->to[i]);
  }
  return 0;
}

static pflow_err transform(const pflow_map *map, pflow_map_work *work, const float *x,
                           size_t n, float *y) {
  job self = {.quantiles = map->state, .from = x, .to = y, .first = work->first};
  return pflow_parallel_for(map->config.pool, n, row_grain, follow_rows, &self);
}

static pflow_err inverse(const pflow_map *map, pflow_map_work *work, const float *y,
                         size_t n, float *x) {
  job self = {
      .quantiles = map->state, .from = y, .to = x, .first = work->first, .back = true};
  return pflow_parallel_for(map->config.pool, n, row_grain, follow_rows, &self);
}

/* ---- files ---- */

static pflow_err put(const pflow_map *map, pflow_archive *archive) {
  const quantiles *self = map->state;
  const size_t shape[] = {self->dim, self->knots};
  pf_try(pflow_archive_put(archive, "quantiles.x", self->x, shape, 2));
  return pflow_archive_put(archive, "quantiles.z", self->z, shape, 2);
}

/* Whether a column rises, or stays where it has ended, and is finite. */
static bool is_rising(const float *x, const float *z, size_t knots) {
  for (size_t j = 0; j < knots; j++) {
    if (!isfinite(x[j]) || !isfinite(z[j])) return false;
    if (j > 0 && (x[j] < x[j - 1] || z[j] < z[j - 1])) return false;
    if (j > 0 && (x[j] == x[j - 1]) != (z[j] == z[j - 1])) return false;
    if (j > 1 && x[j] > x[j - 1] && x[j - 1] == x[j - 2]) return false;
  }
  return true;
}

static pflow_err get(pflow_map *map, const pflow_archive *archive) {
  const pflow_tensor *x, *z;
  quantiles *self;
  const size_t dim = map->info.in_dim;
  pf_try(pflow_archive_get(archive, "quantiles.x", &x));
  const size_t shape[] = {dim, pflow_tensor_dim(x, 1)};
  pf_try(pf_archive_get_shaped(archive, "quantiles.x", shape, 2, &x));
  pf_try(pf_archive_get_shaped(archive, "quantiles.z", shape, 2, &z));
  pf_try(create(map, dim, shape[1], &self));
  memcpy(self->x, pflow_tensor_const_values(x), dim * shape[1] * sizeof(float));
  memcpy(self->z, pflow_tensor_const_values(z), dim * shape[1] * sizeof(float));
  for (size_t k = 0; k < dim; k++) {
    if (!is_rising(self->x + k * shape[1], self->z + k * shape[1], shape[1]))
      return pf_fail(PFLOW_EFORMAT, "%s: quantiles of column %zu do not rise",
                     archive->source, k);
    measure(self, k);
  }
  return pf_map_check_sizes(map, archive, dim, dim);
}

const pf_map_way pf_map_quantile = {.fit = fit,
                                    .destroy = destroy,
                                    .transform = transform,
                                    .inverse = inverse,
                                    .put = put,
                                    .get = get};
