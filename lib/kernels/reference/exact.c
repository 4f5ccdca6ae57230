/*
 * exact.c - the oracle of the exact field's kernels.
 */
#include "kernels/exact_kernels.h"

#include <math.h>
#include <stdbool.h>

enum { width = 8, piece = 128 };

static float squared_distance(const float *source, const float *x, size_t dim) {
  float sum = 0.0f, part = 0.0f;
  for (size_t k = 0; k < dim; k++) {
    float difference = x[k * width] - source[k];
    part += difference * difference;
    if (k % piece == piece - 1 || k + 1 == dim) {
      sum += part;
      part = 0.0f;
    }
  }
  return sum;
}

static void distances(const float *source, size_t stride, size_t count, const float *x,
                      size_t dim, size_t used, float *squared, float *nearest) {
  for (size_t i = 0; i < used; i++) {
    nearest[i] = INFINITY;
    for (size_t j = 0; j < count; j++) {
      float value = squared_distance(source + j * stride, x + i, dim);
      squared[j * width + i] = value;
      if (value < nearest[i]) nearest[i] = value;
    }
  }
}

static void weigh(float power, float reach, size_t count, size_t used, const float *least,
                  const float *inverse, const float *squared, float *weight, float *sum) {
  for (size_t i = 0; i < used; i++) {
    float part = 0.0f;
    for (size_t j = 0; j < count; j++) {
      float t = (squared[j * width + i] - least[i]) * inverse[i];
      bool counts = t <= reach; /* false for NaN */
      weight[j * width + i] = counts ? (float)exp(-power * log1p(t)) : 0.0f;
      part += weight[j * width + i];
    }
    sum[i] += part;
  }
}

static void gather(const float *const *row, size_t count, size_t dim, size_t used,
                   const float *weight, const float *scale, float *sum) {
  for (size_t k = 0; k < dim; k++) {
    for (size_t i = 0; i < used; i++) {
      float part = 0.0f;
      for (size_t j = 0; j < count; j++)
        part += row[j][k] * weight[j * width + i];
      sum[k * width + i] = sum[k * width + i] * scale[i] + part;
    }
  }
}

static void merge(size_t dim, size_t used, const double *keep, const double *take,
                  const float *sum, double *total) {
  for (size_t k = 0; k < dim; k++)
    for (size_t i = 0; i < used; i++)
      total[k * width + i] =
          total[k * width + i] * keep[i] + (double)sum[k * width + i] * take[i];
}

void pf_fill_exact_reference(pf_exact_kernels *to);
void pf_fill_exact_reference(pf_exact_kernels *to) {
  *to = (pf_exact_kernels){width, distances, weigh, gather, merge};
}
