/*
 * logistic_objective.c - softmax losses, their sum and its gradient.
 */
#include <math.h>

#include "eval/logistic.h"
#include "kernels/gemm.h"

size_t pf_largest(const double *row, size_t n) {
  size_t best = 0;
  for (size_t k = 1; k < n; k++)
    if (row[k] > row[best]) best = k;
  return best;
}

/* Replaces logits by their exponentials over that of the largest; returns the sum of the
 * others, which may be far below the rounding of 1. */
static double exponentiate(double *row, size_t classes, size_t largest) {
  double top = row[largest], rest = 0.0;
  for (size_t k = 0; k < classes; k++)
    rest += row[k] = k == largest ? 0.0 : exp(row[k] - top);
  row[largest] = 1.0;
  return rest;
}

void pf_softmax(double *row, size_t classes) {
  double rest = exponentiate(row, classes, pf_largest(row, classes));
  for (size_t k = 0; k < classes; k++)
    row[k] /= 1.0 + rest;
}

/* Replaces logits by c (p - y); returns the loss. Neither 1 - p nor log(1 + rest) is
 * formed: with a large c, losses count that are far below the rounding of 1. */
static double loss_of(double *row, size_t classes, size_t label, double c) {
  size_t largest = pf_largest(row, classes);
  double behind = row[largest] - row[label];
  double rest = exponentiate(row, classes, largest), others = 0.0;
  for (size_t k = 0; k < classes; k++) {
    row[k] *= c / (1.0 + rest);
    others += k == label ? 0.0 : row[k];
  }
  row[label] = -others;
  return behind + log1p(rest);
}

/* Losses and residuals of one chunk. */
static int add_losses(size_t begin, size_t end, void *user) {
  pf_objective *self = user;
  double sum = 0.0;
  for (size_t i = begin; i < end; i++)
    sum += loss_of(self->residuals + i * self->classes, self->classes,
                   (size_t)self->labels[i], self->c);
  self->losses[begin / pf_objective_grain] = sum;
  return 0;
}

/* Adds ||W||^2 / 2 and its gradient; column 0 holds the free intercepts. */
static double add_penalty(const pf_objective *self, const double *weights,
                          double *gradient) {
  double squares = 0.0;
  for (size_t k = 0; k < self->classes; k++) {
    for (size_t j = k * self->width + 1; j < (k + 1) * self->width; j++) {
      squares += weights[j] * weights[j];
      gradient[j] += weights[j];
    }
  }
  return 0.5 * squares;
}

pflow_err pf_objective_evaluate(pf_objective *objective, const double *weights,
                                double *value, double *gradient) {
  pf_objective *self = objective;
  pf_try(pf_dgemm(pf_plain, pf_transposed, self->n, self->classes, self->width,
                  self->rows, weights, 0.0, self->residuals));
  pf_try(pflow_parallel_for(self->pool, self->n, pf_objective_grain, add_losses, self));
  pf_try(pf_dgemm(pf_transposed, pf_plain, self->classes, self->width, self->n,
                  self->residuals, self->rows, 0.0, gradient));
  double losses = 0.0;
  for (size_t chunk = 0; chunk * pf_objective_grain < self->n; chunk++)
    losses += self->losses[chunk];
  *value = self->c * losses + add_penalty(self, weights, gradient);
  return PFLOW_OK;
}
