/* A CIFAR-10 test batch: a label, a byte for all of an image's pixels, and so on, as 3073
 * bytes an image are too many to vary; and what is left over as it is. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum { most = 8, record = 3073 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static uint8_t file[(most + 1) * record];
  const size_t pairs = size / 2 < most ? size / 2 : most, left = size - 2 * pairs;
  const size_t tail = left < record ? left : record;
  for (size_t i = 0; i < pairs; i++) {
    file[i * record] = bytes[2 * i];
    memset(file + i * record + 1, bytes[2 * i + 1], record - 1);
  }
  memcpy(file + pairs * record, bytes + 2 * pairs, tail);
  const char *path = fuzz_file("test_batch.bin", file, pairs * record + tail);
  char folder[128];
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
  pflow_images *images;
  const pflow_err rc = pflow_images_load_cifar10(&images, folder, PFLOW_TEST);
  fuzz_check(rc, folder);
  if (rc >= 0) fuzz_taken();
  pflow_images_destroy(images);
  fuzz_end();
  return 0;
}
