/*
 * conv2d.h - a convolution whose shapes are known, and the ways to compute it. A way
 * takes part in the layer's plan, where it asks for scratch, and has a forward and a
 * backward; layer_conv2d.c has all that does not depend on the way.
 */
#ifndef LIBPFLOW_CONV2D_H
#define LIBPFLOW_CONV2D_H

#include "kernels/im2col.h"
#include "pflow/nn.h"

/* What a pass of the Fourier way holds at once: images, and blocks of channels. */
typedef struct pf_conv2d_piece {
  size_t images, blocks;
} pf_conv2d_piece;

typedef struct pf_conv2d {
  pflow_conv2d_config config;
  pf_window window;                  /* this and what follows: set by the layer's plan */
  pflow_conv2d_algorithm way;        /* the one taken, not PFLOW_CONV_AUTO */
  size_t depth;                      /* values of a patch */
  size_t places;                     /* output pixels of an image */
  size_t group;                      /* by products: images a product */
  size_t gemm_scratch;               /* and floats of scratch for it */
  size_t size;                       /* Fourier: of the transforms */
  pf_conv2d_piece forward, backward; /* and pieces of the passes */
} pf_conv2d;

/* By matrix products over patches (im2col): any kernel, stride and padding. */
pflow_err pf_conv2d_gemm_plan(pf_conv2d *conv, pflow_layer_plan *plan);
pflow_err pf_conv2d_gemm_forward(const pf_conv2d *conv, const pflow_layer_call *call);
pflow_err pf_conv2d_gemm_backward(const pf_conv2d *conv, const pflow_layer_call *call);

/* In the Fourier domain: 3 x 3, stride 1, padding 1, sides up to 31. */
bool pf_conv2d_fft_serves(const pf_conv2d *conv);
/* Whether it is likely to be faster, with so much scratch, on this processor. */
bool pf_conv2d_fft_pays(const pf_conv2d *conv, size_t scratch_bytes);
pflow_err pf_conv2d_fft_plan(pf_conv2d *conv, pflow_layer_plan *plan);
pflow_err pf_conv2d_fft_forward(const pf_conv2d *conv, const pflow_layer_call *call);
pflow_err pf_conv2d_fft_backward(const pf_conv2d *conv, const pflow_layer_call *call);

#endif
