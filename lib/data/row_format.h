/*
 * row_format.h - a table of functions for each format of files of rows.
 */
#ifndef LIBPFLOW_ROW_FORMAT_H
#define LIBPFLOW_ROW_FORMAT_H

#include "data/npy_file.h"
#include "pflow/rows.h"

typedef struct pf_row_format {
  const char *extension;
  /* Finds n and dim, both > 0 and n * dim values of 1 byte within the file's size. */
  pflow_err (*open)(pflow_rows *rows);
  /* The range was checked. */
  pflow_err (*read)(const pflow_rows *rows, size_t begin, size_t n, float *x);
  /* Begins a new file; appends rows to it. n * dim floats fit in a size_t. */
  pflow_err (*put_head)(pf_writer *writer, size_t n, size_t dim);
  pflow_err (*put)(pf_writer *writer, const float *x, size_t n, size_t dim);
} pf_row_format;

struct pflow_rows {
  const pf_row_format *format;
  char *path;
  pf_reader file;
  size_t n, dim;
  pf_npy npy; /* of .npy alone */
};

/* The format by the path's extension; PFLOW_EUNSUPPORTED. */
pflow_err pf_row_format_find(const pf_row_format **format, const char *path);

bool pf_has_extension(const char *path, const char *extension);

/* A copy of a string, to be freed with pflow_free. */
pflow_err pf_copy_path(char **copy, const char *path);

#endif
