#include "learned.h"

#include <math.h>

#include "common/must.h"

learned learned_load(const char *path) {
  learned made;
  pflow_archive *archive;
  must(pflow_map_load_info(path, &made.info));
  must(pflow_archive_load(&archive, path));
  must(pflow_affine_get(archive, "preprocess.", &made.preprocess, NULL));
  must(pflow_archive_build_denoiser(archive, "denoiser.", &made.denoiser, NULL));
  must(pflow_denoiser_flow_create(&made.flow, made.denoiser, pflow_pool_threads(NULL)));
  pflow_archive_destroy(archive);
  return made;
}

void learned_free(learned *self) {
  pflow_denoiser_flow_destroy(self->flow);
  pflow_denoiser_destroy(self->denoiser);
  pflow_affine_destroy(self->preprocess);
}

double learned_begin(const learned *self) {
  return log(self->info.r0);
}

double learned_end(const learned *self) {
  return log(self->info.r0) +
         self->info.strength * (log(self->info.r1) - log(self->info.r0));
}
