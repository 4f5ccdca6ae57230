/*
 * neighbours.c - a block is looked at as a whole first: most have nothing in them.
 */
#include "kernels/neighbours_kernels.h"
#include "kernels/vector/vector.h"

/* Lanes of all ones where the products of a row are below its limit. */
pf_always_inline vi below(const float *products, const float *half, const float *length,
                          float slope, float limit) {
  return vf_load(products) - vf_load(half) + slope * vf_load(length) < vf_set(limit);
}

static uint64_t is_full(vi lanes) {
  uint64_t pair[pf_lanes / 2], all = UINT64_MAX;
  memcpy(pair, &lanes, sizeof pair);
  for (size_t i = 0; i < pf_lanes / 2; i++)
    all &= pair[i];
  return all == UINT64_MAX;
}

/* One vector with something in it. */
static size_t list(vi lanes, size_t place, uint16_t *found) {
  int32_t lane[pf_lanes];
  size_t count = 0;
  memcpy(lane, &lanes, sizeof lane);
  for (size_t i = 0; i < pf_lanes; i++)
    if (!lane[i]) found[count++] = (uint16_t)(place + i);
  return count;
}

static size_t find(const float *products, size_t m, size_t n, const float *half,
                   const float *length, const float *slope, const float *limit,
                   uint16_t *found) {
  vi all = (vi){0} == (vi){0};
  for (size_t j = 0; j < n; j += pf_lanes)
    for (size_t i = 0; i < m; i++)
      all &= below(products + i * n + j, half + j, length + j, slope[i], limit[i]);
  if (is_full(all)) return 0;
  size_t count = 0;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j += pf_lanes) {
      vi lanes = below(products + i * n + j, half + j, length + j, slope[i], limit[i]);
      if (!is_full(lanes)) count += list(lanes, i * n + j, found + count);
    }
  }
  return count;
}

static double distance(const float *a, const float *b, size_t dim) {
  enum { sums = 4, step = sums * vd_lanes };
  vd sum[sums] = {{0.0}};
  size_t k = 0;
  for (; k + step <= dim; k += step) {
    for (size_t i = 0; i < sums; i++) {
      vd difference = vd_widen(a + k + i * vd_lanes) - vd_widen(b + k + i * vd_lanes);
      sum[i] += difference * difference;
    }
  }
  for (; k < dim; k += vd_lanes) {
    const size_t n = dim - k < vd_lanes ? dim - k : vd_lanes;
    vd difference = vd_widen_part(a + k, n) - vd_widen_part(b + k, n);
    sum[0] += difference * difference;
  }
  return vd_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

void pf_fill(neighbours)(pf_neighbours_kernels *to);
void pf_fill(neighbours)(pf_neighbours_kernels *to) {
  *to = (pf_neighbours_kernels){find, distance};
}
