/*
 * normal.c - Philox 4x32-10 and the method of Box and Muller, a vector of pairs at once.
 *
 * Arithmetic is in double. The logarithm is that of the mantissa m in [1/sqrt 2, sqrt 2)
 * by the series of atanh((m - 1) / (m + 1)); sine and cosine are Taylor series of an
 * angle of at most pi / 4, turned by quarters. All are exact to about 1e-15.
 */
#include <math.h>

#include "kernels/normal_kernels.h"
#include "kernels/vector/vector.h"

enum { pairs = pf_lanes / 2 }; /* a vector of doubles */

typedef uint64_t vu __attribute__((vector_size(pf_lanes * sizeof(float))));

static const uint64_t low_half = UINT64_C(0xffffffff);

/* Blocks `counter` of the stream, 32 bits of four words in each 64. Two vectors of them
 * side by side, because each round waits for the one before. */
pf_always_inline void philox(const pflow_rng *rng, const vu counter[2], vu word[2][4]) {
  uint64_t k0 = rng->seed & low_half, k1 = rng->seed >> 32;
  pf_each (s, 2) {
    word[s][0] = counter[s] & low_half;
    word[s][1] = counter[s] >> 32;
    word[s][2] = (vu){0} + (rng->stream & low_half);
    word[s][3] = (vu){0} + (rng->stream >> 32);
  }
  for (int round = 0; round < 10; round++) {
    pf_each (s, 2) {
      const vu p0 = word[s][0] * UINT64_C(0xD2511F53);
      const vu p1 = word[s][2] * UINT64_C(0xCD9E8D57);
      word[s][0] = (p1 >> 32) ^ word[s][1] ^ k0;
      word[s][2] = (p0 >> 32) ^ word[s][3] ^ k1;
      word[s][1] = p1 & low_half;
      word[s][3] = p0 & low_half;
    }
    k0 = (k0 + UINT64_C(0x9E3779B9)) & low_half;
    k1 = (k1 + UINT64_C(0xBB67AE85)) & low_half;
  }
}

/* A word below 2^32 as a double: placed in the mantissa of 2^52. */
pf_always_inline vd to_double(vu word) {
  return (vd)(word | UINT64_C(0x4330000000000000)) - 0x1p52;
}

pf_always_inline vd square_root(vd x) {
  double lane[pairs];
  memcpy(lane, &x, sizeof lane);
  for (size_t i = 0; i < pairs; i++)
    lane[i] = sqrt(lane[i]);
  return vd_load(lane);
}

/* ln x, x a normal number > 0. */
pf_always_inline vd logarithm(vd x) {
  const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd); /* 1 / sqrt 2 */
  vu bits = (vu)x - root_half;
  vu shift = bits & UINT64_C(0xfff0000000000000); /* the exponent, signed */
  vd m = (vd)((vu)x - shift);
  vd exponent = to_double((shift >> 52) ^ 0x800) - 2048.0;
  vd s = (m - 1.0) / (m + 1.0), z = s * s;
  vd sum = (vd){0.0} + 1.0 / 21.0;
  pf_unroll for (int n = 19; n >= 1; n -= 2) sum = sum * z + 1.0 / n;
  return exponent * 0.69314718055994530942 + 2.0 * s * sum;
}

/* cos and sin of 2 pi u, 0 <= u < 1. */
pf_always_inline void turn(vd u, vd *cosine, vd *sine) {
  static const double rounder =
      0x1.8p52; /* adding it leaves an integer in the low bits */
  vd shifted = 4.0 * u + rounder;
  vd a = (4.0 * u - (shifted - rounder)) * 1.57079632679489661923, z = a * a;
  vd c = (vd){0.0} + 1.0 / 20922789888000.0, s = (vd){0.0} + 1.0 / 1307674368000.0;
  c = c * z - 1.0 / 87178291200.0;
  c = c * z + 1.0 / 479001600.0;
  c = c * z - 1.0 / 3628800.0;
  c = c * z + 1.0 / 40320.0;
  c = c * z - 1.0 / 720.0;
  c = c * z + 1.0 / 24.0;
  c = c * z - 0.5;
  c = c * z + 1.0;
  s = 1.0 / 6227020800.0 - s * z;
  s = s * z - 1.0 / 39916800.0;
  s = s * z + 1.0 / 362880.0;
  s = s * z - 1.0 / 5040.0;
  s = s * z + 1.0 / 120.0;
  s = s * z - 1.0 / 6.0;
  s = (s * z + 1.0) * a;
  vu quarter = (vu)shifted;
  vl swap = -(vl)(quarter & 1);
  vu sign_c = ((quarter + 1) & 2) << 62, sign_s = (quarter & 2) << 62;
  *cosine = (vd)((vu)vd_choose(swap, s, c) ^ sign_c);
  *sine = (vd)((vu)vd_choose(swap, c, s) ^ sign_s);
}

/* The pairs that the first and second words make: first values, then second ones. */
pf_always_inline vf box_muller(vu first, vu second) {
  vd radius = square_root(-2.0 * logarithm((to_double(first) + 0.5) * 0x1p-32));
  vd cosine, sine;
  turn((to_double(second) + 0.5) * 0x1p-32, &cosine, &sine);
  return vd_narrow((vd_pair){.half = {radius * cosine, radius * sine}});
}

/* The made_values values of blocks index, index + 1, ... */
enum { made_values = 4 * pf_lanes };

static void draw_blocks(const pflow_rng *rng, uint64_t index, float *out) {
  uint64_t lane[2][pairs];
  vu counter[2], word[2][4];
  for (size_t i = 0; i < 2 * pairs; i++)
    lane[i / pairs][i % pairs] = index + i;
  memcpy(counter, lane, sizeof counter);
  philox(rng, counter, word);
  pf_each (s, 2) {
    const vf front = box_muller(word[s][0], word[s][1]);
    const vf back = box_muller(word[s][2], word[s][3]);
    const vf first = vf_zip_low(front, back), second = vf_zip_high(front, back);
    vf_store(out + 2 * s * pf_lanes, vf_zip_low(first, second));
    vf_store(out + (2 * s + 1) * pf_lanes, vf_zip_high(first, second));
  }
}

/* From an odd word on, pairs do not fit blocks. */
static void draw_odd(const pflow_rng *rng, float *out, size_t n) {
  pflow_rng copy = *rng;
  pflow_rng_normal(&copy, out, n, 0.0, 1.0);
}

static void draw(const pflow_rng *rng, float *out, size_t n) {
  if (rng->position % 2) {
    draw_odd(rng, out, n);
    return;
  }
  uint64_t index = rng->position / 4;
  size_t skip = (size_t)(rng->position % 4); /* values of the first block before ours */
  for (size_t done = 0; done < n; index += 2 * pairs) {
    float made[made_values];
    size_t room = made_values - skip, count = n - done < room ? n - done : room;
    draw_blocks(rng, index, made);
    memcpy(out + done, made + skip, count * sizeof *out);
    done += count;
    skip = 0;
  }
}

void pf_fill(normal)(pf_normal_kernels *to);
void pf_fill(normal)(pf_normal_kernels *to) {
  *to = (pf_normal_kernels){draw};
}
