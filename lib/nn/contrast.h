/*
 * contrast.h - what the losses on two views share.
 */
#ifndef LIBPFLOW_CONTRAST_H
#define LIBPFLOW_CONTRAST_H

#include "base/base.h"
#include "nn/pairs.h"
#include "pflow/contrast.h"

/* What a loss notes of a row. */
typedef struct pf_contrast_row {
  double top, sum; /* of exponentials: sum * e^top; of powers: sum alone */
  double square;   /* ||x_i||^2 */
  double positive; /* x_i . y_i */
  double weight;   /* sum of the row's weights */
} pf_contrast_row;

struct pflow_contrast_work {
  pflow_pool *pool;
  size_t max_rows;
  pf_contrast_row row[];
};

/* The arguments of one call. */
typedef struct pf_contrast {
  pflow_contrast_work *work;
  const float *x, *y;
  size_t n, dim;
  float *dx, *dy; /* either may be NULL */
} pf_contrast;

/* Checks the arguments; the gradients begin at 0. */
pflow_err pf_contrast_begin(const pf_contrast *self, const double *loss);

/* mean_i ||x_i - y_i||^alpha; its gradients are added. */
double pf_contrast_align(const pf_contrast *self, double alpha);

/* Adds e^exponent to a row's sum, for any count. */
void pf_contrast_add_exp(pf_contrast_row *row, const double *exponent, size_t count);

/* PFLOW_EINVAL unless 1 <= value < infinity: below 1 the gradient has no bound. */
pflow_err pf_contrast_check_power(const char *name, double value);

/* to += factor * from, dim values. */
void pf_contrast_add(float *to, double factor, const float *from, size_t dim);

#endif
