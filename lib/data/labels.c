/*
 * labels.c - files of labels, .npy or .ivecs by their extension.
 */
#include "data/row_format.h"
#include "data/vecs.h"
#include "pflow/data.h"

static pflow_err wrong_extension(const char *path) {
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: a file of labels ends in .npy or .ivecs", path);
}

static pflow_err examine_ivecs(const pf_reader *file, size_t *count) {
  size_t dim;
  pf_try(pf_vecs_examine(file, count, &dim));
  if (dim == 1) return PFLOW_OK;
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: labels of %zu values a row, wants 1",
                 file->path, dim);
}

/* Room for the labels is *labels' on any result. */
static pflow_err read_ivecs(int32_t **labels, size_t *n, const pf_reader *file) {
  size_t count;
  pf_try(examine_ivecs(file, &count));
  pf_try(pf_check_file_limit(count, sizeof **labels, file->path));
  pf_try(pf_alloc(labels, count, sizeof **labels));
  pf_try(pf_vecs_read(file, 1, 0, count, *labels));
  for (size_t i = 0; i < count; i++)
    if ((*labels)[i] < 0)
      return pf_fail(PFLOW_ELABEL, "%s: label %zu is %d, wants 0 to %d", file->path, i,
                     (*labels)[i], INT32_MAX);
  *n = count;
  return PFLOW_OK;
}

static pflow_err load_ivecs(int32_t **labels, size_t *n, const char *path) {
  pf_reader file;
  pf_try(pf_reader_open(&file, path));
  pflow_err rc = read_ivecs(labels, n, &file);
  pf_reader_close(&file);
  if (rc >= 0) return PFLOW_OK;
  pflow_free(*labels);
  *labels = NULL;
  return rc;
}

pflow_err pflow_labels_load(int32_t **labels, size_t *n, const char *path) {
  pf_need(labels);
  *labels = NULL;
  pf_need(n);
  *n = 0;
  pf_need(path);
  if (pf_has_extension(path, ".npy")) return pflow_npy_load_labels(labels, n, path);
  if (pf_has_extension(path, ".ivecs")) return load_ivecs(labels, n, path);
  return wrong_extension(path);
}

static pflow_err read_type(const char **type, const pf_reader *file, bool vecs) {
  size_t count;
  pf_npy npy;
  if (vecs)
    pf_try(examine_ivecs(file, &count));
  else
    pf_try(pf_npy_open(&npy, file, &pf_npy_labels, 1));
  *type = vecs ? "int32" : npy.type->name;
  return PFLOW_OK;
}

pflow_err pflow_labels_type(const char **type, const char *path) {
  pf_need(type);
  *type = NULL;
  pf_need(path);
  const bool vecs = pf_has_extension(path, ".ivecs");
  if (!vecs && !pf_has_extension(path, ".npy")) return wrong_extension(path);
  pf_reader file;
  pf_try(pf_reader_open(&file, path));
  const pflow_err rc = read_type(type, &file, vecs);
  pf_reader_close(&file);
  return rc;
}

static pflow_err save_ivecs(const char *path, const int32_t *labels, size_t n) {
  if (n == 0) return pf_fail(PFLOW_EINVAL, "%s: 0 labels to save", path);
  pf_writer writer;
  pf_try(pf_writer_open(&writer, path));
  return pf_writer_close(&writer, pf_vecs_put(&writer, labels, n, 1));
}

pflow_err pflow_labels_save(const char *path, const int32_t *labels, size_t n) {
  pf_need(path);
  pf_need(labels);
  if (pf_has_extension(path, ".npy")) return pflow_npy_save_labels(path, labels, n);
  if (pf_has_extension(path, ".ivecs")) return save_ivecs(path, labels, n);
  return wrong_extension(path);
}
