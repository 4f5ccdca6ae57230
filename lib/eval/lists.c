/*
 * lists.c - what lists of neighbours tell: overlap and hubness.
 */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "pflow/neighbours.h"

static pflow_err check_lists(size_t n, size_t k) {
  size_t size;
  if (n == 0 || k == 0)
    return pf_fail(PFLOW_EINVAL, "lists: %zu x %zu neighbours, wants at least 1 x 1", n,
                   k);
  pf_try(pf_mul(&size, n, k, "lists of neighbours"));
  return pf_mul(&size, size, sizeof(size_t), "lists of neighbours");
}

static int compare(const void *a, const void *b) {
  const size_t left = *(const size_t *)a, right = *(const size_t *)b;
  return (left > right) - (left < right);
}

/* Numbers that two lists share; sorts copies of them in scratch (2 k). */
static size_t count_shared(const size_t *a, const size_t *b, size_t k, size_t *scratch) {
  size_t *left = scratch, *right = scratch + k, shared = 0;
  for (size_t i = 0; i < k; i++) {
    left[i] = a[i];
    right[i] = b[i];
  }
  qsort(left, k, sizeof *left, compare);
  qsort(right, k, sizeof *right, compare);
  for (size_t i = 0, j = 0; i < k && j < k;) {
    shared += left[i] == right[j];
    const bool forward = left[i] <= right[j];
    j += left[i] >= right[j];
    i += forward;
  }
  return shared;
}

pflow_err pflow_overlap(const size_t *before, const size_t *after, size_t n, size_t k,
                        double *mean, double *shares) {
  pf_need(before);
  pf_need(after);
  pf_need(mean);
  pf_try(check_lists(n, k));
  size_t *scratch;
  double sum = 0.0;
  pf_try(pf_alloc(&scratch, k, 2 * sizeof *scratch));
  for (size_t i = 0; i < n; i++) {
    const size_t shared = count_shared(before + i * k, after + i * k, k, scratch);
    const double share = (double)shared / (double)k;
    if (shares) shares[i] = share;
    sum += share;
  }
  pflow_free(scratch);
  *mean = sum / (double)n;
  return PFLOW_OK;
}

static pflow_hubs describe(const size_t *counts, size_t known, double mean) {
  pflow_hubs hubs = {0};
  double squares = 0.0, cubes = 0.0;
  for (size_t i = 0; i < known; i++) {
    const double from_mean = (double)counts[i] - mean;
    squares += from_mean * from_mean;
    cubes += from_mean * from_mean * from_mean;
    hubs.hubs += (double)counts[i] > 2.0 * mean;
    hubs.antihubs += counts[i] == 0;
    if (counts[i] > hubs.most) hubs.most = counts[i];
  }
  const double variance = squares / (double)known;
  hubs.hubs /= (double)known;
  hubs.antihubs /= (double)known;
  if (variance > 0.0) hubs.skewness = cubes / (double)known / (variance * sqrt(variance));
  return hubs;
}

pflow_err pflow_hubness(const size_t *rows, size_t n, size_t k, size_t known,
                        pflow_hubs *hubs, size_t *counts) {
  pf_need(rows);
  pf_need(hubs);
  pf_try(check_lists(n, k));
  for (size_t i = 0; i < n * k; i++)
    if (rows[i] >= known)
      return pf_fail(PFLOW_EINVAL, "neighbour %zu of row %zu is %zu, wants 0 to %zu",
                     i % k, i / k, rows[i], known - 1);
  size_t *own;
  pf_try(pf_alloc(&own, known, sizeof *own));
  for (size_t i = 0; i < n * k; i++)
    own[rows[i]]++;
  *hubs = describe(own, known, (double)(n * k) / (double)known);
  for (size_t i = 0; counts && i < known; i++)
    counts[i] = own[i];
  pflow_free(own);
  return PFLOW_OK;
}
