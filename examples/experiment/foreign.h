/*
 * foreign.h - telling rows of another kind by how far they are from the train rows (Sun
 * et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors"), or how
 * unlikely.
 */
#ifndef EXPERIMENT_FOREIGN_H
#define EXPERIMENT_FOREIGN_H

#include "treat.h"

/* Squared distances of a split's rows to their 10th nearest train row; the caller's to
 * free. */
double *foreign_distances(const splits *rows, split which, pflow_pool *pool);

/*
 * For each of n rows the share of m foreign rows with a greater score than its own, equal
 * ones counted half; the mean of these, which is returned, is the area under the ROC
 * curve. `theirs` is sorted.
 */
double foreign_auroc(const double *ours, size_t n, double *theirs, size_t m,
                     double *shares);

#endif
