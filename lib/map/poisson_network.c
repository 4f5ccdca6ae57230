/*
 * poisson_network.c - the Poisson map's learned field: its training, its checkpoints, and
 * its error against the exact field.
 */
#include <string.h>

#include "eval/sample.h"
#include "field/denoiser.h"
#include "map/checkpoint.h"

/* Of the seed: which rows are looked at, at most so many. */
#define probe_stream UINT64_C(0x706d00000007)

enum { probe_rows = 1000 };

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

/* D and the heights are the map's, and may still be unknown. */
pflow_err pf_poisson_network_config(const pflow_map *map, pflow_denoiser_config *config) {
  pflow_denoiser_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, map->config.denoiser,
                        "pflow_denoiser_config"));
  pflow_denoiser_config known = *config;
  known.aug_dim = known.r_min = 1.0;
  known.r_max = 2.0;
  return pf_denoiser_check_config(&known);
}

static pflow_err read_settings(training *self, pflow_denoiser_config *config) {
  const pflow_map *map = self->map;
  pf_try(pf_poisson_network_config(map, config));
  config->aug_dim = map->info.aug_dim;
  config->r_min = map->info.r_low;
  config->r_max = map->info.r1;
  config->seed = map->info.seed;
  config->pool = map->config.pool;
  config->on_step = tell;
  config->user = self;
  return PFLOW_OK;
}

/* Rows of the fit, moved, and the field that each is moved in: of all others. */
typedef struct probes {
  size_t n, *number; /* in the fit */
  float *x;          /* n x dims */
  pflow_exact *exact;
} probes;

static void close_probes(probes *self) {
  pflow_exact_destroy(self->exact);
  pflow_free(self->x);
  pflow_free(self->number);
}

static pflow_err open_probes(probes *self, const pflow_map *map, const float *u,
                             size_t n) {
  const size_t dims = map->info.dims;
  const pflow_sources sources = {u, n, dims};
  pflow_exact_config config;
  size_t floats;
  self->n = n < probe_rows ? n : probe_rows;
  pf_try(pf_mul(&floats, self->n, dims, "map: rows of a measurement"));
  pf_try(pf_alloc(&self->number, self->n, sizeof *self->number));
  pf_try(pf_alloc(&self->x, floats, sizeof *self->x));
  pf_sample(n, self->n, map->info.seed, probe_stream, self->number);
  for (size_t i = 0; i < self->n; i++)
    memcpy(self->x + i * dims, u + self->number[i] * dims, dims * sizeof *u);
  pflow_exact_config_init(&config);
  config.aug_dim = map->info.aug_dim;
  config.pool = map->config.pool;
  return pflow_exact_create(&self->exact, &sources, &config);
}

static pflow_err compare(pflow_map *map, const probes *of) {
  const pf_poisson *self = map->state;
  pflow_denoiser_error_at errors[PFLOW_MAP_HEIGHTS];
  pflow_denoiser_probe probe;
  pflow_denoiser_probe_init(&probe);
  probe.x = of->x;
  probe.n = of->n;
  probe.leave_out = of->number;
  probe.heights = PFLOW_MAP_HEIGHTS;
  probe.r_min = map->info.r0;
  probe.r_max = map->info.r1;
  probe.seed = map->info.seed;
  pf_try(pflow_denoiser_error(self->denoiser, of->exact, &probe, errors));
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++) {
    map->info.height[i] = errors[i].r;
    map->info.error[i] = errors[i].median;
    map->info.cosine[i] = errors[i].cosine_median;
  }
  return PFLOW_OK;
}

static pflow_err measure(pflow_map *map, const float *u, size_t n) {
  probes self = {0};
  pflow_err rc = open_probes(&self, map, u, n);
  if (rc >= 0) rc = compare(map, &self);
  close_probes(&self);
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
