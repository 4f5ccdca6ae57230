/*
 * norm_kernels.h - kernels of batch normalisation: sums over a channel, and the passes
 * that use them.
 *
 * A block is a few adjacent channels of a batch: value p of channel c in row r lies at
 * [r * stride + c * places + p]. Sums are double over short float sums; a channel's bits
 * depend on its own values and on the CPU level, not on the channels beside it.
 *
 * A ReLU behind the layer can be taken along: with `rectify` forward writes max(y, 0)
 * (NaN passes), and where y <= 0 the other passes take dy for 0. y is computed again from
 * x for that, to the same bits.
 */
#ifndef LIBPFLOW_NORM_KERNELS_H
#define LIBPFLOW_NORM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pf_norm_block {
  size_t rows, stride, channels, places;
} pf_norm_block;

/* y = (x - mean) * scale + shift, one of each a channel. */
typedef struct pf_norm_affine {
  const float *mean, *scale, *shift;
  bool rectify;
} pf_norm_affine;

typedef struct pf_norm_kernels {
  /* sum[c] = sum of x, and of (x - mean[c])^2. */
  void (*sums)(const pf_norm_block *block, const float *x, double *sum);
  void (*squares)(const pf_norm_block *block, const float *x, const float *mean,
                  double *sum);
  /* Writes y; it may be x. */
  void (*forward)(const pf_norm_block *block, const pf_norm_affine *affine,
                  const float *x, float *y);
  /* sum[c] = sum of dy, product[c] = sum of dy * (x - mean[c]). */
  void (*slopes)(const pf_norm_block *block, const pf_norm_affine *affine, const float *x,
                 const float *dy, double *sum, double *product);
  /* dx = scale * (dy - a - (x - mean) * b); it may be dy. */
  void (*backward)(const pf_norm_block *block, const pf_norm_affine *affine,
                   const float *a, const float *b, const float *x, const float *dy,
                   float *dx);
} pf_norm_kernels;

#endif
