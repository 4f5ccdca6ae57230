/*
 * sample.c - selection sampling (Knuth, volume 2, algorithm 3.4.2 S).
 */
#include "eval/sample.h"

#include "pflow/random.h"

void pf_sample(size_t n, size_t take, uint64_t seed, uint64_t stream, size_t *chosen) {
  pflow_rng rng;
  pflow_rng_init(&rng, seed, stream);
  for (size_t i = 0, taken = 0; taken < take; i++) {
    if (n - i > take - taken && pflow_rng_below(&rng, n - i) >= take - taken) continue;
    chosen[taken++] = i;
  }
}
