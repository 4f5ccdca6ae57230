/* A file of IDX images, plain or gzipped, and one of labels: two bytes say where the
 * first ends. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 2) return 0;
  size_t cut = (size_t)bytes[0] << 8 | bytes[1];
  bytes += 2;
  size -= 2;
  if (cut > size) cut = size;
  const char *images_path = fuzz_file("images", bytes, cut);
  const char *labels_path = fuzz_file("labels", bytes + cut, size - cut);
  pflow_images *images;
  const pflow_err rc = pflow_images_load_idx_files(&images, images_path, labels_path, 0);
  fuzz_check(rc, "/");
  if (rc >= 0) fuzz_taken();
  pflow_images_destroy(images);
  fuzz_end();
  return 0;
}
