/*
 * dims.h - how many principal coordinates a flow is worth running in.
 */
#ifndef LIBPFLOW_DIMS_H
#define LIBPFLOW_DIMS_H

#include <stddef.h>

/* The first components whose variances (largest first) make up a share of all of dim. */
size_t pf_dims_of_share(const double *variances, size_t dim, double share);

/* Rounded up, and kept within 2 and 64, or what rows of dim values have. */
size_t pf_dims_clamp(double dims, size_t dim);

#endif
