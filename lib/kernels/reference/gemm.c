/*
 * gemm.c - the oracle of the matrix product's kernels.
 */
#include "kernels/gemm_kernels.h"

enum { tile_rows = 4, tile_columns = 8 };

static void tile(size_t k, const float *a, const float *b, float *c, size_t stride,
                 size_t m, size_t n, bool add) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      float sum = 0.0f;
      for (size_t q = 0; q < k; q++)
        sum += a[q * tile_rows + i] * b[q * tile_columns + j];
      c[i * stride + j] = add ? c[i * stride + j] + sum : sum;
    }
  }
}

static void copy(const float *from, size_t stride, size_t k, size_t used, size_t width,
                 float *to) {
  for (size_t q = 0; q < k; q++)
    for (size_t i = 0; i < width; i++)
      to[q * width + i] = i < used ? from[q * stride + i] : 0.0f;
}

static void turn(const float *from, size_t stride, size_t k, size_t used, size_t width,
                 float *to) {
  for (size_t q = 0; q < k; q++)
    for (size_t i = 0; i < width; i++)
      to[q * width + i] = i < used ? from[i * stride + q] : 0.0f;
}

void pf_fill_gemm_reference(pf_gemm_kernels *to);
void pf_fill_gemm_reference(pf_gemm_kernels *to) {
  *to = (pf_gemm_kernels){tile_rows, tile_columns, tile, copy, turn};
}
