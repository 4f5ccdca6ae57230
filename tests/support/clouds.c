#include "support/clouds.h"

#include <math.h>
#include <stdlib.h>

#include "support/suite.h"

enum { clusters = 10, most_k = 64 };

/* The values of a row: word 0 chooses the cluster, then k normal ones. */
static void draw_row(size_t row, size_t k, const float *centre, float *z,
                     int32_t *label) {
  pflow_rng rng;
  pflow_rng_init(&rng, 77, row + 2);
  *label = (int32_t)pflow_rng_below(&rng, clusters);
  pflow_rng_normal(&rng, z, k, 0.0, 0.3);
  for (size_t j = 0; j < k; j++)
    z[j] += centre[(size_t)*label * k + j];
}

clouds clouds_make(size_t n, size_t k, size_t dim, size_t first) {
  clouds rows = {malloc(n * dim * sizeof(float)), malloc(n * sizeof(int32_t)), n, dim};
  float *axes = malloc(k * dim * sizeof *axes), centre[clusters * most_k], z[most_k];
  pflow_rng rng;
  ck_assert(rows.x && rows.labels && axes && k <= most_k);
  pflow_rng_init(&rng, 77, 0);
  pflow_rng_normal(&rng, axes, k * dim, 0.0, 1.0 / sqrt((double)dim));
  pflow_rng_init(&rng, 77, 1);
  pflow_rng_normal(&rng, centre, clusters * k, 0.0, 1.0);
  for (size_t i = 0; i < n; i++) {
    draw_row(first + i, k, centre, z, &rows.labels[i]);
    for (size_t c = 0; c < dim; c++) {
      double sum = 3.0;
      for (size_t j = 0; j < k; j++)
        sum += (double)z[j] * axes[j * dim + c];
      rows.x[i * dim + c] = (float)sum;
    }
  }
  free(axes);
  return rows;
}

void clouds_free(clouds *rows) {
  free(rows->x);
  free(rows->labels);
}

pflow_map_config settled_map(size_t k) {
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.dims = k;
  config.aug_dim = k ? (double)k : 1.0;
  config.start = 1.0;
  config.strength = 1.0;
  return config;
}

pflow_map *fit_map(const pflow_map_config *config, const clouds *rows) {
  pflow_map *map;
  ck_ok(pflow_map_create(&map, config));
  ck_ok(pflow_map_fit(map, rows->x, rows->labels, rows->n, rows->dim));
  return map;
}

typedef pflow_err (*map_fn)(const pflow_map *map, pflow_map_work *work, const float *from,
                            size_t n, float *to);

static float *run(const pflow_map *map, double strength, map_fn call, const float *from,
                  size_t n, size_t width) {
  pflow_map_work_config config;
  pflow_map_work *work;
  float *to = malloc(n * width * sizeof *to);
  ck_assert_ptr_nonnull(to);
  pflow_map_work_config_init(&config);
  config.strength = strength;
  ck_ok(pflow_map_work_create(&work, map, &config));
  ck_ok(call(map, work, from, n, to));
  pflow_map_work_destroy(work);
  return to;
}

float *map_rows(const pflow_map *map, double strength, const float *x, size_t n) {
  return run(map, strength, pflow_map_transform, x, n, pflow_map_out_dim(map));
}

float *map_back(const pflow_map *map, double strength, const float *y, size_t n) {
  return run(map, strength, pflow_map_inverse, y, n, pflow_map_in_dim(map));
}
