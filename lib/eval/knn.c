/*
 * knn.c - exact k-nearest-neighbour vote.
 *
 * Tiles of queries and train rows are multiplied in float in the frame of the train rows.
 * A bound on all roundings (nearest.h) tells which rows may be among the k nearest; those
 * are measured by their differences in double, so the rounding of the products cannot
 * change the ranking. Train rows are packed a slab at a time, queries a group at a time:
 * memory is bounded by both.
 */
#include <math.h>

#include "eval/nearest.h"
#include "eval/rows.h"
#include "kernels/table.h"
#include "pflow/eval.h"

enum {
  slab_floats = 1 << 20,  /* packed train rows: a part of the third cache */
  group_floats = 1 << 24, /* packed queries */
  most_held = 1 << 20,    /* neighbours of a group */
  most_panels = 12,       /* of queries that share a pass through a slab */
  least_chunks = 16,
  tile_size = pf_gemm_most_rows * pf_gemm_most_columns
};

/* Rows packed for products, one panel after another, and the bound's part of each. */
typedef struct packed {
  size_t begin, count, most; /* rows held, and room: whole panels */
  size_t width;              /* rows of a panel */
  float *panels;
  float *first, *second; /* half and reach of train rows, slope and limit of queries */
} packed;

typedef struct search {
  const pflow_labelled *train;
  const float *x;
  size_t n, k;
  pflow_pool *pool;
  const pf_kernels *kernels;
  pf_frame frame;
  packed slab, group;
  double *center;
  double *lengths;     /* of the group's queries */
  pf_neighbour *heaps; /* k for each of them */
  size_t *votes;       /* one a class */
} search;

static size_t panels_of(const packed *rows) {
  return (rows->count + rows->width - 1) / rows->width;
}

/* Packs row i of a slab or group of x, zeros behind the last one; returns its length. */
static double pack_row(const search *self, const packed *rows, const float *x, size_t i) {
  const size_t dim = self->train->dim, width = rows->width;
  float *to = rows->panels + i / width * width * dim + i % width;
  if (i < rows->count)
    return pf_frame_put(&self->frame, x + (rows->begin + i) * dim, to, width);
  for (size_t k = 0; k < dim; k++)
    to[k * width] = 0.0f;
  return 0.0;
}

static int pack_slab(size_t begin, size_t end, void *user) {
  const search *self = user;
  const packed *slab = &self->slab;
  for (size_t i = begin * slab->width; i < end * slab->width; i++) {
    const double length = pack_row(self, slab, self->train->x, i);
    pf_frame_known(length, &slab->first[i], &slab->second[i]);
    if (i >= slab->count) slab->first[i] = INFINITY;
  }
  return 0;
}

static int pack_group(size_t begin, size_t end, void *user) {
  const search *self = user;
  const packed *group = &self->group;
  for (size_t i = begin * group->width; i < end * group->width; i++) {
    self->lengths[i] = pack_row(self, group, self->x, i);
    group->first[i] = 0.0f;
    group->second[i] = i < group->count ? -INFINITY : INFINITY;
  }
  return 0;
}

/* Measures the rows found in a tile for one query: places from `begin` on that lie in its
 * row of the tile. Returns where they end. */
static size_t meet(const search *self, size_t query, size_t row, const uint16_t *places,
                   size_t begin, size_t count) {
  const pflow_labelled *train = self->train;
  const size_t columns = self->slab.width, line = places[begin] / columns;
  const float *x = self->x + (self->group.begin + query + line) * train->dim;
  pf_neighbour *heap = self->heaps + (query + line) * self->k;
  size_t at = begin;
  for (; at < count && places[at] / columns == line; at++) {
    pf_neighbour next = {.row = row + places[at] % columns};
    if (next.row >= train->n) continue;
    next.distance = self->kernels->neighbours.distance(
        x, train->x + next.row * train->dim, train->dim);
    pf_heap_offer(heap, self->k, next.row, next);
  }
  if (row + columns >= self->k)
    pf_frame_limit(&self->frame, self->lengths[query + line], heap[0].distance,
                   &self->group.first[query + line], &self->group.second[query + line]);
  return at;
}

/* One panel of queries and one of train rows. */
static void search_tile(const search *self, size_t asked, size_t known) {
  _Alignas(PFLOW_ALIGNMENT) float products[tile_size];
  uint16_t places[tile_size];
  const packed *slab = &self->slab, *group = &self->group;
  const size_t dim = self->train->dim, rows = group->width, columns = slab->width;
  const size_t query = asked * rows, row = known * columns;
  self->kernels->gemm.tile(dim, group->panels + query * dim, slab->panels + row * dim,
                           products, columns, rows, columns, false);
  const size_t count = self->kernels->neighbours.find(
      products, rows, columns, slab->first + row, slab->second + row,
      group->first + query, group->second + query, places);
  for (size_t at = 0; at < count;)
    at = meet(self, query, slab->begin + row, places, at, count);
}

/* Some panels of queries against the slab: one panel of it at a time, which stays in the
 * first cache while the queries stay in the second. */
static int search_panels(size_t begin, size_t end, void *user) {
  const search *self = user;
  const size_t panels = panels_of(&self->slab);
  for (size_t known = 0; known < panels; known++)
    for (size_t asked = begin; asked < end; asked++)
      search_tile(self, asked, known);
  return 0;
}

/* Shows all train rows to the queries of the group. */
static pflow_err search_group(search *self) {
  packed *slab = &self->slab;
  const size_t panels = panels_of(&self->group), n = self->train->n;
  size_t grain = panels / least_chunks + 1;
  if (grain > most_panels) grain = most_panels;
  pf_try(pflow_parallel_for(self->pool, panels, 1, pack_group, self));
  for (size_t begin = 0; begin < n; begin += slab->most) {
    if (slab->count == 0 || slab->begin != begin) {
      slab->begin = begin;
      slab->count = n - begin < slab->most ? n - begin : slab->most;
      pf_try(pflow_parallel_for(self->pool, panels_of(slab), 1, pack_slab, self));
    }
    pf_try(pflow_parallel_for(self->pool, panels, grain, search_panels, self));
  }
  return PFLOW_OK;
}

/* Most frequent label, the smallest on a tie. Leaves votes at zero. */
static int32_t vote(const search *self, const pf_neighbour *nearest) {
  const int32_t *labels = self->train->labels;
  for (size_t i = 0; i < self->k; i++)
    self->votes[labels[nearest[i].row]]++;
  int32_t best = labels[nearest[0].row];
  for (size_t i = 1; i < self->k; i++) {
    int32_t label = labels[nearest[i].row];
    size_t count = self->votes[label], most = self->votes[best];
    if (count > most || (count == most && label < best)) best = label;
  }
  for (size_t i = 0; i < self->k; i++)
    self->votes[labels[nearest[i].row]] = 0;
  return best;
}

static pflow_err predict_all(search *self, int32_t *labels) {
  packed *group = &self->group;
  pf_frame_set(&self->frame, self->train->x, self->train->n, self->train->dim,
               self->center);
  for (size_t begin = 0; begin < self->n; begin += group->most) {
    const size_t left = self->n - begin;
    group->begin = begin;
    group->count = left < group->most ? left : group->most;
    pf_try(search_group(self));
    for (size_t i = 0; i < group->count; i++)
      labels[begin + i] = vote(self, self->heaps + i * self->k);
  }
  return PFLOW_OK;
}

/* Room for at most `most` of n rows, rounded to whole panels. */
static pflow_err packed_allocate(packed *rows, size_t width, size_t n, size_t most,
                                 size_t dim) {
  size_t size;
  rows->width = width;
  rows->most = (n < most ? n : most) / width * width + width;
  pf_try(pf_mul(&size, rows->most, dim, "packed rows"));
  pf_try(pf_alloc(&rows->panels, size, sizeof(float)));
  pf_try(pf_alloc(&rows->first, rows->most, sizeof(float)));
  return pf_alloc(&rows->second, rows->most, sizeof(float));
}

static void packed_free(packed *rows) {
  pflow_free(rows->second);
  pflow_free(rows->first);
  pflow_free(rows->panels);
}

static pflow_err allocate(search *self) {
  const pflow_labelled *train = self->train;
  const size_t most = group_floats / train->dim, held = most_held / self->k;
  size_t heaps;
  pf_try(packed_allocate(&self->slab, self->kernels->gemm.columns, train->n,
                         slab_floats / train->dim, train->dim));
  pf_try(packed_allocate(&self->group, self->kernels->gemm.rows, self->n,
                         held < most ? held : most, train->dim));
  pf_try(pf_mul(&heaps, self->group.most, self->k, "nearest neighbours"));
  pf_try(pf_alloc(&self->heaps, heaps, sizeof *self->heaps));
  pf_try(pf_alloc(&self->lengths, self->group.most, sizeof *self->lengths));
  pf_try(pf_alloc(&self->votes, train->classes, sizeof *self->votes));
  return pf_alloc(&self->center, train->dim, sizeof *self->center);
}

static void search_free(search *self) {
  pflow_free(self->center);
  pflow_free(self->votes);
  pflow_free(self->lengths);
  pflow_free(self->heaps);
  packed_free(&self->group);
  packed_free(&self->slab);
}

static pflow_err check_train(const pflow_labelled *train, size_t k, pflow_pool *pool) {
  pf_try(pf_check_rows_shared(pool, train->x, train->n, train->dim, "train rows"));
  pf_try(pf_check_labels(train->labels, train->n, train->classes, "train labels"));
  if (k < 1 || k > train->n)
    return pf_fail(PFLOW_EINVAL, "k is %zu, wants 1 to %zu (train rows)", k, train->n);
  return PFLOW_OK;
}

pflow_err pflow_knn_predict(const pflow_labelled *train, const float *x, size_t n,
                            size_t k, int32_t *labels, pflow_pool *pool) {
  pf_need(train);
  pf_need(train->x);
  pf_need(train->labels);
  pf_need(x);
  pf_need(labels);
  pf_try(check_train(train, k, pool));
  pf_try(pf_check_rows_shared(pool, x, n, train->dim, "rows"));
  search self = {
      .train = train, .x = x, .n = n, .k = k, .pool = pool, .kernels = pf_kernels_get()};
  pflow_err rc = allocate(&self);
  if (rc >= 0) rc = predict_all(&self, labels);
  search_free(&self);
  return rc;
}
