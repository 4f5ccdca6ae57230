/*
 * levels.h - tests that run at every CPU level of this machine.
 */
#ifndef TESTS_LEVELS_H
#define TESTS_LEVELS_H

#include "kernels/table.h"
#include "support/values.h"

/* Calls test with the table of each level that this machine has, the reference's too. */
void for_levels(void (*test)(const pf_kernels *kernels, const char *level));

/* How far apart the bits of floats are that a sweep tries: 1, every float there is, where
 * PFLOW_TEST_SWEEP is set, else 9973. */
uint32_t sweep_step(void);

#endif
