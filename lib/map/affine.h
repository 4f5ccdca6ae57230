/*
 * affine.h - a fitted affine transform y = M (x - mean).
 */
#ifndef LIBPFLOW_AFFINE_H
#define LIBPFLOW_AFFINE_H

#include <stdbool.h>

#include "pflow/affine.h"

/* Outputs computed side by side. */
enum { pf_affine_panel = 16 };

/* A matrix of out x in, or (panels NULL) the identity. Each panel is in x 16 and holds 16
 * rows of the matrix as columns, zeros behind the last row. */
typedef struct pf_affine_matrix {
  size_t in, out;
  double *panels;
} pf_affine_matrix;

/*
 * Means, matrices and deviations are sums of two floats each, so that a file of floats
 * gives them back to the bit.
 */
struct pflow_affine {
  pflow_affine_kind kind;
  size_t in, out;
  pflow_pool *pool;
  double *mean;           /* in; zeros for ROTATE */
  double *variances;      /* in, squares of deviations; or NULL */
  pf_affine_matrix there; /* M */
  pf_affine_matrix back;  /* its inverse on what M keeps; not for ALL_BUT_TOP */
};

/* An object of that kind without values but with room for all that the kind has. */
pflow_err pf_affine_new(pflow_affine **affine, pflow_affine_kind kind, size_t in,
                        size_t out);

/* The public calls, for rows of which the first has that number in messages. */
pflow_err pf_affine_apply(const pflow_affine *affine, const float *x, size_t n,
                          size_t first, float *y);
pflow_err pf_affine_invert(const pflow_affine *affine, const float *y, size_t n,
                           size_t first, float *x);

/* An entry of a matrix that has panels. */
double *pf_affine_entry(const pf_affine_matrix *matrix, size_t row, size_t column);

/*
 * A variance as its deviation's square, whose root is that deviation again: squares are
 * sooner beyond what floats reach. Not finite for a deviation that is beyond it.
 */
double pf_affine_variance(double deviation);

/* What a kind has. */
static inline bool pf_affine_has_matrix(pflow_affine_kind kind) {
  return kind != PFLOW_AFFINE_CENTER;
}

static inline bool pf_affine_has_variances(pflow_affine_kind kind) {
  return kind != PFLOW_AFFINE_CENTER && kind != PFLOW_AFFINE_ROTATE;
}

static inline bool pf_affine_has_inverse(pflow_affine_kind kind) {
  return kind != PFLOW_AFFINE_ALL_BUT_TOP;
}

#endif
