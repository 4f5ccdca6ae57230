/*
 * direction.c - the exact Poisson field of a set of sources, and the training target.
 *
 * Queries are taken a tile at a time, sources a block at a time, so that a block is read
 * from memory once for the tile; sums are relative to the nearest source met so far and
 * rescaled when a nearer one turns up. Distances are sums of squared differences: the
 * shorter |x|^2 - 2 x.y + |y|^2 loses all digits of a small distance, and the power
 * dim + 1 multiplies what relative error is left by (dim + 1) / 2.
 */
#include <math.h>
#include <string.h>

#include "field/points.h"
#include "pflow/field.h"

enum {
  tile_size = 8,    /* queries */
  block_size = 512, /* sources */
  group = 4,        /* source rows that the inner loops take together */
  lanes = 4,        /* floats of a vector */
  run_length = 32,  /* squares summed in a float before they go to a double */
  piece_size = 256  /* coordinates of one partial sum of the field */
};

/* Total weight of the sources that may be left out, relative to the nearest one's. */
static const double negligible = 1e-7;

typedef float vector __attribute__((vector_size(lanes * sizeof(float))));

typedef struct field_job {
  const pflow_sources *sources;
  const float *y;
  float *e;
  double reach;   /* sources beyond reach * (nearest squared distance) are left out */
  bool as_target; /* scale by sqrt(dim) / (||E|| + gamma) */
  double gamma;
} field_job;

/* One query: sum = sum_j w_j (x_j - y), weight = sum_j w_j, w = 1 for the nearest. */
typedef struct query {
  const float *y;
  float *sum;
  double nearest; /* squared distance */
  double weight;
} query;

/* The sources of one block that count for one query. */
typedef struct selection {
  size_t count;
  const float *row[block_size + group - 1];
  double ratio[block_size]; /* nearest squared distance / this one's */
  double weight[block_size];
} selection;

static vector load(const float *from) {
  vector value;
  memcpy(&value, from, sizeof value);
  return value;
}

/* Adds the squared differences of coordinates begin <= k < end, vectors only. */
static void add_vectors(const float *y, const float *const row[group], size_t begin,
                        size_t end, double sum[group]) {
  vector run[group] = {{0.0f}};
  for (size_t k = begin; k < end; k += lanes) {
    vector point = load(y + k);
    for (size_t i = 0; i < group; i++) {
      vector difference = load(row[i] + k) - point;
      run[i] += difference * difference;
    }
  }
  for (size_t i = 0; i < group; i++)
    sum[i] += ((double)run[i][0] + run[i][1]) + ((double)run[i][2] + run[i][3]);
}

/* Squared distances of y to four sources. */
static void group_distances(const float *y, const float *const row[group], size_t dim,
                            double squared[group]) {
  size_t whole = dim - dim % lanes;
  for (size_t i = 0; i < group; i++)
    squared[i] = (double)y[dim] * y[dim];
  for (size_t k = 0; k < whole; k += run_length)
    add_vectors(y, row, k, whole - k < run_length ? whole : k + run_length, squared);
  for (size_t k = whole; k < dim; k++) {
    for (size_t i = 0; i < group; i++) {
      float difference = row[i][k] - y[k];
      squared[i] += (double)difference * difference;
    }
  }
}

/*
 * Squared distances of the tile's queries to a block of sources. The last group is filled
 * up with the last source; the table has room for it.
 */
static void block_distances(const query *tile, size_t queries, const float *x,
                            size_t count, size_t dim,
                            double squared[tile_size][block_size]) {
  for (size_t j = 0; j < count; j += group) {
    const float *row[group];
    for (size_t i = 0; i < group; i++)
      row[i] = x + (j + i < count ? j + i : count - 1) * dim;
    for (size_t i = 0; i < queries; i++)
      group_distances(tile[i].y, row, dim, squared[i] + j);
  }
}

/* power[i] = base[i]^(exponent / 2); base is used up. */
static void half_powers(double *base, double *power, size_t count, size_t exponent) {
  for (size_t i = 0; i < count; i++)
    power[i] = exponent % 2 ? sqrt(base[i]) : 1.0;
  for (size_t bits = exponent / 2; bits > 0; bits /= 2) {
    if (bits % 2) {
      for (size_t i = 0; i < count; i++)
        power[i] *= base[i];
    }
    for (size_t i = 0; i < count; i++)
      base[i] *= base[i];
  }
}

/* Lowers the query's nearest distance to that of the block, rescaling what it has. */
static void move_nearest(query *self, const double *squared, size_t count, size_t dim) {
  double nearest = self->nearest;
  for (size_t j = 0; j < count; j++)
    nearest = squared[j] < nearest ? squared[j] : nearest;
  if (self->weight > 0.0 && nearest < self->nearest) {
    double ratio = nearest / self->nearest, scale;
    half_powers(&ratio, &scale, 1, dim + 1);
    self->weight *= scale;
    for (size_t k = 0; k < dim; k++)
      self->sum[k] = (float)(self->sum[k] * scale);
  }
  self->nearest = nearest;
}

/* Picks the sources whose weight matters. A NaN is picked, so that it is not lost. */
static void select_sources(selection *picked, const query *self, const double *squared,
                           const float *x, size_t count, size_t dim, double reach) {
  double limit = self->nearest * reach;
  picked->count = 0;
  for (size_t j = 0; j < count; j++) {
    if (squared[j] > limit) continue;
    picked->row[picked->count] = x + j * dim;
    picked->ratio[picked->count] = self->nearest / squared[j];
    picked->count++;
  }
  half_powers(picked->ratio, picked->weight, picked->count, dim + 1);
}

/* sum += w_0 (row_0 - y) + ... + w_3 (row_3 - y) */
static void add_group(float *restrict sum, const float *restrict y,
                      const float *const *row, const float *w, size_t begin,
                      size_t count) {
  const float *a = row[0] + begin, *b = row[1] + begin;
  const float *c = row[2] + begin, *d = row[3] + begin;
  for (size_t k = 0; k < count; k++)
    sum[k] += (w[0] * (a[k] - y[k]) + w[1] * (b[k] - y[k])) +
              (w[2] * (c[k] - y[k]) + w[3] * (d[k] - y[k]));
}

/* Adds the picked sources' pull to the query, in pieces that stay in the first cache. */
static void add_sources(query *self, const selection *picked, size_t dim) {
  for (size_t begin = 0; begin < dim; begin += piece_size) {
    size_t count = dim - begin < piece_size ? dim - begin : piece_size;
    float piece[piece_size] = {0.0f};
    for (size_t j = 0; j < picked->count; j += group) {
      float w[group];
      for (size_t i = 0; i < group; i++)
        w[i] = j + i < picked->count ? (float)picked->weight[j + i] : 0.0f;
      add_group(piece, self->y + begin, picked->row + j, w, begin, count);
    }
    for (size_t k = 0; k < count; k++)
      self->sum[begin + k] += piece[k];
  }
  for (size_t j = 0; j < picked->count; j++)
    self->weight += picked->weight[j];
}

static void add_block(query *self, const double *squared, const field_job *job,
                      size_t first, size_t count) {
  size_t dim = job->sources->dim;
  selection picked;
  move_nearest(self, squared, count, dim);
  if (self->nearest == 0.0) return;
  select_sources(&picked, self, squared, job->sources->x + first * dim, count, dim,
                 job->reach);
  if (picked.count == 0) return;
  for (size_t i = 0; i < group - 1; i++)
    picked.row[picked.count + i] = picked.row[0];
  add_sources(self, &picked, dim);
}

/* E from the sums: all sources lie at z = 0, so E_z is -z whatever the weights. */
static void finish(const query *self, size_t dim) {
  if (self->nearest == 0.0) {
    memset(self->sum, 0, (dim + 1) * sizeof *self->sum);
    return;
  }
  for (size_t k = 0; k < dim; k++)
    self->sum[k] = (float)(self->sum[k] / self->weight);
  self->sum[dim] = 0.0f - self->y[dim];
}

static void scale_to_target(float *e, size_t dim, double gamma) {
  double squares = 0.0;
  for (size_t k = 0; k <= dim; k++)
    squares += (double)e[k] * e[k];
  if (squares == 0.0) return;
  double scale = sqrt((double)dim) / (sqrt(squares) + gamma);
  for (size_t k = 0; k <= dim; k++)
    e[k] = (float)(e[k] * scale);
}

static int field_rows(size_t begin, size_t end, void *user) {
  const field_job *job = user;
  const pflow_sources *sources = job->sources;
  size_t queries = end - begin, width = sources->dim + 1;
  query tile[tile_size];
  double squared[tile_size][block_size];
  memset(job->e + begin * width, 0, queries * width * sizeof *job->e);
  for (size_t i = 0; i < queries; i++)
    tile[i] = (query){job->y + (begin + i) * width, job->e + (begin + i) * width,
                      INFINITY, 0.0};
  for (size_t first = 0; first < sources->n; first += block_size) {
    size_t left = sources->n - first, count = left < block_size ? left : block_size;
    block_distances(tile, queries, sources->x + first * sources->dim, count, sources->dim,
                    squared);
    for (size_t i = 0; i < queries; i++)
      add_block(&tile[i], squared[i], job, first, count);
  }
  for (size_t i = 0; i < queries; i++) {
    finish(&tile[i], sources->dim);
    if (job->as_target) scale_to_target(tile[i].sum, sources->dim, job->gamma);
  }
  return 0;
}

static pflow_err run_job(field_job *job, size_t q, pflow_pool *pool) {
  const pflow_sources *sources = job->sources;
  size_t size;
  pf_try(pf_points_size(&size, sources->n, sources->dim, "Poisson field: sources"));
  pf_try(pf_points_size(&size, q, sources->dim, "Poisson field: points"));
  job->reach = pow((double)sources->n / negligible, 2.0 / ((double)sources->dim + 1.0));
  return pflow_parallel_for(pool, q, tile_size, field_rows, job);
}

pflow_err pflow_poisson_direction(const pflow_sources *sources, const float *y, size_t q,
                                  float *e, pflow_pool *pool) {
  pf_need(sources);
  pf_need(sources->x);
  pf_need(y);
  pf_need(e);
  field_job job = {.sources = sources, .y = y, .e = e};
  return run_job(&job, q, pool);
}

pflow_err pflow_poisson_target(const pflow_sources *sources, const float *y, size_t q,
                               double gamma, float *target, pflow_pool *pool) {
  pf_need(sources);
  pf_need(sources->x);
  pf_need(y);
  pf_need(target);
  pf_try(pf_check_setting(gamma >= 0.0 && gamma < INFINITY, "Poisson target: gamma",
                          gamma, "a finite value >= 0"));
  field_job job = {
      .sources = sources, .y = y, .e = target, .as_target = true, .gamma = gamma};
  return run_job(&job, q, pool);
}
