/*
 * sorted.c - order statistics.
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

static void swap(float *a, float *b) {
  const float old = *a;
  *a = *b;
  *b = old;
}

/* Puts a value between first and last that is neither least nor largest of three there,
 * so that sorted and equal values do no harm. */
static float choose_pivot(float *values, size_t first, size_t last) {
  float *middle = &values[first + (last - first) / 2];
  if (*middle < values[first]) swap(middle, &values[first]);
  if (values[last] < values[first]) swap(&values[last], &values[first]);
  if (values[last] < *middle) swap(&values[last], middle);
  return *middle;
}

float pf_select(float *values, size_t n, size_t place) {
  size_t first = 0, last = n - 1;
  while (first < last) {
    const float pivot = choose_pivot(values, first, last);
    size_t low = first, high = last;
    while (low <= high) {
      while (values[low] < pivot)
        low++;
      while (pivot < values[high])
        high--;
      if (low > high) break;
      swap(&values[low], &values[high]);
      low++;
      if (high == 0) break;
      high--;
    }
    /* first .. high are at most the pivot, low .. last at least. */
    if (place <= high)
      last = high;
    else if (place >= low)
      first = low;
    else
      break;
  }
  return values[place];
}
