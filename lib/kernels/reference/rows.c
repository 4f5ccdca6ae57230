/*
 * rows.c - the arithmetic of rows in plain C.
 */
#include "kernels/rows_kernels.h"

#include <float.h>
#include <math.h>

static bool all_finite(size_t n, const float *values) {
  int bad = 0;
  for (size_t i = 0; i < n; i++)
    bad |= !(fabsf(values[i]) <= FLT_MAX);
  return !bad;
}

static pf_rows_dots dots(size_t n, const float *a, const float *b) {
  pf_rows_dots sum = {0.0, 0.0, 0.0};
  for (size_t i = 0; i < n; i++) {
    const double x = a[i], y = b[i];
    sum.aa += x * x;
    sum.ab += x * y;
    sum.bb += y * y;
  }
  return sum;
}

static double differences(size_t n, const float *a, const float *b, double factor,
                          float *scaled) {
  double total = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double difference = (double)a[i] - b[i];
    total += difference * difference;
    if (scaled) scaled[i] = (float)(factor * difference);
  }
  return total;
}

static void scale(size_t n, float factor, float *values) {
  for (size_t i = 0; i < n; i++)
    values[i] *= factor;
}

static double sum_of(const pf_rows_terms *terms, size_t i) {
  double sum = 0.0;
  for (size_t j = 0; j < terms->count; j++)
    if (terms->weight[j] != 0.0)
      sum += terms->weight[j] * (double)terms->k[j][terms->first + i];
  return sum;
}

static void sum(size_t n, const pf_rows_terms *terms, double *to) {
  for (size_t i = 0; i < n; i++)
    to[i] = sum_of(terms, i);
}

static bool stage(size_t n, const pf_rows_terms *terms, double h, const double *state,
                  float *to) {
  for (size_t i = 0; i < n; i++)
    to[i] = (float)(state[i] + h * sum_of(terms, i));
  return all_finite(n, to);
}

static bool advance(size_t n, const pf_rows_terms *terms, double h, const double *state,
                    double *next, float *to) {
  for (size_t i = 0; i < n; i++) {
    next[i] = state[i] + h * sum_of(terms, i);
    to[i] = (float)next[i];
  }
  return all_finite(n, to);
}

static double scaled_square(size_t n, const double *values, const double *state,
                            const float *stage_end, double atol, double rtol) {
  double total = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double before = fabs(state[i]), after = fabs((double)stage_end[i]);
    const double ratio = values[i] / (atol + rtol * (before > after ? before : after));
    total += ratio * ratio;
  }
  return total;
}

void pf_fill_rows_reference(pf_rows_kernels *to);
void pf_fill_rows_reference(pf_rows_kernels *to) {
  *to = (pf_rows_kernels){all_finite, dots,  differences, scale,
                          sum,        stage, advance,     scaled_square};
}
