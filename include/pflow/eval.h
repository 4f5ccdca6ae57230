/*
 * pflow/eval.h - measures of features: linear probe, nearest neighbours, alignment,
 * uniformity, effective rank.
 *
 * Features are n x dim float32 rows; labels are int32 in [0, classes). All calls refuse
 * NULL, zero sizes, non-finite rows (naming row and column) and labels out of range
 * (naming the row). They may run in several threads at once.
 */
#ifndef PFLOW_EVAL_H
#define PFLOW_EVAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- multinomial logistic regression ---- */

typedef struct pflow_logistic pflow_logistic;

typedef struct pflow_logistic_config {
  size_t struct_size;
  double c;         /* inverse strength of the L2 term, at most 1e100; default 1 */
  double grad_tol;  /* max |gradient| of the objective divided by n; default 1e-6 */
  size_t max_iters; /* of L-BFGS; default 2000 */
  pflow_pool *pool; /* NULL: the default pool */
} pflow_logistic_config;

static inline void pflow_logistic_config_init(pflow_logistic_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->c = 1.0;
  config->grad_tol = 1e-6;
  config->max_iters = 2000;
}

typedef struct pflow_logistic_report {
  double objective; /* c * sum of losses + ||W||^2 / 2 */
  double grad_max;  /* max |gradient| / n at the end */
  size_t iterations;
} pflow_logistic_report;

/*
 * Fits scikit-learn's multinomial objective c * sum_i loss_i + ||W||^2 / 2 with free
 * intercepts; two classes have two rows of coefficients as well. Returns PFLOW_OK at the
 * tolerance or PFLOW_LIMIT (max_iters, or rounding ended the descent; model usable).
 * report may be NULL. Errors: PFLOW_EINVAL for fewer than 2 classes or a setting out of
 * range, PFLOW_ENULL, PFLOW_ELABEL, PFLOW_ENONFINITE, PFLOW_EOVERFLOW, PFLOW_ENOMEM,
 * PFLOW_EDIVERGED and PFLOW_EUNSUPPORTED (LAPACK's; the latter beyond 32,000 rows of 4
 * times as many values).
 *
 * Takes (dim + 1)^2 doubles and time as dim^3 in one thread where n is above dim / 4 (of
 * 20,000 values 3.2 GB), else twice the rows in doubles. Calls the CBLAS: not from within
 * a pflow_parallel_for.
 */
PFLOW_API pflow_err pflow_logistic_fit(pflow_logistic **model, const float *x,
                                       const int32_t *labels, size_t n, size_t dim,
                                       size_t classes,
                                       const pflow_logistic_config *config,
                                       pflow_logistic_report *report);
PFLOW_API void pflow_logistic_destroy(pflow_logistic *model);

/* Coefficients (classes x dim) and intercepts (classes), borrowed; NULL for NULL. */
PFLOW_API const double *pflow_logistic_coef(const pflow_logistic *model);
PFLOW_API const double *pflow_logistic_intercept(const pflow_logistic *model);

/* Most probable class of each row, the first on a tie; dim must be that of the fit
 * (PFLOW_ESHAPE). */
PFLOW_API pflow_err pflow_logistic_predict(const pflow_logistic *model, const float *x,
                                           size_t n, size_t dim, int32_t *labels);

/* Class probabilities, n x classes. */
PFLOW_API pflow_err pflow_logistic_proba(const pflow_logistic *model, const float *x,
                                         size_t n, size_t dim, float *proba);

/* ---- nearest neighbours ---- */

/* Labelled rows that neighbours are looked up in, borrowed. */
typedef struct pflow_labelled {
  const float *x;
  const int32_t *labels;
  size_t n, dim, classes;
} pflow_labelled;

/*
 * Majority vote of the k nearest rows of `train` by Euclidean distance for n rows of x; a
 * tie of votes goes to the smaller label, of distances to the smaller row. Exact (sums of
 * squared differences in double decide), in blocks. pool NULL: the default pool. Errors:
 * PFLOW_EINVAL unless 1 <= k <= train n.
 */
PFLOW_API pflow_err pflow_knn_predict(const pflow_labelled *train, const float *x,
                                      size_t n, size_t k, int32_t *labels,
                                      pflow_pool *pool);

/* Share of equal entries, in [0, 1]. */
PFLOW_API pflow_err pflow_accuracy(const int32_t *predicted, const int32_t *labels,
                                   size_t n, double *accuracy);

/* Largest logit of each row (the first one on a tie). */
PFLOW_API pflow_err pflow_argmax(const float *logits, size_t n, size_t classes,
                                 int32_t *labels);

/* ---- alignment and uniformity (Wang and Isola 2020, arXiv 2005.10242) ---- */

/* Mean ||x_i - y_i||^alpha, alpha > 0, over n pairs of rows as given (not normalised
 * here). */
PFLOW_API pflow_err pflow_alignment(const float *x, const float *y, size_t n, size_t dim,
                                    double alpha, double *value);

typedef struct pflow_uniformity_config {
  size_t struct_size;
  double t;        /* 0 < t <= 1e6; default 2 */
  size_t max_rows; /* more rows than this: a seeded sample of as many; default 10000 */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
} pflow_uniformity_config;

static inline void pflow_uniformity_config_init(pflow_uniformity_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->t = 2.0;
  config->max_rows = 10000;
}

/*
 * ln mean exp(-t ||x_i - x_j||^2) over distinct pairs, rows normalised to unit length
 * first (the caller's rows are not changed). Lower is more uniform. Errors: PFLOW_EINVAL
 * for fewer than 2 rows, a zero row (named), or a setting out of range.
 */
PFLOW_API pflow_err pflow_uniformity(const float *x, size_t n, size_t dim,
                                     const pflow_uniformity_config *config,
                                     double *value);

/*
 * The value of the uniform distribution on S^(dim-1), the least that a distribution can
 * have: ln[exp(-2t) 0F1(; dim/2; t^2)]; -3.9375 for dim 128, t 2. (n rows can lie lower
 * by O(1/n): they do not pair with themselves.) Errors: PFLOW_EINVAL for dim 0 or t
 * outside (0, 1e6].
 */
PFLOW_API pflow_err pflow_uniformity_ideal(size_t dim, double t, double *value);

/* (sum l)^2 / sum l^2 over the eigenvalues l of the rows' covariance; in [1, dim].
 * Constant rows (no variance) and single rows give PFLOW_EINVAL. */
PFLOW_API pflow_err pflow_effective_rank(const float *x, size_t n, size_t dim,
                                         double *rank);

PFLOW_END_DECLS

#endif
