/*
 * peak_loop.c - compiled once a CPU level, as the library's kernels are.
 */
#include "peak_loop.h"

#include "kernels/vector/vector.h"

/* Enough independent sums to cover the latency of two units; they fit 16 registers. */
enum { sums = 12, inner = 64 };

static float fma_rounds(size_t rounds) {
  vf sum[sums], all = {0.0f};
  volatile float near_one = 0.999f, small = 1e-3f;
  const vf scale = vf_set(near_one), step = vf_set(small);
#pragma GCC unroll 12
  for (size_t i = 0; i < sums; i++)
    sum[i] = vf_set((float)i);
  for (size_t k = 0; k < rounds * inner; k++) {
#pragma GCC unroll 12
    for (size_t i = 0; i < sums; i++)
      sum[i] = sum[i] * scale + step;
  }
#pragma GCC unroll 12
  for (size_t i = 0; i < sums; i++)
    all += sum[i];
  return vf_sum(all);
}

static float read_values(const float *from, size_t n) {
  enum { streams = 8 };
  vf sum[streams] = {{0.0f}}, all = {0.0f};
  for (size_t k = 0; k + streams * pf_lanes <= n; k += streams * pf_lanes) {
#pragma GCC unroll 8
    for (size_t i = 0; i < streams; i++)
      sum[i] += vf_load(from + k + i * pf_lanes);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < streams; i++)
    all += sum[i];
  return vf_sum(all);
}

#define name_of(level) peak_loops_##level
#define name_at(level) name_of(level)

void name_at(pf_level)(peak_loops *to) {
  *to = (peak_loops){fma_rounds, 2.0 * sums * inner * pf_lanes, read_values};
}
