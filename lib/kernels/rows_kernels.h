/*
 * rows_kernels.h - what integrators, their clocks and losses do with rows of floats: sums
 * and arithmetic in double.
 *
 * An element's bits depend neither on its place in the arrays nor on n; those of sums
 * over elements depend on n.
 */
#ifndef LIBPFLOW_ROWS_KERNELS_H
#define LIBPFLOW_ROWS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Of a sum: the stages of a method, and one more. */
enum { pf_rows_most_terms = 17 };

/* sum_j weight[j] k[j][first + i] for an element i, in rising order of j; a weight of 0
 * leaves its term out. */
typedef struct pf_rows_terms {
  size_t count, first;
  const double *weight;
  const float *const *k;
} pf_rows_terms;

/* Of two rows a and b. */
typedef struct pf_rows_dots {
  double aa, ab, bb;
} pf_rows_dots;

typedef struct pf_rows_kernels {
  bool (*finite)(size_t n, const float *values);
  pf_rows_dots (*dots)(size_t n, const float *a, const float *b);
  /* sum of (a - b)^2; scaled = factor (a - b) unless it is NULL. */
  double (*differences)(size_t n, const float *a, const float *b, double factor,
                        float *scaled);
  /* values *= factor, in float. */
  void (*scale)(size_t n, float factor, float *values);
  /* to = sum; to = state + h sum, rounded; and the same also kept (next may be state).
   * The last two tell whether all of `to` is finite, which it is not where a term's k is
   * not. */
  void (*sum)(size_t n, const pf_rows_terms *terms, double *to);
  bool (*stage)(size_t n, const pf_rows_terms *terms, double h, const double *state,
                float *to);
  bool (*advance)(size_t n, const pf_rows_terms *terms, double h, const double *state,
                  double *next, float *to);
  /* sum of (values / (atol + rtol size))^2, size the larger of |state| and |stage|. */
  double (*scaled_square)(size_t n, const double *values, const double *state,
                          const float *stage, double atol, double rtol);
} pf_rows_kernels;

#endif
