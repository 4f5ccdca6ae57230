/*
 * exact_tile.c - an evaluation: tiles of queries in, totals over all parts of the
 * sources, results out.
 */
#include <math.h>
#include <string.h>

#include "field/exact.h"

/* Totals of one tile, and what its parts are made of. */
typedef struct tile {
  const pf_exact_job *job;
  size_t first; /* query */
  pf_exact_slot *slot;
  pf_exact_queries queries;
  double least[pf_exact_tile], weight[pf_exact_tile];
} tile;

static size_t parts_of(const pflow_exact *exact) {
  return (exact->n + pf_exact_part - 1) / pf_exact_part;
}

/* Where query i of a tile has its value of coordinate k. */
static size_t place(const pflow_exact *exact, size_t i, size_t k) {
  const size_t width = exact->kernels->width;
  return (i / width * exact->dim + k) * width + i % width;
}

/* ---- queries in ---- */

static double height_of(const pf_exact_job *job, size_t i) {
  return job->height ? job->height[i] : exp(job->log_height[i]);
}

static size_t left_out(const pf_exact_job *job, size_t i) {
  if (!job->leave_out) return PFLOW_NO_SOURCE;
  return job->leave_out[job->row ? job->row[i] : i];
}

static size_t row_number(const pf_exact_job *job, size_t i) {
  return job->row ? job->row[i] : i;
}

static pflow_err check_left_out(const pf_exact_job *job) {
  for (size_t i = 0; i < job->n; i++) {
    const size_t j = left_out(job, i);
    if (j == PFLOW_NO_SOURCE) continue;
    if (j >= job->exact->n)
      return pf_fail(PFLOW_EINVAL, "exact field: row %zu leaves out source %zu of %zu",
                     row_number(job, i), j, job->exact->n);
    if (job->exact->n == 1)
      return pf_fail(PFLOW_EINVAL, "exact field: row %zu leaves out the only source",
                     row_number(job, i));
  }
  return PFLOW_OK;
}

/* Packs query i of the tile; lane is its own or one of those that repeat it. */
static void pack_query(tile *self, size_t i, size_t lane) {
  const pf_exact_job *job = self->job;
  const pflow_exact *exact = job->exact;
  const float *x = job->x + (self->first + i) * exact->dim;
  const double scale = 1.0 / exact->unit;
  const double height = height_of(job, self->first + i) * scale;
  self->queries.height[lane] = height * height;
  self->queries.leave_out[lane] = left_out(job, self->first + i);
  self->least[lane] = INFINITY;
  self->weight[lane] = 0.0;
  for (size_t k = 0; k < exact->dim; k++)
    self->slot->x[place(exact, lane, k)] =
        (float)(((double)x[k] - exact->center[k]) * scale);
}

static void begin_tile(tile *self, const pf_exact_job *job, size_t first) {
  const size_t left = job->n - first;
  self->job = job;
  self->first = first;
  self->queries.count = left < pf_exact_tile ? left : pf_exact_tile;
  for (size_t lane = 0; lane < pf_exact_tile; lane++)
    pack_query(self, lane < self->queries.count ? lane : self->queries.count - 1, lane);
  memset(self->slot->total, 0,
         pf_exact_tile * job->exact->dim * sizeof *self->slot->total);
}

/* ---- parts ---- */

/* The weight of a source at squared distance `far` beside one at `near`. */
static double weight_beside(const pflow_exact *exact, double near, double far,
                            double height) {
  if (far == near) return 1.0;
  return exp(-exact->power * log1p((far - near) / (near + height)));
}

/* Adds a part's sums to lane i's: the factors of the totals and of the part. */
static void add_lane(tile *self, const pf_exact_sums *sums, size_t i, double *keep,
                     double *take) {
  const double height = self->queries.height[i];
  *keep = 1.0;
  *take = 0.0;
  if (sums->weight[i] == 0.0f) return; /* nothing but the source that is left out */
  *take = 1.0;
  if (self->weight[i] > 0.0 && self->least[i] <= sums->least[i])
    *take = weight_beside(self->job->exact, self->least[i], sums->least[i], height);
  else if (self->weight[i] > 0.0)
    *keep = weight_beside(self->job->exact, sums->least[i], self->least[i], height);
  self->least[i] = fmin(self->least[i], sums->least[i]);
  self->weight[i] = self->weight[i] * *keep + sums->weight[i] * *take;
}

static void merge_part(tile *self, const pf_exact_slot *part) {
  const pflow_exact *exact = self->job->exact;
  const size_t width = exact->kernels->width;
  double keep[pf_exact_tile], take[pf_exact_tile];
  for (size_t i = 0; i < pf_exact_tile; i++)
    add_lane(self, &part->sums, i, &keep[i], &take[i]);
  for (size_t p = 0; p < pf_exact_panels(exact, self->queries.count); p++)
    exact->kernels->merge(exact->dim, pf_exact_lanes(exact, self->queries.count, p),
                          keep + p * width, take + p * width,
                          part->sum + p * width * exact->dim,
                          self->slot->total + p * width * exact->dim);
}

static void compute_part(const tile *self, size_t part, pf_exact_slot *to) {
  const pflow_exact *exact = self->job->exact;
  const size_t begin = part * pf_exact_part, left = exact->n - begin;
  pf_exact_add_part(exact, &self->queries, self->slot->x, begin,
                    begin + (left < pf_exact_part ? left : pf_exact_part), to);
}

/* ---- results out ---- */

static bool write_row(const tile *self, size_t i) {
  const pf_exact_job *job = self->job;
  const pflow_exact *exact = job->exact;
  const float *x = job->x + (self->first + i) * exact->dim;
  float *out = job->out + (self->first + i) * exact->dim;
  const double scale = exact->unit / self->weight[i];
  bool finite = true;
  for (size_t k = 0; k < exact->dim; k++) {
    double mean = exact->center[k] + self->slot->total[place(exact, i, k)] * scale;
    double value = job->as_derivative ? x[k] - mean : mean;
    finite &= isfinite(value) && isfinite(x[k]);
    out[k] = (float)(isfinite(x[k]) ? value : NAN);
  }
  return finite;
}

static pflow_err end_tile(const tile *self) {
  const pf_exact_job *job = self->job;
  for (size_t i = 0; i < self->queries.count; i++)
    if (!write_row(self, i) && !job->as_derivative)
      return pf_fail(PFLOW_ENONFINITE,
                     "exact field: row %zu holds NaN or infinity, or is too far away",
                     self->first + i);
  return PFLOW_OK;
}

/* ---- threads ---- */

/* Many queries: each tile on one thread. */
static int run_tiles(size_t begin, size_t end, void *user) {
  const pf_exact_job *job = user;
  pflow_err rc = PFLOW_OK;
  tile self = {.slot = pf_exact_wait_slot(job->exact)};
  for (size_t t = begin; t < end && rc >= 0; t++) {
    begin_tile(&self, job, t * pf_exact_tile);
    for (size_t part = 0; part < parts_of(job->exact); part++) {
      compute_part(&self, part, self.slot);
      merge_part(&self, self.slot);
    }
    rc = end_tile(&self);
  }
  pf_exact_release_slot(job->exact, self.slot);
  return rc;
}

enum { most_rounds = 2 * PFLOW_MAX_THREADS };

/* Few queries: the parts of one tile on all threads, a round of them at a time. Where the
 * threads have work of their own, that would only take slots which they wait for. */
typedef struct round {
  tile self;
  size_t first, size; /* parts */
  pf_exact_slot *slot[most_rounds];
} round_of_parts;

static int run_parts(size_t begin, size_t end, void *user) {
  round_of_parts *of = user;
  for (size_t i = begin; i < end; i++)
    compute_part(&of->self, of->first + i, of->slot[i]);
  return 0;
}

static pflow_err run_rounds(round_of_parts *of, const pf_exact_job *job) {
  const size_t parts = parts_of(job->exact);
  for (of->first = 0; of->first < parts; of->first += of->size) {
    const size_t left = parts - of->first, count = left < of->size ? left : of->size;
    pf_try(pflow_parallel_for(job->exact->pool, count, 1, run_parts, of));
    for (size_t i = 0; i < count; i++)
      merge_part(&of->self, of->slot[i]);
  }
  return end_tile(&of->self);
}

static pflow_err run_shared_tile(const pf_exact_job *job, size_t first) {
  const size_t parts = parts_of(job->exact);
  round_of_parts of;
  of.slot[0] = of.self.slot = pf_exact_wait_slot(job->exact);
  for (of.size = 1; of.size < parts && of.size < most_rounds; of.size++)
    if (!(of.slot[of.size] = pf_exact_try_slot(job->exact))) break;
  begin_tile(&of.self, job, first);
  pflow_err rc = run_rounds(&of, job);
  for (size_t i = 0; i < of.size; i++)
    pf_exact_release_slot(job->exact, of.slot[i]);
  return rc;
}

pflow_err pf_exact_run(const pf_exact_job *job) {
  const size_t tiles = (job->n + pf_exact_tile - 1) / pf_exact_tile;
  const size_t threads = pflow_pool_threads(job->exact->pool);
  pf_try(check_left_out(job));
  if (threads == 1 || tiles >= 4 * threads || parts_of(job->exact) == 1 ||
      pf_pool_is_busy(job->exact->pool))
    return pflow_parallel_for(job->exact->pool, tiles, 1, run_tiles, (void *)job);
  for (size_t t = 0; t < tiles; t++)
    pf_try(run_shared_tile(job, t * pf_exact_tile));
  return PFLOW_OK;
}
