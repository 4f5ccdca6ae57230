/*
 * pflow/measures.h - measures of features without labels: intrinsic dimension, how well a
 * transform keeps ranks of neighbours, spectrum, search by short codes.
 *
 * Features are n x dim float32 rows. All calls refuse NULL, zero sizes and non-finite
 * rows (naming row and column), and may run in several threads at once. Samples are drawn
 * from the seed; results have the same bits for every number of threads.
 */
#ifndef PFLOW_MEASURES_H
#define PFLOW_MEASURES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/neighbours.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- intrinsic dimension ---- */

typedef struct pflow_intrinsic_config {
  size_t struct_size;
  size_t k;        /* neighbours of the maximum likelihood estimate, >= 2; default 20 */
  size_t max_rows; /* rows asked at most, a seeded sample; default 10000 */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
} pflow_intrinsic_config;

static inline void pflow_intrinsic_config_init(pflow_intrinsic_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->k = 20;
  config->max_rows = 10000;
}

typedef struct pflow_intrinsic {
  double two_nn;  /* from the ratio of the two nearest distances */
  double mle;     /* from the k nearest distances */
  double nearest; /* median distance of a row to its nearest other row */
  size_t rows;    /* asked */
  size_t
      duplicates; /* of those, rows that equal another one: no part of the dimensions */
} pflow_intrinsic;

/*
 * Intrinsic dimension of rows, each asked for its nearest among all other rows, T_1 <=
 * ...
 * <= T_k:
 *   two_nn: Facco et al. 2017 (Scientific Reports 7, 12140): the slope through the origin
 *     of -ln(1 - F(m)) against ln m, m = T_2 / T_1 with empirical distribution F, over
 *     the 90 % of rows of smallest m;
 *   mle: Levina and Bickel 2004 with the average of MacKay and Ghahramani 2005: one over
 *     the mean of ln(T_k / T_j) over rows and 1 <= j < k.
 * Both come out low where rows fill many dimensions (the edge is near). Costs the search
 * for k neighbours of the rows asked. Errors: PFLOW_EINVAL unless 2 <= k < n, or if all
 * rows asked but one have a duplicate or only equal distances.
 */
PFLOW_API pflow_err pflow_intrinsic_dim(const pflow_features *rows,
                                        const pflow_intrinsic_config *config,
                                        pflow_intrinsic *intrinsic);

/* ---- ranks of neighbours before and after a transform ---- */

typedef struct pflow_ranks_config {
  size_t struct_size;
  size_t k;        /* neighbours; default 10 */
  size_t max_rows; /* rows asked at most, a seeded sample; default 1000 */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
} pflow_ranks_config;

static inline void pflow_ranks_config_init(pflow_ranks_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->k = 10;
  config->max_rows = 1000;
}

/* Means over the rows asked, in [0, 1]; 1 if all k neighbours are kept. */
typedef struct pflow_ranks {
  double trustworthiness; /* low where neighbours after were far before */
  double continuity;      /* low where neighbours before are far after */
  size_t rows;            /* asked */
} pflow_ranks;

/*
 * Trustworthiness and continuity (Venna and Kaski 2001, ICANN, 485-491) of n rows before
 * and after a transform (the two may differ in dim):
 *   1 - 2 / (k (2n - 3k - 1)) sum of rank - k
 * over the k nearest rows on the one side that are not among the k nearest on the other,
 * with their rank there among all n - 1 other rows. Where n is above max_rows, the mean
 * is that of a sample of rows, each ranked among all n. `scores` (trustworthiness of each
 * row asked, then continuity of each) has room for 2 min(n, max_rows), or is NULL.
 *
 * Costs two searches for neighbours and 2 x asked x n distances in double: 1,000 of
 * 50,000 rows of dim 128 take 1.5 seconds on two cores. Errors: PFLOW_ESHAPE unless
 * both have n rows, PFLOW_EINVAL unless 1 <= k < n / 2.
 */
PFLOW_API pflow_err pflow_rank_preservation(const pflow_features *before,
                                            const pflow_features *after,
                                            const pflow_ranks_config *config,
                                            pflow_ranks *ranks, double *scores);

/* ---- spectrum ---- */

/*
 * Variances of the n rows along their principal axes: the dim eigenvalues of the
 * covariance (divided by n - 1), largest first, those below 0 by rounding as 0. The
 * singular values of the centred rows are sqrt((n - 1) variance). Costs n dim^2 + dim^3
 * operations and a dim x dim matrix of double. Errors: PFLOW_EINVAL for a single row,
 * PFLOW_EUNSUPPORTED beyond 32,000 dimensions, PFLOW_EDIVERGED, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_spectrum(const pflow_features *rows, double *variances);

/* ---- codes ---- */

typedef enum pflow_code {
  PFLOW_CODE_BIT = 1, /* a value is above the median of its column, or it is not */
  PFLOW_CODE_BYTE = 8 /* one of 256 even steps from the least to the largest value */
} pflow_code;

/*
 * Codes n rows x (of known->dim values) and decodes them to `decoded` (n x dim), which
 * may be x: bits to 0 or 1, so that squared distances are Hamming distances; bytes to the
 * value of their step, values outside the range to its end. Range and median (the lower
 * one of two; of at most 65,536 evenly spaced rows) are those of the known rows. pool
 * NULL: the default pool. Errors: PFLOW_EINVAL for an unknown code.
 */
PFLOW_API pflow_err pflow_code_rows(const pflow_features *known, pflow_code code,
                                    const float *x, size_t n, float *decoded,
                                    pflow_pool *pool);

/*
 * recall@k of a search by codes: the mean share of the k true neighbours of a query among
 * the k known rows whose codes are nearest to its own (ties to the smaller number).
 * `truth` (n x k) lists true neighbours, of the original features say
 * (pflow_neighbours); known and x are the rows that are coded, of transformed features
 * say. `recalls`, the share of each query, may be NULL. Costs one search, longer with
 * bits because many distances are equal, and decoded copies of known and x. Errors: as of
 * the two calls above, PFLOW_EINVAL for a number in truth that is not below known n.
 */
PFLOW_API pflow_err pflow_code_recall(const size_t *truth, size_t k,
                                      const pflow_features *known, pflow_code code,
                                      const float *x, size_t n, double *recall,
                                      double *recalls, pflow_pool *pool);

PFLOW_END_DECLS

#endif
