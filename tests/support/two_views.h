/*
 * two_views.h - two views of some rows, and the losses on them, each beside its
 * definition.
 */
#ifndef TESTS_TWO_VIEWS_H
#define TESTS_TWO_VIEWS_H

#include <stddef.h>

#include "pflow.h"

/* Two views of n rows, as the library has them, and room for gradients. */
typedef struct two_views {
  size_t n, dim;
  float *x, *y, *dx, *dy;
} two_views;

/* y is x with some noise; rows of length 1, or of about `length`. */
two_views two_views_make(size_t n, size_t dim, float length);
void two_views_free(two_views *v);

/* A loss with settings p: alpha, t, lambda; tau, symmetric; or alpha, beta, lambda. */
typedef struct loss_case {
  const char *name;
  /* In double, from the definition. */
  double (*define)(const double *x, const double *y, size_t n, size_t dim,
                   const double *p);
  /* The library's. */
  pflow_err (*call)(pflow_contrast_work *work, const two_views *v, const double *p,
                    double *loss, float *dx, float *dy);
  double p[3];
} loss_case;

/* Four of alignment and uniformity, four of InfoNCE, four of the powers. */
enum { loss_case_count = 12, loss_case_rows = 300 };
extern const loss_case loss_cases[loss_case_count];

/* A workspace for loss_case_rows rows. */
pflow_contrast_work *loss_case_work(pflow_pool *pool);

#endif
