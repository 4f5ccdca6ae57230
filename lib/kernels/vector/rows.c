/*
 * rows.c - a vector of doubles at a time; what is left over goes the same way one by one.
 */
#include "kernels/rows_kernels.h"

#include <float.h>
#include <math.h>

#include "kernels/vector/vector.h"

static bool all_finite(size_t n, const float *values) {
  vi bad = {0};
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    const vf size = (vf)((vi)vf_load(values + i) & INT32_MAX);
    bad |= ~(vi)(size <= vf_set(FLT_MAX));
  }
  int32_t any = 0;
  for (size_t lane = 0; lane < pf_lanes; lane++)
    any |= bad[lane];
  for (; i < n; i++)
    any |= !(fabsf(values[i]) <= FLT_MAX);
  return !any;
}

static pf_rows_dots dots(size_t n, const float *a, const float *b) {
  vd aa[2] = {{0.0}}, ab[2] = {{0.0}}, bb[2] = {{0.0}};
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    pf_each (p, 2) {
      const vd x = vd_widen(a + i + p * vd_lanes), y = vd_widen(b + i + p * vd_lanes);
      aa[p] += x * x;
      ab[p] += x * y;
      bb[p] += y * y;
    }
  }
  pf_rows_dots sum = {vd_sum(aa[0] + aa[1]), vd_sum(ab[0] + ab[1]),
                      vd_sum(bb[0] + bb[1])};
  for (; i < n; i++) {
    const double x = a[i], y = b[i];
    sum.aa += x * x;
    sum.ab += x * y;
    sum.bb += y * y;
  }
  return sum;
}

static void scale(size_t n, double factor, float *values) {
  size_t i = 0;
  for (; i + vd_lanes <= n; i += vd_lanes)
    vd_store_rounded(values + i, vd_widen(values + i) * factor);
  for (; i < n; i++)
    values[i] = (float)(values[i] * factor);
}

pf_always_inline vd sum_of(const pf_rows_terms *terms, size_t i) {
  vd sum = {0.0};
  for (size_t j = 0; j < terms->count; j++)
    if (terms->weight[j] != 0.0)
      sum += terms->weight[j] * vd_widen(terms->k[j] + terms->first + i);
  return sum;
}

static double one_sum_of(const pf_rows_terms *terms, size_t i) {
  double sum = 0.0;
  for (size_t j = 0; j < terms->count; j++)
    if (terms->weight[j] != 0.0)
      sum += terms->weight[j] * (double)terms->k[j][terms->first + i];
  return sum;
}

static void sum(size_t n, const pf_rows_terms *terms, double *to) {
  size_t i = 0;
  for (; i + vd_lanes <= n; i += vd_lanes)
    vd_store(to + i, sum_of(terms, i));
  for (; i < n; i++)
    to[i] = one_sum_of(terms, i);
}

static void stage(size_t n, const pf_rows_terms *terms, double h, const double *state,
                  float *to) {
  size_t i = 0;
  for (; i + vd_lanes <= n; i += vd_lanes)
    vd_store_rounded(to + i, vd_load(state + i) + h * sum_of(terms, i));
  for (; i < n; i++)
    to[i] = (float)(state[i] + h * one_sum_of(terms, i));
}

static void advance(size_t n, const pf_rows_terms *terms, double h, const double *state,
                    double *next, float *to) {
  size_t i = 0;
  for (; i + vd_lanes <= n; i += vd_lanes) {
    const vd value = vd_load(state + i) + h * sum_of(terms, i);
    vd_store(next + i, value);
    vd_store_rounded(to + i, value);
  }
  for (; i < n; i++) {
    next[i] = state[i] + h * one_sum_of(terms, i);
    to[i] = (float)next[i];
  }
}

pf_always_inline vd size_of(vd value) {
  return (vd)((vl)value & INT64_MAX);
}

static double scaled_square(size_t n, const double *values, const double *state,
                            const float *stage_end, double atol, double rtol) {
  vd total = {0.0};
  size_t i = 0;
  for (; i + vd_lanes <= n; i += vd_lanes) {
    const vd before = size_of(vd_load(state + i)),
             after = size_of(vd_widen(stage_end + i));
    const vl more = (vl)(before > after);
    const vd size = (vd)((more & (vl)before) | (~more & (vl)after));
    const vd ratio = vd_load(values + i) / (atol + rtol * size);
    total += ratio * ratio;
  }
  double rest = vd_sum(total);
  for (; i < n; i++) {
    const double before = fabs(state[i]), after = fabs((double)stage_end[i]);
    const double ratio = values[i] / (atol + rtol * (before > after ? before : after));
    rest += ratio * ratio;
  }
  return rest;
}

void pf_fill(rows)(pf_rows_kernels *to);
void pf_fill(rows)(pf_rows_kernels *to) {
  *to = (pf_rows_kernels){all_finite, dots, scale, sum, stage, advance, scaled_square};
}
