/*
 * rows_write.c - new files of rows, written block by block and put in place at the end.
 */
#include "data/row_format.h"

struct pflow_rows_writer {
  const pf_row_format *format;
  char *path;
  pf_writer file;
  size_t n, dim;
  size_t done; /* rows written */
  bool failed; /* and the file is of no use */
};

static pflow_err check_size(const char *path, size_t n, size_t dim) {
  size_t values, bytes;
  if (n == 0 || dim == 0)
    return pf_fail(PFLOW_EINVAL, "%s: %zu rows of %zu values, wants 1 at least", path, n,
                   dim);
  pf_try(pf_add(&values, dim, 1, path)); /* with the count before a row of .fvecs */
  pf_try(pf_mul(&values, n, values, path));
  return pf_mul(&bytes, values, sizeof(float), path);
}

static pflow_err create(pflow_rows_writer *self, const char *path) {
  pf_try(check_size(path, self->n, self->dim));
  pf_try(pf_row_format_find(&self->format, path));
  pf_try(pf_copy_path(&self->path, path));
  pf_try(pf_writer_open(&self->file, self->path));
  pflow_err rc = self->format->put_head(&self->file, self->n, self->dim);
  return rc < 0 ? pf_writer_close(&self->file, rc) : PFLOW_OK;
}

static void destroy(pflow_rows_writer *self) {
  pflow_free(self->path);
  pflow_free(self);
}

pflow_err pflow_rows_create(pflow_rows_writer **writer, const char *path, size_t n,
                            size_t dim) {
  pf_need(writer);
  *writer = NULL;
  pf_need(path);
  pflow_rows_writer *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->n = n;
  self->dim = dim;
  pflow_err rc = create(self, path);
  if (rc < 0)
    destroy(self);
  else
    *writer = self;
  return rc;
}

pflow_err pflow_rows_append(pflow_rows_writer *writer, const float *x, size_t n) {
  pf_need(writer);
  pf_need(x);
  if (writer->failed)
    return pf_fail(PFLOW_ESTATE, "%s: an earlier append failed", writer->path);
  if (n > writer->n - writer->done)
    return pf_fail(PFLOW_EINVAL, "%s: %zu rows after %zu of %zu", writer->path, n,
                   writer->done, writer->n);
  pflow_err rc = writer->format->put(&writer->file, x, n, writer->dim);
  writer->failed = rc < 0;
  writer->done += n;
  return rc;
}

static pflow_err check_complete(const pflow_rows_writer *self) {
  if (self->failed) return pf_fail(PFLOW_ESTATE, "%s: an append failed", self->path);
  if (self->done < self->n)
    return pf_fail(PFLOW_ESTATE, "%s: %zu of %zu rows were written", self->path,
                   self->done, self->n);
  return PFLOW_OK;
}

pflow_err pflow_rows_commit(pflow_rows_writer *writer) {
  pf_need(writer);
  pflow_err rc = pf_writer_close(&writer->file, check_complete(writer));
  destroy(writer);
  return rc;
}

void pflow_rows_discard(pflow_rows_writer *writer) {
  if (!writer) return;
  /* Closed with an error, it removes its file and hands the error back. */
  (void)pf_writer_close(&writer->file, PFLOW_ESTATE);
  destroy(writer);
}
