/*
 * sorted.h - order statistics.
 */
#ifndef LIBPFLOW_SORTED_H
#define LIBPFLOW_SORTED_H

#include <stddef.h>

/* Sorts n finite values in place, rising. */
void pf_sort(double *values, size_t n);

/* The q-quantile, 0 <= q <= 1, of n > 0 sorted values, linear between them (type 7 of
 * Hyndman and Fan 1996); q = 0.5 is the median. */
double pf_quantile(const double *sorted, size_t n, double q);

/* The value at a place of n finite values if they were sorted; changes their order. Takes
 * linear time on average (Hoare 1961). */
float pf_select(float *values, size_t n, size_t place);

#endif
