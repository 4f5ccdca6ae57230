/*
 * eigen.h - eigenvalues and eigenvectors of a symmetric matrix.
 */
#ifndef LIBPFLOW_EIGEN_H
#define LIBPFLOW_EIGEN_H

#include "base/base.h"

/*
 * a (dim x dim, symmetric to the bit, finite) is destroyed. values: largest first. Row i
 * of vectors is the unit eigenvector of value i, its largest entry (the first of several)
 * positive. PFLOW_ENOMEM, or PFLOW_EDIVERGED if the iteration does not come to an end.
 */
pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, double *vectors);

#endif
