/*
 * bench_exact_field - seconds of one evaluation of the exact field, each query a source
 * that does not see itself; rows are normal, of norm about 1. The GFLOP are those of two
 * products, 4 * QUERIES * SOURCES * DIM.
 *
 * usage: bench_exact_field [QUERIES SOURCES DIM [HEIGHT]]
 * HEIGHT 1 (default): every source counts; 0.01: few do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "common/must.h"
#include "common/progress.h"

enum { runs = 5 };

static size_t size_argument(int argc, char **argv, int index, size_t otherwise) {
  return argc > index ? strtoul(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  const size_t queries = size_argument(argc, argv, 1, 2000);
  const size_t sources = size_argument(argc, argv, 2, 50000);
  const size_t dim = size_argument(argc, argv, 3, 128);
  const double height = argc > 4 ? strtod(argv[4], NULL) : 1.0;
  if (queries == 0 || sources < 2 || dim == 0 || queries > sources)
    fail("1 <= QUERIES <= SOURCES, SOURCES >= 2, DIM >= 1");
  float *x = must_alloc(sources * dim, sizeof *x);
  float *xhat = must_alloc(queries * dim, sizeof *xhat);
  double *r = must_alloc(queries, sizeof *r), seconds[runs];
  size_t *own = must_alloc(queries, sizeof *own);
  pflow_exact *exact;
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_sphere(&rng, x, sources, dim);
  for (size_t i = 0; i < queries; i++) {
    r[i] = height;
    own[i] = i;
  }
  must(pflow_exact_create(&exact, &(pflow_sources){x, sources, dim}, NULL));
  const pflow_exact_queries rows = {x, r, own, queries};
  must(pflow_exact_mean(exact, &rows, xhat));
  for (size_t run = 0; run < runs; run++) {
    const double started = now_seconds();
    must(pflow_exact_mean(exact, &rows, xhat));
    seconds[run] = now_seconds() - started;
  }
  bench_report(bench_median(seconds, runs),
               4e-9 * (double)queries * (double)sources * (double)dim);
  pflow_exact_destroy(exact);
  pflow_free(own);
  pflow_free(r);
  pflow_free(xhat);
  pflow_free(x);
  return 0;
}
