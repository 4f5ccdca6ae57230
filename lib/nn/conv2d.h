/*
 * conv2d.h - a convolution whose shapes are known, and the ways to compute it. A way
 * takes part in the layer's plan, where it asks for scratch and saved values, and has a
 * forward and a backward; layer_conv2d.c has all that does not depend on the way.
 */
#ifndef LIBPFLOW_CONV2D_H
#define LIBPFLOW_CONV2D_H

#include "kernels/im2col.h"
#include "pflow/nn.h"

typedef struct pf_conv2d {
  pflow_conv2d_config config;
  pf_window window; /* this and the next two: set by the layer's plan */
  size_t depth;     /* values of a patch */
  size_t places;    /* output pixels of an image */
  size_t group;     /* images a product; set by the plan of the way */
} pf_conv2d;

/* By matrix products over patches (im2col): any kernel, stride and padding. */
pflow_err pf_conv2d_gemm_plan(pf_conv2d *conv, pflow_layer_plan *plan);
pflow_err pf_conv2d_gemm_forward(const pf_conv2d *conv, const pflow_layer_call *call);
pflow_err pf_conv2d_gemm_backward(const pf_conv2d *conv, const pflow_layer_call *call);

#endif
