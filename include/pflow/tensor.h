/*
 * pflow/tensor.h - float32 arrays of one to four dimensions, row-major and contiguous.
 *
 * A tensor either owns its values or borrows them: from the caller (wrap) or from another
 * tensor (rows, reshape). A borrowing tensor must be destroyed before, or at least not
 * used after, what it borrows from. Any number of threads may read a tensor; writing to
 * one, or to what it borrows, is for the caller to order.
 */
#ifndef PFLOW_TENSOR_H
#define PFLOW_TENSOR_H

#include <stddef.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

#define PFLOW_MAX_DIMS 4

typedef struct pflow_tensor pflow_tensor;

/*
 * A tensor of zeros that owns its values. Dimensions must be > 0 and ndim 1 to 4.
 * Errors: PFLOW_EINVAL, PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_tensor_create(pflow_tensor **tensor, const size_t *shape,
                                        size_t ndim);

/* A tensor over the caller's values, which must outlive it. Errors as for create. */
PFLOW_API pflow_err pflow_tensor_wrap(pflow_tensor **tensor, float *values,
                                      const size_t *shape, size_t ndim);

/* An owning copy of any tensor. */
PFLOW_API pflow_err pflow_tensor_copy(pflow_tensor **tensor, const pflow_tensor *source);

/*
 * A view of rows begin <= i < end of the first dimension.
 * Errors: PFLOW_EINVAL for an empty or overlong range.
 */
PFLOW_API pflow_err pflow_tensor_rows(pflow_tensor **view, pflow_tensor *source,
                                      size_t begin, size_t end);

/*
 * A view of all values with another shape of the same size.
 * Errors: PFLOW_ESHAPE when the sizes differ.
 */
PFLOW_API pflow_err pflow_tensor_reshape(pflow_tensor **view, pflow_tensor *source,
                                         const size_t *shape, size_t ndim);

/* Frees the tensor, and the values if it owns them. */
PFLOW_API void pflow_tensor_destroy(pflow_tensor *tensor);

/* The values; NULL for NULL. */
PFLOW_API float *pflow_tensor_values(pflow_tensor *tensor);
PFLOW_API const float *pflow_tensor_const_values(const pflow_tensor *tensor);

/* Number of dimensions, length of one of them (1 past the last), number of values; 0 for
 * NULL. */
PFLOW_API size_t pflow_tensor_ndim(const pflow_tensor *tensor);
PFLOW_API size_t pflow_tensor_dim(const pflow_tensor *tensor, size_t index);
PFLOW_API size_t pflow_tensor_size(const pflow_tensor *tensor);

/* Values of one row: size / dim(0); 0 for NULL. */
PFLOW_API size_t pflow_tensor_row_size(const pflow_tensor *tensor);

/*
 * PFLOW_ENONFINITE naming row, column and value of the first NaN or infinity among n rows
 * of dim values, or PFLOW_OK. `what` names the data in the message ("train rows").
 */
PFLOW_API pflow_err pflow_check_finite(const float *values, size_t n, size_t dim,
                                       const char *what);

PFLOW_END_DECLS

#endif
