/*
 * way_post.c - the 2023 post's flow: PFGM's network trained close to the rows, followed
 * from z = 0 under the radial clock by Euler steps, z left off at the end.
 */
#include <string.h>

#include "io/archive.h"
#include "map/map.h"

enum { euler_steps = 100 };

typedef struct post {
  pflow_net *net;
  pflow_field *field;
} post;

typedef struct buffers {
  pflow_clock *clock;
  pflow_ode *ode;
  float *y; /* max_rows augmented rows */
} buffers;

static void destroy(void *state) {
  post *self = state;
  if (!self) return;
  pflow_field_destroy(self->field);
  pflow_net_destroy(self->net);
  pflow_free(self);
}

static int tell(const pflow_field_fit_progress *progress, void *map) {
  return pf_map_report(map, "training", progress->epoch, progress->epochs);
}

static pflow_err fit(pflow_map *map, const pf_map_rows *rows) {
  pflow_field_fit_config config;
  pflow_field_fit_report report = {0};
  pflow_net_config net;
  post *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  map->state = self;
  pflow_field_fit_config_init(&config);
  pf_try(
      pf_config_read(&config, sizeof config, map->config.post, "pflow_field_fit_config"));
  config.struct_size = sizeof config;
  config.seed = map->config.seed;
  config.pool = map->config.pool;
  config.on_epoch = tell;
  config.user = map;
  pflow_net_config_init(&net);
  net.seed = map->config.seed;
  net.pool = map->config.pool;
  pf_try(pflow_field_net_create(&self->net, rows->dim, &net));
  pflow_err rc =
      pflow_field_fit(self->net, rows->x, rows->n, rows->dim, &config, &report);
  map->info.steps = report.steps;
  map->info.loss = report.last_loss;
  map->info.target = PFLOW_MAP_RAW;
  map->info.aug_dim = 1.0;
  if (rc != PFLOW_OK) return rc;
  return pflow_field_create_net(&self->field, self->net);
}

static void work_destroy(void *memory) {
  buffers *self = memory;
  pflow_ode_destroy(self->ode);
  pflow_clock_destroy(self->clock);
  pflow_free(self->y);
  pflow_free(self);
}

static pflow_err work_create(pflow_map_work *work) {
  const post *state = work->map->state;
  const size_t dim = work->map->info.in_dim + 1;
  pflow_pool *pool = work->map->config.pool;
  pflow_clock_config clock;
  pflow_ode_config ode;
  buffers *self;
  size_t floats;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  work->buffers = self;
  pf_try(pf_mul(&floats, work->max_rows, dim, "map: rows of a workspace"));
  pf_try(pf_alloc(&self->y, floats, sizeof *self->y));
  pflow_clock_config_init(&clock);
  clock.concurrent = pflow_pool_threads(pool);
  pf_try(pflow_clock_create(&self->clock, state->field, work->max_rows, &clock));
  pflow_ode_config_init(&ode);
  ode.method = PFLOW_ODE_EULER;
  ode.steps = euler_steps;
  ode.concurrent = 1;
  ode.pool = pool;
  return pflow_ode_create(&self->ode, work->max_rows, dim, &ode);
}

static pflow_err transform(const pflow_map *map, pflow_map_work *work, const float *x,
                           size_t n, float *y) {
  buffers *self = work->buffers;
  const size_t dim = map->info.in_dim;
  pflow_clock_reset(self->clock);
  pf_try(pflow_points_augment(x, n, dim, 0.0, self->y));
  const pflow_err rc =
      pflow_ode_run(self->ode, pflow_clock_rhs, self->clock, 0.0, 1.0, self->y, n, NULL);
  return rc == PFLOW_OK ? pflow_points_project(self->y, n, dim, y) : rc;
}

static pflow_err put(const pflow_map *map, pflow_archive *archive) {
  const post *self = map->state;
  return pflow_archive_put_net(archive, "post.", self->net);
}

static pflow_err get(pflow_map *map, const pflow_archive *archive) {
  post *self;
  pflow_net_config config;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  map->state = self;
  pflow_net_config_init(&config);
  config.pool = map->config.pool;
  pf_try(pflow_archive_build_net(archive, "post.", &self->net, &config));
  const size_t dim = pflow_net_in_size(self->net) - 1;
  if (map->info.target != PFLOW_MAP_RAW)
    return pf_fail(PFLOW_EFORMAT, "%s: target %s, the post's field has raw",
                   archive->source, pflow_map_target_name(map->info.target));
  pf_try(pf_map_check_sizes(map, archive, dim, dim));
  return pflow_field_create_net(&self->field, self->net);
}

const pf_map_way pf_map_post = {.fit = fit,
                                .destroy = destroy,
                                .work_create = work_create,
                                .work_destroy = work_destroy,
                                .transform = transform,
                                .put = put,
                                .get = get};
