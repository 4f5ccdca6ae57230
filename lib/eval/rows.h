/*
 * rows.h - what the measures share: checks of rows and labels, distances, moments.
 */
#ifndef LIBPFLOW_ROWS_H
#define LIBPFLOW_ROWS_H

#include <stdint.h>

#include "base/base.h"
#include "pflow/eval.h"
#include "pflow/threads.h"

/* At least one row of at least one finite value each; `what` names them in messages. */
pflow_err pf_check_rows(const float *x, size_t n, size_t dim, const char *what);

/* The same by all threads of a pool, NULL for the default one. */
pflow_err pf_check_rows_shared(pflow_pool *pool, const float *x, size_t n, size_t dim,
                               const char *what);

/* Labels in [0, classes), which must be an int32. */
pflow_err pf_check_labels(const int32_t *labels, size_t n, size_t classes,
                          const char *what);

/* Rows and labels to learn from and to be measured on: not NULL, in order, and of the
 * same dim and classes. */
pflow_err pf_check_train_test(const pflow_labelled *train, const pflow_labelled *test,
                              pflow_pool *pool);

/* Whether two blocks of values have memory in common. */
bool pf_rows_overlap(const float *x, size_t x_values, const float *y, size_t y_values);

/* ||a - b||^2 in double. */
double pf_squared_distance(const float *a, const float *b, size_t dim);

/*
 * Mean (dim) of the rows and, unless NULL, their covariance (dim x dim, divided by n - 1,
 * symmetric to the bit), for n > 1. Constant columns give exact zeros.
 */
pflow_err pf_moments(const float *x, size_t n, size_t dim, double *mean,
                     double *covariance);

#endif
