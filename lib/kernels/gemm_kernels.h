/*
 * gemm_kernels.h - kernels of a matrix product in packed panels.
 *
 * A panel of a holds `rows` rows of an m x k matrix, value (i, k) at [k * rows + i]; a
 * panel of b holds `columns` columns of a k x n matrix, value (k, j) at [k * columns +
 * j]. Panels are filled up with zeros and aligned to a vector.
 */
#ifndef LIBPFLOW_GEMM_KERNELS_H
#define LIBPFLOW_GEMM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { pf_gemm_most_rows = 14, pf_gemm_most_columns = 32 };

typedef struct pf_gemm_kernels {
  size_t rows, columns; /* of this level's tile */
  /*
   * c = a b, or c += a b, for one tile: a panel of each, sums over k in rising order in
   * float. c has `stride` floats from row to row; only m x n of the tile are stored.
   */
  void (*tile)(size_t k, const float *a, const float *b, float *c, size_t stride,
               size_t m, size_t n, bool add);
  /*
   * Fills one panel of `width` values a k from `used` of them: `copy` from values that
   * lie together for each k (from[k * stride + i]), `turn` from rows of k values
   * (from[i * stride + k]).
   */
  void (*copy)(const float *from, size_t stride, size_t k, size_t used, size_t width,
               float *to);
  void (*turn)(const float *from, size_t stride, size_t k, size_t used, size_t width,
               float *to);
} pf_gemm_kernels;

#endif
