/*
 * kmeans.c - Lloyd's iteration from k-means++ seeds.
 *
 * Rows are assigned by the exact search for the nearest centre. Centres are means in
 * double, rounded to float; a thread takes some columns of all rows, so that sums are in
 * the order of the rows.
 */
#include <math.h>
#include <string.h>

#include "eval/rows.h"
#include "eval/search.h"
#include "kernels/table.h"
#include "pflow/probes.h"
#include "pflow/random.h"

enum { row_grain = 1024, column_grain = 32 };

typedef struct clustering {
  const pflow_features *rows;
  size_t k;
  pflow_pool *pool;
  const pf_kernels *kernels;
  float *centres;  /* k x dim */
  int32_t *labels; /* n */
  double *squared; /* n: squared distance to the centre */
  size_t *sizes;   /* k */
  double *sums;    /* k x dim */
  bool changed;
  size_t seeded; /* centres chosen so far */
} clustering;

/* ---- seeds ---- */

/* Lowers each row's distance to that of the centre chosen last. */
static int lower_distances(size_t begin, size_t end, void *user) {
  const clustering *self = user;
  const size_t dim = self->rows->dim;
  const float *centre = self->centres + (self->seeded - 1) * dim;
  for (size_t i = begin; i < end; i++) {
    const double squared =
        self->kernels->neighbours.distance(self->rows->x + i * dim, centre, dim);
    if (self->seeded == 1 || squared < self->squared[i]) self->squared[i] = squared;
  }
  return 0;
}

/* A row with a probability in proportion to its squared distance; any where all are 0. */
static size_t draw_row(const clustering *self, pflow_rng *rng) {
  double total = 0.0, sum = 0.0;
  for (size_t i = 0; i < self->rows->n && self->seeded > 0; i++)
    total += self->squared[i];
  if (!(total > 0.0)) return (size_t)pflow_rng_below(rng, self->rows->n);
  const double place = pflow_rng_double(rng) * total;
  size_t last = 0;
  for (size_t i = 0; i < self->rows->n; i++) {
    if (self->squared[i] == 0.0) continue;
    last = i;
    sum += self->squared[i];
    if (sum > place) break;
  }
  return last;
}

static void set_centre(const clustering *self, size_t c, size_t row) {
  const size_t dim = self->rows->dim;
  memcpy(self->centres + c * dim, self->rows->x + row * dim, dim * sizeof(float));
}

static pflow_err seed_centres(clustering *self, uint64_t seed, size_t run) {
  pflow_rng rng;
  pflow_rng_init(&rng, seed, run);
  for (self->seeded = 0; self->seeded < self->k;) {
    set_centre(self, self->seeded, draw_row(self, &rng));
    self->seeded++;
    pf_try(
        pflow_parallel_for(self->pool, self->rows->n, row_grain, lower_distances, self));
  }
  return PFLOW_OK;
}

/* ---- Lloyd's iteration ---- */

static void take(size_t query, const pf_neighbour *nearest, void *user) {
  clustering *self = user;
  const int32_t label = (int32_t)nearest->row;
  self->changed = self->changed || self->labels[query] != label;
  self->labels[query] = label;
  self->squared[query] = nearest->distance;
}

static pflow_err assign(clustering *self) {
  const pf_search_job job = {.known = self->centres,
                             .known_n = self->k,
                             .dim = self->rows->dim,
                             .x = self->rows->x,
                             .n = self->rows->n,
                             .k = 1,
                             .pool = self->pool};
  self->changed = false;
  return pf_search(&job, take, self);
}

static int sum_columns(size_t begin, size_t end, void *user) {
  const clustering *self = user;
  const size_t dim = self->rows->dim;
  for (size_t c = 0; c < self->k; c++)
    for (size_t k = begin; k < end; k++)
      self->sums[c * dim + k] = 0.0;
  for (size_t i = 0; i < self->rows->n; i++) {
    const float *row = self->rows->x + i * dim;
    double *sum = self->sums + (size_t)self->labels[i] * dim;
    for (size_t k = begin; k < end; k++)
      sum[k] += row[k];
  }
  return 0;
}

static size_t farthest_row(const clustering *self) {
  size_t best = 0;
  for (size_t i = 1; i < self->rows->n; i++)
    if (self->squared[i] > self->squared[best]) best = i;
  return best;
}

/* Gives an empty cluster the farthest row, unless all rows are centres. */
static void fill_empty(clustering *self) {
  memset(self->sizes, 0, self->k * sizeof *self->sizes);
  for (size_t i = 0; i < self->rows->n; i++)
    self->sizes[self->labels[i]]++;
  for (size_t c = 0; c < self->k; c++) {
    if (self->sizes[c] > 0) continue;
    const size_t row = farthest_row(self);
    if (self->squared[row] == 0.0) return;
    self->sizes[self->labels[row]]--;
    self->sizes[c]++;
    self->labels[row] = (int32_t)c;
    self->squared[row] = 0.0;
  }
}

static pflow_err move_centres(clustering *self) {
  const size_t dim = self->rows->dim;
  fill_empty(self);
  pf_try(pflow_parallel_for(self->pool, dim, column_grain, sum_columns, self));
  for (size_t c = 0; c < self->k; c++)
    for (size_t k = 0; k < dim && self->sizes[c] > 0; k++)
      self->centres[c * dim + k] =
          (float)(self->sums[c * dim + k] / (double)self->sizes[c]);
  return PFLOW_OK;
}

static double inertia_of(const clustering *self) {
  double sum = 0.0;
  for (size_t i = 0; i < self->rows->n; i++)
    sum += self->squared[i];
  return sum;
}

/* One run; PFLOW_LIMIT if rows still changed clusters at its end. */
static pflow_err run(clustering *self, const pflow_kmeans_config *config, size_t number,
                     pflow_kmeans_report *report) {
  size_t iterations = 0;
  pf_try(seed_centres(self, config->seed, number));
  for (size_t i = 0; i < self->rows->n; i++)
    self->labels[i] = -1;
  pf_try(assign(self));
  while (self->changed && iterations < config->max_iters) {
    pf_try(move_centres(self));
    pf_try(assign(self));
    iterations++;
  }
  *report = (pflow_kmeans_report){inertia_of(self), iterations};
  return self->changed ? PFLOW_LIMIT : PFLOW_OK;
}

/* ---- the call ---- */

static void keep(const clustering *self, int32_t *labels, float *centres) {
  memcpy(labels, self->labels, self->rows->n * sizeof *labels);
  if (centres)
    memcpy(centres, self->centres, self->k * self->rows->dim * sizeof *centres);
}

static pflow_err run_all(clustering *self, const pflow_kmeans_config *config,
                         int32_t *labels, float *centres, pflow_kmeans_report *report) {
  pflow_err result = PFLOW_OK;
  pflow_kmeans_report best = {0}, now;
  for (size_t i = 0; i < config->restarts; i++) {
    const pflow_err rc = run(self, config, i, &now);
    pf_try(rc);
    if (i > 0 && now.inertia >= best.inertia) continue;
    best = now;
    result = rc;
    keep(self, labels, centres);
  }
  *report = best;
  return result;
}

static pflow_err allocate(clustering *self) {
  const size_t n = self->rows->n;
  size_t size;
  pf_try(pf_mul(&size, self->k, self->rows->dim, "centres"));
  pf_try(pf_alloc(&self->centres, size, sizeof *self->centres));
  pf_try(pf_alloc(&self->sums, size, sizeof *self->sums));
  pf_try(pf_alloc(&self->sizes, self->k, sizeof *self->sizes));
  pf_try(pf_alloc(&self->labels, n, sizeof *self->labels));
  return pf_alloc(&self->squared, n, sizeof *self->squared);
}

static void clustering_free(clustering *self) {
  pflow_free(self->squared);
  pflow_free(self->labels);
  pflow_free(self->sizes);
  pflow_free(self->sums);
  pflow_free(self->centres);
}

static pflow_err read_config(pflow_kmeans_config *config,
                             const pflow_kmeans_config *given) {
  pflow_kmeans_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_kmeans_config"));
  pf_try(pf_check_setting(config->restarts >= 1, "restarts", (double)config->restarts,
                          ">= 1"));
  return pf_check_setting(config->max_iters >= 1, "max_iters", (double)config->max_iters,
                          ">= 1");
}

pflow_err pflow_kmeans(const pflow_features *rows, const pflow_kmeans_config *config,
                       int32_t *labels, float *centres, pflow_kmeans_report *report) {
  pf_need(rows);
  pf_need(rows->x);
  pf_need(labels);
  pf_need(report);
  pflow_kmeans_config full;
  pf_try(read_config(&full, config));
  pf_try(pf_check_rows_shared(full.pool, rows->x, rows->n, rows->dim, "rows"));
  if (full.clusters < 1 || full.clusters > rows->n || full.clusters > INT32_MAX)
    return pf_fail(PFLOW_EINVAL, "clusters is %zu, wants 1 to %zu (rows)", full.clusters,
                   rows->n);
  clustering self = {
      .rows = rows, .k = full.clusters, .pool = full.pool, .kernels = pf_kernels_get()};
  pflow_err rc = allocate(&self);
  if (rc >= 0) rc = run_all(&self, &full, labels, centres, report);
  clustering_free(&self);
  return rc;
}
