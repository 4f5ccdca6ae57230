#include "support/levels.h"

#include <stdlib.h>

#include "support/suite.h"

void for_levels(void (*test)(const pf_kernels *kernels, const char *level)) {
  for (pf_cpu_level level = pf_cpu_reference; level < pf_cpu_levels; level++) {
    const pf_kernels *kernels = pf_kernels_at(level);
    if (kernels) test(kernels, pf_cpu_name(level));
  }
}

uint32_t sweep_step(void) {
  return getenv("PFLOW_TEST_SWEEP") ? 1 : 9973;
}
