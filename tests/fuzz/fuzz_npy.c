/* A .npy file: as a tensor, as labels, as rows. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *path = fuzz_file("x.npy", bytes, size);
  pflow_tensor *tensor;
  int32_t *labels;
  float *x;
  size_t n, dim;
  fuzz_check(pflow_npy_load(&tensor, path), path);
  pflow_tensor_destroy(tensor);
  fuzz_check(pflow_npy_load_labels(&labels, &n, path), path);
  pflow_free(labels);
  fuzz_check(pflow_rows_load(&x, &n, &dim, path), path);
  pflow_free(x);
  fuzz_end();
  return 0;
}
