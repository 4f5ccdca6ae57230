/*
 * pflow/neighbours.h - the exact nearest rows of rows, by Euclidean distance.
 *
 * Rows are n x dim float32. All calls refuse NULL, zero sizes and non-finite rows (naming
 * row and column), and may run in several threads at once. Results have the same bits for
 * every number of threads. A pool of NULL is the default pool.
 */
#ifndef PFLOW_NEIGHBOURS_H
#define PFLOW_NEIGHBOURS_H

#include <stddef.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* n rows of dim values, borrowed. */
typedef struct pflow_features {
  const float *x;
  size_t n, dim;
} pflow_features;

/*
 * The k nearest known rows of each of n rows x (of known->dim values): their numbers in
 * `rows` and their squared distances (sums of squared differences in double) in
 * `squared`, each n x k, nearest first, ties to the smaller number. Either output may be
 * NULL. Exact, in blocks; beside the outputs it takes up to 90 MiB. 10,000 queries of
 * 50,000 x 128 rows take about half a second on two cores. Errors: PFLOW_EINVAL unless
 * 1 <= k <= known n.
 */
PFLOW_API pflow_err pflow_neighbours(const pflow_features *known, const float *x,
                                     size_t n, size_t k, size_t *rows, double *squared,
                                     pflow_pool *pool);

/*
 * The same for known rows as queries, each leaving itself (by number, so not its
 * duplicates) out: those numbered chosen[0 .. count - 1], in any order, or all of them
 * when chosen is NULL (count is not read then). Outputs are count x k, or n x k. Errors:
 * PFLOW_EINVAL unless 1 <= k < known n, or for a chosen number out of range.
 */
PFLOW_API pflow_err pflow_neighbours_within(const pflow_features *known,
                                            const size_t *chosen, size_t count, size_t k,
                                            size_t *rows, double *squared,
                                            pflow_pool *pool);

/* ---- what lists of neighbours tell ---- */

/*
 * Mean share of numbers that two lists of k distinct neighbours have in common, in [0,
 * 1], over n rows: neighbour preservation for the lists before and after a transform.
 * `shares`, the share of each row, may be NULL. Errors: PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_overlap(const size_t *before, const size_t *after, size_t n,
                                  size_t k, double *mean, double *shares);

/* How often known rows are neighbours (Radovanovic et al. 2010, JMLR 11). */
typedef struct pflow_hubs {
  double skewness; /* of the counts, E (c - mean)^3 / deviation^3; 0 if all are equal */
  double hubs;     /* share of counts above twice the mean, which is n k / known */
  double antihubs; /* share of counts that are 0 */
  size_t most;     /* the largest count */
} pflow_hubs;

/*
 * Hubness of `known` rows in n lists of k neighbours. `counts` (one a known row: in how
 * many lists it is) may be NULL. Errors: PFLOW_EINVAL for a number that is not below
 * known, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_hubness(const size_t *rows, size_t n, size_t k, size_t known,
                                  pflow_hubs *hubs, size_t *counts);

PFLOW_END_DECLS

#endif
