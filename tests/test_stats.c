/*
 * test_stats.c - paired bootstrap and sign-flip test.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/statistics.h"
#include "support/suite.h"
#include "support/values.h"

/* n values mean + N(0, 1), to be freed with pflow_free. */
static double *scores(size_t n, double mean, uint64_t seed) {
  float *values = normal_values(n, seed);
  double *made = pflow_alloc(n, sizeof *made);
  ck_assert_ptr_nonnull(made);
  for (size_t i = 0; i < n; i++)
    made[i] = mean + values[i];
  pflow_free(values);
  return made;
}

static pflow_resample_config config_of(size_t resamples, uint64_t seed) {
  pflow_resample_config config;
  pflow_resample_config_init(&config);
  config.resamples = resamples;
  config.seed = seed;
  return config;
}

/* ---- bootstrap ---- */

/* Of many pairs: mean -+ 1.96 deviations of the mean, as the resampled mean is normal. */
START_TEST(interval_is_that_of_the_mean) {
  enum { n = 5000 };
  double *a = scores(n, 1.0, 1), *b = scores(n, 0.7, 2);
  double mean = 0.0, squares = 0.0;
  for (size_t i = 0; i < n; i++)
    mean += (a[i] - b[i]) / n;
  for (size_t i = 0; i < n; i++)
    squares += pow(a[i] - b[i] - mean, 2.0) / n;
  const double deviation = sqrt(squares / n);
  pflow_interval got;
  pflow_resample_config config = config_of(20000, 3);
  ck_ok(pflow_bootstrap_paired(a, b, n, &config, &got));
  check_close_f64("mean", &got.mean, &mean, 1, 1e-12);
  ck_assert(fabs((got.mean - got.low) / deviation - 1.96) < 0.06);
  ck_assert(fabs((got.high - got.mean) / deviation - 1.96) < 0.06);
  config.level = 0.5;
  ck_ok(pflow_bootstrap_paired(a, b, n, &config, &got));
  ck_assert(fabs((got.high - got.low) / deviation - 2.0 * 0.6745) < 0.06);
  pflow_free(b);
  pflow_free(a);
}
END_TEST

/* Means of resamples of n values that are 0 or 1 are binomial. */
START_TEST(quantiles_of_a_binomial) {
  enum { n = 20, ones = 6 };
  double a[n] = {1, 1, 1, 1, 1, 1}, probability[n + 1], below = 0.0;
  for (size_t k = 0; k <= n; k++)
    probability[k] =
        exp(lgamma(n + 1.0) - lgamma((double)k + 1.0) - lgamma((double)(n - k) + 1.0) +
            (double)k * log(0.3) + (double)(n - k) * log(0.7));
  const pflow_resample_config config = config_of(50000, 4);
  for (size_t k = 0; k < 12; below += probability[k++]) {
    /* A level whose lower quantile lies in the middle of k's share. */
    const double q = below + 0.5 * probability[k];
    if (q >= 0.49) break;
    pflow_resample_config at = config;
    pflow_interval got;
    at.level = 1.0 - 2.0 * q;
    if (probability[k] < 0.01) continue;
    ck_ok(pflow_bootstrap_paired(a, NULL, n, &at, &got));
    ck_assert_msg(fabs(got.low - (double)k / n) < 1e-12, "%zu of %d: %g", k, n, got.low);
    ck_assert(fabs(got.mean - 0.3) < 1e-12);
  }
}
END_TEST

/* Intervals of 95 % cover the true difference about 95 times in 100; of 40 pairs a few
 * less, since the percentile interval is narrow by sqrt(1 - 1 / n). */
START_TEST(intervals_cover) {
  enum { rounds = 1000, n = 40 };
  size_t covered = 0;
  for (size_t i = 0; i < rounds; i++) {
    double *a = scores(n, 0.25, 2 * i), *b = scores(n, 0.0, 2 * i + 1);
    const pflow_resample_config config = config_of(400, i);
    pflow_interval got;
    ck_ok(pflow_bootstrap_paired(a, b, n, &config, &got));
    covered += got.low <= 0.25 && 0.25 <= got.high;
    pflow_free(b);
    pflow_free(a);
  }
  ck_assert_msg(covered > 915 && covered < 965, "%zu of %d", covered, rounds);
}
END_TEST

START_TEST(equal_scores_have_no_width) {
  const double a[] = {0.5, 1.5, 7.5}, b[] = {0.25, 1.25, 7.25};
  pflow_interval got;
  ck_ok(pflow_bootstrap_paired(a, b, 3, NULL, &got));
  ck_assert(got.mean == 0.25 && got.low == 0.25 && got.high == 0.25);
  ck_ok(pflow_bootstrap_paired(a + 2, NULL, 1, NULL, &got));
  ck_assert(got.mean == 7.5 && got.low == 7.5 && got.high == 7.5);
}
END_TEST

/* ---- sign flips ---- */

/* Over all patterns, by recursion. */
static size_t count_far(const double *differences, size_t n, double sum, double least) {
  if (n == 0) return fabs(sum) >= least;
  return count_far(differences + 1, n - 1, sum + differences[0], least) +
         count_far(differences + 1, n - 1, sum - differences[0], least);
}

START_TEST(few_pairs_are_enumerated) {
  for (size_t n = 1; n <= 14; n++) {
    double *a = scores(n, 0.4, n), *b = scores(n, 0.0, 100 + n), differences[14];
    double sum = 0.0, p;
    for (size_t i = 0; i < n; i++)
      sum += differences[i] = a[i] - b[i];
    const size_t far = count_far(differences, n, 0.0, fabs(sum) * (1.0 - 1e-12));
    const double want = (double)far / (double)((size_t)1 << n);
    pflow_resample_config config = config_of((size_t)1 << n, 1);
    ck_ok(pflow_sign_flip_test(a, b, n, &config, &p));
    ck_assert_msg(p == want, "%zu pairs: %g, wants %g", n, p, want);
    if (n >= 10) { /* random patterns: within four deviations */
      config.resamples = 1000;
      ck_ok(pflow_sign_flip_test(a, b, n, &config, &p));
      ck_assert(fabs(p - want) < 4.0 * sqrt(want * (1.0 - want) / 1000.0) + 1e-3);
    }
    pflow_free(b);
    pflow_free(a);
  }
}
END_TEST

START_TEST(all_one_way_is_the_least_p) {
  double a[200], p;
  for (size_t i = 0; i < 200; i++)
    a[i] = 1.0 + (double)i;
  ck_ok(pflow_sign_flip_test(a, NULL, 5, NULL, &p));
  ck_assert(p == 2.0 / 32.0);
  ck_ok(pflow_sign_flip_test(a, NULL, 200, NULL, &p));
  ck_assert(p == 1.0 / 2001.0);
  for (size_t i = 0; i < 200; i++)
    a[i] = 0.1; /* ties but for rounding */
  ck_ok(pflow_sign_flip_test(a, a, 200, NULL, &p));
  ck_assert(p == 1.0);
  ck_ok(pflow_sign_flip_test(a, NULL, 3, NULL, &p));
  ck_assert(p == 0.25);
}
END_TEST

static double uniform_cdf(double x, double parameter) {
  (void)parameter;
  return x < 0.0 ? 0.0 : fmin(x, 1.0);
}

/* Without a difference all p-values are as likely; words beyond the first four matter. */
START_TEST(p_is_uniform_without_a_difference) {
  enum { rounds = 400, n = 150 };
  double p[rounds];
  for (size_t i = 0; i < rounds; i++) {
    double *a = scores(n, 0.0, 1000 + i);
    const pflow_resample_config config = config_of(999, i);
    ck_ok(pflow_sign_flip_test(a, NULL, n, &config, &p[i]));
    pflow_free(a);
  }
  check_distribution("p", p, rounds, uniform_cdf, 0.0);
}
END_TEST

/* ---- both ---- */

START_TEST(paired_tests_refuse_bad_input) {
  double a[] = {0, 1e308}, b[] = {NAN, -1e308}, p = 7;
  pflow_interval got = {7, 7, 7};
  pflow_resample_config config = config_of(0, 0);
  ck_fails(pflow_bootstrap_paired(NULL, b, 2, NULL, &got), PFLOW_ENULL, "a is NULL");
  ck_fails(pflow_bootstrap_paired(a, b, 2, NULL, NULL), PFLOW_ENULL, "difference");
  ck_fails(pflow_bootstrap_paired(a, b, 2, NULL, &got), PFLOW_ENONFINITE,
           "second scores: score 0 is nan");
  ck_fails(pflow_bootstrap_paired(b, a, 2, NULL, &got), PFLOW_ENONFINITE,
           "first scores: score 0 is nan");
  ck_fails(pflow_bootstrap_paired(a, a, 0, NULL, &got), PFLOW_EINVAL, "0 pairs");
  ck_fails(pflow_bootstrap_paired(a, a, 2, &config, &got), PFLOW_EINVAL, "resamples");
  config.resamples = 9;
  config.level = 1.0;
  ck_fails(pflow_bootstrap_paired(a, a, 2, &config, &got), PFLOW_EINVAL, "level is 1");
  ck_fails(pflow_sign_flip_test(NULL, b, 2, NULL, &p), PFLOW_ENULL, "a is NULL");
  ck_fails(pflow_sign_flip_test(a, b, 2, NULL, NULL), PFLOW_ENULL, "p_value");
  b[0] = 0;
  ck_fails(pflow_sign_flip_test(a, b, 2, NULL, &p), PFLOW_ENONFINITE,
           "differences: score 1 is inf");
  ck_assert(p == 7 && got.mean == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_statistics) {
  enum { n = 1001 };
  double *a = scores(n, 0.02, 1), *b = scores(n, 0.0, 2), p[2];
  pflow_interval got[2];
  pflow_resample_config config = config_of(501, 9);
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    const size_t now = threads > 1;
    ck_ok(pflow_pool_create(&config.pool, threads));
    ck_ok(pflow_bootstrap_paired(a, b, n, &config, &got[now]));
    ck_ok(pflow_sign_flip_test(a, b, n, &config, &p[now]));
    ck_assert(!now || (memcmp(&got[0], &got[1], sizeof got[0]) == 0 && p[0] == p[1]));
    pflow_pool_destroy(config.pool);
  }
  pflow_free(b);
  pflow_free(a);
}
END_TEST

static pflow_err test_both(void *user) {
  const double a[] = {0, 1, 2, 5};
  pflow_interval got;
  const pflow_err rc = pflow_bootstrap_paired(a, NULL, 4, NULL, &got);
  return rc < 0 ? rc : pflow_sign_flip_test(a, NULL, 4, NULL, user);
}

START_TEST(failing_memory_leaves_nothing) {
  double p;
  failing_install();
  check_failures(test_both, &p);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "stats", TESTS(interval_is_that_of_the_mean, quantiles_of_a_binomial,
                     intervals_cover, equal_scores_have_no_width,
                     few_pairs_are_enumerated, all_one_way_is_the_least_p,
                     p_is_uniform_without_a_difference, paired_tests_refuse_bad_input,
                     threads_do_not_change_statistics, failing_memory_leaves_nothing));
}
