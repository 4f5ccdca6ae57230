/*
 * logistic.h - the fitted model, and the objective that fitting minimises.
 */
#ifndef LIBPFLOW_LOGISTIC_H
#define LIBPFLOW_LOGISTIC_H

#include "base/base.h"
#include "pflow/eval.h"

struct pflow_logistic {
  size_t dim, classes;
  double *coef;      /* classes x dim */
  double *intercept; /* classes, behind coef in the same block */
};

/*
 * c * sum_i loss_i + ||W||^2 / 2. Rows are [1, x_i] and weights [b_k, w_k], so that the
 * intercepts are a column like the others, but free of the penalty.
 */
typedef struct pf_objective {
  const double *rows;    /* n x width, width = dim + 1 */
  const int32_t *labels; /* n */
  size_t n, width, classes;
  double c;
  pflow_pool *pool;
  double *residuals; /* n x classes, scratch */
  double *losses;    /* one a chunk of pf_objective_grain rows, scratch */
} pf_objective;

enum { pf_objective_grain = 512 };

/* Value and gradient at weights (classes x width). */
pflow_err pf_objective_evaluate(pf_objective *objective, const double *weights,
                                double *value, double *gradient);

/* Place of the largest value, the first on a tie. */
size_t pf_largest(const double *row, size_t n);

/* Replaces a row of logits by probabilities. */
void pf_softmax(double *row, size_t classes);

#endif
