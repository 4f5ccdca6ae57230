/*
 * distance.c - the oracle of the distance kernels.
 */
#include "kernels/distance_kernels.h"

#include <math.h>

enum { width = 8 };

static double square(size_t k, const float *point, const float *row) {
  double total = 0.0;
  for (size_t first = 0; first < k; first += pf_distance_run) {
    float sum = 0.0f;
    for (size_t q = first; q < k && q < first + pf_distance_run; q++) {
      float difference = point[q * width] - row[q];
      sum += difference * difference;
    }
    total += sum;
  }
  return total;
}

static void squares(size_t k, const float *panel, size_t points, const float *rows,
                    size_t stride, size_t count, const double *limit, double *squared) {
  (void)limit;
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < points; i++)
      squared[j * width + i] += square(k, panel + i, rows + j * stride);
}

static void scan(const double *squared, size_t points, size_t count, double reach,
                 double *nearest, int64_t *hit) {
  for (size_t i = 0; i < points; i++) {
    for (size_t j = 0; j < count; j++)
      if (squared[j * width + i] < nearest[i]) nearest[i] = squared[j * width + i];
    hit[i] = 0;
    for (size_t j = 0; j < count; j++)
      if (!(squared[j * width + i] > reach * nearest[i])) hit[i] = -1;
  }
}

static void powers(double *base, double *power, size_t count, size_t exponent) {
  for (size_t i = 0; i < count; i++) {
    power[i] = exponent % 2 ? sqrt(base[i]) : 1.0;
    for (size_t bits = exponent / 2; bits > 0; bits /= 2) {
      if (bits % 2) power[i] *= base[i];
      base[i] *= base[i];
    }
  }
}

static void pull(size_t k, size_t count, const float *const *row, const float *weight,
                 const float *y, float *sum) {
  for (size_t q = 0; q < k; q++) {
    float total = 0.0f;
    for (size_t j = 0; j < count; j++)
      total += weight[j] * (row[j][q] - y[q]);
    sum[q] += total;
  }
}

void pf_fill_distance_reference(pf_distance_kernels *to);
void pf_fill_distance_reference(pf_distance_kernels *to) {
  *to = (pf_distance_kernels){width, squares, scan, powers, pull};
}
