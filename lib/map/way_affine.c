/*
 * way_affine.c - maps that are one affine transform, or nothing.
 */
#include <string.h>

#include "map/affine.h"
#include "map/map.h"

static const char prefix[] = "affine.";

/* ---- none ---- */

static pflow_err copy_rows(const pflow_map *map, pflow_map_work *work, const float *from,
                           size_t n, float *to) {
  (void)work;
  memcpy(to, from, n * map->info.in_dim * sizeof *to);
  return PFLOW_OK;
}

const pf_map_way pf_map_none = {.transform = copy_rows, .inverse = copy_rows};

/* ---- one transform ---- */

static pflow_affine_kind kind_of(pflow_map_method method) {
  switch (method) {
  case PFLOW_MAP_WHITEN:
    return PFLOW_AFFINE_PCA_WHITEN;
  case PFLOW_MAP_ZCA:
    return PFLOW_AFFINE_ZCA_WHITEN;
  case PFLOW_MAP_ABTT:
    return PFLOW_AFFINE_ALL_BUT_TOP;
  case PFLOW_MAP_ROTATE:
    return PFLOW_AFFINE_ROTATE;
  default:
    return PFLOW_AFFINE_CENTER;
  }
}

static pflow_err fit_affine(pflow_map *map, const pf_map_rows *rows) {
  pflow_affine_config config;
  pflow_affine *affine;
  pflow_affine_config_init(&config);
  config.seed = map->config.seed;
  config.pool = map->config.pool;
  config.removed = map->config.dims;
  if (map->config.method == PFLOW_MAP_WHITEN) config.out_dim = map->config.dims;
  pf_try(pflow_affine_fit(&affine, kind_of(map->config.method), rows->x, rows->n,
                          rows->dim, &config));
  map->state = affine;
  map->info.dims = map->info.out_dim = pflow_affine_out_dim(affine);
  return PFLOW_OK;
}

static void destroy_affine(void *affine) {
  pflow_affine_destroy(affine);
}

static pflow_err apply(const pflow_map *map, pflow_map_work *work, const float *x,
                       size_t n, float *y) {
  return pf_affine_apply(map->state, x, n, work->first, y);
}

static pflow_err invert(const pflow_map *map, pflow_map_work *work, const float *y,
                        size_t n, float *x) {
  return pf_affine_invert(map->state, y, n, work->first, x);
}

static pflow_err put_affine(const pflow_map *map, pflow_archive *archive) {
  return pflow_affine_put(archive, prefix, map->state);
}

static pflow_err get_affine(pflow_map *map, const pflow_archive *archive) {
  pflow_affine *affine;
  pf_try(pflow_affine_get(archive, prefix, &affine, map->config.pool));
  map->state = affine;
  pf_try(pf_map_check_kind(archive, affine, kind_of(map->info.method)));
  return pf_map_check_sizes(map, archive, pflow_affine_in_dim(affine),
                            pflow_affine_out_dim(affine));
}

const pf_map_way pf_map_affine = {.fit = fit_affine,
                                  .destroy = destroy_affine,
                                  .transform = apply,
                                  .inverse = invert,
                                  .put = put_affine,
                                  .get = get_affine};
