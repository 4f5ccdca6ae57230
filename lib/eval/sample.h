/*
 * sample.h - seeded samples of rows.
 */
#ifndef LIBPFLOW_SAMPLE_H
#define LIBPFLOW_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* `take` of the numbers 0 .. n - 1, rising, each subset equally likely, from a stream of
 * the seed; all when take == n, whatever the seed. */
void pf_sample(size_t n, size_t take, uint64_t seed, uint64_t stream, size_t *chosen);

#endif
