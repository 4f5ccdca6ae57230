/*
 * row_format.c - .npy and .fvecs as files of rows.
 */
#include "data/row_format.h"

#include <string.h>

#include "data/vecs.h"

static pflow_err open_npy(pflow_rows *rows) {
  pf_try(pf_npy_open(&rows->npy, &rows->file, &pf_npy_floats, 2));
  rows->n = rows->npy.header.shape[0];
  rows->dim = rows->npy.header.shape[1];
  return PFLOW_OK;
}

static pflow_err read_npy(const pflow_rows *rows, size_t begin, size_t n, float *x) {
  return pf_npy_read(&rows->npy, begin * rows->dim, n * rows->dim, x);
}

static pflow_err put_npy_head(pf_writer *writer, size_t n, size_t dim) {
  return pf_npy_put_head(writer, "<f4", (size_t[]){n, dim}, 2);
}

static pflow_err put_npy(pf_writer *writer, const float *x, size_t n, size_t dim) {
  return pf_writer_put(writer, x, n * dim * sizeof *x);
}

static pflow_err open_fvecs(pflow_rows *rows) {
  return pf_vecs_examine(&rows->file, &rows->n, &rows->dim);
}

static pflow_err read_fvecs(const pflow_rows *rows, size_t begin, size_t n, float *x) {
  return pf_vecs_read(&rows->file, rows->dim, begin, n, x);
}

static pflow_err check_fvecs(pf_writer *writer, size_t n, size_t dim) {
  (void)n;
  return pf_vecs_check(writer->path, dim);
}

static pflow_err put_fvecs(pf_writer *writer, const float *x, size_t n, size_t dim) {
  return pf_vecs_put(writer, x, n, dim);
}

static const pf_row_format formats[] = {
    {".npy", open_npy, read_npy, put_npy_head, put_npy},
    {".fvecs", open_fvecs, read_fvecs, check_fvecs, put_fvecs}};

bool pf_has_extension(const char *path, const char *extension) {
  const char *dot = strrchr(path, '.');
  return dot && strcmp(dot, extension) == 0;
}

pflow_err pf_row_format_find(const pf_row_format **format, const char *path) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (pf_has_extension(path, formats[i].extension)) {
      *format = &formats[i];
      return PFLOW_OK;
    }
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: a file of rows ends in .npy or .fvecs", path);
}

pflow_err pf_copy_path(char **copy, const char *path) {
  size_t size = strlen(path) + 1;
  pf_try(pf_alloc(copy, size, 1));
  memcpy(*copy, path, size);
  return PFLOW_OK;
}
