#include "foreign.h"

#include <stdlib.h>

#include "common/must.h"

enum { neighbours = 10 };

double *foreign_distances(const splits *rows, split which, pflow_pool *pool) {
  const pflow_features train = {rows->x[train_split], rows->n[train_split], rows->dim};
  const size_t n = rows->n[which];
  double *all = must_alloc(n * neighbours, sizeof *all);
  must(pflow_neighbours(&train, rows->x[which], n, neighbours, NULL, all, pool));
  for (size_t i = 0; i < n; i++)
    all[i] = all[i * neighbours + neighbours - 1];
  return all;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How many of n rising values are below x, or at most x. */
static size_t count_below(const double *rising, size_t n, double x, bool with_equal) {
  size_t low = 0, high = n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (rising[middle] < x || (with_equal && rising[middle] == x))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

double foreign_auroc(const double *ours, size_t n, double *theirs, size_t m,
                     double *shares) {
  double sum = 0.0;
  qsort(theirs, m, sizeof *theirs, by_value);
  for (size_t i = 0; i < n; i++) {
    const size_t below = count_below(theirs, m, ours[i], false);
    const size_t upto = count_below(theirs, m, ours[i], true);
    shares[i] = ((double)(m - upto) + 0.5 * (double)(upto - below)) / (double)m;
    sum += shares[i];
  }
  return sum / (double)n;
}
