/*
 * logistic_objective.c - softmax losses, their sum and its gradient.
 *
 * Rows are cut into chunks, whose sums are added in order: their bits do not depend on
 * threads. A chunk runs over blocks of rows that stay in the first cache between their
 * logits and their part of the gradient.
 */
#include <math.h>

#include "eval/logistic.h"

enum {
  block = pf_logistic_rows,
  most_chunks = 64,
  piece = 256,       /* columns turned at a time */
  tile_columns = 32, /* of the curvature */
  page = 512,        /* doubles */
};

size_t pf_largest(const double *row, size_t n) {
  size_t best = 0;
  for (size_t k = 1; k < n; k++)
    if (row[k] > row[best]) best = k;
  return best;
}

void pf_softmax(double *row, size_t classes) {
  double top = row[pf_largest(row, classes)], sum = 0.0;
  for (size_t k = 0; k < classes; k++)
    sum += row[k] = exp(row[k] - top);
  for (size_t k = 0; k < classes; k++)
    row[k] /= sum;
}

/* Loss, gradient and logits of one chunk. */
typedef struct part {
  double *loss, *gradient, *logits;
} part;

/* Whole pages with one between: what threads write side by side, and what a processor
 * fetches ahead of use, lies in pages of one thread. */
static size_t part_size(const pf_objective *self) {
  return (self->classes * (self->width + block) + 2 * page) / page * page;
}

static part part_of(const pf_objective *self, size_t chunk) {
  double *begin = self->parts + chunk * part_size(self);
  return (part){begin, begin + 1, begin + 1 + self->classes * self->width};
}

/* A chunk has so many rows that its gradient takes at most half of their memory. */
pflow_err pf_objective_allocate(pf_objective *objective) {
  pf_objective *self = objective;
  size_t size, parts, grain = self->n / most_chunks + 1;
  const size_t least = self->classes > 256 ? 4 * self->classes : 1024;
  if (grain < least) grain = least;
  self->grain = (grain + block - 1) / block * block;
  self->chunks = (self->n + self->grain - 1) / self->grain;
  pf_try(pf_mul(&size, self->width, self->classes, "logistic weights"));
  pf_try(pf_mul(&parts, self->width + block, self->classes, "logistic gradients"));
  pf_try(pf_add(&parts, parts, 2 * page, "logistic gradients"));
  pf_try(pf_mul(&parts, parts, self->chunks, "logistic gradients"));
  pf_try(pf_alloc(&self->parts, parts, sizeof(double)));
  return pf_alloc(&self->turned, size, sizeof(double));
}

void pf_objective_free(pf_objective *objective) {
  pflow_free(objective->turned);
  pflow_free(objective->parts);
}

/* Logits of a block of `count` rows; those behind them get numbers that nobody reads. */
static void find_logits(const pf_objective *self, const float *x, size_t count,
                        double *logits) {
  _Alignas(PFLOW_ALIGNMENT) float panel[piece * pf_logistic_most_lanes];
  const pf_kernels *kernels = self->kernels;
  const size_t dim = self->width - 1, lanes = kernels->logistic.lanes;
  const double *intercepts = self->turned, *weights = self->turned + self->classes;
  for (size_t c = 0; c < self->classes; c++)
    for (size_t i = 0; i < block; i++)
      logits[c * block + i] = intercepts[c];
  for (size_t i = 0; i < count; i += lanes) {
    const size_t used = count - i < lanes ? count - i : lanes;
    for (size_t k = 0; k < dim; k += piece) {
      const size_t length = dim - k < piece ? dim - k : piece;
      kernels->gemm.turn(x + i * dim + k, dim, length, used, lanes, panel);
      kernels->logistic.logits(length, panel, weights + k * self->classes, self->classes,
                               logits + i);
    }
  }
}

static int add_chunks(size_t begin, size_t end, void *user) {
  const pf_objective *self = user;
  const pf_logistic_kernels *kernels = &self->kernels->logistic;
  const size_t dim = self->width - 1;
  part to = part_of(self, begin / self->grain);
  *to.loss = 0.0;
  for (size_t i = 0; i < self->classes * self->width; i++)
    to.gradient[i] = 0.0;
  for (size_t row = begin; row < end; row += block) {
    const float *x = self->x + row * dim;
    const size_t count = end - row < block ? end - row : block;
    find_logits(self, x, count, to.logits);
    *to.loss +=
        kernels->losses(to.logits, self->classes, self->labels + row, count, self->c);
    kernels->gradient(count, x, dim, dim, to.logits, self->classes, to.gradient,
                      self->width);
  }
  return 0;
}

/* Adds ||W||^2 / 2 and its gradient; column 0 holds the free intercepts. */
static double add_penalty(const pf_objective *self, const double *weights,
                          double *gradient) {
  double squares = 0.0;
  for (size_t k = 0; k < self->classes; k++) {
    for (size_t j = k * self->width + 1; j < (k + 1) * self->width; j++) {
      squares += weights[j] * weights[j];
      gradient[j] += weights[j];
    }
  }
  return 0.5 * squares;
}

pflow_err pf_objective_evaluate(pf_objective *objective, const double *weights,
                                double *value, double *gradient) {
  pf_objective *self = objective;
  const size_t size = self->classes * self->width;
  for (size_t c = 0; c < self->classes; c++)
    for (size_t k = 0; k < self->width; k++)
      self->turned[k * self->classes + c] =
          weights[c * self->width + k] / (k > 0 ? self->unit : 1.0);
  pf_try(pflow_parallel_for(self->pool, self->n, self->grain, add_chunks, self));
  double losses = 0.0;
  for (size_t i = 0; i < size; i++)
    gradient[i] = 0.0;
  for (size_t chunk = 0; chunk < self->chunks; chunk++) {
    const part from = part_of(self, chunk);
    losses += *from.loss;
    for (size_t i = 0; i < size; i++)
      gradient[i] += from.gradient[i];
  }
  for (size_t i = 0; i < size; i++)
    if (i % self->width > 0) gradient[i] /= self->unit;
  *value = self->c * losses + add_penalty(self, weights, gradient);
  return PFLOW_OK;
}

typedef struct curvature {
  const pf_objective *objective;
  const double *mean;
  double *sum;
} curvature;

/* Columns begin <= k < end of x less their means, as the residuals of a block of rows. */
static void center_columns(const curvature *self, const float *x, size_t count,
                           size_t begin, size_t end, double *columns) {
  const size_t dim = self->objective->width - 1;
  for (size_t k = begin; k < end; k++)
    for (size_t i = 0; i < block; i++)
      columns[(k - begin) * block + i] = i < count ? x[i * dim + k] - self->mean[k] : 0.0;
}

static size_t tiles_of(size_t dim) {
  return (dim + tile_columns - 1) / tile_columns;
}

/* Rows of the triangle: each is the gradient of rows whose residuals are a column. */
static void add_columns(const curvature *self, size_t begin, size_t end) {
  const pf_objective *objective = self->objective;
  const size_t width = objective->width, dim = width - 1, n = objective->n;
  double columns[tile_columns * block];
  double *to = self->sum + (begin + 1) * width;
  for (size_t i = 0; i < (end - begin) * width; i++)
    to[i] = 0.0;
  for (size_t row = 0; row < n; row += block) {
    const float *x = objective->x + row * dim;
    const size_t count = n - row < block ? n - row : block;
    center_columns(self, x, count, begin, end, columns);
    objective->kernels->logistic.gradient(count, x, dim, end, columns, end - begin, to,
                                          width);
  }
}

/* From the longest columns to the shortest, so that threads end together. */
static int add_tiles(size_t begin, size_t end, void *user) {
  const curvature *self = user;
  const size_t dim = self->objective->width - 1, tiles = tiles_of(dim);
  for (size_t i = begin; i < end; i++) {
    const size_t first = (tiles - 1 - i) * tile_columns, left = dim - first;
    add_columns(self, first, first + (left < tile_columns ? left : tile_columns));
  }
  return 0;
}

/* One factor of each product is centred, so that no sum is of squared means, and what
 * rounding leaves of its own sum, which is the row's first, is taken from the other. */
pflow_err pf_objective_curvature(const pf_objective *objective, const double *mean,
                                 double *sum) {
  curvature self = {objective, mean, sum};
  const size_t width = objective->width;
  sum[0] = (double)objective->n;
  pf_try(pflow_parallel_for(objective->pool, tiles_of(width - 1), 1, add_tiles, &self));
  for (size_t i = 1; i < width; i++) {
    double *row = sum + i * width;
    for (size_t k = 1; k <= i; k++)
      row[k] = (row[k] - row[0] * mean[k - 1]) / objective->unit / objective->unit;
    row[0] = 0.0;
  }
  return PFLOW_OK;
}
