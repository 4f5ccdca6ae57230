/*
 * conv2d.h - a convolution whose shapes are known, and the ways to compute it;
 * layer_conv2d.c has all that does not depend on the way.
 */
#ifndef LIBPFLOW_CONV2D_H
#define LIBPFLOW_CONV2D_H

#include "kernels/im2col.h"
#include "pflow/nn.h"

/* What a pass of the Fourier way holds at once: images, and blocks of channels. */
typedef struct pf_conv2d_piece {
  size_t images, blocks;
} pf_conv2d_piece;

typedef struct pf_conv2d pf_conv2d;

/* A way to compute it: its part of the layer's plan (scratch), and both directions. */
typedef struct pf_conv2d_way {
  pflow_err (*plan)(pf_conv2d *conv, pflow_layer_plan *plan);
  pflow_err (*forward)(const pf_conv2d *conv, const pflow_layer_call *call);
  pflow_err (*backward)(const pf_conv2d *conv, const pflow_layer_call *call);
} pf_conv2d_way;

struct pf_conv2d {
  pflow_conv2d_config config;
  pf_window window; /* this and what follows: set by the layer's plan */
  const pf_conv2d_way *way;
  size_t depth;                      /* values of a patch */
  size_t places;                     /* output pixels of an image */
  size_t group;                      /* by the BLAS: images a product */
  size_t parts, slots;               /* over packed patches: of the passes backward */
  size_t size;                       /* Fourier: of the transforms */
  pf_conv2d_piece forward, backward; /* and pieces of the passes */
};

/* Backward needs so many floats of scratch, at least what forward does. */
static inline void pf_conv2d_backward_scratch(pflow_layer_plan *plan, size_t floats) {
  if (floats > plan->scratch_fixed) plan->backward_scratch = floats - plan->scratch_fixed;
}

/* By products of patch matrices (im2col): any kernel, stride and padding. */
extern const pf_conv2d_way pf_conv2d_blas;    /* at the reference level */
extern const pf_conv2d_way pf_conv2d_patches; /* at the others */

/* In the Fourier domain: 3 x 3, stride 1, padding 1, sides up to 31. */
extern const pf_conv2d_way pf_conv2d_fft;
bool pf_conv2d_fft_serves(const pf_conv2d *conv);
/* Whether it is likely to be faster, with so much scratch, on this processor. */
bool pf_conv2d_fft_pays(const pf_conv2d *conv, size_t scratch_bytes);

#endif
