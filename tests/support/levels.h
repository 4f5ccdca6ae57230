/*
 * levels.h - tests that run at every CPU level of this machine, and their numbers.
 */
#ifndef TESTS_LEVELS_H
#define TESTS_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/table.h"

/* Calls test with the table of each level that this machine has, the reference's too. */
void for_levels(void (*test)(const pf_kernels *kernels, const char *level));

/* n values of N(0, 1) in memory aligned to PFLOW_ALIGNMENT; free with pflow_free. */
float *normal_values(size_t n, uint64_t seed);

#endif
