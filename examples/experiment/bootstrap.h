/*
 * bootstrap.h - intervals of a difference that was seen on a few encoders, a few flow
 * seeds each, and many test rows.
 */
#ifndef EXPERIMENT_BOOTSTRAP_H
#define EXPERIMENT_BOOTSTRAP_H

#include "pflow.h"

/*
 * Turns a score for each of n rows into means over groups, in place, and returns how many
 * there are: row i is in group i % 1000; of fewer rows, each is a group. Groups drawn
 * with replacement say as much of a mean's spread as rows do, in less space.
 */
size_t group_means(double *scores, size_t n);

/* Differences on one encoder: of n groups of test rows for each of `seeds` seeds. */
typedef struct nest {
  size_t seeds, n;
  const double *const *difference; /* seeds x n */
} nest;

/*
 * The mean (of encoders' means of seeds' means over rows) and the 95 % percentile
 * interval of the hierarchical bootstrap (Davison and Hinkley 1997, section 3.8): groups
 * of test rows are drawn with replacement, once for all encoders and seeds, as they all
 * have the same rows; then encoders, and for each its seeds.
 */
pflow_interval nested_bootstrap(const nest *encoders, size_t count, uint64_t seed,
                                pflow_pool *pool);

#endif
