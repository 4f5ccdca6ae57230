/*
 * bench_exact_field - seconds of one evaluation of the exact field, each query a source
 * that does not see itself.
 *
 * usage: bench_exact_field [QUERIES SOURCES DIM [HEIGHT [CLUSTERS]]]
 *
 * Without CLUSTERS sources are uniform on the unit sphere: in many dimensions all are
 * about equally far from a query, so that nearly all of them count, whatever the height
 * (default 1). The GFLOP are those of two products, distances and sums: 4 * QUERIES *
 * SOURCES * DIM. With CLUSTERS the sources of a cluster follow one another and lie so
 * close together that those of others do not count: distances to all sources, weights
 * and sums of one cluster. The GFLOP are those of just that.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"

enum { runs = 5 };

typedef struct job {
  size_t queries, sources, dim, clusters; /* clusters 0: none */
  float *x, *xhat;
  double *height;
  size_t *own;
} job;

/* Rows at 0.3 from one of the centres, which are about 1.4 apart. */
static void gather_rows(job *self, pflow_rng *rng) {
  float *centers = must_alloc(self->clusters * self->dim, sizeof *centers);
  pflow_rng_sphere(rng, centers, self->clusters, self->dim);
  for (size_t i = 0; i < self->sources; i++) {
    const float *center = centers + i * self->clusters / self->sources * self->dim;
    for (size_t k = 0; k < self->dim; k++)
      self->x[i * self->dim + k] = center[k] + 0.3f * self->x[i * self->dim + k];
  }
  pflow_free(centers);
}

static void job_open(job *self, double height) {
  pflow_rng rng;
  self->x = must_alloc(self->sources * self->dim, sizeof *self->x);
  self->xhat = must_alloc(self->queries * self->dim, sizeof *self->xhat);
  self->height = must_alloc(self->queries, sizeof *self->height);
  self->own = must_alloc(self->queries, sizeof *self->own);
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_sphere(&rng, self->x, self->sources, self->dim);
  if (self->clusters) gather_rows(self, &rng);
  for (size_t i = 0; i < self->queries; i++) {
    self->height[i] = height;
    self->own[i] = i;
  }
}

static void job_close(job *self) {
  pflow_free(self->own);
  pflow_free(self->height);
  pflow_free(self->xhat);
  pflow_free(self->x);
}

static double median_seconds(const job *self) {
  double seconds[runs];
  pflow_exact *exact;
  const pflow_exact_queries rows = {self->x, self->height, self->own, self->queries};
  must(pflow_exact_create(&exact, &(pflow_sources){self->x, self->sources, self->dim},
                          NULL));
  must(pflow_exact_mean(exact, &rows, self->xhat));
  for (size_t run = 0; run < runs; run++) {
    const double started = now_seconds();
    must(pflow_exact_mean(exact, &rows, self->xhat));
    seconds[run] = now_seconds() - started;
  }
  pflow_exact_destroy(exact);
  return bench_median(seconds, runs);
}

static double gflop(const job *self) {
  const double sources = (double)self->sources;
  const double counting = self->clusters ? sources / (double)self->clusters : sources;
  return 2e-9 * (double)self->queries * (double)self->dim * (sources + counting);
}

static double height_argument(const char *text) {
  char *end;
  const double height = strtod(text, &end);
  if (end == text || *end != 0) fail("HEIGHT is \"%s\", wants a number", text);
  return height;
}

int main(int argc, char **argv) {
  job self = {.queries = bench_argument(argc, argv, 1, 2000),
              .sources = bench_argument(argc, argv, 2, 50000),
              .dim = bench_argument(argc, argv, 3, 128),
              .clusters = bench_argument(argc, argv, 5, 0)};
  if (self.queries > self.sources || self.sources < 2)
    fail("QUERIES <= SOURCES, SOURCES >= 2");
  job_open(&self, argc > 4 ? height_argument(argv[4]) : 1.0);
  bench_report(median_seconds(&self), gflop(&self));
  job_close(&self);
  return 0;
}
