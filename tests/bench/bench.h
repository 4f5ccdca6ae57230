/*
 * bench.h - what the timed jobs share: arguments, the median, and the line they print.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>

/* Argument `place` of the command line as a whole number > 0, `usual` without it. */
size_t bench_argument(int argc, char **argv, int place, size_t usual);

/* Median of n > 0 times, of an even number the mean of the two in the middle; sorts
 * them. */
double bench_median(double *seconds, size_t n);

/*
 * Prints "SECONDS GFLOP MIB": the time of one job, the floating-point operations that it
 * needs by its definition in units of 1e9 (0: not said), and the process's peak memory.
 */
void bench_report(double seconds, double gflop);

#endif
