/*
 * logistic.h - the fitted model, and the objective that fitting minimises.
 */
#ifndef LIBPFLOW_LOGISTIC_H
#define LIBPFLOW_LOGISTIC_H

#include "base/base.h"
#include "kernels/table.h"
#include "pflow/eval.h"

struct pflow_logistic {
  size_t dim, classes;
  double *coef;      /* classes x dim */
  double *intercept; /* classes, behind coef in the same block */
};

/*
 * c * sum_i loss_i + ||W||^2 / 2. Weights are [b_k, w_k]: the intercepts are a column of
 * their own, that of rows [1, x_i / unit], free of the penalty.
 */
typedef struct pf_objective {
  const float *x;        /* n x dim, width = dim + 1 */
  const int32_t *labels; /* n */
  size_t n, width, classes;
  double c, unit; /* a power of two, so that dividing by it rounds nothing */
  pflow_pool *pool;
  const pf_kernels *kernels;
  size_t grain, chunks; /* rows of a chunk, a whole number of blocks */
  double *turned;       /* scratch: the weights, width x classes */
  double *parts;        /* scratch: of each chunk its loss, gradient and logits */
} pf_objective;

/* Sets grain and chunks and takes the scratch, to be freed with the next one. */
pflow_err pf_objective_allocate(pf_objective *objective);
void pf_objective_free(pf_objective *objective);

/* Value and gradient at weights (classes x width). Rows are read once. */
pflow_err pf_objective_evaluate(pf_objective *objective, const double *weights,
                                double *value, double *gradient);

/* Lower triangle (width x width) of the sum of [1, z_i] [1, z_i]^T, z_i = (x_i - mean) /
 * unit, of rows whose mean that is: the first column is n and zeros. */
pflow_err pf_objective_curvature(const pf_objective *objective, const double *mean,
                                 double *sum);

/*
 * pflow_logistic_fit of rows divided by a unit, a power of two: c and grad_tol are those
 * of such rows, the model is one of the rows as they are.
 */
pflow_err pf_logistic_fit(pflow_logistic **model, const pflow_labelled *rows, double unit,
                          const pflow_logistic_config *config,
                          pflow_logistic_report *report);

/* Place of the largest value, the first on a tie. */
size_t pf_largest(const double *row, size_t n);

/* Replaces a row of logits by probabilities. */
void pf_softmax(double *row, size_t classes);

/* -log of the probability that the model gives to each row's label. Rows and labels fit
 * the model. */
pflow_err pf_logistic_losses(const pflow_logistic *model, const float *x,
                             const int32_t *truth, size_t n, double *losses);

#endif
