/*
 * sorted.c - order statistics of doubles.
 */
#include "eval/sorted.h"

#include <stdlib.h>

static int compare(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

void pf_sort(double *values, size_t n) {
  qsort(values, n, sizeof *values, compare);
}

double pf_quantile(const double *sorted, size_t n, double q) {
  const double place = q * (double)(n - 1);
  const size_t below = (size_t)place;
  if (below + 1 >= n) return sorted[n - 1];
  const double part = place - (double)below;
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}
