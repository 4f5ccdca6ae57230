/*
 * mlp_kernels.h - layers of a small network on a panel of rows that stays in cache.
 *
 * A panel holds up to `rows` rows by features: value f of row r at [f * rows + r]. Rows
 * are lanes and share no arithmetic, so the bits of a row depend neither on its place in
 * the panel nor on the others. Lanes behind the last row hold 0 when a panel is entered,
 * and whatever the layers make of it from then on. Panels are aligned to PFLOW_ALIGNMENT.
 */
#ifndef LIBPFLOW_MLP_KERNELS_H
#define LIBPFLOW_MLP_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { pf_mlp_most_rows = 32 };

/* A layer y = W x + b and what follows at once. */
typedef struct pf_mlp_linear {
  size_t in, out;
  const float *weight; /* out x in */
  const float *bias;   /* out; NULL: none */
  bool relu;           /* negative values become 0; NaN passes */
} pf_mlp_linear;

typedef struct pf_mlp_kernels {
  size_t rows; /* of a whole panel */
  /* The panel of n rows of dim values, and the rows of a panel. */
  void (*enter)(size_t n, size_t dim, const float *values, float *panel);
  void (*leave)(size_t n, size_t dim, const float *panel, float *values);
  /* The panel y of the layer for the first n rows of x; a sum starts with the bias and
   * takes the inputs in rising order, in float. */
  void (*linear)(const pf_mlp_linear *layer, size_t n, const float *x, float *y);
  /* On `size` values in place: x < 0 becomes 0; x / (1 + e^-x). */
  void (*relu)(size_t size, float *values);
  void (*silu)(size_t size, float *values);
  /* dx = dy times the slope of silu at x; dx may be x or dy. */
  void (*silu_slopes)(size_t size, const float *x, const float *dy, float *dx);
} pf_mlp_kernels;

#endif
