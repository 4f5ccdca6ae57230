/*
 * bench_map_euler - seconds of a map's flow with a learned field by Euler steps, as the
 * peer takes them: principal coordinates, STEPS steps in ln r, unit rows. GFLOP are those
 * of the network's products.
 *
 * usage: bench_map_euler X.npy MAP ROWS STEPS [ENDS.npy]      the median of three
 */
#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"
#include "learned.h"
#include "maps.h"

enum { runs = 3 };

static void normalize(float *row, size_t dim) {
  double square = 0.0;
  for (size_t k = 0; k < dim; k++)
    square += (double)row[k] * row[k];
  for (size_t k = 0; k < dim; k++)
    row[k] = (float)(row[k] / sqrt(square));
}

static double run(const learned *self, const rows *in, pflow_ode *ode, float *u) {
  const size_t dim = self->info.dims;
  const double started = now_seconds();
  must(pflow_affine_apply(self->preprocess, in->x, in->n, u));
  must(pflow_ode_run(ode, pflow_denoiser_rhs, self->flow, learned_begin(self),
                     learned_end(self), u, in->n, NULL));
  for (size_t i = 0; i < in->n; i++)
    normalize(u + i * dim, dim);
  return now_seconds() - started;
}

/* Multiplications and additions of one evaluation, in units of 1e9. */
static double gflop_of(const learned *self) {
  const pflow_denoiser_config *config = pflow_denoiser_settings(self->denoiser);
  const double dim = (double)self->info.dims, width = (double)config->width,
               features = 8.0; /* beside the row */
  return 2e-9 * width * (dim + features + (double)(config->layers - 1) * width + dim);
}

int main(int argc, char **argv) {
  if (argc < 3) fail("usage: bench_map_euler X.npy MAP ROWS STEPS [ENDS.npy]");
  rows in = rows_load(argv[1]);
  learned field = learned_load(argv[2]);
  const size_t mapped = bench_argument(argc, argv, 3, in.n),
               steps = bench_argument(argc, argv, 4, 100);
  double seconds[runs];
  pflow_ode_config config;
  pflow_ode *ode;
  if (mapped < in.n) in.n = mapped;
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_EULER;
  config.steps = steps;
  config.concurrent = 1;
  must(pflow_ode_create(&ode, in.n, field.info.dims, &config));
  float *u = must_alloc(in.n * field.info.dims, sizeof *u);
  for (size_t i = 0; i < runs; i++)
    seconds[i] = run(&field, &in, ode, u);
  if (argc > 5) rows_compare(argv[5], u, in.n, field.info.dims);
  bench_report(bench_median(seconds, runs),
               gflop_of(&field) * (double)in.n * (double)steps);
  pflow_free(u);
  pflow_ode_destroy(ode);
  learned_free(&field);
  rows_free(&in);
  return 0;
}
