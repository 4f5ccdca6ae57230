#include "density.h"

#include <math.h>

#include "common/must.h"
#include "foreign.h"

typedef struct job {
  const float *columns; /* dim x sources: the inner loop runs over sources */
  size_t sources;
  const pflow_features *u;
  double r0_squared, power;
  double *scores;
} job;

static void put_squares(const job *self, const float *u, double *squares) {
  for (size_t j = 0; j < self->sources; j++)
    squares[j] = self->r0_squared;
  for (size_t k = 0; k < self->u->dim; k++) {
    const float *column = self->columns + k * self->sources;
    const double value = u[k];
    for (size_t j = 0; j < self->sources; j++)
      squares[j] += (value - column[j]) * (value - column[j]);
  }
}

/* Relative to the nearest source; what is below e^-40 of it is not looked at. */
static double score(const job *self, const double *squares) {
  double least = INFINITY, sum = 0.0;
  for (size_t j = 0; j < self->sources; j++)
    least = fmin(least, squares[j]);
  const double far = least * exp(40.0 / self->power);
  for (size_t j = 0; j < self->sources; j++)
    if (squares[j] < far) sum += pow(least / squares[j], self->power);
  return self->power * log(least) - log(sum / (double)self->sources);
}

static int run(size_t begin, size_t end, void *user) {
  const job *self = user;
  double *squares = pflow_alloc(self->sources, sizeof *squares);
  if (!squares) return PFLOW_ENOMEM;
  for (size_t i = begin; i < end; i++) {
    put_squares(self, self->u->x + i * self->u->dim, squares);
    self->scores[i] = score(self, squares);
  }
  pflow_free(squares);
  return 0;
}

void density_scores(const pflow_features *sources, const pflow_features *u, double r0,
                    double aug_dim, double *scores, pflow_pool *pool) {
  const size_t n = sources->n, dim = sources->dim;
  float *columns = must_alloc(n * dim, sizeof *columns);
  for (size_t j = 0; j < n; j++)
    for (size_t k = 0; k < dim; k++)
      columns[k * n + j] = sources->x[j * dim + k];
  job self = {columns, n, u, r0 * r0, ((double)dim + aug_dim) / 2.0, scores};
  must(pflow_parallel_for(pool, u->n, 64, run, &self));
  pflow_free(columns);
}

/* The map without its flow, u. */
static pflow_map *coordinates_of(const splits *raw, const pflow_map_info *map,
                                 const conditions *under) {
  pflow_map *made;
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.target = PFLOW_MAP_RAW;
  config.dims = map->dims;
  config.aug_dim = map->aug_dim;
  config.start = map->start;
  config.strength = 0.0;
  config.max_sources = map->sources;
  config.seed = under->seed;
  config.pool = under->pool;
  must(pflow_map_create(&made, &config));
  must(pflow_map_fit(made, raw->x[train_split], NULL, raw->n[train_split], raw->dim));
  return made;
}

double density_auroc(const splits *raw, const pflow_map_info *map,
                     const conditions *under, double *shares) {
  pflow_map_work *work;
  pflow_map *unflowed = coordinates_of(raw, map, under);
  pflow_features u[split_count];
  double *scores[split_count];
  must(pflow_map_work_create(&work, unflowed, NULL));
  for (int s = 0; s < split_count; s++) {
    const size_t n = s == train_split ? map->sources : raw->n[s];
    float *rows = must_alloc(n * map->dims, sizeof *rows);
    must(pflow_map_transform(unflowed, work, raw->x[s], n, rows));
    u[s] = (pflow_features){rows, n, map->dims};
    scores[s] = must_alloc(n, sizeof *scores[s]);
    if (s != train_split)
      density_scores(&u[train_split], &u[s], map->r0, map->aug_dim, scores[s],
                     under->pool);
  }
  const double area = foreign_auroc(scores[test_split], u[test_split].n,
                                    scores[foreign_split], u[foreign_split].n, shares);
  for (int s = 0; s < split_count; s++) {
    pflow_free((float *)(uintptr_t)u[s].x);
    pflow_free(scores[s]);
  }
  pflow_map_work_destroy(work);
  pflow_map_destroy(unflowed);
  return area;
}
