/*
 * rows.c - a vector of doubles at a time; what is left over goes the same way one by one.
 */
#include "kernels/rows_kernels.h"

#include <float.h>
#include <math.h>

#include "kernels/vector/vector.h"

/* Lanes of all ones where a value is not finite. */
pf_always_inline vi not_finite(vf value) {
  return ~(vi)((vf)((vi)value & INT32_MAX) <= vf_set(FLT_MAX));
}

static bool any_of(vi lanes) {
  int32_t any = 0;
  for (size_t lane = 0; lane < pf_lanes; lane++)
    any |= lanes[lane];
  return any;
}

static bool all_finite(size_t n, const float *values) {
  vi bad = {0};
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes)
    bad |= not_finite(vf_load(values + i));
  bool any = any_of(bad);
  for (; i < n; i++)
    any |= !(fabsf(values[i]) <= FLT_MAX);
  return !any;
}

static pf_rows_dots dots(size_t n, const float *a, const float *b) {
  vd aa[2] = {{0.0}}, ab[2] = {{0.0}}, bb[2] = {{0.0}};
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    const vd_pair x = vf_widen(vf_load(a + i)), y = vf_widen(vf_load(b + i));
    pf_each (p, 2) {
      aa[p] += x.half[p] * x.half[p];
      ab[p] += x.half[p] * y.half[p];
      bb[p] += y.half[p] * y.half[p];
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

static double differences(size_t n, const float *a, const float *b, double factor,
                          float *scaled) {
  vd total[2] = {{0.0}, {0.0}};
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    vd_pair x = vf_widen(vf_load(a + i));
    const vd_pair y = vf_widen(vf_load(b + i));
    pf_each (p, 2) {
      x.half[p] -= y.half[p];
      total[p] += x.half[p] * x.half[p];
      x.half[p] *= factor;
    }
    if (scaled) vf_store(scaled + i, vd_narrow(x));
  }
  double sum = vd_sum(total[0] + total[1]);
  for (; i < n; i++) {
    const double difference = (double)a[i] - b[i];
    sum += difference * difference;
    if (scaled) scaled[i] = (float)(factor * difference);
  }
  return sum;
}

static void scale(size_t n, float factor, float *values) {
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes)
    vf_store(values + i, vf_load(values + i) * factor);
  for (; i < n; i++)
    values[i] *= factor;
}

/* The terms that have a weight. */
typedef struct used_terms {
  size_t count;
  double weight[pf_rows_most_terms];
  const float *k[pf_rows_most_terms];
} used_terms;

static used_terms use(const pf_rows_terms *terms) {
  used_terms used;
  used.count = 0;
  for (size_t j = 0; j < terms->count; j++) {
    if (terms->weight[j] == 0.0) continue;
    used.weight[used.count] = terms->weight[j];
    used.k[used.count++] = terms->k[j] + terms->first;
  }
  return used;
}

/* pf_lanes sums of `count` terms, a constant or used->count. */
pf_always_inline vd_pair sum_of(const used_terms *used, size_t count, size_t i) {
  vd_pair sum = {.half = {{0.0}, {0.0}}};
  for (size_t j = 0; j < count; j++) {
    const vd_pair k = vf_widen(vf_load(used->k[j] + i));
    sum.half[0] += used->weight[j] * k.half[0];
    sum.half[1] += used->weight[j] * k.half[1];
  }
  return sum;
}

static double one_sum_of(const used_terms *used, size_t i) {
  double sum = 0.0;
  for (size_t j = 0; j < used->count; j++)
    sum += used->weight[j] * (double)used->k[j][i];
  return sum;
}

static void sum(size_t n, const pf_rows_terms *terms, double *to) {
  const used_terms used = use(terms);
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    const vd_pair value = sum_of(&used, used.count, i);
    vd_store(to + i, value.half[0]);
    vd_store(to + i + vd_lanes, value.half[1]);
  }
  for (; i < n; i++)
    to[i] = one_sum_of(&used, i);
}

/* `to`, and next if it is to be kept, of `count` terms, as far as whole vectors reach. */
pf_always_inline size_t move_on(const used_terms *used, size_t count, size_t n, double h,
                                const double *state, bool keep, double *next, float *to,
                                vi *bad) {
  size_t i = 0;
  for (; i + pf_lanes <= n; i += pf_lanes) {
    vd_pair value = sum_of(used, count, i);
    pf_each (p, 2) {
      const size_t at = i + p * vd_lanes;
      value.half[p] = vd_load(state + at) + h * value.half[p];
      if (keep) vd_store(next + at, value.half[p]);
    }
    const vf rounded = vd_narrow(value);
    vf_store(to + i, rounded);
    *bad |= not_finite(rounded);
  }
  return i;
}

/* The numbers of terms that methods have most often are constants. */
pf_always_inline bool combine(size_t n, const pf_rows_terms *terms, double h,
                              const double *state, bool keep, double *next, float *to) {
  const used_terms used = use(terms);
  vi bad = {0};
  size_t i;
  if (used.count == 1)
    i = move_on(&used, 1, n, h, state, keep, next, to, &bad);
  else if (used.count == 2)
    i = move_on(&used, 2, n, h, state, keep, next, to, &bad);
  else if (used.count == 4)
    i = move_on(&used, 4, n, h, state, keep, next, to, &bad);
  else
    i = move_on(&used, used.count, n, h, state, keep, next, to, &bad);
  bool any = any_of(bad);
  for (; i < n; i++) {
    const double value = state[i] + h * one_sum_of(&used, i);
    if (keep) next[i] = value;
    to[i] = (float)value;
    any |= !(fabsf(to[i]) <= FLT_MAX);
  }
  return !any;
}

static bool stage(size_t n, const pf_rows_terms *terms, double h, const double *state,
                  float *to) {
  return combine(n, terms, h, state, false, NULL, to);
}

static bool advance(size_t n, const pf_rows_terms *terms, double h, const double *state,
                    double *next, float *to) {
  return combine(n, terms, h, state, true, next, to);
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
  *to = (pf_rows_kernels){all_finite, dots,  differences, scale,
                          sum,        stage, advance,     scaled_square};
}
