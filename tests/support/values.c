#include "support/values.h"

#include "support/suite.h"

float *normal_values(size_t n, uint64_t seed) {
  pflow_rng rng;
  float *values = pflow_alloc(n, sizeof *values);
  ck_assert_ptr_nonnull(values);
  pflow_rng_init(&rng, seed, 0);
  pflow_rng_normal(&rng, values, n, 0.0, 1.0);
  return values;
}
