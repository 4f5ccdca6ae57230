/* A checkpoint that a map's fit goes on from, to its first step of training. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *path = fuzz_file("checkpoint.safetensors", bytes, size);
  const pflow_err rc = fuzz_fit(path, 1);
  fuzz_check(rc, "");
  if (rc >= 0) fuzz_taken();
  fuzz_end();
  return 0;
}
