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

/* Returns a status; on error nothing is left to free. Rows of one column lie on a line.
 */
int scatter_make(scatter *self, const pflow_features *rows);
void scatter_free(scatter *self);

#endif
