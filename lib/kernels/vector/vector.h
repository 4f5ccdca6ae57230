/*
 * vector.h - the vectors of the level that a kernel file is being compiled for.
 *
 * The build defines pf_lanes (floats of a vector: 4, 8, 16) and pf_level (the level's
 * name) and compiles each file of this folder once a level. Arithmetic on vectors is that
 * of GCC's and clang's vector extensions; multiplications and additions are contracted to
 * fused ones.
 */
#ifndef LIBPFLOW_VECTOR_H
#define LIBPFLOW_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef float vf __attribute__((vector_size(pf_lanes * sizeof(float))));
typedef int32_t vi __attribute__((vector_size(pf_lanes * sizeof(int32_t))));

/* The same number of bytes in doubles: half as many lanes. */
typedef double vd __attribute__((vector_size(pf_lanes * sizeof(float))));
typedef int64_t vl __attribute__((vector_size(pf_lanes * sizeof(float))));

/* pf_fill(gemm) is the name of this level's fill function of topic gemm. */
#define pf_fill_of(topic, level) pf_fill_##topic##_##level
#define pf_fill_at(topic, level) pf_fill_of(topic, level)
#define pf_fill(topic)           pf_fill_at(topic, pf_level)
#define pf_always_inline         static inline __attribute__((always_inline))

/*
 * Before a loop of a constant number of turns, 16 at most, which is then laid out in
 * full, so that the vectors of an array that it runs over are registers; and such a loop
 * over the first n numbers.
 */
#if defined(__clang__)
#define pf_unroll _Pragma("clang loop unroll(full)")
#else
#define pf_unroll _Pragma("GCC unroll 16")
#endif
#define pf_each(i, n) pf_unroll for (size_t i = 0; i < (n); i++)

pf_always_inline vf vf_load(const float *from) {
  vf value;
  memcpy(&value, from, sizeof value);
  return value;
}

pf_always_inline void vf_store(float *to, vf value) {
  memcpy(to, &value, sizeof value);
}

pf_always_inline vf vf_set(float value) {
  return value - (vf){0.0f};
}

/*
 * Keeps a value in a register of its own: the compiler may not look through it. A sum of
 * two vf_set is else made a vf_set of a scalar sum, by shuffles instead of loads.
 */
#if defined(__x86_64__)
#define vf_keep(value) __asm__("" : "+v"(value))
#elif defined(__aarch64__)
#define vf_keep(value) __asm__("" : "+w"(value))
#else
#define vf_keep(value) ((void)(value))
#endif

/* Asks for the cache line of a value that is to be read, or written, a little later. */
pf_always_inline void vf_fetch(const float *value) {
  __builtin_prefetch(value, 0);
}

pf_always_inline void vf_fetch_to_write(const float *value) {
  __builtin_prefetch(value, 1);
}

/* The first n < pf_lanes values, zeros behind them; and the same way back. */
pf_always_inline vf vf_load_part(const float *from, size_t n) {
  vf value = {0.0f};
  memcpy(&value, from, n * sizeof *from);
  return value;
}

pf_always_inline void vf_store_part(float *to, vf value, size_t n) {
  memcpy(to, &value, n * sizeof *to);
}

pf_always_inline vd vd_load(const double *from) {
  vd value;
  memcpy(&value, from, sizeof value);
  return value;
}

pf_always_inline void vd_store(double *to, vd value) {
  memcpy(to, &value, sizeof value);
}

/* a where the mask (a comparison of vectors) is set, b elsewhere. */
pf_always_inline vf vf_choose(vi mask, vf a, vf b) {
  return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

pf_always_inline vd vd_choose(vl mask, vd a, vd b) {
  return (vd)((mask & (vl)a) | (~mask & (vl)b));
}

/* Lanes of a and b, numbered through both, in a new order. */
#if defined(__clang__) || __GNUC__ >= 12
#define vf_pick(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define vf_pick(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif

/* a0 b0 a1 b1 ... of the first and of the last halves of a and b; and a0 a2 ... b0 b2 ...
 */
#if pf_lanes == 16
#define vf_zip_low(a, b)                                                                 \
  vf_pick(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define vf_zip_high(a, b)                                                                \
  vf_pick(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define vf_evens(a, b)                                                                   \
  vf_pick(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#elif pf_lanes == 8
#define vf_zip_low(a, b)  vf_pick(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define vf_zip_high(a, b) vf_pick(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define vf_evens(a, b)    vf_pick(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#elif pf_lanes == 4
#define vf_zip_low(a, b)  vf_pick(a, b, 0, 4, 1, 5)
#define vf_zip_high(a, b) vf_pick(a, b, 2, 6, 3, 7)
#define vf_evens(a, b)    vf_pick(a, b, 0, 2, 4, 6)
#endif

/* A vector of floats as two of doubles, its first and its last half; and rounded back. */
typedef double vf_widened __attribute__((vector_size(pf_lanes * sizeof(double))));

typedef union vd_pair {
  vf_widened whole;
  vd half[2];
} vd_pair;

pf_always_inline vd_pair vf_widen(vf value) {
  return (vd_pair){__builtin_convertvector(value, vf_widened)};
}

pf_always_inline vf vd_narrow(vd_pair value) {
  return __builtin_convertvector(value.whole, vf);
}

/* half[0] and half[1] += the first and the last half of the lanes, as doubles. */
pf_always_inline void vd_add_widened(vd half[2], vf value) {
  const vd_pair wide = vf_widen(value);
  half[0] += wide.half[0];
  half[1] += wide.half[1];
}

/* Transposes a square of pf_lanes vectors, by log2(pf_lanes) perfect shuffles. */
pf_always_inline void vf_transpose(vf row[pf_lanes]) {
  vf next[pf_lanes];
  pf_unroll for (size_t pass = 1; pass < pf_lanes; pass *= 2) {
    pf_each (i, pf_lanes / 2) {
      next[2 * i] = vf_zip_low(row[i], row[i + pf_lanes / 2]);
      next[2 * i + 1] = vf_zip_high(row[i], row[i + pf_lanes / 2]);
    }
    pf_each (i, pf_lanes)
      row[i] = next[i];
  }
}

/* Sum of the lanes, in halves. */
pf_always_inline float vf_sum(vf value) {
  float lane[pf_lanes];
  memcpy(lane, &value, sizeof lane);
  for (size_t half = pf_lanes / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++)
      lane[i] += lane[i + half];
  return lane[0];
}

/* Doubles: half as many lanes. */
enum { vd_lanes = pf_lanes / 2 };
typedef float vh __attribute__((vector_size(pf_lanes * sizeof(float) / 2)));

pf_always_inline vd vd_set(double value) {
  return value - (vd){0.0};
}

/* vd_lanes floats, or the first n <= vd_lanes and zeros behind them. */
pf_always_inline vd vd_widen(const float *from) {
  vh value;
  memcpy(&value, from, sizeof value);
  return __builtin_convertvector(value, vd);
}

pf_always_inline vd vd_widen_part(const float *from, size_t n) {
  vh value = {0.0f};
  memcpy(&value, from, n * sizeof *from);
  return __builtin_convertvector(value, vd);
}

/* Lanes of a vector of doubles in a new order. */
#if defined(__clang__) || __GNUC__ >= 12
#define vd_pick(value, ...) __builtin_shufflevector(value, value, __VA_ARGS__)
#else
#define vd_pick(value, ...) __builtin_shuffle(value, (vl){__VA_ARGS__})
#endif

/* Sum of the lanes, in halves. */
pf_always_inline double vd_sum(vd value) {
#if pf_lanes == 16
  value += vd_pick(value, 4, 5, 6, 7, 0, 1, 2, 3);
  value += vd_pick(value, 2, 3, 0, 1, 6, 7, 4, 5);
  value += vd_pick(value, 1, 0, 3, 2, 5, 4, 7, 6);
#elif pf_lanes == 8
  value += vd_pick(value, 2, 3, 0, 1);
  value += vd_pick(value, 1, 0, 3, 2);
#else
  value += vd_pick(value, 1, 0);
#endif
  return value[0];
}

#endif
