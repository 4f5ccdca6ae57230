/*
 * normal.c - the oracle of the normal random numbers: the public generator.
 */
#include "kernels/normal_kernels.h"

static void draw(const pflow_rng *rng, float *out, size_t n) {
  pflow_rng copy = *rng;
  pflow_rng_normal(&copy, out, n, 0.0, 1.0);
}

void pf_fill_normal_reference(pf_normal_kernels *to);
void pf_fill_normal_reference(pf_normal_kernels *to) {
  *to = (pf_normal_kernels){draw};
}
