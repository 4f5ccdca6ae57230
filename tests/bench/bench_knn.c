/*
 * bench_knn - seconds of one exact nearest-neighbour vote over clustered rows. The
 * operations counted are the 2 x QUERIES x TRAIN x DIM of the products of all pairs.
 *
 * usage: bench_knn [QUERIES TRAIN DIM K [X.npy LABELS.npy]]
 *        the median of three; rows of a file: the first TRAIN are known, the next asked
 */
#include <stdio.h>

#include "bench.h"
#include "cli/progress.h"
#include "clusters.h"
#include "common/must.h"

enum { runs = 3 };

int main(int argc, char **argv) {
  const size_t queries = bench_argument(argc, argv, 1, 10000);
  const size_t known = bench_argument(argc, argv, 2, 50000);
  const size_t dim = bench_argument(argc, argv, 3, 128),
               k = bench_argument(argc, argv, 4, 10);
  labelled rows = argc > 6 ? clusters_load(argv[5], argv[6])
                           : clusters_make(known + queries, dim, 10);
  if (rows.n < known + queries) fail("%zu rows, wants %zu", rows.n, known + queries);
  const pflow_labelled train = {rows.x, rows.labels, known, rows.dim, rows.classes};
  int32_t *labels = must_alloc(queries, sizeof *labels);
  double seconds[runs], accuracy;
  for (size_t i = 0; i < runs; i++) {
    double started = now_seconds();
    must(pflow_knn_predict(&train, rows.x + known * rows.dim, queries, k, labels, NULL));
    seconds[i] = now_seconds() - started;
  }
  must(pflow_accuracy(labels, rows.labels + known, queries, &accuracy));
  fprintf(stderr, "accuracy %.4f\n", accuracy);
  bench_report(bench_median(seconds, runs),
               2e-9 * (double)queries * (double)known * (double)rows.dim);
  pflow_free(labels);
  clusters_free(&rows);
  return 0;
}
