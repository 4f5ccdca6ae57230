/*
 * exp.h - exponential and logarithm of vectors of doubles.
 */
#ifndef LIBPFLOW_EXP_H
#define LIBPFLOW_EXP_H

#include "kernels/vector/vector.h"

typedef uint64_t vul __attribute__((vector_size(pf_lanes * sizeof(float))));

/* ln 2 as a sum: n times the first part is exact for |n| < 2^11. */
#define ln2_high 0x1.62e42fefa38p-1
#define ln2_low  0x1.ef35793c7673p-45

/*
 * exp(x) for x <= 0, within 2 units of the last place; 0 below -708, where results near
 * the smallest normal double. NaN gives NaN.
 *
 * x = n ln 2 + r, |r| <= ln 2 / 2; 2^n comes from adding n to the exponent, where the
 * rounding to an integer has left it in the last bits. The series of exp(r) ends where
 * its rest is below 2^-57.
 */
pf_always_inline vd vd_exp(vd x) {
  const vd round = vd_set(0x1.8p52);
  const vd shifted = x * 0x1.71547652b82fep0 + round, n = shifted - round;
  const vd r = (x - n * ln2_high) - n * ln2_low;
  vd sum = vd_set(1.0 / 6227020800.0);
  static const double inverse_factorial[] = {1.0 / 479001600.0,
                                             1.0 / 39916800.0,
                                             1.0 / 3628800.0,
                                             1.0 / 362880.0,
                                             1.0 / 40320.0,
                                             1.0 / 5040.0,
                                             1.0 / 720.0,
                                             1.0 / 120.0,
                                             1.0 / 24.0,
                                             1.0 / 6.0,
                                             1.0 / 2.0,
                                             1.0,
                                             1.0};
  pf_each (i, 13)
    sum = sum * r + inverse_factorial[i];
  const vd value = (vd)((vul)sum + ((vul)shifted << 52));
  const vd finite = vd_choose(x < -708.0, vd_set(0.0), value);
  return vd_choose(x == x, finite, x);
}

/*
 * log(1 + y) for y >= 0 and finite, within 4 units of the last place, for tiny y too. NaN
 * gives NaN.
 *
 * u = 1 + y rounded is 2^e (1 + f) with 1 + f within [sqrt(1/2), sqrt(2)], and log(1 + f)
 * is 2 artanh(f / (2 + f)); what u lost of y comes back as (y - (u - 1)) / u.
 */
pf_always_inline vd vd_log1p(vd y) {
  const vd u = 1.0 + y;
  /* The exponent of u / sqrt(1/2), biased by that of 1. */
  const vul above = (vul)u - (vul)vd_set(0x1.6a09e667f3bcdp-1);
  const vl e = (vl)above >> 52;
  const vd m = (vd)((vul)u - ((vul)e << 52)), f = m - 1.0;
  const vd s = f / (2.0 + f), square = s * s;
  vd sum = vd_set(1.0 / 21.0);
  static const double odd[] = {1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0,
                               1.0 / 9.0,  1.0 / 7.0,  1.0 / 5.0,  1.0 / 3.0};
  pf_each (i, 9)
    sum = sum * square + odd[i];
  const vd n = __builtin_convertvector(e, vd);
  const vd lost = (y - (u - 1.0)) / u;
  const vd small = 2.0 * s * square * sum + (n * ln2_low + lost);
  const vd value = n * ln2_high + (2.0 * s + small);
  return vd_choose(y == y, value, y);
}

#endif
