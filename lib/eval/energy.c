/*
 * energy.c - energy distance of two sets of rows, and its permutation test.
 *
 * With D the distances of all rows, t its row sums and z the set of rows that are taken
 * as x, the sum of D within z gives all three means: pairs across are the rest of z's row
 * sums, pairs outside the rest of the total. So a permutation costs one sum over z x z.
 */
#include <math.h>

#include "eval/rows.h"
#include "eval/sample.h"
#include "kernels/table.h"
#include "pflow/stats.h"

enum { row_grain = 16 };

/* Distances are equal but for rounding within this share. */
static const double rounding = 1e-12;

typedef struct pool_of_rows {
  const pflow_features *x, *y;
  const pf_kernels *kernels;
  size_t x_rows, m;
  size_t *chosen;    /* m: rows of x, then of y */
  double *distances; /* m x m */
  double *sums;      /* m: of each row's distances */
  double total;
  uint64_t seed;
  size_t *splits;   /* one set of x_rows for each of the permutations */
  double *permuted; /* their distances */
} pool_of_rows;

static const float *row_of(const pool_of_rows *self, size_t i) {
  const pflow_features *from = i < self->x_rows ? self->x : self->y;
  return from->x + self->chosen[i] * from->dim;
}

static int measure_rows(size_t begin, size_t end, void *user) {
  const pool_of_rows *self = user;
  for (size_t i = begin; i < end; i++) {
    self->sums[i] = 0.0;
    for (size_t j = 0; j < self->m; j++) {
      const double distance = sqrt(self->kernels->neighbours.distance(
          row_of(self, i), row_of(self, j), self->x->dim));
      self->distances[i * self->m + j] = distance;
      self->sums[i] += distance;
    }
  }
  return 0;
}

/* Means of distances within and across, for the rows of a set taken as x. */
static pflow_energy energy_of(const pool_of_rows *self, const size_t *set) {
  const double x = (double)self->x_rows, y = (double)(self->m - self->x_rows);
  double within = 0.0, all = 0.0;
  for (size_t i = 0; i < self->x_rows; i++) {
    const double *distances = self->distances + set[i] * self->m;
    double sum = 0.0;
    for (size_t j = 0; j < self->x_rows; j++)
      sum += distances[set[j]];
    within += sum;
    all += self->sums[set[i]];
  }
  const double across = all - within, rest = self->total - all - across;
  const double twice = 2.0 * across / (x * y);
  const double distance = fmax(twice - within / (x * x) - rest / (y * y), 0.0);
  return (pflow_energy){.distance = distance,
                        .normalized = twice > 0.0 ? fmin(distance / twice, 1.0) : 0.0,
                        .p_value = NAN,
                        .x_rows = self->x_rows,
                        .y_rows = self->m - self->x_rows};
}

static int permute(size_t begin, size_t end, void *user) {
  const pool_of_rows *self = user;
  for (size_t i = begin; i < end; i++) {
    size_t *set = self->splits + i * self->x_rows;
    pf_sample(self->m, self->x_rows, self->seed, 2 + i, set);
    self->permuted[i] = energy_of(self, set).distance;
  }
  return 0;
}

static pflow_err allocate(pool_of_rows *self, size_t permutations) {
  size_t square, splits;
  pf_try(pf_mul(&square, self->m, self->m, "distances"));
  pf_try(pf_mul(&splits, permutations + 1, self->x_rows, "permutations"));
  pf_try(pf_alloc(&self->chosen, self->m, sizeof *self->chosen));
  pf_try(pf_alloc(&self->sums, self->m, sizeof *self->sums));
  pf_try(pf_alloc(&self->distances, square, sizeof *self->distances));
  pf_try(pf_alloc(&self->splits, splits, sizeof *self->splits));
  return pf_alloc(&self->permuted, permutations + 1, sizeof *self->permuted);
}

static void pool_free(pool_of_rows *self) {
  pflow_free(self->permuted);
  pflow_free(self->splits);
  pflow_free(self->distances);
  pflow_free(self->sums);
  pflow_free(self->chosen);
}

static pflow_err find_p(pool_of_rows *self, const pflow_energy_config *config,
                        pflow_energy *energy) {
  const size_t count = config->permutations;
  size_t far = 1;
  pf_try(pflow_parallel_for(config->pool, count, 1, permute, self));
  for (size_t i = 0; i < count; i++)
    far += self->permuted[i] >= energy->distance * (1.0 - rounding);
  energy->p_value = (double)far / (double)(count + 1);
  return PFLOW_OK;
}

static pflow_err run(pool_of_rows *self, const pflow_energy_config *config,
                     pflow_energy *energy) {
  const size_t y_rows = self->m - self->x_rows;
  pf_try(allocate(self, config->permutations));
  pf_sample(self->x->n, self->x_rows, self->seed, 0, self->chosen);
  pf_sample(self->y->n, y_rows, self->seed, 1, self->chosen + self->x_rows);
  pf_try(pflow_parallel_for(config->pool, self->m, row_grain, measure_rows, self));
  for (size_t i = 0; i < self->m; i++)
    self->total += self->sums[i];
  for (size_t i = 0; i < self->x_rows; i++)
    self->splits[i] = i;
  pflow_energy found = energy_of(self, self->splits);
  if (config->permutations > 0) pf_try(find_p(self, config, &found));
  *energy = found;
  return PFLOW_OK;
}

static pflow_err read_config(pflow_energy_config *config,
                             const pflow_energy_config *given) {
  pflow_energy_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_energy_config"));
  pf_try(pf_check_setting(config->permutations < UINT32_MAX, "permutations",
                          (double)config->permutations, "below 2^32"));
  return pf_check_setting(config->max_rows >= 1, "max_rows", (double)config->max_rows,
                          ">= 1");
}

pflow_err pflow_energy_distance(const pflow_features *x, const pflow_features *y,
                                const pflow_energy_config *config, pflow_energy *energy) {
  pf_need(x);
  pf_need(x->x);
  pf_need(y);
  pf_need(y->x);
  pf_need(energy);
  pflow_energy_config full;
  pf_try(read_config(&full, config));
  if (x->dim != y->dim)
    return pf_fail(PFLOW_ESHAPE, "dim is %zu of x, %zu of y", x->dim, y->dim);
  pf_try(pf_check_rows_shared(full.pool, x->x, x->n, x->dim, "rows of x"));
  pf_try(pf_check_rows_shared(full.pool, y->x, y->n, y->dim, "rows of y"));
  pool_of_rows self = {.x = x,
                       .y = y,
                       .kernels = pf_kernels_get(),
                       .x_rows = x->n < full.max_rows ? x->n : full.max_rows,
                       .seed = full.seed};
  self.m = self.x_rows + (y->n < full.max_rows ? y->n : full.max_rows);
  const pflow_err rc = run(&self, &full, energy);
  pool_free(&self);
  return rc;
}
