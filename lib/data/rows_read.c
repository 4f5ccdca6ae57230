/*
 * rows_read.c - files of rows, read by place. Descriptors are read and files are not
 * mapped: pages of a mapping count as resident, and a file cut short would end the
 * process.
 */
#include <math.h>

#include "data/row_format.h"
#include "tensor/finite.h"

static pflow_err open_rows(pflow_rows *self, const char *path) {
  pf_try(pf_row_format_find(&self->format, path));
  pf_try(pf_copy_path(&self->path, path));
  pf_try(pf_reader_open(&self->file, self->path));
  pflow_err rc = self->format->open(self);
  if (rc < 0) pf_reader_close(&self->file);
  return rc;
}

pflow_err pflow_rows_open(pflow_rows **rows, const char *path) {
  pf_need(rows);
  *rows = NULL;
  pf_need(path);
  pflow_rows *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  pflow_err rc = open_rows(self, path);
  if (rc >= 0) {
    *rows = self;
    return PFLOW_OK;
  }
  pflow_free(self->path);
  pflow_free(self);
  return rc;
}

void pflow_rows_close(pflow_rows *rows) {
  if (!rows) return;
  pf_reader_close(&rows->file);
  pflow_free(rows->path);
  pflow_free(rows);
}

size_t pflow_rows_count(const pflow_rows *rows) {
  return rows ? rows->n : 0;
}

size_t pflow_rows_dim(const pflow_rows *rows) {
  return rows ? rows->dim : 0;
}

const char *pflow_rows_type(const pflow_rows *rows) {
  if (!rows) return NULL;
  return rows->npy.type ? rows->npy.type->name : "float32";
}

const char *pflow_rows_path(const pflow_rows *rows) {
  return rows ? rows->path : NULL;
}

pflow_err pflow_rows_read(const pflow_rows *rows, size_t begin, size_t n, float *x) {
  pf_need(rows);
  pf_need(x);
  if (n == 0 || begin > rows->n || n > rows->n - begin)
    return pf_fail(PFLOW_EINVAL, "%s: %zu rows from row %zu on, there are %zu",
                   rows->path, n, begin, rows->n);
  return rows->format->read(rows, begin, n, x);
}

static bool first_unfinite_is_inf(const float *x, size_t size) {
  size_t i = 0;
  while (i < size && isfinite(x[i]))
    i++;
  return i < size && isinf(x[i]);
}

/* A double too large for a float says what it is as one. */
pflow_err pflow_rows_read_finite(const pflow_rows *rows, size_t begin, size_t n,
                                 float *x) {
  pf_try(pflow_rows_read(rows, begin, n, x));
  const pflow_err rc = pf_check_finite(x, n, rows->dim, begin, rows->path);
  const bool was_rounded = rows->npy.type && rows->npy.type->bytes > sizeof *x;
  if (rc != PFLOW_ENONFINITE || !was_rounded || !first_unfinite_is_inf(x, n * rows->dim))
    return rc;
  char message[pf_message_size];
  pf_message_get(message);
  return pf_fail(rc, "%s as float32", message);
}

static pflow_err read_all(float **x, const pflow_rows *rows) {
  /* The product is no larger than the file. */
  pf_try(pf_check_file_limit(rows->n * rows->dim, sizeof **x, pflow_rows_path(rows)));
  pf_try(pf_alloc(x, rows->n * rows->dim, sizeof **x));
  pflow_err rc = pflow_rows_read(rows, 0, rows->n, *x);
  if (rc >= 0) return PFLOW_OK;
  pflow_free(*x);
  *x = NULL;
  return rc;
}

pflow_err pflow_rows_load(float **x, size_t *n, size_t *dim, const char *path) {
  pf_need(x);
  *x = NULL;
  pf_need(n);
  pf_need(dim);
  *n = *dim = 0;
  pf_need(path);
  pflow_rows *rows;
  pf_try(pflow_rows_open(&rows, path));
  pflow_err rc = read_all(x, rows);
  if (rc >= 0) {
    *n = rows->n;
    *dim = rows->dim;
  }
  pflow_rows_close(rows);
  return rc;
}
