/*
 * affine.h - a fitted affine transform y = M (x - mean).
 */
#ifndef LIBPFLOW_AFFINE_H
#define LIBPFLOW_AFFINE_H

#include "pflow/map.h"

/* Outputs computed side by side. */
enum { pf_affine_panel = 16 };

struct pflow_affine {
  pflow_affine_kind kind;
  size_t in, out;
  pflow_pool *pool;
  double *mean;      /* in; zeros for ROTATE */
  double *variances; /* in, or NULL */
  double *panels;    /* M, or NULL for CENTER: each panel is in x 16, holding 16 rows of M
                        as columns, zeros behind the last row */
};

#endif
