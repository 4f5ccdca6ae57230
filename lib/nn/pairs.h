/*
 * pairs.h - every row of a batch with every other one, a block at a time: a loss sees
 * their distances and says how strongly they pull at the row.
 */
#ifndef LIBPFLOW_PAIRS_H
#define LIBPFLOW_PAIRS_H

#include "base/base.h"

enum { pf_pair_room = 64 };

/* Some of the others of one row. */
typedef struct pf_pair_block {
  size_t row, count;     /* count <= pf_pair_room */
  const size_t *other;   /* never the row itself */
  const double *squared; /* their squared distances from it */
  float *weight;         /* to be set where a gradient is wanted; else NULL */
} pf_pair_block;

/* Called for the blocks of a row in order, from one thread; for rows side by side. */
typedef void (*pf_pair_fn)(const pf_pair_block *block, void *user);

/*
 * gradient_i += sum_j weight_ij (x_j - x_i), unless gradient is NULL. x and gradient are
 * n x dim. Bits depend on the rows alone. Allocates nothing.
 */
pflow_err pf_pairs_run(pflow_pool *pool, const float *x, size_t n, size_t dim,
                       pf_pair_fn fn, void *user, float *gradient);

#endif
