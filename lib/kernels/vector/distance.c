/*
 * distance.c - a tile of rows x two vectors of points in registers: the points are the
 * lanes, so no sum runs across a vector.
 */
#include <math.h>
#include <stdbool.h>

#include "kernels/distance_kernels.h"
#include "kernels/vector/vector.h"

enum { width = 2 * pf_lanes, run = pf_distance_run, tile = 8 };

/*
 * Sums of one run of coordinates for m rows x `parts` vectors of points, m and parts
 * constants; sum t is that of row t / parts and vector t % parts.
 */
pf_always_inline void add_run(size_t m, size_t parts, size_t k, const float *panel,
                              const float *rows, size_t stride, vd total[][2]) {
  vf sum[tile];
  pf_each (t, m * parts)
    sum[t] = (vf){0.0f};
  for (size_t q = 0; q < k; q++) {
    pf_each (t, m * parts) {
      vf point = vf_load(panel + q * width + t % parts * pf_lanes);
      vf difference = point - rows[t / parts * stride + q];
      sum[t] += difference * difference;
    }
  }
  pf_each (t, m * parts)
    vd_add_widened(total[t], sum[t]);
}

/* Whether all sums are beyond the limits of their points. */
pf_always_inline bool all_beyond(size_t m, size_t parts, vd total[][2],
                                 const double *limit) {
  vl beyond = ~(vl){0};
  pf_each (t, m * parts) {
    const double *of = limit + t % parts * pf_lanes;
    beyond &= (vl)(total[t][0] > vd_load(of));
    beyond &= (vl)(total[t][1] > vd_load(of + pf_lanes / 2));
  }
  int64_t all = -1;
  pf_each (lane, pf_lanes / 2)
    all &= beyond[lane];
  return all != 0;
}

/* The squares of m rows. The more runs have not been enough the fewer others are looked
 * for: after 1, 2, 4, ... runs. */
pf_always_inline void add_rows(size_t m, size_t parts, size_t k, const float *panel,
                               const float *rows, size_t stride, const double *limit,
                               double *squared) {
  const size_t whole = k - k % run;
  vd total[tile][2];
  pf_each (t, m * parts) {
    const double *from = squared + t / parts * width + t % parts * pf_lanes;
    total[t][0] = vd_load(from);
    total[t][1] = vd_load(from + pf_lanes / 2);
  }
  bool short_of = false;
  for (size_t q = 0, look = run; q < whole && !short_of; q += run) {
    add_run(m, parts, run, panel + q * width, rows + q, stride, total);
    if (!limit || q + run < look) continue;
    short_of = all_beyond(m, parts, total, limit);
    look *= 2;
  }
  if (whole < k && !short_of)
    add_run(m, parts, k - whole, panel + whole * width, rows + whole, stride, total);
  pf_each (t, m * parts) {
    double *to = squared + t / parts * width + t % parts * pf_lanes;
    vd_store(to, total[t][0]);
    vd_store(to + pf_lanes / 2, total[t][1]);
  }
}

/* One or two vectors of points, `parts` a constant. */
pf_always_inline void all_rows(size_t parts, size_t k, const float *panel,
                               const float *rows, size_t stride, size_t count,
                               const double *limit, double *squared) {
  size_t j = 0;
  for (; j + tile / parts <= count; j += tile / parts)
    add_rows(tile / parts, parts, k, panel, rows + j * stride, stride, limit,
             squared + j * width);
  for (; j < count; j++)
    add_rows(1, parts, k, panel, rows + j * stride, stride, limit, squared + j * width);
}

static void squares(size_t k, const float *panel, size_t points, const float *rows,
                    size_t stride, size_t count, const double *limit, double *squared) {
  if (points > pf_lanes)
    all_rows(2, k, panel, rows, stride, count, limit, squared);
  else
    all_rows(1, k, panel, rows, stride, count, limit, squared);
}

/*
 * `parts` vectors of points side by side, because each minimum waits for the one before.
 * NaN is not among the minima, but turns the sum of all values into one.
 */
pf_always_inline void scan_parts(size_t parts, const double *squared, size_t count,
                                 double reach, double *nearest, int64_t *hit) {
  vd least[4], total[4];
  pf_each (p, parts) {
    least[p] = (vd){0.0} + INFINITY;
    total[p] = (vd){0.0};
  }
  for (size_t j = 0; j < count; j++) {
    pf_each (p, parts) {
      vd value = vd_load(squared + j * width + p * pf_lanes / 2);
      least[p] = vd_choose(value < least[p], value, least[p]);
      total[p] += value;
    }
  }
  pf_each (p, parts) {
    const size_t at = p * pf_lanes / 2;
    vd before = vd_load(nearest + at);
    vd now = vd_choose(least[p] < before, least[p], before);
    vl near = ~(least[p] > now * reach) | (total[p] != total[p]);
    vd_store(nearest + at, now);
    memcpy(hit + at, &near, sizeof near);
  }
}

static void scan(const double *squared, size_t points, size_t count, double reach,
                 double *nearest, int64_t *hit) {
  if (points > pf_lanes)
    scan_parts(4, squared, count, reach, nearest, hit);
  else
    scan_parts(2, squared, count, reach, nearest, hit);
}

static void powers(double *restrict base, double *restrict power, size_t count,
                   size_t exponent) {
  for (size_t i = 0; i < count; i++)
    power[i] = exponent % 2 ? sqrt(base[i]) : 1.0;
  for (size_t bits = exponent / 2; bits > 0; bits /= 2) {
    if (bits % 2) {
      for (size_t i = 0; i < count; i++)
        power[i] *= base[i];
    }
    for (size_t i = 0; i < count; i++)
      base[i] *= base[i];
  }
}

/* `parts` vectors of coordinates, parts a constant. */
pf_always_inline void pull_strip(size_t parts, size_t count, const float *const *row,
                                 const float *weight, size_t at, const float *y,
                                 float *sum) {
  vf point[4], total[4];
  for (size_t p = 0; p < parts; p++) {
    point[p] = vf_load(y + at + p * pf_lanes);
    total[p] = (vf){0.0f};
  }
  for (size_t j = 0; j < count; j++) {
    pf_each (p, parts)
      total[p] += weight[j] * (vf_load(row[j] + at + p * pf_lanes) - point[p]);
  }
  for (size_t p = 0; p < parts; p++)
    vf_store(sum + at + p * pf_lanes, vf_load(sum + at + p * pf_lanes) + total[p]);
}

/* The last k < pf_lanes coordinates. */
static void pull_rest(size_t k, size_t count, const float *const *row,
                      const float *weight, size_t at, const float *y, float *sum) {
  float total[pf_lanes] = {0.0f};
  for (size_t j = 0; j < count; j++)
    for (size_t q = 0; q < k; q++)
      total[q] += weight[j] * (row[j][at + q] - y[at + q]);
  for (size_t q = 0; q < k; q++)
    sum[at + q] += total[q];
}

static void pull(size_t k, size_t count, const float *const *row, const float *weight,
                 const float *y, float *sum) {
  size_t at = 0;
  for (; at + 4 * pf_lanes <= k; at += 4 * pf_lanes)
    pull_strip(4, count, row, weight, at, y, sum);
  for (; at + pf_lanes <= k; at += pf_lanes)
    pull_strip(1, count, row, weight, at, y, sum);
  if (at < k) pull_rest(k - at, count, row, weight, at, y, sum);
}

void pf_fill(distance)(pf_distance_kernels *to);
void pf_fill(distance)(pf_distance_kernels *to) {
  *to = (pf_distance_kernels){width, squares, scan, powers, pull};
}
