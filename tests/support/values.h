/*
 * values.h - reproducible numbers for tests.
 */
#ifndef TESTS_VALUES_H
#define TESTS_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* n values from N(0, 1), to be freed with pflow_free. */
float *normal_values(size_t n, uint64_t seed);

#endif
