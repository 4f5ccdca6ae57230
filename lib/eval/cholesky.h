/*
 * cholesky.h - triangular factor of a positive definite matrix, and solves with it.
 */
#ifndef LIBPFLOW_CHOLESKY_H
#define LIBPFLOW_CHOLESKY_H

#include <stddef.h>

/*
 * Replaces the lower triangle of a (dim x dim) by L with L L^T = a. Pivots are raised to
 * `floor` where they fall below it; the upper triangle is not read.
 */
void pf_cholesky(double *a, size_t dim, double floor);

/* Replaces each of `count` rows v (of dim) by L^-1 v, or by L^-T v. */
void pf_solve_lower(const double *lower, size_t dim, double *rows, size_t count);
void pf_solve_lower_transposed(const double *lower, size_t dim, double *rows,
                               size_t count);

#endif
