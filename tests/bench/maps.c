#include "maps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"

rows rows_load(const char *path) {
  pflow_tensor *tensor;
  must(pflow_npy_load(&tensor, path));
  rows loaded = {.n = pflow_tensor_dim(tensor, 0)};
  loaded.dim = pflow_tensor_size(tensor) / loaded.n;
  loaded.x = must_alloc(loaded.n * loaded.dim, sizeof *loaded.x);
  memcpy(loaded.x, pflow_tensor_const_values(tensor),
         loaded.n * loaded.dim * sizeof *loaded.x);
  pflow_tensor_destroy(tensor);
  return loaded;
}

void rows_free(rows *self) {
  pflow_free(self->x);
}

void rows_save(const char *path, const float *x, size_t n, size_t dim) {
  pflow_tensor *tensor;
  must(pflow_tensor_create(&tensor, (size_t[]){n, dim}, 2));
  memcpy(pflow_tensor_values(tensor), x, n * dim * sizeof *x);
  must(pflow_npy_save(path, tensor));
  pflow_tensor_destroy(tensor);
}

void rows_compare(const char *ends, const float *y, size_t n, size_t dim) {
  if (strcmp(ends, "-") == 0) return;
  rows want = rows_load(ends);
  const size_t count = want.n < n ? want.n : n;
  double total = 0.0, most = 0.0;
  if (want.dim != dim) fail("%s: rows of %zu values, wants %zu", ends, want.dim, dim);
  for (size_t i = 0; i < count; i++) {
    double square = 0.0;
    for (size_t k = 0; k < dim; k++) {
      const double gap = (double)y[i * dim + k] - want.x[i * dim + k];
      square += gap * gap;
    }
    total += square;
    most = fmax(most, square);
  }
  fprintf(stderr, "error %.2g (largest %.2g)\n", sqrt(total / (double)count), sqrt(most));
  rows_free(&want);
}
