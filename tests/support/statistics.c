#include "support/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "support/suite.h"

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void check_distribution(const char *what, double *values, size_t n, cdf_fn cdf,
                        double parameter) {
  double worst = 0.0;
  qsort(values, n, sizeof *values, by_value);
  for (size_t i = 0; i < n; i++) {
    double want = cdf(values[i], parameter);
    worst = worst_of(worst, fabs((double)i / (double)n - want));
    worst = worst_of(worst, fabs((double)(i + 1) / (double)n - want));
  }
  ck_assert_msg(worst * sqrt((double)n) < 1.95, "%s: distance %g of %zu values", what,
                worst, n);
}

static double mean_product(const double *a, const double *b, size_t n) {
  double sum = 0.0, sum_a = 0.0, sum_b = 0.0;
  for (size_t i = 0; i < n; i++) {
    sum += a[i] * b[i];
    sum_a += a[i];
    sum_b += b[i];
  }
  return (sum - sum_a * sum_b / (double)n) / (double)n;
}

void check_uncorrelated(const char *what, const double *a, const double *b, size_t n) {
  double scale = sqrt(mean_product(a, a, n) * mean_product(b, b, n));
  double correlation = mean_product(a, b, n) / scale;
  ck_assert_msg(fabs(correlation) * sqrt((double)n) < 4.0, "%s: correlation %g of %zu",
                what, correlation, n);
}
