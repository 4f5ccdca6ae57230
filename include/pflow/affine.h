/*
 * pflow/affine.h - affine feature transforms: the plain alternatives to a flow, and the
 * preprocessing in front of one.
 *
 *   pflow_affine_fit(&whiten, PFLOW_AFFINE_PCA_WHITEN, x, n, dim, &config);
 *   pflow_affine_apply(whiten, x, n, y);
 *
 * A fitted transform is const: any number of threads may apply it. All arithmetic is in
 * double; only results are rounded to float32.
 */
#ifndef PFLOW_AFFINE_H
#define PFLOW_AFFINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/io.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_affine pflow_affine;

typedef enum pflow_affine_kind {
  PFLOW_AFFINE_CENTER = 0,     /* x - mean */
  PFLOW_AFFINE_PCA = 1,        /* principal coordinates, largest variance first */
  PFLOW_AFFINE_PCA_WHITEN = 2, /* the same, each divided by its standard deviation */
  PFLOW_AFFINE_ZCA_WHITEN = 3, /* whitened and turned back to the original axes */
  PFLOW_AFFINE_ROTATE = 4,     /* a uniformly random orthogonal matrix (Haar), no shift */
  PFLOW_AFFINE_ALL_BUT_TOP = 5 /* x - mean without its parts along the first principal
                                  axes (Mu and Viswanath 2018, arXiv 1702.01417) */
} pflow_affine_kind;

typedef struct pflow_affine_config {
  size_t struct_size;
  size_t out_dim;   /* PCA kinds: components kept; 0 (default): all */
  double eps;       /* whitening: variances are raised by eps * the largest; default 1e-6;
                       with 0 every component kept must have variance of its own */
  uint64_t seed;    /* of ROTATE */
  pflow_pool *pool; /* of apply and invert, borrowed; NULL: the default pool */
  int normalize;    /* PCA: 1 divides by the rms radius of the rows' kept coordinates */
  size_t removed;   /* ALL_BUT_TOP: axes; 0 (default): dim / 100, at least 1 */
} pflow_affine_config;

static inline void pflow_affine_config_init(pflow_affine_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->eps = 1e-6;
}

/*
 * Fits a transform to n rows (n x dim; ROTATE looks at dim only). Eigenvectors by
 * LAPACK's dsyevd; the sign of each is fixed so that its largest entry is positive.
 * Covariances are divided by n - 1. Errors: PFLOW_EINVAL (fewer than 2 rows, out_dim >
 * dim, out_dim other than 0 or dim for a kind that keeps all, no variance to whiten),
 * PFLOW_ENONFINITE (a value of x, or rows so large or small that a number of the
 * transform is beyond float32), PFLOW_EOVERFLOW, PFLOW_ENOMEM; of kinds with eigenvectors
 * (not CENTER and ROTATE) PFLOW_EDIVERGED, and PFLOW_EUNSUPPORTED beyond 32,000
 * dimensions.
 */
PFLOW_API pflow_err pflow_affine_fit(pflow_affine **affine, pflow_affine_kind kind,
                                     const float *x, size_t n, size_t dim,
                                     const pflow_affine_config *config);
PFLOW_API void pflow_affine_destroy(pflow_affine *affine);

/* Values in a row before and after; 0 for NULL. */
PFLOW_API size_t pflow_affine_in_dim(const pflow_affine *affine);
PFLOW_API size_t pflow_affine_out_dim(const pflow_affine *affine);

/* Variances along the principal axes, largest first (in_dim values), or NULL for kinds
 * that do not need them. */
PFLOW_API const double *pflow_affine_variances(const pflow_affine *affine);

/*
 * y (n x out_dim) of x (n x in_dim), in the config's pool. Allocates nothing. Errors:
 * PFLOW_EINVAL when n is 0 or y overlaps x, PFLOW_ENONFINITE naming the row and column of
 * a bad value of x, or the row of a result beyond float32.
 */
PFLOW_API pflow_err pflow_affine_apply(const pflow_affine *affine, const float *x,
                                       size_t n, float *y);

/*
 * x (n x in_dim) of y (n x out_dim): x = M^-1 y + mean, where a PCA that kept fewer
 * components gives the nearest point of their plane. Errors as above, and
 * PFLOW_EUNSUPPORTED for ALL_BUT_TOP.
 */
PFLOW_API pflow_err pflow_affine_invert(const pflow_affine *affine, const float *y,
                                        size_t n, float *x);

/*
 * The transform in an archive: texts and arrays named "<prefix>...", each number as a sum
 * of two floats, which is how a fit rounds it, so what is read gives the same bits.
 * pool of get: of apply and invert, borrowed. Errors as those of pflow/io.h.
 */
PFLOW_API pflow_err pflow_affine_put(pflow_archive *archive, const char *prefix,
                                     const pflow_affine *affine);
PFLOW_API pflow_err pflow_affine_get(const pflow_archive *archive, const char *prefix,
                                     pflow_affine **affine, pflow_pool *pool);

PFLOW_END_DECLS

#endif
