/*
 * eigen.h - eigenvalues and eigenvectors of a symmetric matrix.
 */
#ifndef LIBPFLOW_EIGEN_H
#define LIBPFLOW_EIGEN_H

#include "base/base.h"

/*
 * values: those of a (dim x dim, symmetric to the bit, finite), largest first. a is
 * destroyed; with `vectors` row i of it becomes the unit eigenvector of value i, its
 * largest entry (the first of several) positive. PFLOW_ENOMEM; PFLOW_EDIVERGED if the
 * iteration does not come to an end; PFLOW_EUNSUPPORTED beyond 32,000 dimensions.
 */
pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, bool vectors);

#endif
