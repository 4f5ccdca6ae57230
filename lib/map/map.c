/*
 * map.c - the uniformity map: settings, fit, and calls cut into pieces for the ways.
 */
#include "map/map.h"

#include <math.h>

#include "eval/rows.h"
#include "tensor/finite.h"

/* ---- settings ---- */

static const double least_rtol = 1e-7, most_rtol = 0.1;

static bool is_auto_or(double value, double least, double most) {
  return value == PFLOW_MAP_AUTO || (value >= least && value <= most);
}

static pflow_err check_enums(const pflow_map_config *config) {
  pf_try(pf_check_setting(pflow_map_method_name(config->method) != NULL, "map: method",
                          config->method, "0 to 8"));
  pf_try(pf_check_setting(pflow_map_field_name(config->field) != NULL, "map: field",
                          config->field, "0 to 2"));
  pf_try(pf_check_setting(pflow_map_target_name(config->target) != NULL, "map: target",
                          config->target, "0 to 4"));
  return pf_check_setting(pflow_map_objective_name(config->objective) != NULL,
                          "map: objective", config->objective, "0 to 2");
}

static bool is_flow(const pflow_map_config *config) {
  return config->method == PFLOW_MAP_POISSON && config->field != PFLOW_MAP_POST;
}

/* `what` is said in front of the number. */
static pflow_err check_dims(const pflow_map_config *config, size_t dims,
                            const char *what) {
  if (dims > 1 || !is_flow(config) || config->target != PFLOW_MAP_SPHERE) return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "map: %s %zu, target sphere wants 2 or more", what, dims);
}

static pflow_err read_config(pflow_map_config *full, const pflow_map_config *given) {
  pflow_map_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_map_config"));
  pf_try(check_enums(full));
  pf_try(pf_check_setting(is_auto_or(full->aug_dim, 1.0, 1e30), "map: aug_dim",
                          full->aug_dim, "1 to 1e30, or AUTO"));
  pf_try(pf_check_setting(is_auto_or(full->start, 1e-6, 1e6), "map: start", full->start,
                          "1e-6 to 1e6, or AUTO"));
  pf_try(pf_check_setting(is_auto_or(full->strength, 0.0, 1.0), "map: strength",
                          full->strength, "0 to 1, or AUTO"));
  pf_try(pf_check_setting(full->max_sources != 1, "map: max_sources", 1.0,
                          "2 or more, or 0: a row may not see itself"));
  pf_try(pf_check_setting(full->checkpoint_seconds >= 0.0, "map: checkpoint_seconds",
                          full->checkpoint_seconds, ">= 0"));
  pf_try(pf_check_setting(full->rtol >= least_rtol && full->rtol <= most_rtol,
                          "map: rtol", full->rtol, "1e-7 to 0.1"));
  return full->dims ? check_dims(full, full->dims, "dims is") : PFLOW_OK;
}

const pf_map_way *pf_map_way_of(pflow_map_method method, pflow_map_field field) {
  switch (method) {
  case PFLOW_MAP_POISSON:
    return field == PFLOW_MAP_POST ? &pf_map_post : &pf_map_poisson;
  case PFLOW_MAP_NONE:
    return &pf_map_none;
  case PFLOW_MAP_L2:
    return &pf_map_l2;
  case PFLOW_MAP_QUANTILE:
    return &pf_map_quantile;
  default:
    return &pf_map_affine;
  }
}

pflow_err pflow_map_create(pflow_map **map, const pflow_map_config *config) {
  pf_need(map);
  *map = NULL;
  pflow_map_config full;
  pf_try(read_config(&full, config));
  pflow_map *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->config = full;
  *map = made;
  return PFLOW_OK;
}

void pflow_map_destroy(pflow_map *map) {
  if (!map) return;
  if (map->way && map->way->destroy) map->way->destroy(map->state);
  pflow_free(map);
}

/* ---- fit ---- */

pflow_err pf_map_report(const pflow_map *map, const char *stage, size_t done,
                        size_t total) {
  if (!map->config.on_progress) return PFLOW_OK;
  const pflow_map_progress progress = {stage, done, total, pf_seconds() - map->started};
  pf_callback_begin();
  return pf_callback_result(map->config.on_progress(&progress, map->config.user),
                            "the progress callback");
}

/* Methods that divide by how far the rows spread. */
static bool wants_spread(const pflow_map_config *config) {
  return is_flow(config) || config->method == PFLOW_MAP_WHITEN ||
         config->method == PFLOW_MAP_ZCA;
}

static bool are_alike(const pf_map_rows *rows) {
  for (size_t i = 1; i < rows->n; i++)
    for (size_t k = 0; k < rows->dim; k++)
      if (rows->x[i * rows->dim + k] != rows->x[k]) return false;
  return true;
}

static pflow_err check_rows(const pflow_map *map, const pf_map_rows *rows) {
  pf_try(pf_check_rows_shared(map->config.pool, rows->x, rows->n, rows->dim, "rows"));
  if (rows->n < 2) return pf_fail(PFLOW_EINVAL, "map: fit to 1 row, wants 2 or more");
  if (map->config.dims > rows->dim)
    return pf_fail(PFLOW_EINVAL, "map: dims is %zu, rows have %zu values",
                   map->config.dims, rows->dim);
  if (is_flow(&map->config) && map->config.dims >= rows->n)
    return pf_fail(PFLOW_EINVAL, "map: dims is %zu, %zu rows have at most %zu",
                   map->config.dims, rows->n, rows->n - 1);
  pf_try(check_dims(&map->config, rows->dim, "values in a row:"));
  if (wants_spread(&map->config) && are_alike(rows))
    return pf_fail(PFLOW_EINVAL, "map: all %zu rows are alike, %s wants rows that differ",
                   rows->n, pflow_map_method_name(map->config.method));
  if (map->config.objective != PFLOW_MAP_NEIGHBOURS && !rows->labels)
    return pf_fail(PFLOW_EINVAL, "map: objective %s wants labels",
                   pflow_map_objective_name(map->config.objective));
  for (size_t i = 0; rows->labels && i < rows->n; i++)
    if (rows->labels[i] < 0)
      return pf_fail(PFLOW_ELABEL, "label of row %zu is %d, wants 0 or more", i,
                     (int)rows->labels[i]);
  return PFLOW_OK;
}

/* What every way's info begins with. */
static void begin_info(pflow_map *map, const pf_map_rows *rows) {
  map->info = (pflow_map_info){.method = map->config.method,
                               .field = map->config.field,
                               .target = map->config.target,
                               .objective = map->config.objective,
                               .rows = rows->n,
                               .in_dim = rows->dim,
                               .out_dim = rows->dim,
                               .dims = rows->dim,
                               .strength = 1.0,
                               .seed = map->config.seed};
}

pflow_err pflow_map_fit(pflow_map *map, const float *x, const int32_t *labels, size_t n,
                        size_t dim) {
  pf_need(map);
  pf_need(x);
  if (map->way) return pf_fail(PFLOW_ESTATE, "map: already fitted");
  const pf_map_rows rows = {x, labels, n, dim};
  pf_try(check_rows(map, &rows));
  map->started = pf_seconds();
  begin_info(map, &rows);
  const pf_map_way *way = pf_map_way_of(map->config.method, map->config.field);
  map->way = way;
  pflow_err rc = way->fit ? way->fit(map, &rows) : PFLOW_OK;
  map->info.seconds = pf_seconds() - map->started;
  if (rc == PFLOW_OK) {
    map->config.denoiser = NULL;
    map->config.post = NULL;
    map->config.checkpoint = NULL;
    return PFLOW_OK;
  }
  if (map->way->destroy) map->way->destroy(map->state);
  map->way = NULL;
  map->state = NULL;
  return rc;
}

static pflow_err need_fitted(const pflow_map *map) {
  return map->way ? PFLOW_OK : pf_fail(PFLOW_ESTATE, "map: not fitted");
}

size_t pflow_map_in_dim(const pflow_map *map) {
  return map && map->way ? map->info.in_dim : 0;
}

size_t pflow_map_out_dim(const pflow_map *map) {
  return map && map->way ? map->info.out_dim : 0;
}

pflow_err pflow_map_get_info(const pflow_map *map, pflow_map_info *info) {
  pf_need(map);
  pf_need(info);
  pf_try(need_fitted(map));
  *info = map->info;
  return PFLOW_OK;
}

int pflow_map_is_invertible(const pflow_map *map) {
  if (!map || !map->way || !map->way->inverse) return 0;
  return map->info.method != PFLOW_MAP_ABTT;
}

/* ---- workspaces ---- */

/* What is to be said behind a map's method. */
static const char *kind_of(const pflow_map *map) {
  if (map->way == &pf_map_post) return " with the post's field";
  return map->info.leave_alone && map->way == &pf_map_none ? " that leaves the rows alone"
                                                           : "";
}

/* Strength and rtol are settings of a flow that this library integrates. */
static pflow_err need_flow(const pflow_map *map, const char *name, double value) {
  if (map->way == &pf_map_poisson) return PFLOW_OK;
  return pf_fail(PFLOW_EUNSUPPORTED, "map: %s is %g, a map by %s%s has none", name, value,
                 pflow_map_method_name(map->info.method), kind_of(map));
}

static pflow_err read_work_config(pflow_map_work_config *full,
                                  const pflow_map_work_config *given,
                                  const pflow_map *map) {
  pflow_map_work_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_map_work_config"));
  pf_try(pf_check_setting(full->max_rows > 0, "map: max_rows", 0.0, "> 0"));
  pf_try(pf_check_setting(is_auto_or(full->strength, 0.0, 1.0), "map: strength",
                          full->strength, "0 to 1, or AUTO"));
  pf_try(pf_check_setting(is_auto_or(full->rtol, least_rtol, most_rtol), "map: rtol",
                          full->rtol, "1e-7 to 0.1, or AUTO"));
  if (full->strength == PFLOW_MAP_AUTO)
    full->strength = map->info.strength;
  else if (full->strength != map->info.strength)
    pf_try(need_flow(map, "strength", full->strength));
  if (full->rtol != PFLOW_MAP_AUTO) return need_flow(map, "rtol", full->rtol);
  full->rtol = map->config.rtol;
  return PFLOW_OK;
}

pflow_err pflow_map_work_create(pflow_map_work **work, const pflow_map *map,
                                const pflow_map_work_config *config) {
  pf_need(work);
  *work = NULL;
  pf_need(map);
  pf_try(need_fitted(map));
  pflow_map_work_config full;
  pf_try(read_work_config(&full, config, map));
  pflow_map_work *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->map = map;
  made->max_rows = full.max_rows;
  made->strength = full.strength;
  made->rtol = full.rtol;
  pflow_err rc = map->way->work_create ? map->way->work_create(made) : PFLOW_OK;
  if (rc < 0) {
    pflow_map_work_destroy(made);
    return rc;
  }
  *work = made;
  return PFLOW_OK;
}

void pflow_map_work_destroy(pflow_map_work *work) {
  if (!work) return;
  if (work->buffers) work->map->way->work_destroy(work->buffers);
  pflow_free(work);
}

void pflow_map_work_count_from(pflow_map_work *work, size_t first) {
  if (work) work->count_from = first;
}

/* ---- use ---- */

static pflow_err check_call(const pflow_map *map, const pflow_map_work *work) {
  pf_try(need_fitted(map));
  if (work->map == map) return PFLOW_OK;
  return pf_fail(PFLOW_ESTATE, "map: the workspace is another map's");
}

typedef pflow_err (*piece_fn)(const pflow_map *map, pflow_map_work *work,
                              const float *from, size_t n, float *to);

/* A second look counts the rows as the caller does. */
static pflow_err check_from(const pflow_map *map, const pflow_map_work *work,
                            const float *from, size_t n, size_t in) {
  const pflow_err rc = pf_check_rows_shared(map->config.pool, from, n, in, "rows");
  return rc == PFLOW_ENONFINITE ? pf_check_finite(from, n, in, work->count_from, "rows")
                                : rc;
}

/* Rows of `in` values to rows of `out` values, max_rows at a time. */
static pflow_err run(const pflow_map *map, pflow_map_work *work, piece_fn piece,
                     const float *from, size_t in, size_t n, float *to, size_t out) {
  pf_try(check_from(map, work, from, n, in));
  if (pf_rows_overlap(from, n * in, to, n * out))
    return pf_fail(PFLOW_EINVAL, "map: the result overlaps the %zu rows", n);
  for (size_t begin = 0; begin < n; begin += work->max_rows) {
    const size_t left = n - begin, count = left < work->max_rows ? left : work->max_rows;
    work->first = work->count_from + begin;
    pf_try(piece(map, work, from + begin * in, count, to + begin * out));
  }
  return PFLOW_OK;
}

pflow_err pflow_map_transform(const pflow_map *map, pflow_map_work *work, const float *x,
                              size_t n, float *y) {
  pf_need(map);
  pf_need(work);
  pf_need(x);
  pf_need(y);
  pf_try(check_call(map, work));
  return run(map, work, map->way->transform, x, map->info.in_dim, n, y,
             map->info.out_dim);
}

pflow_err pflow_map_inverse(const pflow_map *map, pflow_map_work *work, const float *y,
                            size_t n, float *x) {
  pf_need(map);
  pf_need(work);
  pf_need(y);
  pf_need(x);
  pf_try(check_call(map, work));
  if (!pflow_map_is_invertible(map))
    return pf_fail(PFLOW_EUNSUPPORTED, "map: a map by %s%s has no way back",
                   pflow_map_method_name(map->info.method), kind_of(map));
  return run(map, work, map->way->inverse, y, map->info.out_dim, n, x, map->info.in_dim);
}

pflow_err pflow_map_sample(const pflow_map *map, pflow_map_work *work, uint64_t seed,
                           uint64_t first, size_t n, float *x) {
  pf_need(map);
  pf_need(work);
  pf_need(x);
  pf_try(check_call(map, work));
  if (!map->way->sample)
    return pf_fail(PFLOW_EUNSUPPORTED, "map: a map by %s%s has no prior to sample from",
                   pflow_map_method_name(map->info.method), kind_of(map));
  if (n == 0) return pf_fail(PFLOW_EINVAL, "map: a sample of 0 rows, wants 1 or more");
  for (size_t begin = 0; begin < n; begin += work->max_rows) {
    const size_t left = n - begin, count = left < work->max_rows ? left : work->max_rows;
    work->first = (size_t)first + begin;
    pf_try(map->way->sample(map, work, seed, first + begin, count,
                            x + begin * map->info.in_dim));
  }
  return PFLOW_OK;
}
