/*
 * poisson_io.c - the Poisson map's arrays in an archive.
 */
#include <string.h>

#include "io/description.h"
#include "map/doubles_io.h"
#include "map/poisson.h"

static const size_t radii_shape[] = {2, pf_poisson_strengths, pf_radii_shares};

static pflow_err put_sources(const pf_poisson *self, size_t dims,
                             pflow_archive *archive) {
  const size_t shape[] = {self->n, dims};
  pf_try(pflow_archive_put(archive, "sources", self->sources, shape, 2));
  return pf_fingerprints_put(&self->prints, archive, "source_prints");
}

pflow_err pf_poisson_put(const pflow_map *map, pflow_archive *archive) {
  const pf_poisson *self = map->state;
  pf_try(pflow_affine_put(archive, "preprocess.", self->preprocess));
  if (pf_geometry_needs_radii(map->info.target))
    pf_try(pf_put_doubles(archive, "", "radii", self->radii[0].at, radii_shape, 3));
  return self->denoiser
             ? pflow_archive_put_denoiser(archive, "denoiser.", self->denoiser, 0)
             : put_sources(self, map->info.dims, archive);
}

static pflow_err get_sources(pflow_map *map, const pflow_archive *archive) {
  pf_poisson *self = map->state;
  const pflow_tensor *tensor;
  const size_t dims = map->info.dims, shape[] = {map->info.sources, dims};
  pflow_exact_config config;
  if (map->info.sources < 2)
    return pf_fail(PFLOW_EFORMAT, "%s: %zu sources, wants 2 or more", archive->source,
                   map->info.sources);
  pf_try(pf_archive_get_shaped(archive, "sources", shape, 2, &tensor));
  pf_try(pf_fingerprints_get(&self->prints, archive, "source_prints", shape[0]));
  pf_try(pf_alloc(&self->sources, pflow_tensor_size(tensor), sizeof *self->sources));
  memcpy(self->sources, pflow_tensor_const_values(tensor),
         pflow_tensor_size(tensor) * sizeof *self->sources);
  self->n = shape[0];
  pflow_exact_config_init(&config);
  config.aug_dim = map->info.aug_dim;
  config.pool = map->config.pool;
  const pflow_sources sources = {self->sources, self->n, dims};
  return pf_blame_file(pflow_exact_create(&self->exact, &sources, &config),
                       archive->source);
}

static pflow_err get_denoiser(pflow_map *map, const pflow_archive *archive) {
  pf_poisson *self = map->state;
  pflow_denoiser_config config;
  pflow_denoiser_config_init(&config);
  config.pool = map->config.pool;
  pf_try(pflow_archive_build_denoiser(archive, "denoiser.", &self->denoiser, &config));
  const pflow_denoiser_config *settings = pflow_denoiser_settings(self->denoiser);
  if (pflow_denoiser_dim(self->denoiser) == map->info.dims &&
      settings->aug_dim == map->info.aug_dim && settings->r_min == map->info.r_low &&
      settings->r_max == map->info.r1)
    return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT,
                 "%s: a denoiser of %zu values, D %g, heights %g to %g; the map has %zu, "
                 "%g, %g to %g",
                 archive->source, pflow_denoiser_dim(self->denoiser), settings->aug_dim,
                 settings->r_min, settings->r_max, map->info.dims, map->info.aug_dim,
                 map->info.r_low, map->info.r1);
}

static pflow_err get_radii(pflow_map *map, const pflow_archive *archive) {
  pf_poisson *self = map->state;
  if (!pf_geometry_needs_radii(map->info.target)) return PFLOW_OK;
  pf_try(pf_get_doubles(archive, "", "radii", self->radii[0].at, radii_shape, 3));
  for (size_t i = 0; i < pf_poisson_strengths; i++)
    if (!pf_radii_are_sound(&self->radii[i]))
      return pf_fail(PFLOW_EFORMAT, "%s: list %zu of 'radii' does not rise",
                     archive->source, i);
  return PFLOW_OK;
}

static pflow_err check_heights(const pflow_map_info *info, const char *source) {
  if (info->aug_dim >= 1.0 && info->r1 == pf_poisson_r1(info->aug_dim) &&
      pf_poisson_can_flow(info->r0, info->r1) && info->r_low <= info->r0 &&
      pf_poisson_can_flow(info->r_low, info->r1))
    return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT,
                 "%s: a flow in %g dimensions from %g to %g, and back to %g", source,
                 info->aug_dim, info->r0, info->r1, info->r_low);
}

pflow_err pf_poisson_get(pflow_map *map, const pflow_archive *archive) {
  const pflow_map_info *info = &map->info;
  pf_poisson *self;
  pf_try(check_heights(info, archive->source));
  pf_try(pf_alloc(&self, 1, sizeof *self));
  map->state = self;
  pf_try(pflow_affine_get(archive, "preprocess.", &self->preprocess, map->config.pool));
  pf_try(pf_map_check_kind(archive, self->preprocess, PFLOW_AFFINE_PCA));
  if (pflow_affine_out_dim(self->preprocess) != info->dims)
    return pf_fail(PFLOW_EFORMAT, "%s: a transform to %zu values, the map has %zu",
                   archive->source, pflow_affine_out_dim(self->preprocess), info->dims);
  pf_try(pf_map_check_sizes(map, archive, pflow_affine_in_dim(self->preprocess),
                            pf_geometry_width(info->target, info->dims)));
  pf_try(pf_geometry_create(&self->geometry, info->target, info->dims, info->aug_dim));
  pf_try(get_radii(map, archive));
  return info->field == PFLOW_MAP_EXACT ? get_sources(map, archive)
                                        : get_denoiser(map, archive);
}
