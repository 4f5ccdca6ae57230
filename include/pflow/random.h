/*
 * pflow/random.h - counter-based random numbers.
 *
 * Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"): word w of a stream is a pure function of (seed, stream, w), so work can be
 * split over threads, skipped and resumed without changing a number. Different streams of
 * one seed are independent.
 *
 *   pflow_rng rng;
 *   pflow_rng_init(&rng, 42, 0);
 *   pflow_rng_normal(&rng, noise, n, 0.0, 0.01);
 *
 * A generator is a plain value: copy it to fork it, store it to resume. It must not be
 * used by two threads at once; give each its own copy or stream. The calls trust their
 * arguments where nothing can fail: rng and out must not be NULL.
 */
#ifndef PFLOW_RANDOM_H
#define PFLOW_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_rng {
  uint64_t seed;
  uint64_t stream;
  uint64_t position; /* 32-bit words drawn so far; set it to move anywhere */
} pflow_rng;

/* Puts the generator at the beginning of a stream. */
PFLOW_API void pflow_rng_init(pflow_rng *rng, uint64_t seed, uint64_t stream);

/* One block of the generator: four words from a 128-bit counter and a 64-bit key. */
PFLOW_API void pflow_philox(const uint32_t counter[4], const uint32_t key[2],
                            uint32_t out[4]);

/* 32 uniform bits (one word). */
PFLOW_API uint32_t pflow_rng_u32(pflow_rng *rng);

/* Uniform in [0, 1) with 53 bits (two words). */
PFLOW_API double pflow_rng_double(pflow_rng *rng);

/* Uniform integer in [0, bound), bias below 2^-64; 0 when bound is 0 (four words). */
PFLOW_API uint64_t pflow_rng_below(pflow_rng *rng, uint64_t bound);

/* n values uniform in [low, high), one word each. */
PFLOW_API void pflow_rng_uniform(pflow_rng *rng, float *out, size_t n, double low,
                                 double high);

/*
 * n values from N(mean, std^2) by Box and Muller (1958): one word a value, n rounded up
 * to even, so that value i depends on its place only.
 */
PFLOW_API void pflow_rng_normal(pflow_rng *rng, float *out, size_t n, double mean,
                                double std);

/*
 * n points uniform on the unit sphere of R^dim, row-major n x dim: normal rows,
 * normalised. A zero row cannot occur.
 */
PFLOW_API void pflow_rng_sphere(pflow_rng *rng, float *out, size_t n, size_t dim);

/* A uniform permutation of 0 .. n-1 (Fisher-Yates). */
PFLOW_API void pflow_rng_permutation(pflow_rng *rng, size_t *out, size_t n);

PFLOW_END_DECLS

#endif
