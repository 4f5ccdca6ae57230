/*
 * foreign.h - telling rows of another kind by their distance from the train rows (Sun et
 * al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors").
 */
#ifndef EXPERIMENT_FOREIGN_H
#define EXPERIMENT_FOREIGN_H

#include "treat.h"

/*
 * The score of a row is the distance to its 10th nearest train row. For each test row,
 * the share of foreign rows with a greater score, equal ones counted half; the mean of
 * these, which is returned, is the area under the ROC curve.
 */
double foreign_auroc(const splits *rows, double *shares, pflow_pool *pool);

#endif
