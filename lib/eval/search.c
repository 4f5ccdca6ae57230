/*
 * search.c - the exact search for nearest rows.
 *
 * Tiles of queries and known rows are multiplied in float in the frame of the known rows.
 * A bound on all roundings (nearest.h) tells which rows may be among the k nearest; those
 * are measured by their differences in double, so the rounding of the products cannot
 * change the ranking. Known rows are packed a slab at a time, queries a group at a time:
 * memory is bounded by both.
 */
#include "eval/search.h"

#include <math.h>

#include "kernels/table.h"

enum {
  slab_floats = 1 << 20,  /* packed known rows: a part of the third cache */
  group_floats = 1 << 24, /* packed queries */
  most_held = 1 << 20,    /* neighbours of a group */
  most_panels = 12,       /* of queries that share a pass through a slab */
  least_chunks = 16,
  sort_grain = 256,
  tile_size = pf_gemm_most_rows * pf_gemm_most_columns
};

/* Rows packed for products, one panel after another, and the bound's part of each. */
typedef struct packed {
  size_t begin, count, most; /* rows held, and room: whole panels */
  size_t width;              /* rows of a panel */
  float *panels;
  float *first, *second; /* half and reach of known rows, slope and limit of queries */
} packed;

typedef struct search {
  const pf_search_job *job;
  const pf_kernels *kernels;
  pf_frame frame;
  packed slab, group;
  double *center;
  double *lengths;     /* of the group's queries */
  pf_neighbour *heaps; /* k for each of them */
} search;

static size_t panels_of(const packed *rows) {
  return (rows->count + rows->width - 1) / rows->width;
}

/* The known row that a query is, none (SIZE_MAX) where queries are rows of their own. */
static size_t own_row(const pf_search_job *job, size_t query) {
  if (job->x) return SIZE_MAX;
  return job->chosen ? job->chosen[query] : query;
}

static const float *query_row(const pf_search_job *job, size_t query) {
  return job->x ? job->x + query * job->dim : job->known + own_row(job, query) * job->dim;
}

/* Packs a row in place i of a slab or group, zeros for NULL; returns its length. */
static double pack_row(const search *self, const packed *rows, const float *x, size_t i) {
  const size_t dim = self->job->dim, width = rows->width;
  float *to = rows->panels + i / width * width * dim + i % width;
  if (x) return pf_frame_put(&self->frame, x, to, width);
  for (size_t k = 0; k < dim; k++)
    to[k * width] = 0.0f;
  return 0.0;
}

static int pack_slab(size_t begin, size_t end, void *user) {
  const search *self = user;
  const packed *slab = &self->slab;
  for (size_t i = begin * slab->width; i < end * slab->width; i++) {
    const float *x = self->job->known + (slab->begin + i) * self->job->dim;
    const double length = pack_row(self, slab, i < slab->count ? x : NULL, i);
    pf_frame_known(length, &slab->first[i], &slab->second[i]);
    if (i >= slab->count) slab->first[i] = INFINITY;
  }
  return 0;
}

static int pack_group(size_t begin, size_t end, void *user) {
  const search *self = user;
  const packed *group = &self->group;
  for (size_t i = begin * group->width; i < end * group->width; i++) {
    const float *x = i < group->count ? query_row(self->job, group->begin + i) : NULL;
    self->lengths[i] = pack_row(self, group, x, i);
    group->first[i] = 0.0f;
    group->second[i] = i < group->count ? -INFINITY : INFINITY;
  }
  return 0;
}

/* Measures the rows found in a tile for one query: places from `begin` on that lie in its
 * row of the tile. Returns where they end. */
static size_t meet(const search *self, size_t query, size_t row, const uint16_t *places,
                   size_t begin, size_t count) {
  const pf_search_job *job = self->job;
  const size_t columns = self->slab.width, line = places[begin] / columns;
  const size_t asked = self->group.begin + query + line, own = own_row(job, asked);
  const float *x = query_row(job, asked);
  pf_neighbour *heap = self->heaps + (query + line) * job->k;
  size_t at = begin;
  for (; at < count && places[at] / columns == line; at++) {
    pf_neighbour next = {.row = row + places[at] % columns};
    if (next.row >= job->known_n || next.row == own) continue;
    next.distance =
        self->kernels->neighbours.distance(x, job->known + next.row * job->dim, job->dim);
    /* Until the heap is full, every row is met. */
    pf_heap_offer(heap, job->k, next.row - (own < next.row), next);
  }
  if (row + columns >= job->k + (own != SIZE_MAX))
    pf_frame_limit(&self->frame, self->lengths[query + line], heap[0].distance,
                   &self->group.first[query + line], &self->group.second[query + line]);
  return at;
}

/* One panel of queries and one of known rows. */
static void search_tile(const search *self, size_t asked, size_t known) {
  _Alignas(PFLOW_ALIGNMENT) float products[tile_size];
  uint16_t places[tile_size];
  const packed *slab = &self->slab, *group = &self->group;
  const size_t dim = self->job->dim, rows = group->width, columns = slab->width;
  const size_t query = asked * rows, row = known * columns;
  self->kernels->gemm.tile(dim, group->panels + query * dim, slab->panels + row * dim,
                           products, columns, rows, columns, false);
  const size_t count = self->kernels->neighbours.find(
      products, rows, columns, slab->first + row, slab->second + row,
      group->first + query, group->second + query, places);
  /* Known rows too long for a float are found for queries that only fill a panel, too. */
  const size_t end = (group->count - query) * columns;
  for (size_t at = 0; at < count && places[at] < end;)
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

/* Shows all known rows to the queries of the group. */
static pflow_err search_group(search *self) {
  packed *slab = &self->slab;
  const size_t panels = panels_of(&self->group), n = self->job->known_n;
  size_t grain = panels / least_chunks + 1;
  if (grain > most_panels) grain = most_panels;
  pf_try(pflow_parallel_for(self->job->pool, panels, 1, pack_group, self));
  for (size_t begin = 0; begin < n; begin += slab->most) {
    if (slab->count == 0 || slab->begin != begin) {
      slab->begin = begin;
      slab->count = n - begin < slab->most ? n - begin : slab->most;
      pf_try(pflow_parallel_for(self->job->pool, panels_of(slab), 1, pack_slab, self));
    }
    pf_try(pflow_parallel_for(self->job->pool, panels, grain, search_panels, self));
  }
  return PFLOW_OK;
}

static int sort_group(size_t begin, size_t end, void *user) {
  const search *self = user;
  for (size_t i = begin; i < end; i++)
    pf_heap_sort(self->heaps + i * self->job->k, self->job->k);
  return 0;
}

static pflow_err search_all(search *self, pf_search_fn take, void *user) {
  const pf_search_job *job = self->job;
  packed *group = &self->group;
  pf_frame_set(&self->frame, job->known, job->known_n, job->dim, self->center);
  for (size_t begin = 0; begin < job->n; begin += group->most) {
    const size_t left = job->n - begin;
    group->begin = begin;
    group->count = left < group->most ? left : group->most;
    pf_try(search_group(self));
    pf_try(pflow_parallel_for(job->pool, group->count, sort_grain, sort_group, self));
    for (size_t i = 0; i < group->count; i++)
      take(begin + i, self->heaps + i * job->k, user);
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
  const pf_search_job *job = self->job;
  const size_t most = group_floats / job->dim, held = most_held / job->k;
  size_t heaps;
  pf_try(packed_allocate(&self->slab, self->kernels->gemm.columns, job->known_n,
                         slab_floats / job->dim, job->dim));
  pf_try(packed_allocate(&self->group, self->kernels->gemm.rows, job->n,
                         held < most ? held : most, job->dim));
  pf_try(pf_mul(&heaps, self->group.most, job->k, "nearest neighbours"));
  pf_try(pf_alloc(&self->heaps, heaps, sizeof *self->heaps));
  pf_try(pf_alloc(&self->lengths, self->group.most, sizeof *self->lengths));
  return pf_alloc(&self->center, job->dim, sizeof *self->center);
}

static void search_free(search *self) {
  pflow_free(self->center);
  pflow_free(self->lengths);
  pflow_free(self->heaps);
  packed_free(&self->group);
  packed_free(&self->slab);
}

pflow_err pf_search(const pf_search_job *job, pf_search_fn take, void *user) {
  search self = {.job = job, .kernels = pf_kernels_get()};
  pflow_err rc = allocate(&self);
  if (rc >= 0) rc = search_all(&self, take, user);
  search_free(&self);
  return rc;
}
