/*
 * distance_kernels.h - kernels of squared distances and of sums weighted by them.
 *
 * A panel holds `points` <= width points of k coordinates, coordinate q of point i at
 * [q * width + i], as the `turn` of gemm_kernels.h packs them. Their squared distances to
 * rows make a table with point i and row j at [j * width + i]. The lanes behind the
 * points, up to the next whole vector, may hold anything.
 */
#ifndef LIBPFLOW_DISTANCE_KERNELS_H
#define LIBPFLOW_DISTANCE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { pf_distance_most_width = 32, pf_distance_run = 16 };

typedef struct pf_distance_kernels {
  size_t width; /* points of a panel */
  /*
   * squared += the squared distances of the points to `count` rows, `stride` floats
   * apart, in the first k coordinates. Differences are rounded to float, their squares
   * summed in float over at most pf_distance_run coordinates, and those sums in double:
   * relative error about 6e-7 / sqrt(k). A value's bits depend neither on the other
   * points nor on the other rows; k may be cut at multiples of pf_distance_run.
   *
   * With a limit for each of the `width` lanes (NULL: none) a value may be left short,
   * but above its limit, in rows that are further than that from every point.
   */
  void (*squares)(size_t k, const float *panel, size_t points, const float *rows,
                  size_t stride, size_t count, const double *limit, double *squared);
  /*
   * Lowers nearest[i] to the least of point i's squared distances, which may be NaN, and
   * sets hit[i] to 0 if all of them are above reach * nearest[i], to -1 if not.
   */
  void (*scan)(const double *squared, size_t points, size_t count, double reach,
               double *nearest, int64_t *hit);
  /* power[i] = base[i]^(exponent / 2), by squarings and a square root; base is used up.
   */
  void (*powers)(double *base, double *power, size_t count, size_t exponent);
  /* sum += weight_0 (row_0 - y) + weight_1 (row_1 - y) + ..., each of k values. */
  void (*pull)(size_t k, size_t count, const float *const *row, const float *weight,
               const float *y, float *sum);
} pf_distance_kernels;

#endif
