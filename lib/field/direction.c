/*
 * direction.c - the exact Poisson field of a set of sources, and the training target.
 *
 * A tile of points, one a lane, meets the sources a block at a time. Distances are sums
 * of squared differences: the shorter |x|^2 - 2 x.y + |y|^2 loses all digits of a small
 * distance, and the power dim + 1 multiplies what relative error is left by (dim + 1)
 * / 2.
 */
#include <math.h>
#include <string.h>

#include "field/direction.h"
#include "field/points.h"
#include "field/pull.h"
#include "kernels/table.h"

/* Coordinates of a panel; wider points are packed anew for each block of sources. */
enum { piece = 256 };

/* Total weight of the sources that may be left out, relative to the nearest one's. */
static const double negligible = 1e-7;

typedef struct field_job {
  pf_pull_field field;
  const pf_gemm_kernels *pack;
  const pf_rows_kernels *rows;
  const float *y;
  float *e;
  bool finite;       /* all sources are */
  bool near_sources; /* point i lies near source i */
  bool as_target;    /* scale by sqrt(dim) / (||E|| + gamma) */
  double gamma;
} field_job;

/* Up to a panel of points, and their squared distances to a block of sources. */
typedef struct tile {
  _Alignas(64) float panel[piece * pf_distance_most_width];
  double squared[pf_pull_block * pf_distance_most_width];
  double height[pf_distance_most_width]; /* z^2 */
  double nearest[pf_distance_most_width];
  double limit[pf_distance_most_width]; /* of what is in reach; behind the points -1 */
  int64_t hit[pf_distance_most_width];
  size_t points;
  pf_pull pull[pf_distance_most_width];
} tile;

static void scale_to_target(float *e, size_t dim, double gamma) {
  double squares = 0.0;
  for (size_t k = 0; k <= dim; k++)
    squares += (double)e[k] * e[k];
  if (squares == 0.0) return;
  double scale = sqrt((double)dim) / (sqrt(squares) + gamma);
  for (size_t k = 0; k <= dim; k++)
    e[k] = (float)(e[k] * scale);
}

/* Packs coordinates first <= k < first + length of the points at y. */
static void pack_points(tile *self, const field_job *job, const float *y, size_t first,
                        size_t length) {
  job->pack->turn(y + first, job->field.sources->dim + 1, length, self->points,
                  job->field.kernels->width, self->panel);
}

/* Squared distances to `count` sources at x, or less where they are out of reach. A
 * coordinate that is not finite must not be left out. */
static void block_distances(tile *self, const field_job *job, const float *y,
                            const float *x, size_t count) {
  const pf_distance_kernels *kernels = job->field.kernels;
  const size_t dim = job->field.sources->dim, width = kernels->width;
  const double *limit = job->finite ? self->limit : NULL;
  for (size_t i = 0; i < self->points; i++)
    self->limit[i] = self->nearest[i] * job->field.reach;
  for (size_t j = 0; j < count; j++)
    memcpy(self->squared + j * width, self->height, width * sizeof *self->squared);
  for (size_t first = 0; first < dim; first += piece) {
    size_t length = dim - first < piece ? dim - first : piece;
    if (dim > piece) pack_points(self, job, y, first, length);
    kernels->squares(length, self->panel, self->points, x + first, dim, count, limit,
                     self->squared);
  }
}

/* What the nearest of point i is taken to be before any has been met: source i, a little
 * further away than it is. */
static double start_distance(const field_job *job, size_t i) {
  const size_t dim = job->field.sources->dim;
  const float *y = job->y + i * (dim + 1), *x = job->field.sources->x + i * dim;
  if (!job->near_sources) return INFINITY;
  const double squared = job->rows->differences(dim, y, x, 1.0, NULL);
  const double start = 1.0001 * (squared + (double)y[dim] * y[dim]);
  return isfinite(start) ? start : INFINITY;
}

static void tile_start(tile *self, const field_job *job, size_t begin, size_t end) {
  const size_t dim = job->field.sources->dim, width = dim + 1;
  self->points = end - begin;
  memset(self->height, 0, sizeof self->height);
  memset(job->e + begin * width, 0, self->points * width * sizeof *job->e);
  for (size_t i = 0; i < pf_distance_most_width; i++) {
    self->nearest[i] = INFINITY;
    self->limit[i] = -1.0;
  }
  for (size_t i = 0; i < self->points; i++) {
    const float *y = job->y + (begin + i) * width;
    self->height[i] = (double)y[dim] * y[dim];
    self->nearest[i] = start_distance(job, begin + i);
    pf_pull_start(&self->pull[i], y, job->e + (begin + i) * width);
  }
  if (dim <= piece) pack_points(self, job, job->y + begin * width, 0, dim);
}

/* E from the sums: all sources lie at z = 0, so E_z is -z whatever the weights. */
static void tile_finish(tile *self, const field_job *job) {
  const size_t dim = job->field.sources->dim;
  for (size_t i = 0; i < self->points; i++) {
    pf_pull *pull = &self->pull[i];
    pf_pull_add(pull, &job->field, self->nearest[i]);
    if (self->nearest[i] == 0.0) {
      memset(pull->sum, 0, (dim + 1) * sizeof *pull->sum);
      continue;
    }
    for (size_t k = 0; k < dim; k++)
      pull->sum[k] = (float)(pull->sum[k] / pull->weight);
    pull->sum[dim] = 0.0f - pull->y[dim];
    if (job->as_target) scale_to_target(pull->sum, dim, job->gamma);
  }
}

static int field_rows(size_t begin, size_t end, void *user) {
  const field_job *job = user;
  const pflow_sources *sources = job->field.sources;
  const pf_distance_kernels *kernels = job->field.kernels;
  const float *y = job->y + begin * (sources->dim + 1);
  tile self;
  tile_start(&self, job, begin, end);
  for (size_t first = 0; first < sources->n; first += pf_pull_block) {
    size_t left = sources->n - first;
    size_t count = left < pf_pull_block ? left : pf_pull_block;
    block_distances(&self, job, y, sources->x + first * sources->dim, count);
    kernels->scan(self.squared, self.points, count, job->field.reach, self.nearest,
                  self.hit);
    for (size_t i = 0; i < self.points; i++)
      if (self.hit[i])
        pf_pull_note(&self.pull[i], &job->field, self.nearest[i], first, count,
                     self.squared + i, kernels->width);
  }
  tile_finish(&self, job);
  return 0;
}

static pflow_err run_job(field_job *job, const pflow_sources *sources, size_t q,
                         pflow_pool *pool) {
  const pf_kernels *kernels = pf_kernels_get();
  size_t size;
  pf_try(pf_points_size(&size, sources->n, sources->dim, "Poisson field: sources"));
  pf_try(pf_points_size(&size, q, sources->dim, "Poisson field: points"));
  job->field = (pf_pull_field){sources, &kernels->distance, 0.0};
  job->field.reach =
      pow((double)sources->n / negligible, 2.0 / ((double)sources->dim + 1.0));
  job->pack = &kernels->gemm;
  job->rows = &kernels->rows;
  job->finite = job->rows->finite(sources->n * sources->dim, sources->x);
  return pflow_parallel_for(pool, q, kernels->distance.width, field_rows, job);
}

pflow_err pflow_poisson_direction(const pflow_sources *sources, const float *y, size_t q,
                                  float *e, pflow_pool *pool) {
  pf_need(sources);
  pf_need(sources->x);
  pf_need(y);
  pf_need(e);
  field_job job = {.y = y, .e = e};
  return run_job(&job, sources, q, pool);
}

static pflow_err run_target(field_job *job, const pflow_sources *sources, size_t q,
                            pflow_pool *pool) {
  pf_try(pf_check_setting(job->gamma >= 0.0 && job->gamma < INFINITY,
                          "Poisson target: gamma", job->gamma, "a finite value >= 0"));
  job->as_target = true;
  return run_job(job, sources, q, pool);
}

pflow_err pflow_poisson_target(const pflow_sources *sources, const float *y, size_t q,
                               double gamma, float *target, pflow_pool *pool) {
  pf_need(sources);
  pf_need(sources->x);
  pf_need(y);
  pf_need(target);
  field_job job = {.y = y, .e = target, .gamma = gamma};
  return run_target(&job, sources, q, pool);
}

pflow_err pf_poisson_target_near(const pflow_sources *sources, const float *y, size_t q,
                                 double gamma, float *target, pflow_pool *pool) {
  field_job job = {.y = y, .e = target, .near_sources = true, .gamma = gamma};
  return run_target(&job, sources, q, pool);
}
