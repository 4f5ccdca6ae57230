/*
 * bench_data - writes clustered rows and their labels for jobs that two programs run on
 * the same data.
 *
 * usage: bench_data ROWS DIM CLASSES X.npy LABELS.npy
 */
#include <string.h>

#include "bench.h"
#include "clusters.h"
#include "common/must.h"

static void save_rows(const char *path, const labelled *rows) {
  pflow_tensor *tensor;
  must(pflow_tensor_create(&tensor, (size_t[]){rows->n, rows->dim}, 2));
  memcpy(pflow_tensor_values(tensor), rows->x, rows->n * rows->dim * sizeof *rows->x);
  must(pflow_npy_save(path, tensor));
  pflow_tensor_destroy(tensor);
}

int main(int argc, char **argv) {
  if (argc != 6) fail("usage: bench_data ROWS DIM CLASSES X.npy LABELS.npy");
  labelled rows =
      clusters_make(bench_argument(argc, argv, 1, 1), bench_argument(argc, argv, 2, 1),
                    bench_argument(argc, argv, 3, 1));
  save_rows(argv[4], &rows);
  must(pflow_npy_save_labels(argv[5], rows.labels, rows.n));
  clusters_free(&rows);
  return 0;
}
