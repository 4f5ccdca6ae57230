/* A safetensors file, and every object that one may hold. */
#include "fuzz.h"

static const char name[] = "archive";

static void build_net(const pflow_archive *archive) {
  pflow_net *net;
  const pflow_err rc = pflow_archive_build_net(archive, "", &net, NULL);
  fuzz_check(rc, name);
  if (rc < 0) return;
  pflow_optim *optim;
  if (pflow_optim_create_adam(&optim, pflow_net_param_size(net), NULL) >= 0) {
    const pflow_err had = pflow_archive_get_optim(archive, "optim.", optim);
    fuzz_check(had, "");
    if (had >= 0) fuzz_taken();
  }
  pflow_optim_destroy(optim);
  pflow_net_destroy(net);
}

static void build_denoiser(const pflow_archive *archive) {
  pflow_denoiser *denoiser;
  const pflow_err rc =
      pflow_archive_build_denoiser(archive, "denoiser.", &denoiser, NULL);
  fuzz_check(rc, name);
  if (rc >= 0) fuzz_taken();
  pflow_denoiser_destroy(denoiser);
}

static void get_affine(const pflow_archive *archive) {
  pflow_affine *affine;
  const pflow_err rc = pflow_affine_get(archive, "affine.", &affine, NULL);
  fuzz_check(rc, name);
  if (rc >= 0) fuzz_taken();
  pflow_affine_destroy(affine);
}

static void get_average(const pflow_archive *archive) {
  const float none[fuzz_average] = {0.0f};
  pflow_ema *average;
  if (pflow_ema_create(&average, none, fuzz_average, 0.9) < 0) return;
  const pflow_err rc = pflow_archive_get_ema(archive, "average.", average);
  fuzz_check(rc, name);
  if (rc >= 0) fuzz_taken();
  pflow_ema_destroy(average);
}

static void load_field(const char *path) {
  pflow_net *net;
  pflow_field_meta meta;
  const pflow_err rc = pflow_field_load(&net, &meta, path, NULL);
  fuzz_check(rc, path);
  if (rc >= 0) fuzz_taken();
  pflow_net_destroy(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  pflow_archive *archive;
  const pflow_err rc = pflow_archive_parse(&archive, bytes, size, name);
  fuzz_check(rc, name);
  if (rc >= 0) {
    build_net(archive);
    build_denoiser(archive);
    get_affine(archive);
    get_average(archive);
  }
  pflow_archive_destroy(archive);
  const char *path = fuzz_file("x.safetensors", bytes, size);
  fuzz_check(pflow_archive_load_texts(&archive, path), path);
  pflow_archive_destroy(archive);
  load_field(path);
  fuzz_end();
  return 0;
}
