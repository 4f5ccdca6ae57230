/*
 * npy.c - .npy files made by hand.
 */
#include "support/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"
#include "support/suite.h"

size_t npy_head(unsigned char *out, unsigned version, const char *dict) {
  size_t length = strlen(dict), start = version == 1 ? 10 : 12;
  memcpy(out, "\x93NUMPY", 6);
  out[6] = (unsigned char)version;
  out[7] = 0;
  for (size_t i = 8; i < start; i++)
    out[i] = (unsigned char)(length >> 8 * (i - 8));
  memcpy(out + start, dict, length);
  return start + length;
}

const char *npy_dict(const char *descr, const char *shape) {
  static char text[256];
  snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n",
           descr, shape);
  return text;
}

const char *npy_write(const char *name, unsigned version, const char *dict,
                      const void *values, size_t bytes) {
  unsigned char *file = malloc(12 + strlen(dict) + bytes);
  ck_assert_ptr_nonnull(file);
  size_t head = npy_head(file, version, dict);
  if (bytes > 0) memcpy(file + head, values, bytes);
  const char *path = temp_write(name, file, head + bytes);
  free(file);
  return path;
}
