/*
 * cholesky.h - triangular factor of a positive definite matrix, and solves with it.
 */
#ifndef LIBPFLOW_CHOLESKY_H
#define LIBPFLOW_CHOLESKY_H

#include <stddef.h>

/*
 * Replaces the lower triangle of a (dim x dim) by L with L L^T = a; the upper triangle is
 * not read. A pivot below `floor`, or below `rounding` times the diagonal in its place,
 * is lost: it becomes the larger of them, with its root below zero to tell, and the rest
 * of its column is 0, so that rounding does not grow from column to column. L is then
 * that of another matrix, which can be inverted as well. floor > 0.
 */
void pf_cholesky(double *a, size_t dim, double floor, double rounding);

/* Replaces each of `count` rows v (of dim) by L^-1 v, or by L^-T v. */
void pf_solve_lower(const double *lower, size_t dim, double *rows, size_t count);
void pf_solve_lower_transposed(const double *lower, size_t dim, double *rows,
                               size_t count);

#endif
