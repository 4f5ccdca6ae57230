/*
 * peak_loop.h - loops that show what the processor can do at most, once a CPU level.
 */
#ifndef BENCH_PEAK_LOOP_H
#define BENCH_PEAK_LOOP_H

#include <stddef.h>

typedef struct peak_loops {
  /* Multiplies and adds in registers `rounds` times; returns what came of it. `flop` is
   * the number of operations of a round. */
  float (*fma)(size_t rounds);
  double flop;
  /* The sum of n values, read in order. */
  float (*read)(const float *from, size_t n);
} peak_loops;

void peak_loops_reference(peak_loops *to);
void peak_loops_neon(peak_loops *to);
void peak_loops_avx2(peak_loops *to);
void peak_loops_avx512(peak_loops *to);

#endif
