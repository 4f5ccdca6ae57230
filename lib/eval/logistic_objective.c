/*
 * logistic_objective.c - softmax losses, their sum and its gradient.
 */
#include <math.h>

#include "eval/logistic.h"
#include "kernels/gemm.h"

double pf_softmax(double *row, size_t classes) {
  double largest = row[0], sum = 0.0;
  for (size_t k = 1; k < classes; k++)
    largest = row[k] > largest ? row[k] : largest;
  for (size_t k = 0; k < classes; k++)
    sum += row[k] = exp(row[k] - largest);
  for (size_t k = 0; k < classes; k++)
    row[k] /= sum;
  return largest + log(sum);
}

/* Turns logits into c (p - y) and sums the losses of one chunk. */
static int add_losses(size_t begin, size_t end, void *user) {
  pf_objective *self = user;
  double sum = 0.0;
  for (size_t i = begin; i < end; i++) {
    double *row = self->residuals + i * self->classes;
    double right = row[self->labels[i]];
    sum += pf_softmax(row, self->classes) - right;
    row[self->labels[i]] -= 1.0;
    for (size_t k = 0; k < self->classes; k++)
      row[k] *= self->c;
  }
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
