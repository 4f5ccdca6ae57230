/*
 * counting.h - an allocator that counts what is asked of it.
 *
 *   counting_install();                       (before any block is allocated)
 *   size_t before = counting_calls();
 *   ...
 *   counting_remove();
 */
#ifndef TESTS_COUNTING_H
#define TESTS_COUNTING_H

#include <stddef.h>

/* Begins at 0. */
void counting_install(void);
void counting_remove(void);

/* Allocations, their bytes, and the bytes of the largest. */
size_t counting_calls(void);
size_t counting_bytes(void);
size_t counting_largest(void);

#endif
