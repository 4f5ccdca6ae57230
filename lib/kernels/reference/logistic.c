/*
 * logistic.c - the oracle of logistic regression's kernels.
 */
#include "kernels/logistic_kernels.h"

#include <math.h>
#include <stdbool.h>

enum { lanes = 8, rows = pf_logistic_rows };

static void logits_of(size_t k, const float *panel, const double *weights, size_t classes,
                      double *logits) {
  for (size_t c = 0; c < classes; c++)
    for (size_t i = 0; i < lanes; i++)
      for (size_t q = 0; q < k; q++)
        logits[c * rows + i] += weights[q * classes + c] * (double)panel[q * lanes + i];
}

/* One row, whose values are `rows` apart. */
static double loss_of(double *logit, size_t classes, size_t label, double c) {
  size_t largest = 0;
  for (size_t k = 1; k < classes; k++)
    if (logit[k * rows] > logit[largest * rows]) largest = k;
  const double top = logit[largest * rows], behind = top - logit[label * rows];
  double rest = 0.0, others = 0.0;
  for (size_t k = 0; k < classes; k++) {
    const bool is_largest = k == largest;
    logit[k * rows] = is_largest ? 1.0 : exp(logit[k * rows] - top);
    rest += is_largest ? 0.0 : logit[k * rows];
  }
  for (size_t k = 0; k < classes; k++) {
    logit[k * rows] *= c / (1.0 + rest);
    others += k == label ? 0.0 : logit[k * rows];
  }
  logit[label * rows] = -others;
  return behind + log1p(rest);
}

static double losses(double *logits, size_t classes, const int32_t *labels, size_t n,
                     double c) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += loss_of(logits + i, classes, (size_t)labels[i], c);
  for (size_t k = 0; k < classes; k++)
    for (size_t i = n; i < rows; i++)
      logits[k * rows + i] = 0.0;
  return sum;
}

static void gradient_of(size_t n, const float *x, size_t stride, size_t dim,
                        const double *residuals, size_t classes, double *gradient,
                        size_t width) {
  for (size_t c = 0; c < classes; c++) {
    double *to = gradient + c * width;
    for (size_t i = 0; i < n; i++) {
      const double residual = residuals[c * rows + i];
      to[0] += residual;
      for (size_t k = 0; k < dim; k++)
        to[k + 1] += residual * (double)x[i * stride + k];
    }
  }
}

void pf_fill_logistic_reference(pf_logistic_kernels *to);
void pf_fill_logistic_reference(pf_logistic_kernels *to) {
  *to = (pf_logistic_kernels){lanes, logits_of, losses, gradient_of};
}
