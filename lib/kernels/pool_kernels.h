/*
 * pool_kernels.h - the largest value of each window of a plane.
 *
 * Planes lie one behind another, `planes` of them in each array; a call works on those
 * from begin to end, and writes no others. Windows have no padding. The first of a
 * window's largest values wins, but the last NaN does where there is one; the winner's
 * bits are the output's.
 *
 * A winner's place is kernel * y + x within its window: a byte for kernels up to 16,
 * else a uint32_t. Places lie as the outputs do.
 */
#ifndef LIBPFLOW_POOL_KERNELS_H
#define LIBPFLOW_POOL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { pf_pool_most_bytes = 16 }; /* the largest kernel whose places are bytes */

typedef struct pf_pool_shape {
  size_t kernel, stride;
  size_t planes, height, width, out_h, out_w; /* kernel <= height, width */
} pf_pool_shape;

typedef struct pf_pool_kernels {
  /* Writes y and, unless it is NULL, places. */
  void (*forward)(const pf_pool_shape *shape, size_t begin, size_t end, const float *x,
                  float *y, void *places);
} pf_pool_kernels;

#endif
