/*
 * bench_map_make - writes a map that several jobs use, with the settings that
 * pflow_map_suggest advises for the rows.
 *
 * usage: bench_map_make exact X.npy MAP
 *        bench_map_make network X.npy MAP STEPS PROBE.npy
 *
 * STEPS of the training. PROBE.npy: rows of u, r, and x - xhat there (k + 1 + k values),
 * at heights all along the way, by which another program's field can be checked.
 */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "common/must.h"
#include "learned.h"
#include "maps.h"

enum { probe_rows = 500 };

static void make(const rows *in, pflow_map_field field, size_t steps, const char *path) {
  pflow_map *map;
  pflow_map_advice advice;
  pflow_map_config config;
  pflow_denoiser_config training;
  pflow_map_config_init(&config);
  pflow_denoiser_config_init(&training);
  must(pflow_map_suggest(in->x, in->n, in->dim, 0, NULL, &advice));
  training.steps = steps;
  config.field = field;
  config.denoiser = &training;
  config.dims = advice.dims;
  config.aug_dim = advice.aug_dim;
  config.start = advice.start;
  config.strength = advice.strength;
  must(pflow_map_create(&map, &config));
  must(pflow_map_fit(map, in->x, NULL, in->n, in->dim));
  must(pflow_map_save(map, path));
  pflow_map_destroy(map);
}

/* Rows of the fit, moved to their heights as the training does. */
static void draw_rows(const learned *field, const rows *in, float *u, float *r, double *s,
                      size_t n) {
  double height[probe_rows];
  pflow_rng rng;
  const double begin = learned_begin(field), end = learned_end(field);
  for (size_t i = 0; i < n; i++) {
    r[i] = (float)exp(begin + (end - begin) * (double)i / (double)n);
    height[i] = r[i];
    s[i] = log(height[i]);
  }
  must(pflow_affine_apply(field->preprocess, in->x, n, u));
  pflow_rng_init(&rng, 0, 2);
  const pflow_kernel_rows kernel = {u, height, n, field->info.dims, field->info.aug_dim};
  must(pflow_kernel_draw(&kernel, &rng, u, NULL));
}

static void probe(const char *map, const rows *in, const char *path) {
  learned field = learned_load(map);
  const size_t dim = field.info.dims, n = in->n < probe_rows ? in->n : probe_rows;
  const size_t width = 2 * dim + 1;
  float *u = must_alloc(n * dim, sizeof *u), *dx = must_alloc(n * dim, sizeof *dx),
        *out = must_alloc(n * width, sizeof *out), r[probe_rows];
  double s[probe_rows];
  draw_rows(&field, in, u, r, s, n);
  const pflow_ode_rows points = {n, dim, s, u, NULL};
  must(pflow_denoiser_rhs(&points, dx, field.flow));
  for (size_t i = 0; i < n; i++) {
    float *row = out + i * width;
    memcpy(row, u + i * dim, dim * sizeof *row);
    row[dim] = r[i];
    memcpy(row + dim + 1, dx + i * dim, dim * sizeof *row);
  }
  rows_save(path, out, n, width);
  pflow_free(out);
  pflow_free(dx);
  pflow_free(u);
  learned_free(&field);
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 6)
    fail("usage: bench_map_make exact|network X.npy MAP [STEPS PROBE.npy]");
  pflow_map_field field;
  must(pflow_map_field_find(argv[1], &field));
  rows in = rows_load(argv[2]);
  make(&in, field, bench_argument(argc, argv, 4, 1), argv[3]);
  if (argc == 6) probe(argv[3], &in, argv[5]);
  rows_free(&in);
  return 0;
}
