/*
 * bench_data - writes clustered rows and their labels for jobs that two programs run on
 * the same data.
 *
 * usage: bench_data ROWS DIM CLASSES X.npy LABELS.npy [INTRINSIC]
 *
 * INTRINSIC: the dimension of the subspace that the clusters lie in; without it they are
 * of unit length and fill all dimensions.
 */
#include "bench.h"
#include "clusters.h"
#include "common/must.h"
#include "maps.h"

int main(int argc, char **argv) {
  if (argc < 6 || argc > 7)
    fail("usage: bench_data ROWS DIM CLASSES X.npy LABELS.npy [INTRINSIC]");
  const size_t n = bench_argument(argc, argv, 1, 1),
               dim = bench_argument(argc, argv, 2, 1),
               classes = bench_argument(argc, argv, 3, 1);
  labelled made =
      argc == 7 ? clusters_make_flat(n, dim, classes, bench_argument(argc, argv, 6, 1))
                : clusters_make(n, dim, classes);
  rows_save(argv[4], made.x, made.n, made.dim);
  must(pflow_npy_save_labels(argv[5], made.labels, made.n));
  clusters_free(&made);
  return 0;
}
