/*
 * norm.c - the oracle of batch normalisation's kernels.
 */
#include <string.h>

#include "kernels/norm_kernels.h"

enum { piece = 256 }; /* values summed in float before a double takes over */

typedef struct position {
  size_t channel, at;
} position;

static size_t size_of(const pf_norm_block *block) {
  return block->rows * block->channels * block->places;
}

/* Value i of a block, counted by channel, then row, then place. */
static position find(const pf_norm_block *block, size_t i) {
  const size_t places = block->places, channel = i / (block->rows * places);
  const size_t row = i / places % block->rows;
  return (position){channel, row * block->stride + channel * places + i % places};
}

/* Sums that are emptied into doubles from time to time. */
typedef struct adder {
  float first, second;
  size_t count;
} adder;

static void empty(adder *self, double *first, double *second) {
  *first += (double)self->first;
  if (second) *second += (double)self->second;
  *self = (adder){0.0f, 0.0f, 0};
}

static void add_up(const pf_norm_block *block, double *first, double *second,
                   void (*term)(const void *user, position at, adder *to),
                   const void *user) {
  const size_t each = block->rows * block->places;
  memset(first, 0, block->channels * sizeof *first);
  if (second) memset(second, 0, block->channels * sizeof *second);
  for (size_t c = 0; c < block->channels; c++) {
    adder sum = {0.0f, 0.0f, 0};
    for (size_t i = 0; i < each; i++) {
      term(user, find(block, c * each + i), &sum);
      if (++sum.count == piece || i + 1 == each)
        empty(&sum, first + c, second ? second + c : NULL);
    }
  }
}

/* All that a term may need. */
typedef struct pass {
  const pf_norm_affine *affine;
  const float *x, *mean, *dy;
} pass;

static void add_value(const void *user, position p, adder *to) {
  to->first += ((const pass *)user)->x[p.at];
}

static void sums(const pf_norm_block *block, const float *x, double *sum) {
  add_up(block, sum, NULL, add_value, &(pass){.x = x});
}

static void add_square(const void *user, position p, adder *to) {
  const pass *self = user;
  const float gap = self->x[p.at] - self->mean[p.channel];
  to->first += gap * gap;
}

static void squares(const pf_norm_block *block, const float *x, const float *mean,
                    double *sum) {
  add_up(block, sum, NULL, add_square, &(pass){.x = x, .mean = mean});
}

static float value_at(const pf_norm_affine *affine, const float *x, position p) {
  const size_t c = p.channel;
  return (x[p.at] - affine->mean[c]) * affine->scale[c] + affine->shift[c];
}

static float slope_at(const pf_norm_affine *affine, const float *x, const float *dy,
                      position p) {
  return affine->rectify && value_at(affine, x, p) <= 0.0f ? 0.0f : dy[p.at];
}

static void forward(const pf_norm_block *block, const pf_norm_affine *affine,
                    const float *x, float *y) {
  for (size_t i = 0; i < size_of(block); i++) {
    const position p = find(block, i);
    const float value = value_at(affine, x, p);
    y[p.at] = affine->rectify && value < 0.0f ? 0.0f : value;
  }
}

static void add_slope(const void *user, position p, adder *to) {
  const pass *self = user;
  const float slope = slope_at(self->affine, self->x, self->dy, p);
  to->first += slope;
  to->second += slope * (self->x[p.at] - self->affine->mean[p.channel]);
}

static void slopes(const pf_norm_block *block, const pf_norm_affine *affine,
                   const float *x, const float *dy, double *sum, double *product) {
  add_up(block, sum, product, add_slope, &(pass){.affine = affine, .x = x, .dy = dy});
}

static void backward(const pf_norm_block *block, const pf_norm_affine *affine,
                     const float *a, const float *b, const float *x, const float *dy,
                     float *dx) {
  for (size_t i = 0; i < size_of(block); i++) {
    const position p = find(block, i);
    const size_t c = p.channel;
    const float gap = x[p.at] - affine->mean[c];
    dx[p.at] = affine->scale[c] * (slope_at(affine, x, dy, p) - a[c] - gap * b[c]);
  }
}

void pf_fill_norm_reference(pf_norm_kernels *to);
void pf_fill_norm_reference(pf_norm_kernels *to) {
  *to = (pf_norm_kernels){sums, squares, forward, slopes, backward};
}
