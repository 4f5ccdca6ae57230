/*
 * statistics.h - tests of samples against distributions.
 */
#ifndef TESTS_STATISTICS_H
#define TESTS_STATISTICS_H

#include <stddef.h>

/* P(X <= x). */
typedef double (*cdf_fn)(double x, double parameter);

/*
 * Fails the test when the Kolmogorov-Smirnov distance between n values (sorted in place)
 * and a continuous distribution is above 1.95 / sqrt(n), which happens by chance once in
 * a thousand samples. The seeds of the tests are fixed.
 */
void check_distribution(const char *what, double *values, size_t n, cdf_fn cdf,
                        double parameter);

/* Fails the test when the correlation of n pairs is above 4 / sqrt(n). */
void check_uncorrelated(const char *what, const double *a, const double *b, size_t n);

#endif
