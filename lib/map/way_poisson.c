/*
 * way_poisson.c - rows through the Poisson flow, there and back, and rows from its prior.
 */
#include <math.h>
#include <string.h>

#include "eval/sample.h"
#include "field/kernel.h"
#include "map/affine.h"
#include "map/doubles_io.h"
#include "map/poisson.h"
#include "map/poisson_flow.h"

#define sample_stream UINT64_C(0x706d00000003)

#define radii_stream UINT64_C(0x706d00000008)

/* Rows that are integrated together, and rows whose radii stand for all. */
enum { block_rows = 64, radii_rows = 1000 };

/* A workspace's buffers, for max_rows rows. */
typedef struct buffers {
  pflow_ode *ode;
  float *u;
  int *row_status;
  size_t *leave_out;
  pf_poisson_flow flow;          /* of one of these two */
  pflow_exact_flow exact;        /* borrows leave_out while it is of use */
  pflow_denoiser_flow *denoiser; /* NETWORK */
  pf_radii_match match;          /* of the workspace's strength */
} buffers;

static void destroy(void *state) {
  pf_poisson *self = state;
  if (!self) return;
  pflow_affine_destroy(self->preprocess);
  pf_geometry_destroy(&self->geometry);
  pflow_free(self->sources);
  pf_fingerprints_destroy(&self->prints);
  pflow_exact_destroy(self->exact);
  pflow_denoiser_destroy(self->denoiser);
  pflow_free(self);
}

/* ---- workspaces ---- */

static void work_destroy(void *memory) {
  buffers *self = memory;
  pflow_ode_destroy(self->ode);
  pflow_denoiser_flow_destroy(self->denoiser);
  pflow_free(self->row_status);
  pflow_free(self->u);
  pflow_free(self->leave_out);
  pflow_free(self);
}

pflow_ode_config pf_poisson_ode(const pflow_map *map) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.rtol = config.atol = map->config.rtol;
  config.block_rows = block_rows;
  config.concurrent = 1;
  config.pool = map->config.pool;
  return config;
}

/* ln of the rows' size by r: what ln(rho / r) is about. */
static double log_size(const pflow_map_info *info, double strength) {
  const double r = pf_poisson_stop(info->r0, info->r1, strength);
  return log(pf_poisson_flow_size(info->aug_dim, r) / r);
}

/* Between the strengths that were measured, in proportion: of rho by the rows' size,
 * which is smooth on the way. */
static pf_radii_match match_at(const pflow_map *map, double strength) {
  const pf_poisson *state = map->state;
  if (!pf_geometry_needs_radii(map->info.target))
    return pf_geometry_match(&state->geometry, NULL);
  const size_t parts = pf_poisson_strengths - 1;
  const double place = strength * (double)parts;
  const size_t low = strength < 1.0 ? (size_t)place : parts - 1;
  const double part = place - (double)low, before = (double)low / (double)parts,
               after = (double)(low + 1) / (double)parts;
  const double shift =
      log_size(&map->info, strength) -
      ((1.0 - part) * log_size(&map->info, before) + part * log_size(&map->info, after));
  const pf_radii radii =
      pf_radii_between(&state->radii[low], &state->radii[low + 1], part, shift);
  return pf_geometry_match(&state->geometry, &radii);
}

static pflow_err work_create(pflow_map_work *work) {
  const pflow_map *map = work->map;
  const pf_poisson *state = map->state;
  pflow_ode_config config = pf_poisson_ode(map);
  buffers *self;
  size_t floats;
  config.rtol = config.atol = work->rtol;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  work->buffers = self;
  pf_try(pf_mul(&floats, work->max_rows, map->info.dims, "map: rows of a workspace"));
  pf_try(pf_alloc(&self->u, floats, sizeof *self->u));
  pf_try(pf_alloc(&self->row_status, work->max_rows, sizeof *self->row_status));
  config.row_status = self->row_status;
  pf_try(pflow_ode_create(&self->ode, work->max_rows, map->info.dims, &config));
  self->flow =
      (pf_poisson_flow){pflow_exact_rhs, &self->exact, map->info.dims, map->info.aug_dim};
  self->match = match_at(map, work->strength);
  self->exact.exact = state->exact;
  if (state->exact)
    return pf_alloc(&self->leave_out, work->max_rows, sizeof *self->leave_out);
  pf_try(pflow_denoiser_flow_create(&self->denoiser, state->denoiser,
                                    pflow_pool_threads(map->config.pool)));
  self->flow.field = pflow_denoiser_rhs;
  self->flow.user = self->denoiser;
  return PFLOW_OK;
}

/* ---- the flow ---- */

/* The solver counts the rows of a piece. */
static pflow_err blame_rows(pflow_err rc, size_t first) {
  if (rc >= 0 || first == 0) return rc;
  char message[pf_message_size];
  pf_message_get(message);
  return pf_fail(rc, "map: rows counted from row %zu: %s", first, message);
}

/* Names the first row that did not arrive, of n. */
static pflow_err blame_first(const pflow_map_work *work, size_t n,
                             const pflow_ode_stats *stats) {
  const buffers *self = work->buffers;
  size_t first = 0;
  while (first < n - 1 && self->row_status[first] == PFLOW_OK)
    first++;
  return pf_fail(PFLOW_EDIVERGED,
                 "map: row %zu%s: the flow %s; values far from the fitted rows' do that",
                 work->first + first,
                 stats->failed + stats->limited > 1 ? " and others" : "",
                 self->row_status[first] == PFLOW_LIMIT ? "takes too many steps"
                                                        : "cannot be followed");
}

/* Takes n rows of u from one height to another. */
static pflow_err flow(pflow_map_work *work, size_t n, double from, double to) {
  buffers *self = work->buffers;
  pflow_ode_stats stats;
  if (from == to) return PFLOW_OK;
  const pflow_err rc =
      pf_poisson_flow_run(&self->flow, self->ode, from, to, self->u, n, &stats);
  return rc == PFLOW_LIMIT || rc == PFLOW_EDIVERGED ? blame_first(work, n, &stats)
                                                    : blame_rows(rc, work->first);
}

static pflow_err blame_row(pflow_err rc, size_t row) {
  if (rc >= 0) return rc;
  char message[pf_message_size];
  pf_message_get(message);
  return pf_fail(rc, "map: row %zu: %s", row, message);
}

/* Which sources the rows are themselves. */
static void find_own(const pf_poisson *state, buffers *self, const float *x, size_t n,
                     size_t dim) {
  if (!self->leave_out) return;
  for (size_t i = 0; i < n; i++)
    self->leave_out[i] = pf_fingerprints_find(&state->prints, x + i * dim, dim);
  self->exact.leave_out = self->leave_out;
}

static pflow_err transform(const pflow_map *map, pflow_map_work *work, const float *x,
                           size_t n, float *y) {
  const pflow_map_info *info = &map->info;
  const pf_poisson *state = map->state;
  buffers *self = work->buffers;
  const double stop = pf_poisson_stop(info->r0, info->r1, work->strength);
  pf_try(pf_affine_apply(state->preprocess, x, n, work->first, self->u));
  find_own(state, self, x, n, info->in_dim);
  pf_try(flow(work, n, info->r0, stop));
  for (size_t i = 0; i < n; i++)
    pf_try(
        blame_row(pf_geometry_form(&state->geometry, &self->match,
                                   self->u + i * info->dims, stop, y + i * info->out_dim),
                  work->first + i));
  return PFLOW_OK;
}

static pflow_err inverse(const pflow_map *map, pflow_map_work *work, const float *y,
                         size_t n, float *x) {
  const pflow_map_info *info = &map->info;
  const pf_poisson *state = map->state;
  buffers *self = work->buffers;
  const double stop = pf_poisson_stop(info->r0, info->r1, work->strength);
  for (size_t i = 0; i < n; i++)
    pf_try(
        blame_row(pf_geometry_undo(&state->geometry, &self->match, y + i * info->out_dim,
                                   stop, self->u + i * info->dims),
                  work->first + i));
  self->exact.leave_out = NULL;
  pf_try(flow(work, n, stop, info->r0));
  return pf_affine_invert(state->preprocess, self->u, n, work->first, x);
}

static pflow_err sample(const pflow_map *map, pflow_map_work *work, uint64_t seed,
                        uint64_t first, size_t n, float *x) {
  const pflow_map_info *info = &map->info;
  const pf_poisson *state = map->state;
  buffers *self = work->buffers;
  pf_kernel_law law = {.dim = info->dims, .aug_dim = info->aug_dim};
  pflow_rng_init(&law.rng, seed, sample_stream);
  for (size_t i = 0; i < n; i++)
    pf_kernel_row(&law, first + i, NULL, info->r1, self->u + i * info->dims);
  self->exact.leave_out = NULL;
  pf_try(flow(work, n, info->r1, info->r_low));
  return pf_affine_invert(state->preprocess, self->u, n, work->first, x);
}

/* ---- the radii of fitted rows ---- */

/* Beyond where the rows can be taken nobody will go, and the uniform law has to do. */
static pflow_err climb(pflow_map_work *work, const float *x, size_t n, pf_radii *radii) {
  const pflow_map_info *info = &work->map->info;
  const pf_poisson *state = work->map->state;
  buffers *self = work->buffers;
  double from = info->r0;
  bool arrives = true;
  pf_try(pf_affine_apply(state->preprocess, x, n, 0, self->u));
  find_own(state, self, x, n, info->in_dim);
  for (size_t i = 0; i < pf_poisson_strengths; i++) {
    const double strength = (double)i / (pf_poisson_strengths - 1);
    const double to = pf_poisson_stop(info->r0, info->r1, strength);
    const pflow_err rc = arrives ? flow(work, n, from, to) : PFLOW_OK;
    if (rc < 0 && rc != PFLOW_EDIVERGED) return rc;
    arrives = arrives && rc >= 0;
    radii[i] = state->geometry.law.uniform;
    if (arrives) pf_try(pf_radii_measure(&radii[i], self->u, n, info->dims, to));
    for (size_t k = 0; k < pf_radii_shares; k++)
      radii[i].at[k] = pf_two_floats(radii[i].at[k]);
    from = to;
  }
  return PFLOW_OK;
}

static pflow_err draw_rows(const pflow_map *map, const pf_map_rows *rows, size_t n,
                           float **x) {
  size_t *chosen, floats;
  pf_try(pf_mul(&floats, n, rows->dim, "map: rows of a measurement"));
  pf_try(pf_alloc(&chosen, n, sizeof *chosen));
  pflow_err rc = pf_alloc(x, floats, sizeof **x);
  if (rc >= 0) {
    pf_sample(rows->n, n, map->info.seed, radii_stream, chosen);
    for (size_t i = 0; i < n; i++)
      memcpy(*x + i * rows->dim, rows->x + chosen[i] * rows->dim, rows->dim * sizeof **x);
  }
  pflow_free(chosen);
  return rc;
}

pflow_err pf_poisson_fit_radii(pflow_map *map, const pf_map_rows *rows) {
  pf_poisson *state = map->state;
  const size_t n = rows->n < radii_rows ? rows->n : radii_rows;
  const pflow_map_work_config config = {sizeof config, n, map->info.strength,
                                        fmax(map->config.rtol, 1e-3)};
  pflow_map_work *work;
  float *x;
  if (!pf_geometry_needs_radii(map->info.target)) return PFLOW_OK;
  pflow_err rc = pf_map_report(map, "radii", 0, 1);
  if (rc != PFLOW_OK) return rc;
  pf_try(draw_rows(map, rows, n, &x));
  rc = pflow_map_work_create(&work, map, &config);
  if (rc >= 0) {
    rc = climb(work, x, n, state->radii);
    pflow_map_work_destroy(work);
  }
  pflow_free(x);
  return rc;
}

const pf_map_way pf_map_poisson = {.fit = pf_poisson_fit,
                                   .destroy = destroy,
                                   .work_create = work_create,
                                   .work_destroy = work_destroy,
                                   .transform = transform,
                                   .inverse = inverse,
                                   .sample = sample,
                                   .put = pf_poisson_put,
                                   .get = pf_poisson_get};
