/*
 * normal_kernels.h - normal random numbers, many at a time.
 */
#ifndef LIBPFLOW_NORMAL_KERNELS_H
#define LIBPFLOW_NORMAL_KERNELS_H

#include <stddef.h>

#include "pflow/random.h"

typedef struct pf_normal_kernels {
  /*
   * n values of N(0, 1) from the words that pflow_rng_normal would draw, whose values
   * they are but for a last bit here and there. The generator is not moved.
   */
  void (*draw)(const pflow_rng *rng, float *out, size_t n);
} pf_normal_kernels;

#endif
