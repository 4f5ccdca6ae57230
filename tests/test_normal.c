/*
 * test_normal.c - the kernel of normal random numbers against the public generator.
 */
#include <math.h>

#include "support/levels.h"
#include "support/suite.h"

enum { most = 100000 };

/* n values from a place of the stream; they may differ in a last bit, none by more. */
static size_t differing(const pf_kernels *kernels, const char *level, pflow_rng rng,
                        size_t n) {
  static float got[most + 1], want[most];
  size_t others = 0;
  pflow_rng copy = rng;
  got[n] = 5.0f;
  kernels->normal.draw(&rng, got, n);
  pflow_rng_normal(&copy, want, n, 0.0, 1.0);
  ck_assert(got[n] == 5.0f);
  for (size_t i = 0; i < n; i++) {
    const float error = fabsf(got[i] - want[i]);
    ck_assert_msg(error <= 1.2e-7f * fabsf(want[i]) + 1e-15f,
                  "%s: value %zu is %g, not %g", level, i, (double)got[i],
                  (double)want[i]);
    others += got[i] != want[i];
  }
  return others;
}

static void check_lengths(const pf_kernels *kernels, const char *level) {
  pflow_rng rng;
  pflow_rng_init(&rng, UINT64_C(0xfedcba9876543210), UINT64_C(0x8123456789abcdef));
  for (size_t n = 0; n <= 140; n++) {
    rng.position = UINT64_C(0x3fffffff0) + n % 7 * 13; /* its block passes 2^32 */
    differing(kernels, level, rng, n);
    rng.position = n % 9;
    differing(kernels, level, rng, n);
  }
}

START_TEST(any_number_from_any_place) {
  for_levels(check_lengths);
}
END_TEST

static void check_many(const pf_kernels *kernels, const char *level) {
  for (uint64_t seed = 0; seed < 20; seed++) {
    pflow_rng rng;
    pflow_rng_init(&rng, seed, seed);
    ck_assert_uint_lt(differing(kernels, level, rng, most), 5);
  }
}

START_TEST(values_are_the_generator_s) {
  for_levels(check_many);
}
END_TEST

int main(void) {
  return run_tests("normal",
                   TESTS(any_number_from_any_place, values_are_the_generator_s));
}
