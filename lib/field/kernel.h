/*
 * kernel.h - one draw from the kernel of a height, for those that draw inside loops of
 * their own.
 */
#ifndef LIBPFLOW_KERNEL_H
#define LIBPFLOW_KERNEL_H

#include "base/base.h"
#include "pflow/denoiser.h"

typedef struct pf_kernel_law {
  pflow_rng rng; /* in front of row 0; even position */
  size_t dim;
  double aug_dim;
} pf_kernel_law;

/* x (dim) ~ p_r(. | s) from the words of row `row`; s NULL: the origin; x may be s. */
void pf_kernel_row(const pf_kernel_law *law, uint64_t row, const float *s, double r,
                   float *x);

/* PFLOW_EINVAL naming the first row whose height is not in (0, infinity). */
pflow_err pf_check_heights(const double *r, size_t n, const char *what);

#endif
