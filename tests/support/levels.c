#include "support/levels.h"

#include "support/suite.h"

void for_levels(void (*test)(const pf_kernels *kernels, const char *level)) {
  for (pf_cpu_level level = pf_cpu_reference; level < pf_cpu_levels; level++) {
    const pf_kernels *kernels = pf_kernels_at(level);
    if (kernels) test(kernels, pf_cpu_name(level));
  }
}

float *normal_values(size_t n, uint64_t seed) {
  pflow_rng rng;
  float *values = pflow_alloc(n, sizeof *values);
  ck_assert_ptr_nonnull(values);
  pflow_rng_init(&rng, seed, 0);
  pflow_rng_normal(&rng, values, n, 0.0, 1.0);
  return values;
}
