/*
 * exact_kernels.h - kernels of the exact field: distances of queries to sources, weights,
 * and weighted sums of sources.
 *
 * A panel holds up to `width` queries side by side: coordinate k of query i at
 * [k * width + i], and a table over sources has source j's value for it at
 * [j * width + i]. `used` is width or, when the queries fit it, width / 2: lanes behind
 * it are neither read nor written. A query's bits depend on nothing but itself and the
 * sources. Sources are rows of their own, read a value at a time.
 */
#ifndef LIBPFLOW_EXACT_KERNELS_H
#define LIBPFLOW_EXACT_KERNELS_H

#include <stddef.h>

enum { pf_exact_most_width = 32, pf_exact_group = 14, pf_exact_chain = 42 };

typedef struct pf_exact_kernels {
  size_t width; /* queries of a panel */
  /*
   * squared = the squared distances of a panel to count <= pf_exact_group sources,
   * `stride` floats apart; nearest = the least of them for each query. Differences are
   * rounded to float; their squares are summed in float, 128 coordinates at a time.
   */
  void (*distances)(const float *source, size_t stride, size_t count, const float *x,
                    size_t dim, size_t used, float *squared, float *nearest);
  /*
   * weight = (1 + t)^-power for t = (squared - least) * inverse, and 0 where t > reach or
   * t is NaN; sum += the weights of each query. Wants squared >= least and
   * (1 + reach)^-power >= 1e-37. Relative error at most 3e-7 + 2e-7 |ln weight|, and none
   * for t = 0. weight may be squared.
   */
  void (*weigh)(float power, float reach, size_t count, size_t used, const float *least,
                const float *inverse, const float *squared, float *weight, float *sum);
  /*
   * sum (dim x width) = sum * scale + the sum of weight_j row_j over count <=
   * pf_exact_chain rows, or none: one chain of float sums from 0 in the order of the
   * rows, so that rows of weight 0 change no bit of it. The last step may be a fused one.
   */
  void (*gather)(const float *const *row, size_t count, size_t dim, size_t used,
                 const float *weight, const float *scale, float *sum);
  /* total = total * keep + sum * take, dim x width values. */
  void (*merge)(size_t dim, size_t used, const double *keep, const double *take,
                const float *sum, double *total);
} pf_exact_kernels;

#endif
