/*
 * test_bootstrap.c - the experiment's intervals: encoders, seeds and rows drawn anew.
 */
#include <math.h>
#include <stdbool.h>

#include "experiment/bootstrap.h"
#include "support/suite.h"
#include "support/values.h"

enum { most_rows = 4000 };

static double values[2][2][most_rows]; /* encoder, seed, row */
static const double *const lists[2][2] = {{values[0][0], values[0][1]},
                                          {values[1][0], values[1][1]}};

/* The interval of `count` encoders with as many seeds and rows each. */
static pflow_interval interval_of(size_t count, size_t seeds, size_t n,
                                  pflow_pool *pool) {
  const nest encoders[2] = {{seeds, n, lists[0]}, {seeds, n, lists[1]}};
  return nested_bootstrap(encoders, count, 7, pool);
}

/* Constants stand for encoders: of 2 draws, a quarter are the first twice. */
START_TEST(encoders_are_drawn) {
  for (size_t i = 0; i < 10; i++) {
    values[0][0][i] = 1.0;
    values[1][0][i] = 3.0;
  }
  const pflow_interval got = interval_of(2, 1, 10, NULL);
  ck_assert(got.mean == 2.0 && got.low == 1.0 && got.high == 3.0);
}
END_TEST

START_TEST(seeds_are_drawn) {
  for (size_t i = 0; i < 10; i++) {
    values[0][0][i] = -1.0;
    values[0][1][i] = 2.0;
  }
  const pflow_interval got = interval_of(1, 2, 10, NULL);
  ck_assert(got.mean == 0.5 && got.low == -1.0 && got.high == 2.0);
}
END_TEST

static void fill_with_noise(size_t n, uint64_t seed) {
  for (size_t e = 0; e < 2; e++)
    for (size_t s = 0; s < 2; s++) {
      float *noise = normal_values(n, seed + 2 * e + s);
      for (size_t i = 0; i < n; i++)
        values[e][s][i] = noise[i];
      pflow_free(noise);
    }
}

/* Rows alone: the mean -+ 1.96 of its standard errors. */
START_TEST(rows_are_drawn) {
  enum { n = most_rows };
  double mean = 0.0, squares = 0.0;
  fill_with_noise(n, 11);
  for (size_t i = 0; i < n; i++)
    mean += values[0][0][i] / n;
  for (size_t i = 0; i < n; i++)
    squares += pow(values[0][0][i] - mean, 2.0) / n;
  const double error = sqrt(squares / n);
  const pflow_interval got = interval_of(1, 1, n, NULL);
  ck_assert(fabs(got.mean - mean) < 1e-12);
  ck_assert(fabs((mean - got.low) / error - 1.96) < 0.2);
  ck_assert(fabs((got.high - mean) / error - 1.96) < 0.2);
}
END_TEST

/* ---- against all draws there are ---- */

/* Encoder e with seeds s and t, rows i and j. */
static double mean_of_four(size_t e, size_t draw) {
  const size_t s = draw & 1, t = draw >> 1 & 1, i = draw >> 2 & 1, j = draw >> 3;
  return (values[e][s][i] + values[e][s][j] + values[e][t][i] + values[e][t][j]) / 4.0;
}

static double share_below(const double *all, size_t n, double x, bool with_equal) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += with_equal ? all[i] <= x + 1e-12 : all[i] < x - 1e-12;
  return (double)count / (double)n;
}

/* Two encoders, two seeds, two rows have 4 * 4 * 4 * 4 equally likely draws. */
START_TEST(quantiles_of_every_draw) {
  enum { draws = 256 };
  double all[draws];
  const double tolerance = 0.015; /* 3 standard errors of a share of 1000 */
  for (uint64_t seed = 20; seed < 24; seed++) {
    fill_with_noise(2, 4 * seed);
    for (size_t i = 0; i < draws; i++)
      all[i] = (mean_of_four(i & 1, (i >> 2 & 3) | (i >> 6) << 2) +
                mean_of_four(i >> 1 & 1, (i >> 4 & 3) | (i >> 6) << 2)) /
               2;
    const pflow_interval got = interval_of(2, 2, 2, NULL);
    ck_assert(share_below(all, draws, got.low, false) <= 0.025 + tolerance);
    ck_assert(share_below(all, draws, got.low, true) >= 0.025 - tolerance);
    ck_assert(share_below(all, draws, got.high, false) <= 0.975 + tolerance);
    ck_assert(share_below(all, draws, got.high, true) >= 0.975 - tolerance);
  }
}
END_TEST

/* What one seed, or one encoder, wins on a row the other loses. Where both are drawn they
 * cancel if they have the same rows, so half the draws are 0 and the end of the interval
 * is at 1.645 standard errors; with rows of their own it would be at 1.39. */
static void check_rows_are_shared(size_t encoders, size_t seeds) {
  enum { n = most_rows };
  double squares = 0.0, *other = values[encoders - 1][seeds - 1];
  fill_with_noise(n, 31);
  for (size_t i = 0; i < n; i++) {
    squares += pow(values[0][0][i], 2.0) / n;
    other[i] = -values[0][0][i];
  }
  const double error = sqrt(squares / n);
  const pflow_interval got = interval_of(encoders, seeds, n, NULL);
  ck_assert(fabs(got.mean) < 1e-12);
  ck_assert(fabs(-got.low / error - 1.645) < 0.18);
  ck_assert(fabs(got.high / error - 1.645) < 0.18);
}

START_TEST(rows_are_shared) {
  check_rows_are_shared(1, 2);
  check_rows_are_shared(2, 1);
}
END_TEST

START_TEST(rows_are_grouped) {
  double few[3] = {1.0, 2.0, 4.0}, *many = values[0][0];
  ck_assert_uint_eq(group_means(few, 3), 3);
  ck_assert(few[0] == 1.0 && few[1] == 2.0 && few[2] == 4.0);
  for (size_t i = 0; i < 2500; i++)
    many[i] = (double)i;
  ck_assert_uint_eq(group_means(many, 2500), 1000);
  ck_assert(many[0] == 1000.0 && many[499] == 1499.0);   /* g, g + 1000, g + 2000 */
  ck_assert(many[500] == 1000.0 && many[999] == 1499.0); /* g, g + 1000 */
}
END_TEST

/* Groups of four rows give the interval that the rows give. */
START_TEST(groups_spread_as_rows_do) {
  enum { n = most_rows };
  fill_with_noise(n, 51);
  for (size_t i = 0; i < n; i++)
    values[1][0][i] = values[0][0][i];
  const nest rows = {1, n, lists[0]};
  const pflow_interval fine = nested_bootstrap(&rows, 1, 5, NULL);
  const nest groups = {1, group_means(values[1][0], n), lists[1]};
  const pflow_interval coarse = nested_bootstrap(&groups, 1, 5, NULL);
  ck_assert(groups.n == 1000 && fabs(coarse.mean - fine.mean) < 1e-12);
  ck_assert(fabs((coarse.high - coarse.low) / (fine.high - fine.low) - 1.0) < 0.12);
}
END_TEST

START_TEST(same_bits_with_other_threads) {
  pflow_pool *pool;
  fill_with_noise(100, 41);
  ck_ok(pflow_pool_create(&pool, 3));
  const pflow_interval a = interval_of(2, 2, 100, NULL), b = interval_of(2, 2, 100, pool);
  ck_assert(a.mean == b.mean && a.low == b.low && a.high == b.high);
  pflow_pool_destroy(pool);
}
END_TEST

int main(void) {
  return run_tests("bootstrap",
                   TESTS(encoders_are_drawn, seeds_are_drawn, rows_are_drawn,
                         quantiles_of_every_draw, rows_are_shared, rows_are_grouped,
                         groups_spread_as_rows_do, same_bits_with_other_threads));
}
