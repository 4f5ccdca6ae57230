/*
 * bootstrap.h - intervals of a difference that was seen on a few encoders, a few flow
 * seeds each, and many test rows.
 */
#ifndef EXPERIMENT_BOOTSTRAP_H
#define EXPERIMENT_BOOTSTRAP_H

#include "pflow.h"

/* Differences on one encoder: of n test rows for each of `seeds` seeds. */
typedef struct nest {
  size_t seeds, n;
  const double *const *difference; /* seeds x n */
} nest;

/*
 * The mean (of encoders' means of seeds' means over rows) and the 95 % percentile
 * interval of the hierarchical bootstrap (Davison and Hinkley 1997, section 3.8):
 * encoders are drawn with replacement, for each its seeds, and for each its test rows,
 * the same for all seeds.
 */
pflow_interval nested_bootstrap(const nest *encoders, size_t count, uint64_t seed,
                                pflow_pool *pool);

#endif
