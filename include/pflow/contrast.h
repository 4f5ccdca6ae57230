/*
 * pflow/contrast.h - losses that train an encoder without labels, on two views of the
 * same images.
 *
 *   pflow_contrast_work_create(&work, 256, NULL);
 *   ...                                     x, y: features of two views, n x dim
 *   pflow_loss_align_uniform(work, x, y, n, dim, NULL, &loss, dx, dy);
 *
 * Row i of x and row i of y are a positive pair, x_i and x_i+ in the literature. Rows are
 * taken as they are; the sources mean unit vectors, so end the encoder with
 * pflow_net_add_l2norm. Each loss gives the gradients of its value: dx of x and dy of y,
 * n x dim each, overwritten; either may be NULL. A step that holds both views in one
 * batch, y behind x, needs one forward and one backward of the encoder:
 *
 *   pflow_net_forward(net, net_work, images, 2 * n, &x);
 *   const float *y = x + n * dim;
 *   pflow_loss_align_uniform(work, x, y, n, dim, NULL, &loss, dx, dx + n * dim);
 *   pflow_net_backward(net, net_work, dx, NULL);
 *
 * Distances are taken between rows, not from inner products, so that close rows keep
 * their digits; sums over pairs are in double. A loss costs n^2 distances (twice when a
 * gradient is asked of the first two) and memory of a few numbers a row. Results have the
 * same bits for every number of threads.
 *
 * Errors of all three: PFLOW_EINVAL for fewer than 2 rows (there is no other row), dim 0,
 * more rows than the workspace has room for, a setting out of range, or a gradient that
 * is one of the other arrays; PFLOW_EOVERFLOW. NaN and infinity in a row make a loss
 * that is not finite.
 */
#ifndef PFLOW_CONTRAST_H
#define PFLOW_CONTRAST_H

#include <stddef.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/*
 * What the losses need besides their arrays, for batches of up to max_rows rows; a loss
 * allocates nothing. For one thread at a time; it borrows the pool (NULL: the default
 * one). Errors: PFLOW_EINVAL for max_rows below 2, PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
typedef struct pflow_contrast_work pflow_contrast_work;

PFLOW_API pflow_err pflow_contrast_work_create(pflow_contrast_work **work,
                                               size_t max_rows, pflow_pool *pool);
PFLOW_API void pflow_contrast_work_destroy(pflow_contrast_work *work);

/* ---- alignment and uniformity (Wang and Isola 2020, arXiv 2005.10242) ---- */

typedef struct pflow_align_uniform_config {
  size_t struct_size;
  double alpha;  /* power of the distance of a positive pair, >= 1; default 2 */
  double t;      /* of the Gaussian potential, > 0; default 2 */
  double lambda; /* weight of uniformity, >= 0; default 1 */
} pflow_align_uniform_config;

static inline void pflow_align_uniform_config_init(pflow_align_uniform_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->alpha = 2.0;
  config->t = 2.0;
  config->lambda = 1.0;
}

/*
 * mean_i ||x_i - y_i||^alpha + lambda / 2 (U(x) + U(y)),
 * U(x) = ln mean over pairs i < j of exp(-t ||x_i - x_j||^2).
 * At alpha 1 the gradient of a pair that coincides is taken to be 0. config NULL: the
 * defaults, which are the paper's.
 */
PFLOW_API pflow_err pflow_loss_align_uniform(pflow_contrast_work *work, const float *x,
                                             const float *y, size_t n, size_t dim,
                                             const pflow_align_uniform_config *config,
                                             double *loss, float *dx, float *dy);

/* ---- InfoNCE (van den Oord, Li and Vinyals 2018, arXiv 1807.03748) ---- */

typedef struct pflow_infonce_config {
  size_t struct_size;
  double tau;    /* temperature, > 0; default 0.5 */
  int symmetric; /* 1: the mean of the loss of (x, y) and that of (y, x); default 0 */
} pflow_infonce_config;

static inline void pflow_infonce_config_init(pflow_infonce_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->tau = 0.5;
}

/*
 * mean_i -ln( e^(x_i . y_i / tau)
 *             / (e^(x_i . y_i / tau) + sum over j != i of e^(x_i . x_j / tau)) ).
 * The negatives of row i are the other n - 1 rows of x, its own view; those of y are no
 * negatives of it. (SimCLR's NT-Xent, arXiv 2002.05709, takes both views': 2 n - 2).
 * Rows whose distance squared is beyond float give a loss of NaN.
 * config NULL: the defaults.
 */
PFLOW_API pflow_err pflow_loss_infonce(pflow_contrast_work *work, const float *x,
                                       const float *y, size_t n, size_t dim,
                                       const pflow_infonce_config *config, double *loss,
                                       float *dx, float *dy);

/* ---- attraction and repulsion by powers of the distance ---- */

#define PFLOW_LAMBDA_MEAN (-1.0) /* 1 / (n - 1): the mean over the negatives */

typedef struct pflow_l2_contrast_config {
  size_t struct_size;
  double alpha;  /* of a positive pair, >= 1; default 2 */
  double beta;   /* of a negative, >= 1; default 1 */
  double lambda; /* of the sum over negatives, >= 0; default PFLOW_LAMBDA_MEAN */
} pflow_l2_contrast_config;

static inline void pflow_l2_contrast_config_init(pflow_l2_contrast_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->alpha = 2.0;
  config->beta = 1.0;
  config->lambda = PFLOW_LAMBDA_MEAN;
}

/*
 * mean_i ( ||x_i - y_i||^alpha - lambda sum over j != i of ||x_i - x_j||^beta ).
 * The negatives of row i are the other rows of x. On the unit sphere the repulsion alone
 * has one minimum among distributions, the uniform one, for 0 < beta < 2; at beta 2 it is
 * least wherever the mean of the rows is 0, and above that where the rows sit on two
 * opposite points (Bjorck 1956). Where rows coincide the gradient of a power 1 is taken
 * to be 0. config NULL: the defaults.
 */
PFLOW_API pflow_err pflow_loss_l2_contrast(pflow_contrast_work *work, const float *x,
                                           const float *y, size_t n, size_t dim,
                                           const pflow_l2_contrast_config *config,
                                           double *loss, float *dx, float *dy);

PFLOW_END_DECLS

#endif
