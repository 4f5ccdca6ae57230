/*
 * uniformity_ideal.c - the uniformity of the uniform distribution on a sphere.
 *
 * E exp(-2t + 2t u) = exp(-2t) 0F1(; dim/2; t^2) with u one coordinate of a uniform
 * point. All terms of the series are positive: it is summed outwards from its largest
 * term, in units of that term, so nothing overflows.
 */
#include <float.h>
#include <math.h>

#include "eval/uniformity.h"
#include "pflow/eval.h"

pflow_err pf_check_uniformity_t(double t) {
  return pf_check_setting(t > 0.0 && t <= 1e6, "t", t, "> 0 and <= 1e6");
}

/* Term k + 1 of the series divided by term k. */
static double ratio(double b, double t, double k) {
  return t / (b + k) * (t / (k + 1.0));
}

/* Log of term k: t^2k / ((b)_k k!). */
static double log_term(double b, double t, double k) {
  int sign;
  double rising = lgamma_r(b + k, &sign) - lgamma_r(b, &sign);
  return 2.0 * k * log(t) - rising - lgamma_r(k + 1.0, &sign);
}

/* Where the ratio falls to 1: (b + k)(k + 1) = t^2. */
static double peak(double b, double t) {
  double half = 0.5 * (b + 1.0);
  double root = sqrt(half * half - b + t * t) - half;
  return root > 0.0 ? floor(root) : 0.0;
}

static double log_series(double b, double t) {
  double top = peak(b, t), sum = 1.0;
  double term = 1.0;
  for (double k = top; term > 0.01 * DBL_EPSILON * sum; k++)
    sum += term *= ratio(b, t, k);
  term = 1.0;
  for (double k = top; k > 0.0 && term > 0.01 * DBL_EPSILON * sum; k--)
    sum += term /= ratio(b, t, k - 1.0);
  return log_term(b, t, top) + log(sum);
}

pflow_err pflow_uniformity_ideal(size_t dim, double t, double *value) {
  pf_need(value);
  pf_try(pf_check_setting(dim > 0, "dim", (double)dim, "> 0"));
  pf_try(pf_check_uniformity_t(t));
  *value = log_series(0.5 * (double)dim, t) - 2.0 * t;
  return PFLOW_OK;
}
