/*
 * pairs.c - a panel of rows against blocks of all rows; nothing of size n^2 is kept.
 */
#include "nn/pairs.h"

#include <string.h>

#include "kernels/table.h"

enum {
  piece = 8 * pf_distance_run, /* coordinates packed at a time */
  row_grain = pf_distance_most_width
};

typedef struct pairs {
  const pf_kernels *kernels;
  const float *x;
  size_t n, dim;
  pf_pair_fn fn;
  void *user;
  float *gradient;
} pairs;

/* Rows of a panel, and the rows they are measured from. */
typedef struct tile {
  size_t row, rows, other, others;
  double squared[pf_pair_room * pf_distance_most_width];
} tile;

static void measure(const pairs *self, tile *at) {
  _Alignas(64) float panel[piece * pf_distance_most_width];
  const size_t width = self->kernels->distance.width;
  memset(at->squared, 0, at->others * width * sizeof *at->squared);
  for (size_t k = 0; k < self->dim; k += piece) {
    const size_t count = self->dim - k < piece ? self->dim - k : piece;
    self->kernels->gemm.turn(self->x + at->row * self->dim + k, self->dim, count,
                             at->rows, width, panel);
    self->kernels->distance.squares(count, panel, at->rows,
                                    self->x + at->other * self->dim + k, self->dim,
                                    at->others, NULL, at->squared);
  }
}

/* Row i of the panel with the tile's others, itself left out. */
static void meet(const pairs *self, const tile *at, size_t i) {
  size_t other[pf_pair_room];
  const float *place[pf_pair_room];
  double squared[pf_pair_room];
  float weight[pf_pair_room];
  const size_t width = self->kernels->distance.width, row = at->row + i;
  size_t count = 0;
  for (size_t j = 0; j < at->others; j++) {
    other[count] = at->other + j;
    place[count] = self->x + other[count] * self->dim;
    squared[count] = at->squared[j * width + i];
    count += other[count] != row;
  }
  pf_pair_block block = {row, count, other, squared, self->gradient ? weight : NULL};
  self->fn(&block, self->user);
  if (self->gradient)
    self->kernels->distance.pull(self->dim, count, place, weight,
                                 self->x + row * self->dim,
                                 self->gradient + row * self->dim);
}

static void run_panel(const pairs *self, size_t row, size_t rows) {
  tile at = {.row = row, .rows = rows};
  for (; at.other < self->n; at.other += pf_pair_room) {
    const size_t left = self->n - at.other;
    at.others = left < pf_pair_room ? left : pf_pair_room;
    measure(self, &at);
    for (size_t i = 0; i < rows; i++)
      meet(self, &at, i);
  }
}

static int run_rows(size_t begin, size_t end, void *user) {
  const pairs *self = user;
  const size_t width = self->kernels->distance.width;
  for (size_t row = begin; row < end; row += width)
    run_panel(self, row, end - row < width ? end - row : width);
  return 0;
}

pflow_err pf_pairs_run(pflow_pool *pool, const float *x, size_t n, size_t dim,
                       pf_pair_fn fn, void *user, float *gradient) {
  pairs self = {pf_kernels_get(), x, n, dim, fn, user, gradient};
  return pflow_parallel_for(pool, n, row_grain, run_rows, &self);
}
