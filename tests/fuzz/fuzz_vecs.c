/* A file of .fvecs rows and one of .ivecs labels. */
#include "fuzz.h"

static void read_in_pieces(const char *path) {
  pflow_rows *rows;
  float x[256];
  fuzz_check(pflow_rows_open(&rows, path), path);
  const size_t n = pflow_rows_count(rows), dim = pflow_rows_dim(rows);
  for (size_t i = 0; i < n && dim <= sizeof x / sizeof *x; i++)
    fuzz_check(pflow_rows_read_finite(rows, i, 1, x), path);
  pflow_rows_close(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *rows_path = fuzz_file("x.fvecs", bytes, size);
  const char *labels_path = fuzz_file("y.ivecs", bytes, size);
  int32_t *labels;
  float *x;
  size_t n, dim;
  read_in_pieces(rows_path);
  const pflow_err read = pflow_rows_load(&x, &n, &dim, rows_path);
  fuzz_check(read, rows_path);
  pflow_free(x);
  const pflow_err labelled = pflow_labels_load(&labels, &n, labels_path);
  fuzz_check(labelled, labels_path);
  pflow_free(labels);
  if (read >= 0 || labelled >= 0) fuzz_taken();
  fuzz_end();
  return 0;
}
