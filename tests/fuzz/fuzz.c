#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kept_paths = 4 };

static char folder[64];
static int is_taken;

static void need(int fine, const char *what) {
  if (fine) return;
  perror(what);
  abort();
}

static int drop(const char *path, const struct stat *about, int kind, struct FTW *at) {
  (void)about, (void)kind, (void)at;
  return remove(path);
}

static void drop_folder(void) {
  nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* In memory where there is such a folder: a run writes millions of files. */
static void make_folder(void) {
  const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof folder, "%s/pflow-fuzz-XXXXXX", parent);
  need(mkdtemp(folder) != NULL, folder);
  need(atexit(drop_folder) == 0, "atexit");
}

const char *fuzz_file(const char *name, const uint8_t *bytes, size_t size) {
  static char paths[kept_paths][128];
  static size_t next;
  if (!folder[0]) make_folder();
  char *path = paths[next++ % kept_paths];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  need(file != NULL, path);
  need(fwrite(bytes, 1, size, file) == size, path);
  need(fclose(file) == 0, path);
  return path;
}

void fuzz_check(pflow_err rc, const char *part) {
  const char *sentence = pflow_errmsg();
  if (rc >= 0 || (*sentence && strstr(sentence, part))) return;
  fprintf(stderr, "error %d says \"%s\", which does not name %s\n", (int)rc, sentence,
          part);
  abort();
}

void fuzz_taken(void) {
  is_taken = 1;
}

int fuzz_was_taken(void) {
  const int was = is_taken;
  is_taken = 0;
  return was;
}

void fuzz_end(void) {
  if (pflow_live_blocks() == 0) return;
  fprintf(stderr, "%zu blocks are left\n", pflow_live_blocks());
  abort();
}

/* At the first step of a training, or right behind one that had come to its end. */
static int stop(const pflow_map_progress *progress, void *user) {
  (void)user;
  return strcmp(progress->stage, "training") == 0 ||
         strcmp(progress->stage, "radii") == 0;
}

pflow_denoiser_config fuzz_network(void) {
  pflow_denoiser_config config;
  pflow_denoiser_config_init(&config);
  config.width = 4;
  config.layers = 1;
  config.steps = 3;
  config.batch = 8;
  return config;
}

pflow_err fuzz_fit(const char *checkpoint, int resume) {
  enum { n = 120, dim = 3 };
  float x[n * dim];
  pflow_rng rng;
  const pflow_denoiser_config network = fuzz_network();
  pflow_map_config config;
  pflow_map *map;
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_normal(&rng, x, n * dim, 0.0, 1.0);
  pflow_map_config_init(&config);
  config.field = PFLOW_MAP_NETWORK;
  config.dims = 2;
  config.aug_dim = 2.0;
  config.start = 1.0;
  config.strength = 1.0;
  config.denoiser = &network;
  config.checkpoint = checkpoint;
  config.resume = resume;
  config.on_progress = stop;
  pflow_err rc = pflow_map_create(&map, &config);
  if (rc >= 0) rc = pflow_map_fit(map, x, NULL, n, dim);
  pflow_map_destroy(map);
  return rc;
}
