/*
 * tensor.c - shape and storage of float32 arrays.
 */
#include "pflow/tensor.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "tensor/finite.h"

struct pflow_tensor {
  float *values;
  size_t ndim;
  size_t shape[PFLOW_MAX_DIMS];
  size_t size;
  bool owns;
};

/* Checks a shape and gives its number of values, whose bytes fit in size_t too. */
static pflow_err shape_size(size_t *size, const size_t *shape, size_t ndim) {
  pf_need(shape);
  if (ndim < 1 || ndim > PFLOW_MAX_DIMS)
    return pf_fail(PFLOW_EINVAL, "a tensor has 1 to %d dimensions, got %zu",
                   PFLOW_MAX_DIMS, ndim);
  size_t product = 1, bytes;
  for (size_t i = 0; i < ndim; i++) {
    if (shape[i] == 0) return pf_fail(PFLOW_EINVAL, "dimension %zu of a tensor is 0", i);
    pf_try(pf_mul(&product, product, shape[i], "tensor size"));
  }
  pf_try(pf_mul(&bytes, product, sizeof(float), "tensor bytes"));
  *size = product;
  return PFLOW_OK;
}

/* A tensor over values; owns tells who frees them. */
static pflow_err tensor_new(pflow_tensor **tensor, float *values, bool owns,
                            const size_t *shape, size_t ndim) {
  size_t size;
  pf_try(shape_size(&size, shape, ndim));
  pflow_tensor *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->values = values;
  made->owns = owns;
  made->ndim = ndim;
  made->size = size;
  memcpy(made->shape, shape, ndim * sizeof *shape);
  *tensor = made;
  return PFLOW_OK;
}

pflow_err pflow_tensor_create(pflow_tensor **tensor, const size_t *shape, size_t ndim) {
  pf_need(tensor);
  *tensor = NULL;
  pflow_tensor *made;
  pf_try(tensor_new(&made, NULL, true, shape, ndim));
  pflow_err rc = pf_alloc(&made->values, made->size, sizeof(float));
  if (rc < 0) {
    pflow_tensor_destroy(made);
    return rc;
  }
  *tensor = made;
  return PFLOW_OK;
}

pflow_err pflow_tensor_wrap(pflow_tensor **tensor, float *values, const size_t *shape,
                            size_t ndim) {
  pf_need(tensor);
  *tensor = NULL;
  pf_need(values);
  return tensor_new(tensor, values, false, shape, ndim);
}

pflow_err pflow_tensor_copy(pflow_tensor **tensor, const pflow_tensor *source) {
  pf_need(tensor);
  *tensor = NULL;
  pf_need(source);
  pf_try(pflow_tensor_create(tensor, source->shape, source->ndim));
  memcpy((*tensor)->values, source->values, source->size * sizeof(float));
  return PFLOW_OK;
}

pflow_err pflow_tensor_rows(pflow_tensor **view, pflow_tensor *source, size_t begin,
                            size_t end) {
  pf_need(view);
  *view = NULL;
  pf_need(source);
  if (begin >= end || end > source->shape[0])
    return pf_fail(PFLOW_EINVAL, "rows %zu to %zu of a tensor with %zu rows", begin, end,
                   source->shape[0]);
  size_t shape[PFLOW_MAX_DIMS];
  memcpy(shape, source->shape, sizeof shape);
  shape[0] = end - begin;
  float *first = source->values + begin * pflow_tensor_row_size(source);
  return tensor_new(view, first, false, shape, source->ndim);
}

pflow_err pflow_tensor_reshape(pflow_tensor **view, pflow_tensor *source,
                               const size_t *shape, size_t ndim) {
  pf_need(view);
  *view = NULL;
  pf_need(source);
  size_t size;
  pf_try(shape_size(&size, shape, ndim));
  if (size != source->size)
    return pf_fail(PFLOW_ESHAPE, "a tensor of %zu values cannot take a shape of %zu",
                   source->size, size);
  return tensor_new(view, source->values, false, shape, ndim);
}

void pflow_tensor_destroy(pflow_tensor *tensor) {
  if (!tensor) return;
  if (tensor->owns) pflow_free(tensor->values);
  pflow_free(tensor);
}

float *pflow_tensor_values(pflow_tensor *tensor) {
  return tensor ? tensor->values : NULL;
}

const float *pflow_tensor_const_values(const pflow_tensor *tensor) {
  return tensor ? tensor->values : NULL;
}

size_t pflow_tensor_ndim(const pflow_tensor *tensor) {
  return tensor ? tensor->ndim : 0;
}

size_t pflow_tensor_dim(const pflow_tensor *tensor, size_t index) {
  if (!tensor) return 0;
  return index < tensor->ndim ? tensor->shape[index] : 1;
}

size_t pflow_tensor_size(const pflow_tensor *tensor) {
  return tensor ? tensor->size : 0;
}

size_t pflow_tensor_row_size(const pflow_tensor *tensor) {
  return tensor ? tensor->size / tensor->shape[0] : 0;
}

/* Whether n values are finite, by the largest of their exponents: no early way out, so
 * that compilers make vector code of it. */
static bool all_finite(const float *values, size_t n) {
  int32_t largest = 0;
  for (size_t i = 0; i < n; i++) {
    int32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    bits &= 0x7f800000;
    largest = bits > largest ? bits : largest;
  }
  return largest < 0x7f800000;
}

pflow_err pf_check_finite(const float *values, size_t n, size_t dim, size_t first,
                          const char *what) {
  for (size_t i = 0; i < n; i++) {
    if (all_finite(values + i * dim, dim)) continue;
    for (size_t k = 0; k < dim; k++) {
      float value = values[i * dim + k];
      if (!isfinite(value))
        return pf_fail(PFLOW_ENONFINITE, "%s: row %zu, column %zu is %g", what, first + i,
                       k, (double)value);
    }
  }
  return PFLOW_OK;
}

pflow_err pflow_check_finite(const float *values, size_t n, size_t dim,
                             const char *what) {
  pf_need(values);
  return pf_check_finite(values, n, dim, 0, what ? what : "values");
}
