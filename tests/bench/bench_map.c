/*
 * bench_map - seconds of the uniformity map's jobs on the rows of a file.
 *
 * usage: bench_map suggest X.npy                  advice from the rows alone
 *        bench_map fit X.npy                      exact field, everything chosen: PCA and
 *                                                 the search on held-out rows
 *        bench_map transform X.npy MAP ROWS [RTOL [ENDS.npy]]
 *                                                 the first ROWS rows through a map, with
 *                                                 the map's tolerance (RTOL 0) or another
 *
 * One fit; the median of three of the others. ENDS.npy: see maps.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"
#include "maps.h"

enum { runs = 3 };

static void suggest(const rows *self) {
  double seconds[runs];
  pflow_map_advice advice;
  for (size_t i = 0; i < runs; i++) {
    const double started = now_seconds();
    must(pflow_map_suggest(self->x, self->n, self->dim, 0, NULL, &advice));
    seconds[i] = now_seconds() - started;
  }
  fprintf(stderr, "%zu dimensions, intrinsic %.1f\n", advice.dims, advice.intrinsic_dim);
  bench_report(bench_median(seconds, runs), 0.0);
}

static void fit(const rows *self) {
  pflow_map *map;
  pflow_map_info info;
  must(pflow_map_create(&map, NULL));
  const double started = now_seconds();
  must(pflow_map_fit(map, self->x, NULL, self->n, self->dim));
  const double seconds = now_seconds() - started;
  must(pflow_map_get_info(map, &info));
  fprintf(stderr, "%zu trials: %zu dimensions, D %g, start %g, strength %g\n",
          info.trials, info.dims, info.aug_dim, info.start, info.strength);
  bench_report(seconds, 0.0);
  pflow_map_destroy(map);
}

static double rtol_argument(const char *text) {
  char *end;
  const double rtol = strtod(text, &end);
  if (end == text || *end != 0) fail("RTOL is \"%s\", wants a number", text);
  return rtol > 0.0 ? rtol : PFLOW_MAP_AUTO;
}

static void transform(const rows *self, const char *path, double rtol, const char *ends) {
  double seconds[runs];
  pflow_map *map;
  pflow_map_work *work;
  pflow_map_work_config config;
  must(pflow_map_load(&map, path, NULL));
  if (pflow_map_in_dim(map) != self->dim)
    fail("%s: rows of %zu values, the map's have %zu", path, self->dim,
         pflow_map_in_dim(map));
  pflow_map_work_config_init(&config);
  config.rtol = rtol;
  must(pflow_map_work_create(&work, map, &config));
  float *y = must_alloc(self->n * pflow_map_out_dim(map), sizeof *y);
  for (size_t i = 0; i < runs; i++) {
    const double started = now_seconds();
    must(pflow_map_transform(map, work, self->x, self->n, y));
    seconds[i] = now_seconds() - started;
  }
  rows_compare(ends, y, self->n, pflow_map_out_dim(map));
  bench_report(bench_median(seconds, runs), 0.0);
  pflow_free(y);
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
}

int main(int argc, char **argv) {
  if (argc < 3) fail("usage: bench_map suggest|fit|transform X.npy ...");
  rows all = rows_load(argv[2]);
  if (strcmp(argv[1], "suggest") == 0) {
    suggest(&all);
  } else if (strcmp(argv[1], "fit") == 0) {
    fit(&all);
  } else if (strcmp(argv[1], "transform") == 0 && argc > 3) {
    const size_t mapped = bench_argument(argc, argv, 4, all.n);
    if (mapped < all.n) all.n = mapped;
    transform(&all, argv[3], rtol_argument(argc > 5 ? argv[5] : "0"),
              argc > 6 ? argv[6] : "-");
  } else {
    fail("unknown job \"%s\"", argv[1]);
  }
  rows_free(&all);
  return 0;
}
