/*
 * poisson_fit.c - fits the Poisson map: preprocessing, heights, sources, field.
 */
#include <math.h>
#include <string.h>

#include "eval/sample.h"
#include "eval/sorted.h"
#include "map/checkpoint.h"
#include "pflow/neighbours.h"

/* Streams of the seed: which rows are sources, and which ones stand for all. */
#define sources_stream UINT64_C(0x706d00000004)
#define nearest_stream UINT64_C(0x706d00000005)

enum { nearest_rows = 10000 };

/* ---- heights ---- */

static const double least_height = 1e-15;

double pf_poisson_r0(double start, double nearest, size_t dims, double aug_dim) {
  return start * nearest / sqrt((double)dims) * sqrt(aug_dim);
}

double pf_poisson_r1(double aug_dim) {
  return 30.0 * sqrt(aug_dim);
}

double pf_poisson_r_low(const pf_geometry *geometry, double nearest, double r0) {
  const double moved = exp(pf_radii_of_share(&geometry->law.uniform, 0.95));
  return fmin(r0, fmax(least_height, 0.5 * nearest / moved));
}

bool pf_poisson_can_flow(double r0, double r1) {
  return r0 >= least_height && r0 < r1;
}

double pf_poisson_stop(double r0, double r1, double strength) {
  return strength == 1.0 ? r1 : r0 * pow(r1 / r0, strength);
}

pflow_err pf_poisson_nearest(const float *u, size_t n, size_t dims, uint64_t seed,
                             pflow_pool *pool, double *nearest) {
  const pflow_features known = {u, n, dims};
  const size_t count = n < nearest_rows ? n : nearest_rows;
  size_t *chosen;
  double *squared = NULL;
  pf_try(pf_alloc(&chosen, count, sizeof *chosen));
  pf_sample(n, count, seed, nearest_stream, chosen);
  pflow_err rc = pf_alloc(&squared, count, sizeof *squared);
  if (rc >= 0)
    rc = pflow_neighbours_within(&known, chosen, count, 1, NULL, squared, pool);
  if (rc >= 0) {
    pf_sort(squared, count);
    *nearest = sqrt(pf_quantile(squared, count, 0.5));
    if (*nearest == 0.0)
      rc = pf_fail(PFLOW_EINVAL, "map: more than half of the rows have an equal one");
  }
  pflow_free(squared);
  pflow_free(chosen);
  return rc;
}

static pflow_err set_heights(pflow_map *map, const float *u, size_t n) {
  const pf_poisson *self = map->state;
  pflow_map_info *info = &map->info;
  pflow_err rc = pf_map_report(map, "heights", 0, 1);
  if (rc != PFLOW_OK) return rc;
  pf_try(
      pf_poisson_nearest(u, n, info->dims, info->seed, map->config.pool, &info->nearest));
  info->r0 = pf_poisson_r0(info->start, info->nearest, info->dims, info->aug_dim);
  info->r1 = pf_poisson_r1(info->aug_dim);
  info->r_low = pf_poisson_r_low(&self->geometry, info->nearest, info->r0);
  if (pf_poisson_can_flow(info->r0, info->r1)) return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL,
                 "map: start %g puts the start height at %g, wants 1e-15 to %g",
                 info->start, info->r0, info->r1);
}

/* ---- preprocessing and sources ---- */

static pflow_err fit_preprocess(pflow_map *map, const pf_map_rows *rows) {
  pf_poisson *self = map->state;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.out_dim = map->info.dims;
  config.normalize = 1;
  config.pool = map->config.pool;
  pflow_err rc = pf_map_report(map, "components", 0, 1);
  if (rc != PFLOW_OK) return rc;
  pf_try(pflow_affine_fit(&self->preprocess, PFLOW_AFFINE_PCA, rows->x, rows->n,
                          rows->dim, &config));
  const double *variances = pflow_affine_variances(self->preprocess);
  double sum = 0.0;
  for (size_t k = 0; k < map->info.dims; k++)
    sum += variances[k];
  map->info.scale = sqrt(sum);
  return PFLOW_OK;
}

/* The sources among the mapped rows u: copied, and remembered as they were in x. */
static pflow_err keep_sources(pflow_map *map, const pf_map_rows *rows, const float *u) {
  pf_poisson *self = map->state;
  const size_t dims = map->info.dims, most = map->config.max_sources;
  size_t *chosen, floats;
  self->n = most > 1 && most < rows->n ? most : rows->n;
  pf_try(pf_alloc(&chosen, self->n, sizeof *chosen));
  pf_sample(rows->n, self->n, map->info.seed, sources_stream, chosen);
  pflow_err rc = pf_mul(&floats, self->n, dims, "map: sources");
  if (rc >= 0) rc = pf_alloc(&self->sources, floats, sizeof *self->sources);
  for (size_t i = 0; rc >= 0 && i < self->n; i++)
    memcpy(self->sources + i * dims, u + chosen[i] * dims, dims * sizeof *u);
  if (rc >= 0)
    rc = pf_fingerprints_create(&self->prints, rows->x, self->n, rows->dim, chosen);
  pflow_free(chosen);
  map->info.sources = self->n;
  return rc;
}

static pflow_err fit_exact(pflow_map *map, const pf_map_rows *rows, const float *u) {
  pf_poisson *self = map->state;
  pflow_exact_config config;
  pflow_exact_config_init(&config);
  config.aug_dim = map->info.aug_dim;
  config.pool = map->config.pool;
  pf_try(keep_sources(map, rows, u));
  const pflow_sources sources = {self->sources, self->n, map->info.dims};
  return pflow_exact_create(&self->exact, &sources, &config);
}

/* ---- the whole ---- */

static pflow_err fit_field(pflow_map *map, const pf_map_rows *rows, const float *u,
                           pf_checkpoint *checkpoint) {
  pf_poisson *self = map->state;
  pf_try(pf_geometry_create(&self->geometry, map->info.target, map->info.dims,
                            map->info.aug_dim));
  pflow_err rc = set_heights(map, u, rows->n);
  if (rc != PFLOW_OK) return rc;
  return map->info.field == PFLOW_MAP_EXACT
             ? fit_exact(map, rows, u)
             : pf_poisson_fit_network(map, u, rows->n, checkpoint);
}

static pflow_err fit_chosen(pflow_map *map, const pf_map_rows *rows,
                            pf_checkpoint *checkpoint) {
  pf_poisson *self;
  float *u;
  size_t floats;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  map->state = self;
  pflow_err rc = fit_preprocess(map, rows);
  if (rc != PFLOW_OK) return rc;
  pf_try(pf_mul(&floats, rows->n, map->info.dims, "map: rows"));
  pf_try(pf_alloc(&u, floats, sizeof *u));
  rc = pflow_affine_apply(self->preprocess, rows->x, rows->n, u);
  if (rc >= 0) rc = fit_field(map, rows, u, checkpoint);
  pflow_free(u);
  return rc == PFLOW_OK ? pf_poisson_fit_radii(map, rows) : rc;
}

static pflow_err search_and_fit(pflow_map *map, const pf_map_rows *rows,
                                pf_checkpoint *checkpoint) {
  pf_poisson_choice choice;
  pflow_map_info *info = &map->info;
  pflow_err rc = pf_poisson_search(map, rows, checkpoint, &choice);
  if (rc != PFLOW_OK) return rc;
  if (info->leave_alone && map->config.strength == PFLOW_MAP_AUTO) {
    map->way = &pf_map_none;
    info->strength = 0.0;
    return PFLOW_OK;
  }
  info->dims = choice.dims;
  info->aug_dim = choice.aug_dim;
  info->start = choice.start;
  info->strength = choice.strength;
  info->out_dim = pf_geometry_width(info->target, info->dims);
  return fit_chosen(map, rows, checkpoint);
}

/* What would be refused after the search is refused before it. */
static pflow_err check_network(const pflow_map *map) {
  pflow_denoiser_config config;
  return map->config.field == PFLOW_MAP_NETWORK ? pf_poisson_network_config(map, &config)
                                                : PFLOW_OK;
}

pflow_err pf_poisson_fit(pflow_map *map, const pf_map_rows *rows) {
  pf_checkpoint *checkpoint;
  pf_try(check_network(map));
  pf_try(pf_alloc(&checkpoint, 1, sizeof *checkpoint));
  pflow_err rc = pf_checkpoint_open(checkpoint, map, rows);
  if (rc >= 0) rc = search_and_fit(map, rows, checkpoint);
  pf_checkpoint_close(checkpoint);
  pflow_free(checkpoint);
  return rc;
}
