/*
 * im2col.h - images to the columns of a matrix, and the adjoint.
 *
 * A window of kernel_h x kernel_w slides over images of channels x height x width. The
 * patch matrix has a row for each (channel, kernel row, kernel column) and a column for
 * each (image, output row, output column); places in the padding hold 0. A convolution is
 * then a matrix product.
 */
#ifndef LIBPFLOW_IM2COL_H
#define LIBPFLOW_IM2COL_H

#include <stddef.h>

#include "base/base.h"
#include "pflow/threads.h"

typedef struct pf_window {
  size_t channels, height, width;
  size_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
  size_t out_h, out_w;
} pf_window;

/* Fills the patch matrix of n images. */
pflow_err pf_im2col(pflow_pool *pool, const pf_window *window, const float *images,
                    size_t n, float *patches);

/*
 * Rows row <= i < row + count of the patch matrix of one image, at the columns begin <= j
 * < end: value (i, j) at to[(i - row) * stride + j - begin].
 */
void pf_patch_block(const pf_window *window, const float *image, size_t row, size_t count,
                    size_t begin, size_t end, float *to, size_t stride);

/*
 * Overwrites n images with the sums of the patch values that each pixel contributed to,
 * in the order of patch rows. Patch values over the padding may be changed.
 */
pflow_err pf_col2im(pflow_pool *pool, const pf_window *window, float *patches, size_t n,
                    float *images);

#endif
