/*
 * rows.c - files of rows made by hand.
 */
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"
#include "support/npy.h"
#include "support/suite.h"

const char *vecs_write(const char *name, const void *values, size_t n, size_t dim) {
  int32_t *words = malloc(n * (dim + 1) * sizeof *words);
  ck_assert_ptr_nonnull(words);
  for (size_t i = 0; i < n; i++) {
    words[i * (dim + 1)] = (int32_t)dim;
    memcpy(words + i * (dim + 1) + 1, (const int32_t *)values + i * dim, dim * 4);
  }
  const char *path = temp_write(name, words, n * (dim + 1) * sizeof *words);
  free(words);
  return path;
}

const char *npy_write_rows(const char *name, const char *descr, const void *values,
                           size_t n, size_t dim, size_t width) {
  char shape[64];
  snprintf(shape, sizeof shape, "(%zu, %zu)", n, dim);
  return npy_write(name, 1, npy_dict(descr, shape), values, n * dim * width);
}

void check_rows(const char *path, const float *x, size_t n, size_t dim) {
  float *got;
  size_t rows, values;
  ck_ok(pflow_rows_load(&got, &rows, &values, path));
  ck_assert_uint_eq(rows, n);
  ck_assert_uint_eq(values, dim);
  ck_assert(memcmp(got, x, n * dim * sizeof *x) == 0);
  pflow_free(got);
}
