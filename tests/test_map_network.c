/*
 * test_map_network.c - what a map tells of its learned field, and a sum in double.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/clouds.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 24000, near = 20000, k = 2, probes = 300 };

/* Rows in an order: the last sixth is a cloud far away from all others. */
static clouds sorted_rows(void) {
  clouds rows = clouds_make(n, k, k, 0);
  for (size_t i = near; i < n; i++)
    rows.x[i * k] += 20.0f;
  return rows;
}

static pflow_map *fit_network(const clouds *rows) {
  static pflow_denoiser_config network;
  pflow_denoiser_config_init(&network);
  network.width = 16;
  network.layers = 1;
  network.steps = 200;
  network.batch = 64;
  pflow_map_config config = settled_map(k);
  config.field = PFLOW_MAP_NETWORK;
  config.denoiser = &network;
  return fit_map(&config, rows);
}

/* The map's parts, and the fitted rows in its coordinates. */
typedef struct parts {
  pflow_denoiser *denoiser;
  pflow_denoiser_work *work;
  float *u;
} parts;

static parts take_apart(const pflow_map *map, const clouds *rows) {
  parts made;
  pflow_archive *archive;
  pflow_affine *affine;
  temp_begin();
  ck_ok(pflow_map_save(map, temp_path("map.safetensors")));
  ck_ok(pflow_archive_load(&archive, temp_path("map.safetensors")));
  temp_end();
  ck_ok(pflow_archive_build_denoiser(archive, "denoiser.", &made.denoiser, NULL));
  ck_ok(pflow_affine_get(archive, "preprocess.", &affine, NULL));
  ck_ok(pflow_denoiser_work_create(&made.work, made.denoiser, probes));
  made.u = malloc(n * k * sizeof *made.u);
  ck_assert_ptr_nonnull(made.u);
  ck_ok(pflow_affine_apply(affine, rows->x, n, made.u));
  pflow_affine_destroy(affine);
  pflow_archive_destroy(archive);
  return made;
}

static void end_parts(parts *self) {
  pflow_denoiser_work_destroy(self->work);
  pflow_denoiser_destroy(self->denoiser);
  free(self->u);
}

/* The mean of all fitted rows but one, by the formula. */
static void mean_of_others(const float *u, size_t own, const float *x, double r,
                           double mean[k]) {
  double sum[k] = {0.0}, total = 0.0;
  for (size_t j = 0; j < n; j++) {
    double squared = r * r;
    for (size_t c = 0; c < k; c++)
      squared += ((double)x[c] - u[j * k + c]) * ((double)x[c] - u[j * k + c]);
    const double weight =
        j == own ? 0.0 : 1.0 / (squared * squared); /* (k + D) / 2 = 2 */
    total += weight;
    for (size_t c = 0; c < k; c++)
      sum[c] += weight * u[j * k + c];
  }
  for (size_t c = 0; c < k; c++)
    mean[c] = sum[c] / total;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median relative error at a height of rows from all over the fit. */
static double median_error(const parts *self, double height) {
  float x[probes * k], xhat[probes * k];
  double r[probes], error[probes];
  pflow_rng rng;
  pflow_rng_init(&rng, 12345, 0);
  for (size_t i = 0; i < probes; i++) {
    r[i] = height;
    memcpy(x + i * k, self->u + i * (n / probes) * k, k * sizeof *x);
  }
  const pflow_kernel_rows rows = {x, r, probes, k, k};
  float moved[probes * k];
  ck_ok(pflow_kernel_draw(&rows, &rng, moved, NULL));
  ck_ok(pflow_denoiser_mean(self->denoiser, self->work, moved, r, probes, xhat));
  for (size_t i = 0; i < probes; i++) {
    double mean[k], apart = 0.0, size = 0.0;
    mean_of_others(self->u, i * (n / probes), moved + i * k, height, mean);
    for (size_t c = 0; c < k; c++) {
      apart += (xhat[i * k + c] - mean[c]) * (xhat[i * k + c] - mean[c]);
      size += (moved[i * k + c] - mean[c]) * (moved[i * k + c] - mean[c]);
    }
    error[i] = sqrt(apart / size);
  }
  qsort(error, probes, sizeof *error, by_value);
  return error[probes / 2];
}

START_TEST(its_error_is_that_of_all_rows) {
  clouds rows = sorted_rows();
  pflow_map *map = fit_network(&rows);
  parts of = take_apart(map, &rows);
  pflow_map_info info;
  ck_ok(pflow_map_get_info(map, &info));
  ck_assert_double_eq_tol(info.height[0] / info.r0, 1.0, 1e-12);
  ck_assert_double_eq_tol(info.height[PFLOW_MAP_HEIGHTS - 1] / info.r1, 1.0, 1e-12);
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++) {
    const double want = median_error(&of, info.height[i]);
    ck_assert_msg(fabs(info.error[i] / want - 1.0) < 0.25,
                  "height %g: error %g, wants %g", info.height[i], info.error[i], want);
  }
  end_parts(&of);
  pflow_map_destroy(map);
  clouds_free(&rows);
}
END_TEST

int main(void) {
  return run_tests("map network", TESTS(its_error_is_that_of_all_rows));
}
