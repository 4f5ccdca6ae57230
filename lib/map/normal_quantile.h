/*
 * normal_quantile.h - quantiles of the standard normal distribution.
 */
#ifndef LIBPFLOW_NORMAL_QUANTILE_H
#define LIBPFLOW_NORMAL_QUANTILE_H

#include <math.h>

/* The z with P(Z <= z) = p, for 0 < p < 1, to double's rounding: bisection. */
static inline double pf_normal_quantile(double p) {
  double low = -40.0, high = 40.0;
  for (int i = 0; i < 64; i++) {
    const double middle = 0.5 * (low + high);
    if (0.5 * erfc(-middle * 0.70710678118654752440) < p)
      low = middle;
    else
      high = middle;
  }
  return 0.5 * (low + high);
}

#endif
