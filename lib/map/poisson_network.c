/*
 * poisson_network.c - the Poisson map's learned field: its training, its checkpoints, and
 * its error against the exact field.
 */
#include <math.h>

#include "map/checkpoint.h"

enum { probe_rows = 1000, probe_sources = 20000 };

/* What a step of the training needs to know. */
typedef struct training {
  pflow_map *map;
  pf_checkpoint *checkpoint;
  pflow_err rc; /* of the last one */
} training;

static int tell(const pflow_denoiser_progress *progress, void *user) {
  training *self = user;
  const pf_poisson *state = self->map->state;
  self->rc = pf_map_report(self->map, "training", progress->step, progress->steps);
  self->rc = pf_checkpoint_write(self->checkpoint, state->denoiser, self->rc);
  return self->rc;
}

pflow_err pf_poisson_network_config(const pflow_map *map, pflow_denoiser_config *config) {
  pflow_denoiser_config_init(config);
  return pf_config_read(config, sizeof *config, map->config.denoiser,
                        "pflow_denoiser_config");
}

static pflow_err read_settings(training *self, pflow_denoiser_config *config) {
  const pflow_map *map = self->map;
  pf_try(pf_poisson_network_config(map, config));
  config->aug_dim = map->info.aug_dim;
  config->r_min = map->info.r0;
  config->r_max = map->info.r1;
  config->seed = map->info.seed;
  config->pool = map->config.pool;
  config->on_step = tell;
  config->user = self;
  return PFLOW_OK;
}

/* Rows of the fit, each without itself, against the exact field of at most so many. */
static pflow_err measure(pflow_map *map, const float *u, size_t n) {
  const pf_poisson *self = map->state;
  const size_t dims = map->info.dims, known = n < probe_sources ? n : probe_sources;
  const pflow_sources sources = {u, known, dims};
  pflow_denoiser_error_at errors[PFLOW_MAP_HEIGHTS];
  size_t leave_out[probe_rows];
  pflow_exact *exact;
  pflow_exact_config config;
  pflow_denoiser_probe probe;
  pflow_exact_config_init(&config);
  config.aug_dim = map->info.aug_dim;
  config.pool = map->config.pool;
  pf_try(pflow_exact_create(&exact, &sources, &config));
  pflow_denoiser_probe_init(&probe);
  probe.x = u;
  probe.n = known < probe_rows ? known : probe_rows;
  probe.leave_out = leave_out;
  probe.heights = PFLOW_MAP_HEIGHTS;
  probe.seed = map->info.seed;
  for (size_t i = 0; i < probe.n; i++)
    leave_out[i] = i;
  pflow_err rc = pflow_denoiser_error(self->denoiser, exact, &probe, errors);
  pflow_exact_destroy(exact);
  for (size_t i = 0; rc >= 0 && i < PFLOW_MAP_HEIGHTS; i++) {
    map->info.height[i] = errors[i].r;
    map->info.error[i] = errors[i].median;
    map->info.cosine[i] = errors[i].cosine_median;
  }
  return rc;
}

pflow_err pf_poisson_fit_network(pflow_map *map, const float *u, size_t n,
                                 pf_checkpoint *checkpoint) {
  pf_poisson *self = map->state;
  training steps = {map, checkpoint, PFLOW_OK};
  pflow_denoiser_config config;
  pflow_denoiser_report report = {0};
  pf_try(read_settings(&steps, &config));
  pf_try(pf_checkpoint_denoiser(checkpoint, map->info.dims, &config, &self->denoiser));
  if (!self->denoiser)
    pf_try(pflow_denoiser_create(&self->denoiser, map->info.dims, &config));
  pflow_err rc = pflow_denoiser_fit(self->denoiser, u, n, &report);
  map->info.steps = report.steps;
  map->info.loss = report.last_loss;
  if (rc == PFLOW_ECALLBACK) return steps.rc;
  return rc == PFLOW_OK ? measure(map, u, n) : rc;
}
