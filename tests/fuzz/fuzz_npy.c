/* A .npy file: as a tensor, as labels, as rows. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *path = fuzz_file("x.npy", bytes, size);
  pflow_tensor *tensor;
  int32_t *labels;
  float *x;
  size_t n, dim;
  const pflow_err whole = pflow_npy_load(&tensor, path);
  fuzz_check(whole, path);
  pflow_tensor_destroy(tensor);
  const pflow_err labelled = pflow_npy_load_labels(&labels, &n, path);
  fuzz_check(labelled, path);
  pflow_free(labels);
  fuzz_check(pflow_rows_load(&x, &n, &dim, path), path);
  pflow_free(x);
  if (whole >= 0 || labelled >= 0) fuzz_taken();
  fuzz_end();
  return 0;
}
