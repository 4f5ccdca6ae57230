/*
 * logistic_kernels.h - kernels of multinomial logistic regression, all sums in double.
 *
 * Rows come in blocks of up to pf_logistic_rows; what a block has for each class (logits,
 * residuals) is a matrix with the value of class c and row i at [c * pf_logistic_rows +
 * i].
 */
#ifndef LIBPFLOW_LOGISTIC_KERNELS_H
#define LIBPFLOW_LOGISTIC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { pf_logistic_rows = 64, pf_logistic_most_lanes = 16 };

typedef struct pf_logistic_kernels {
  size_t lanes; /* rows of a panel of this level; divides pf_logistic_rows */
  /*
   * Adds the products of `lanes` rows with weights to their logits: value k of row i at
   * panel[k * lanes + i], weight of class c at weights[k * classes + c].
   */
  void (*logits)(size_t k, const float *panel, const double *weights, size_t classes,
                 double *logits);
  /*
   * Replaces the logits of n rows by c (p - y), and those behind them by zeros. Returns
   * the sum of losses. Neither 1 - p nor log(1 + rest) is formed: with a large c, losses
   * count that are far below the rounding of 1. A NaN gives a NaN.
   */
  double (*losses)(double *logits, size_t classes, const int32_t *labels, size_t n,
                   double c);
  /*
   * gradient[c * width] += sum_i r(c, i) and gradient[c * width + 1 + k] += sum_i r(c, i)
   * x[i * stride + k] over n rows and k < dim; r is 0 behind row n.
   */
  void (*gradient)(size_t n, const float *x, size_t stride, size_t dim,
                   const double *residuals, size_t classes, double *gradient,
                   size_t width);
} pf_logistic_kernels;

#endif
