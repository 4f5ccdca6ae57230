/*
 * knn.c - exact k-nearest-neighbour vote.
 *
 * A block of queries meets a block of train rows in one matrix product, which gives each
 * squared distance up to a rounding error that is bounded below. Rows that may be among
 * the k nearest are measured again from their differences, so cancellation between
 * lengths cannot change the ranking.
 */
#include <float.h>

#include "eval/rows.h"
#include "kernels/gemm.h"
#include "pflow/eval.h"

enum { query_block = 256, train_block = 1024, query_grain = 8, max_heap = 1 << 20 };

typedef struct neighbour {
  double distance; /* squared */
  size_t row;
} neighbour;

typedef struct search {
  const pflow_labelled *train;
  const float *x;
  size_t n, k, queries; /* queries: rows of a block */
  pflow_pool *pool;
  double *query, *query_norm; /* current blocks in double, and squared lengths */
  double *known, *known_norm;
  double *products; /* queries x train_block */
  neighbour *heaps; /* queries x k: k best so far, the worst at the root */
  size_t *votes;    /* one a class */
  size_t query_begin, query_count, train_begin, train_count;
} search;

/* Equal distances: the smaller row number is nearer. */
static bool is_farther(neighbour a, neighbour b) {
  return a.distance > b.distance || (a.distance == b.distance && a.row > b.row);
}

static void sift_up(neighbour *heap, size_t place) {
  neighbour moved = heap[place];
  while (place > 0 && is_farther(moved, heap[(place - 1) / 2])) {
    heap[place] = heap[(place - 1) / 2];
    place = (place - 1) / 2;
  }
  heap[place] = moved;
}

static void sift_down(neighbour *heap, size_t size, neighbour moved) {
  size_t place = 0;
  for (size_t child = 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && is_farther(heap[child + 1], heap[child])) child++;
    if (!is_farther(heap[child], moved)) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = moved;
}

/* Copies rows to double with their squared lengths. */
static void widen(const float *x, size_t n, size_t dim, double *out, double *norm) {
  for (size_t i = 0; i < n; i++) {
    norm[i] = 0.0;
    for (size_t k = 0; k < dim; k++) {
      double value = x[i * dim + k];
      out[i * dim + k] = value;
      norm[i] += value * value;
    }
  }
}

/*
 * What |a|^2 + |b|^2 - 2 a.b can exceed the measured ||a - b||^2 by: each of the three
 * sums, in any order, is off by less than dim * epsilon times the sum of magnitudes, and
 * 2 |a.b| <= |a|^2 + |b|^2; the rest is room for the few operations around them.
 */
static double slack(const search *self, double lengths) {
  return 4.0 * ((double)self->train->dim + 4.0) * DBL_EPSILON * lengths;
}

/* Shows the block of train rows to one query. */
static void scan(const search *self, size_t query, neighbour *heap) {
  const pflow_labelled *train = self->train;
  const float *x = self->x + (self->query_begin + query) * train->dim;
  const double *products = self->products + query * self->train_count;
  for (size_t j = 0; j < self->train_count; j++) {
    neighbour next = {.row = self->train_begin + j};
    double lengths = self->query_norm[query] + self->known_norm[j];
    double about = lengths - 2.0 * products[j];
    bool full = next.row >= self->k;
    if (full && about - slack(self, lengths) > heap[0].distance) continue;
    next.distance = pf_squared_distance(x, train->x + next.row * train->dim, train->dim);
    if (!full) {
      heap[next.row] = next;
      sift_up(heap, next.row);
    } else if (is_farther(heap[0], next)) {
      sift_down(heap, self->k, next);
    }
  }
}

static int scan_queries(size_t begin, size_t end, void *user) {
  const search *self = user;
  for (size_t query = begin; query < end; query++)
    scan(self, query, self->heaps + query * self->k);
  return 0;
}

static pflow_err scan_block(search *self) {
  const pflow_labelled *train = self->train;
  for (size_t begin = 0; begin < train->n; begin += train_block) {
    size_t count = train->n - begin < train_block ? train->n - begin : train_block;
    self->train_begin = begin;
    self->train_count = count;
    widen(train->x + begin * train->dim, count, train->dim, self->known,
          self->known_norm);
    pf_try(pf_dgemm(pf_plain, pf_transposed, self->query_count, count, train->dim,
                    self->query, self->known, 0.0, self->products));
    pf_try(pflow_parallel_for(self->pool, self->query_count, query_grain, scan_queries,
                              self));
  }
  return PFLOW_OK;
}

/* Most frequent label, the smallest on a tie. Leaves votes at zero. */
static int32_t vote(const search *self, const neighbour *nearest) {
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
  size_t dim = self->train->dim;
  for (size_t begin = 0; begin < self->n; begin += self->queries) {
    size_t left = self->n - begin;
    self->query_begin = begin;
    self->query_count = left < self->queries ? left : self->queries;
    widen(self->x + begin * dim, self->query_count, dim, self->query, self->query_norm);
    pf_try(scan_block(self));
    for (size_t i = 0; i < self->query_count; i++)
      labels[begin + i] = vote(self, self->heaps + i * self->k);
  }
  return PFLOW_OK;
}

static pflow_err allocate(search *self, double **block) {
  size_t dim = self->train->dim, rows = self->queries + train_block, size, heaps;
  pf_try(pf_add(&size, dim, 1, "nearest neighbours"));
  pf_try(pf_mul(&size, size, rows, "nearest neighbours"));
  pf_try(pf_add(&size, size, self->queries * train_block, "nearest neighbours"));
  pf_try(pf_mul(&heaps, self->queries, self->k, "nearest neighbours"));
  pf_try(pf_alloc(block, size, sizeof **block));
  pf_try(pf_alloc(&self->heaps, heaps, sizeof *self->heaps));
  pf_try(pf_alloc(&self->votes, self->train->classes, sizeof *self->votes));
  self->products = *block;
  self->query = self->products + self->queries * train_block;
  self->known = self->query + self->queries * dim;
  self->query_norm = self->known + train_block * dim;
  self->known_norm = self->query_norm + self->queries;
  return PFLOW_OK;
}

static pflow_err check_train(const pflow_labelled *train, size_t k) {
  pf_try(pf_check_rows(train->x, train->n, train->dim, "train rows"));
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
  pf_try(check_train(train, k));
  pf_try(pf_check_rows(x, n, train->dim, "rows"));
  search self = {.train = train, .x = x, .n = n, .k = k, .pool = pool};
  self.queries = k > max_heap / query_block ? max_heap / k + 1 : query_block;
  if (self.queries > n) self.queries = n;
  double *block = NULL;
  pflow_err rc = allocate(&self, &block);
  if (rc >= 0) rc = predict_all(&self, labels);
  pflow_free(self.votes);
  pflow_free(self.heaps);
  pflow_free(block);
  return rc;
}
