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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  pflow_archive *archive;
  const pflow_err rc = pflow_archive_parse(&archive, bytes, size, name);
  fuzz_check(rc, name);
  if (rc >= 0) {
    build_net(archive);
    build_denoiser(archive);
  }
  pflow_archive_destroy(archive);
  const char *path = fuzz_file("x.safetensors", bytes, size);
  fuzz_check(pflow_archive_load_texts(&archive, path), path);
  pflow_archive_destroy(archive);
  fuzz_end();
  return 0;
}
