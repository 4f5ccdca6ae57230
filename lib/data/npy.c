/*
 * npy.c - whole .npy files as tensors and labels.
 */
#include "data/npy_file.h"
#include "pflow/data.h"

/* ---- reading ---- */

static pflow_err read_tensor(pflow_tensor **tensor, const pf_reader *file) {
  pf_npy npy;
  pf_try(pf_npy_open(&npy, file, &pf_npy_floats, 0));
  pf_try(pf_check_file_limit(npy.header.size, sizeof(float), file->path));
  pf_try(pflow_tensor_create(tensor, npy.header.shape, npy.header.ndim));
  pflow_err rc = pf_npy_read(&npy, 0, npy.header.size, pflow_tensor_values(*tensor));
  if (rc >= 0) return PFLOW_OK;
  pflow_tensor_destroy(*tensor);
  *tensor = NULL;
  return rc;
}

pflow_err pflow_npy_load(pflow_tensor **tensor, const char *path) {
  pf_need(tensor);
  *tensor = NULL;
  pf_need(path);
  pf_reader file;
  pf_try(pf_reader_open(&file, path));
  pflow_err rc = read_tensor(tensor, &file);
  pf_reader_close(&file);
  return rc;
}

static pflow_err read_labels(int32_t **labels, size_t *n, const pf_reader *file) {
  pf_npy npy;
  pf_try(pf_npy_open(&npy, file, &pf_npy_labels, 1));
  pf_try(pf_check_file_limit(npy.header.size, sizeof **labels, file->path));
  pf_try(pf_alloc(labels, npy.header.size, sizeof **labels));
  pflow_err rc = pf_npy_read(&npy, 0, npy.header.size, *labels);
  if (rc >= 0) {
    *n = npy.header.size;
    return PFLOW_OK;
  }
  pflow_free(*labels);
  *labels = NULL;
  return rc;
}

pflow_err pflow_npy_load_labels(int32_t **labels, size_t *n, const char *path) {
  pf_need(labels);
  *labels = NULL;
  pf_need(n);
  *n = 0;
  pf_need(path);
  pf_reader file;
  pf_try(pf_reader_open(&file, path));
  pflow_err rc = read_labels(labels, n, &file);
  pf_reader_close(&file);
  return rc;
}

/* ---- writing ---- */

static pflow_err save(const char *path, const char *descr, const size_t *shape,
                      size_t ndim, const void *values, size_t bytes) {
  pf_writer writer;
  pf_try(pf_writer_open(&writer, path));
  pflow_err rc = pf_npy_put_head(&writer, descr, shape, ndim);
  if (rc >= 0) rc = pf_writer_put(&writer, values, bytes);
  return pf_writer_close(&writer, rc);
}

pflow_err pflow_npy_save(const char *path, const pflow_tensor *tensor) {
  pf_need(path);
  pf_need(tensor);
  size_t shape[PFLOW_MAX_DIMS], ndim = pflow_tensor_ndim(tensor);
  for (size_t i = 0; i < ndim; i++)
    shape[i] = pflow_tensor_dim(tensor, i);
  return save(path, "<f4", shape, ndim, pflow_tensor_const_values(tensor),
              pflow_tensor_size(tensor) * sizeof(float));
}

pflow_err pflow_npy_save_labels(const char *path, const int32_t *labels, size_t n) {
  pf_need(path);
  pf_need(labels);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "%s: 0 labels to save", path);
  return save(path, "<i4", &n, 1, labels, n * sizeof *labels);
}
