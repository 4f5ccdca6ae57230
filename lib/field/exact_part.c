/*
 * exact_part.c - weighted sums over some of the sources: blocks with a running nearest
 * source, to which the sums so far are rescaled when it changes.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "field/exact.h"

enum { chain_groups = pf_exact_chain / pf_exact_group };
_Static_assert(pf_exact_chain % pf_exact_group == 0 &&
                   pf_exact_block % pf_exact_chain == 0,
               "chains are whole groups, and blocks whole chains");

/* One panel of queries and what is known of it. */
typedef struct panel {
  const pflow_exact *exact;
  size_t used;
  const float *x;
  const double *height;
  const size_t *leave_out;
  float *least, *weight, *sum;
  float inverse[pf_exact_most_width]; /* 1 / (least + height) */
} panel;

/* A panel against one block of sources. */
typedef struct block {
  size_t first, count, groups; /* sources */
  float nearest[pf_exact_groups][pf_exact_most_width];
  _Alignas(64) float table[pf_exact_block * pf_exact_most_width]; /* distances, weights */
} block;

size_t pf_exact_panels(const pflow_exact *exact, size_t count) {
  return (count + exact->kernels->width - 1) / exact->kernels->width;
}

size_t pf_exact_lanes(const pflow_exact *exact, size_t count, size_t panel_index) {
  const size_t width = exact->kernels->width;
  return count - panel_index * width > width / 2 ? width : width / 2;
}

static size_t group_size(const block *of, size_t group) {
  const size_t left = of->count - group * pf_exact_group;
  return left < pf_exact_group ? left : pf_exact_group;
}

static float *group_table(const panel *self, block *of, size_t group) {
  return of->table + group * pf_exact_group * self->exact->kernels->width;
}

/* Takes a query's own source out of the table. */
static void leave_out(const panel *self, block *of) {
  const size_t width = self->exact->kernels->width;
  for (size_t i = 0; i < self->used; i++) {
    const size_t j = self->leave_out[i] - of->first; /* huge if it lies before */
    if (self->leave_out[i] < of->first || j >= of->count) continue;
    const size_t group = j / pf_exact_group;
    const float *table = group_table(self, of, group);
    of->table[j * width + i] = INFINITY;
    of->nearest[group][i] = INFINITY;
    for (size_t row = 0; row < group_size(of, group); row++)
      of->nearest[group][i] = fminf(of->nearest[group][i], table[row * width + i]);
  }
}

static void measure(const panel *self, block *of) {
  const pflow_exact *exact = self->exact;
  for (size_t group = 0; group < of->groups; group++)
    exact->kernels->distances(
        exact->source + (of->first + group * pf_exact_group) * exact->stride,
        exact->stride, group_size(of, group), self->x, exact->dim, self->used,
        group_table(self, of, group), of->nearest[group]);
  leave_out(self, of);
}

/*
 * Lowers the nearest distances to the block's. scale gets the weight that the nearest
 * source so far has beside the new one, which all sums are to be multiplied by: 1 unless
 * any of them moved, which it tells.
 */
static bool move_nearest(panel *self, const block *of, float *scale) {
  float before[pf_exact_most_width], ignored[pf_exact_most_width] = {0.0f};
  bool moved = false;
  for (size_t i = 0; i < self->used; i++) {
    float least = before[i] = self->least[i];
    for (size_t group = 0; group < of->groups; group++)
      least = of->nearest[group][i] < least ? of->nearest[group][i] : least;
    scale[i] = 1.0f;
    if (least == before[i]) continue;
    const double squared = least + self->height[i];
    moved = true;
    self->least[i] = least;
    self->inverse[i] = squared < 1.0 / FLT_MAX ? FLT_MAX : (float)(1.0 / squared);
  }
  if (moved)
    self->exact->kernels->weigh((float)self->exact->power, (float)self->exact->reach, 1,
                                self->used, self->least, self->inverse, before, scale,
                                ignored);
  return moved;
}

/* Whether any source of the group counts for any query. */
static bool counts(const panel *self, const float *nearest) {
  const float reach = (float)self->exact->reach;
  bool any = false;
  for (size_t i = 0; i < self->used; i++)
    any |= (nearest[i] - self->least[i]) * self->inverse[i] <= reach;
  return any;
}

/*
 * Turns the groups of the chain from `group` on that count into weights, close together
 * at the chain's place in the table; the number of their rows.
 */
static size_t weigh_chain(const panel *self, block *of, size_t group, const float **row,
                          float *weight) {
  const pflow_exact *exact = self->exact;
  const size_t width = exact->kernels->width;
  float *to = group_table(self, of, group);
  const size_t end = group + chain_groups;
  size_t rows = 0;
  for (; group < end && group < of->groups; group++) {
    if (!counts(self, of->nearest[group])) continue;
    const size_t size = group_size(of, group), first = group * pf_exact_group;
    exact->kernels->weigh((float)exact->power, (float)exact->reach, size, self->used,
                          self->least, self->inverse, group_table(self, of, group),
                          to + rows * width, weight);
    for (size_t j = 0; j < size; j++)
      row[rows + j] = exact->source + (of->first + first + j) * exact->stride;
    rows += size;
  }
  return rows;
}

/*
 * Which other lanes a group counts for must not show in a lane's bits. So the sources
 * that share a chain are fixed, those left out of it would add 0, and the sums are
 * rescaled with the first chain, be it empty.
 */
static void add_block(panel *self, block *of) {
  const pf_exact_kernels *kernels = self->exact->kernels;
  const float *row[pf_exact_chain];
  float scale[pf_exact_most_width], weight[pf_exact_most_width] = {0.0f};
  measure(self, of);
  const bool moved = move_nearest(self, of, scale);
  for (size_t i = 0; i < self->used; i++)
    self->weight[i] *= scale[i];
  for (size_t group = 0; group < of->groups; group += chain_groups) {
    const size_t rows = weigh_chain(self, of, group, row, weight);
    if (rows > 0 || (moved && group == 0))
      kernels->gather(row, rows, self->exact->dim, self->used,
                      group_table(self, of, group), scale, self->sum);
    for (size_t i = 0; i < self->used && group == 0; i++)
      scale[i] = 1.0f;
  }
  for (size_t i = 0; i < self->used; i++)
    self->weight[i] += weight[i];
}

/* The panels of a tile, with nothing summed yet. */
static void begin_panels(panel *of, size_t panels, const pflow_exact *exact,
                         const pf_exact_queries *queries, const float *x,
                         pf_exact_slot *to) {
  const size_t width = exact->kernels->width;
  for (size_t p = 0; p < panels; p++) {
    of[p] = (panel){.exact = exact,
                    .used = pf_exact_lanes(exact, queries->count, p),
                    .x = x + p * width * exact->dim,
                    .height = queries->height + p * width,
                    .leave_out = queries->leave_out + p * width,
                    .least = to->sums.least + p * width,
                    .weight = to->sums.weight + p * width,
                    .sum = to->sum + p * width * exact->dim};
    for (size_t i = 0; i < width; i++)
      of[p].least[i] = INFINITY;
  }
  memset(to->sum, 0, panels * width * exact->dim * sizeof *to->sum);
  memset(to->sums.weight, 0, sizeof to->sums.weight);
}

void pf_exact_add_part(const pflow_exact *exact, const pf_exact_queries *queries,
                       const float *x, size_t begin, size_t end, pf_exact_slot *to) {
  const size_t panels = pf_exact_panels(exact, queries->count);
  panel of[pf_exact_tile];
  block now;
  begin_panels(of, panels, exact, queries, x, to);
  for (size_t first = begin; first < end; first += pf_exact_block) {
    now.first = first;
    now.count = end - first < pf_exact_block ? end - first : pf_exact_block;
    now.groups = (now.count + pf_exact_group - 1) / pf_exact_group;
    for (size_t p = 0; p < panels; p++)
      add_block(&of[p], &now);
  }
}
