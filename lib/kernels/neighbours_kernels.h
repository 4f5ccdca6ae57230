/*
 * neighbours_kernels.h - kernels of the search for nearest rows.
 */
#ifndef LIBPFLOW_NEIGHBOURS_KERNELS_H
#define LIBPFLOW_NEIGHBOURS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct pf_neighbours_kernels {
  /*
   * Lists the places i * n + j of an m x n block of products (m * n <= 65536, n a
   * multiple of 8 and of the level's vector) with
   *   not (product - half[j] + slope[i] * length[j] < limit[i]),
   * in rising order; that is, NaN is listed. Returns how many. The sum is rounded two or
   * three times, after any of its operations.
   */
  size_t (*find)(const float *products, size_t m, size_t n, const float *half,
                 const float *length, const float *slope, const float *limit,
                 uint16_t *found);
  /* ||a - b||^2, differences and sums in double. */
  double (*distance)(const float *a, const float *b, size_t dim);
} pf_neighbours_kernels;

#endif
