/*
 * fft_kernels.h - kernels of a 3 x 3 convolution in the Fourier domain.
 *
 * A plane (one channel of one image, or one 3 x 3 kernel) becomes the real discrete
 * Fourier transform of size n x n, n = 8, 16 or 32, of which symmetry leaves n * n / 2
 * pairs of numbers: pair 0 holds the real values at (0, 0) and (n/2, 0), pair u < n/2 the
 * complex one at (u, 0); pairs n/2 <= i < n hold the same of column n/2; pair v * n + u
 * with 0 < v < n/2 is the complex value at (u, v).
 *
 * `lanes` channels are transformed at once. A row of a spectrum is, for one pair, the
 * first numbers of these channels and then the second ones: 2 * lanes floats. Rows of
 * successive images lie together, `pair` floats lead from one pair to the next.
 */
#ifndef LIBPFLOW_FFT_KERNELS_H
#define LIBPFLOW_FFT_KERNELS_H

#include <stddef.h>

/* Planes of height x width < n that lie one behind another. */
typedef struct pf_fft_shape {
  size_t n, height, width;
} pf_fft_shape;

/* 3 x 3 kernels for `used` <= lanes channels, `stride` floats apart. */
typedef struct pf_fft_taps {
  size_t n, used, stride;
} pf_fft_taps;

/*
 * Product of spectra for one pair: rows i < m of the result are sums over q < k of a(i,
 * q) b(q), b(q) being row q of b. b and c are rows without gaps.
 */
typedef struct pf_fft_product {
  size_t m, k;
  int split; /* two real products, not a complex one */
  const float *a;
  size_t a_stride; /* of multiply: from the rows of some channels to those of the next */
  const float *b;
  float *c;
} pf_fft_product;

typedef struct pf_fft_kernels {
  size_t lanes;
  /* One row of each pair from `used` <= lanes planes; missing channels become 0. */
  void (*forward)(const pf_fft_shape *shape, const float *planes, size_t used, float *to,
                  size_t pair);
  /* The way back, without the factor 1 / n^2; adds the bias of each channel, if any. */
  void (*inverse)(const pf_fft_shape *shape, const float *from, size_t pair,
                  const float *bias, size_t used, float *planes);
  /*
   * Kernels, their centre at (0, 0), times 1 / n^2. With flip they are turned by 180
   * degrees, so that the product with an image's spectrum is a correlation.
   */
  void (*taps)(const pf_fft_taps *taps, const float *kernels, int flip, float *to,
               size_t pair);
  /* Adds 1 / n^2 times the way back to kernels. */
  void (*add_taps)(const pf_fft_taps *taps, const float *from, size_t pair,
                   float *kernels);
  /* a(i, q) is channel q of row i: q counts through rows of `lanes` channels. */
  void (*multiply)(const pf_fft_product *product);
  /* a(i, q) is the complex conjugate of channel i < lanes of row q. */
  void (*correlate)(const pf_fft_product *product);
} pf_fft_kernels;

#endif
