/*
 * scatter.h - rows as points of the plane of their first two principal coordinates.
 */
#ifndef DRAW_SCATTER_H
#define DRAW_SCATTER_H

#include <pflow.h>

#include "draw/plot.h"

typedef struct scatter {
  size_t n;
  double *x, *y;   /* n each */
  double share[2]; /* of the rows' variance along either axis */
  plot_range range;
} scatter;

/* On error, of the library, nothing is left to free. Rows of one column lie on a line. */
pflow_err scatter_make(scatter *self, const pflow_features *rows);
void scatter_free(scatter *self);

#endif
