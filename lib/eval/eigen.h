/*
 * eigen.h - eigenvalues and eigenvectors of a symmetric matrix.
 */
#ifndef LIBPFLOW_EIGEN_H
#define LIBPFLOW_EIGEN_H

#include "base/base.h"

/* PFLOW_EUNSUPPORTED if there are too many dimensions: before memory is asked for. */
pflow_err pf_eigen_check(size_t dim);

/*
 * values: those of a (dim x dim, symmetric to the bit, finite), largest first. a is
 * destroyed; with `vectors` row i of it becomes the unit eigenvector of value i, its
 * largest entry (the first of several) positive. dim as pf_eigen_check takes it.
 * PFLOW_ENOMEM; PFLOW_EDIVERGED if the iteration does not come to an end.
 */
pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, bool vectors);

#endif
