/*
 * test_measures.c - overlap, hubness, intrinsic dimension, ranks of neighbours.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/values.h"

/* ---- a plain search in double ---- */

static double distance2(const pflow_features *at, size_t a, size_t b) {
  double sum = 0.0;
  for (size_t k = 0; k < at->dim; k++)
    sum += pow((double)at->x[a * at->dim + k] - (double)at->x[b * at->dim + k], 2.0);
  return sum;
}

/* One more than the number of rows that are nearer to row i than row j is. */
static size_t plain_rank(const pflow_features *at, size_t i, size_t j) {
  const double own = distance2(at, i, j);
  size_t nearer = 0;
  for (size_t l = 0; l < at->n; l++) {
    if (l == i || l == j) continue;
    const double other = distance2(at, i, l);
    nearer += other < own || (other == own && l < j);
  }
  return nearer + 1;
}

static int compare(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Distances from row i to all others, rising. */
static double *plain_distances(const pflow_features *at, size_t i) {
  double *distances = malloc(at->n * sizeof *distances);
  ck_assert_ptr_nonnull(distances);
  for (size_t j = 0, to = 0; j < at->n; j++)
    if (j != i) distances[to++] = sqrt(distance2(at, i, j));
  qsort(distances, at->n - 1, sizeof *distances, compare);
  return distances;
}

static float *uniform_values(size_t n, uint64_t seed) {
  pflow_rng rng;
  float *values = pflow_alloc(n, sizeof *values);
  ck_assert_ptr_nonnull(values);
  pflow_rng_init(&rng, seed, 0);
  pflow_rng_uniform(&rng, values, n, 0.0, 1.0);
  return values;
}

/* ---- overlap and hubness ---- */

START_TEST(overlap_counts_what_lists_share) {
  const size_t before[] = {4, 1, 9, 2, 3, 5}, after[] = {9, 7, 4, 8, 6, 0};
  double mean, shares[2];
  ck_ok(pflow_overlap(before, after, 2, 3, &mean, shares));
  ck_assert(shares[0] == 2.0 / 3.0 && shares[1] == 0.0 && mean == 1.0 / 3.0);
  ck_ok(pflow_overlap(before, before, 2, 3, &mean, NULL));
  ck_assert(mean == 1.0);
  ck_fails(pflow_overlap(NULL, after, 2, 3, &mean, NULL), PFLOW_ENULL, "before");
  ck_fails(pflow_overlap(before, NULL, 2, 3, &mean, NULL), PFLOW_ENULL, "after");
  ck_fails(pflow_overlap(before, after, 2, 3, NULL, NULL), PFLOW_ENULL, "mean");
  ck_fails(pflow_overlap(before, after, 0, 3, &mean, NULL), PFLOW_EINVAL, "0 x 3");
  ck_fails(pflow_overlap(before, after, 2, 0, &mean, NULL), PFLOW_EINVAL, "2 x 0");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(hubness_of_known_counts) {
  /* Counts 3, 1, 2, 0, 0: mean 1.2; third moments by hand. */
  const size_t rows[] = {0, 2, 0, 1, 2, 0};
  const double deviations[] = {1.8, -0.2, 0.8, -1.2, -1.2};
  double squares = 0.0, cubes = 0.0;
  for (size_t i = 0; i < 5; i++) {
    squares += pow(deviations[i], 2.0) / 5.0;
    cubes += pow(deviations[i], 3.0) / 5.0;
  }
  size_t counts[5];
  pflow_hubs hubs;
  ck_ok(pflow_hubness(rows, 3, 2, 5, &hubs, counts));
  ck_assert(counts[0] == 3 && counts[1] == 1 && counts[2] == 2 && counts[4] == 0);
  ck_assert(fabs(hubs.skewness - cubes / pow(squares, 1.5)) < 1e-14);
  ck_assert(hubs.hubs == 0.2 && hubs.antihubs == 0.4 && hubs.most == 3);
  ck_ok(pflow_hubness((const size_t[]){2, 0, 1}, 3, 1, 3, &hubs, NULL));
  ck_assert(hubs.skewness == 0 && hubs.hubs == 0 && hubs.antihubs == 0 && hubs.most == 1);
  ck_fails(pflow_hubness(NULL, 3, 2, 5, &hubs, NULL), PFLOW_ENULL, "rows");
  ck_fails(pflow_hubness(rows, 3, 2, 5, NULL, NULL), PFLOW_ENULL, "hubs");
  ck_fails(pflow_hubness(rows, 0, 2, 5, &hubs, NULL), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_hubness(rows, 3, 2, 2, &hubs, NULL), PFLOW_EINVAL,
           "neighbour 1 of row 0 is 2, wants 0 to 1");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Hubs come with dimensions (Radovanovic et al. 2010). */
START_TEST(hubness_grows_with_dimension) {
  enum { n = 2000, k = 10 };
  const size_t dims[] = {2, 10, 50};
  size_t *rows = malloc(n * k * sizeof *rows);
  double last = -1.0;
  for (size_t i = 0; i < 3; i++) {
    float *x = normal_values(n * dims[i], 9);
    const pflow_features known = {x, n, dims[i]};
    pflow_hubs hubs;
    ck_ok(pflow_neighbours_within(&known, NULL, 0, k, rows, NULL, NULL));
    ck_ok(pflow_hubness(rows, n, k, n, &hubs, NULL));
    ck_assert_msg(hubs.skewness > last + 0.5, "dim %zu: %g", dims[i], hubs.skewness);
    last = hubs.skewness;
    pflow_free(x);
  }
  free(rows);
}
END_TEST

/* ---- intrinsic dimension ---- */

/* Both estimates by their formulas, over all rows. */
static pflow_intrinsic plain_intrinsic(const pflow_features *at, size_t k) {
  double *logs = malloc(at->n * sizeof *logs), *nearest = malloc(at->n * sizeof *nearest);
  double sum = 0.0, xy = 0.0, xx = 0.0;
  for (size_t i = 0; i < at->n; i++) {
    double *distances = plain_distances(at, i);
    nearest[i] = distances[0];
    logs[i] = log(distances[1] / distances[0]);
    for (size_t j = 0; j + 1 < k; j++)
      sum += log(distances[k - 1] / distances[j]) / (double)(k - 1);
    free(distances);
  }
  qsort(logs, at->n, sizeof *logs, compare);
  qsort(nearest, at->n, sizeof *nearest, compare);
  for (size_t i = 0; i < at->n * 9 / 10; i++) {
    xy -= logs[i] * log(1.0 - (double)(i + 1) / (double)at->n);
    xx += logs[i] * logs[i];
  }
  const double median = 0.5 * (nearest[(at->n - 1) / 2] + nearest[at->n / 2]);
  free(nearest);
  free(logs);
  return (pflow_intrinsic){xy / xx, (double)at->n / sum, median, at->n, 0};
}

START_TEST(intrinsic_is_its_formula) {
  const size_t sizes[][3] = {{5, 2, 2}, {200, 3, 20}, {333, 8, 7}};
  for (size_t s = 0; s < 3; s++) {
    const size_t n = sizes[s][0], dim = sizes[s][1];
    float *x = normal_values(n * dim, 3 + s);
    const pflow_features rows = {x, n, dim};
    pflow_intrinsic_config config;
    pflow_intrinsic_config_init(&config);
    config.k = sizes[s][2];
    pflow_intrinsic got, want = plain_intrinsic(&rows, config.k);
    ck_ok(pflow_intrinsic_dim(&rows, &config, &got));
    check_close_f64("two_nn", &got.two_nn, &want.two_nn, 1, 1e-12);
    check_close_f64("mle", &got.mle, &want.mle, 1, 1e-12);
    check_close_f64("nearest", &got.nearest, &want.nearest, 1, 1e-14);
    ck_assert(got.rows == n && got.duplicates == 0);
    pflow_free(x);
  }
}
END_TEST

/* Cubes of `own` dimensions, turned into 12 by a matrix of normal numbers. The edge
 * lowers both estimates, more so in many dimensions. */
static void check_cube(size_t own, double low, double high) {
  enum { n = 4000, dim = 12 };
  float *u = uniform_values(n * own, 5), *turn = normal_values(own * dim, 6);
  float *x = pflow_alloc(n * dim, sizeof *x);
  for (size_t i = 0; i < n * dim; i++)
    for (size_t k = 0; k < own; k++)
      x[i] += u[i / dim * own + k] * turn[k * dim + i % dim];
  const pflow_features rows = {x, n, dim};
  pflow_intrinsic got;
  ck_ok(pflow_intrinsic_dim(&rows, NULL, &got));
  ck_assert_msg(got.two_nn > low && got.two_nn < high && got.mle > low && got.mle < high,
                "%zu dimensions: %g, %g", own, got.two_nn, got.mle);
  pflow_free(x);
  pflow_free(turn);
  pflow_free(u);
}

START_TEST(intrinsic_of_cubes) {
  check_cube(1, 0.95, 1.05);
  check_cube(2, 1.9, 2.1);
  check_cube(3, 2.75, 3.1);
  check_cube(5, 4.3, 5.1);
}
END_TEST

START_TEST(intrinsic_takes_samples) {
  enum { n = 3000, dim = 4 };
  float *x = normal_values(n * dim, 8);
  const pflow_features rows = {x, n, dim};
  pflow_intrinsic_config config;
  pflow_intrinsic_config_init(&config);
  pflow_intrinsic all, some, again, other;
  ck_ok(pflow_intrinsic_dim(&rows, &config, &all));
  config.max_rows = 1000;
  ck_ok(pflow_intrinsic_dim(&rows, &config, &some));
  ck_ok(pflow_intrinsic_dim(&rows, &config, &again));
  config.seed = 1;
  ck_ok(pflow_intrinsic_dim(&rows, &config, &other));
  ck_assert(some.rows == 1000 && all.rows == n);
  ck_assert(memcmp(&some, &again, sizeof some) == 0);
  ck_assert(some.mle != other.mle && some.mle != all.mle);
  ck_assert(fabs(some.mle - all.mle) < 0.2 && fabs(some.two_nn - all.two_nn) < 0.5);
  pflow_free(x);
}
END_TEST

START_TEST(intrinsic_leaves_duplicates_out) {
  enum { n = 400, dim = 3 };
  float *x = normal_values(n * dim, 8);
  memcpy(x, x + 200 * dim, 50 * dim * sizeof *x);
  const pflow_features rows = {x, n, dim};
  pflow_intrinsic got;
  ck_ok(pflow_intrinsic_dim(&rows, NULL, &got));
  ck_assert_uint_eq(got.duplicates, 100);
  ck_assert(got.mle > 2.0 && got.mle < 4.0 && got.two_nn > 2.0 && got.two_nn < 4.0);
  pflow_free(x);
}
END_TEST

START_TEST(intrinsic_refuses_bad_input) {
  float x[] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
  pflow_features rows = {x, 6, 1};
  pflow_intrinsic_config config;
  pflow_intrinsic got = {.rows = 77};
  pflow_intrinsic_config_init(&config);
  ck_fails(pflow_intrinsic_dim(NULL, NULL, &got), PFLOW_ENULL, "rows");
  ck_fails(pflow_intrinsic_dim(&rows, NULL, NULL), PFLOW_ENULL, "intrinsic");
  ck_fails(pflow_intrinsic_dim(&rows, NULL, &got), PFLOW_EINVAL, "k is 20, wants 1 to 5");
  config.k = 1;
  ck_fails(pflow_intrinsic_dim(&rows, &config, &got), PFLOW_EINVAL, "k is 1");
  config.k = 2;
  rows.n = 12;
  ck_fails(pflow_intrinsic_dim(&rows, &config, &got), PFLOW_EINVAL, "have a duplicate");
  rows = (pflow_features){(const float[]){0, 0, 0, 1, 1, 0, 1, 1}, 4, 2}; /* a square */
  ck_fails(pflow_intrinsic_dim(&rows, &config, &got), PFLOW_EINVAL, "equally far");
  config.max_rows = 0;
  ck_fails(pflow_intrinsic_dim(&rows, &config, &got), PFLOW_EINVAL, "max_rows");
  rows = (pflow_features){x, 0, 1};
  ck_fails(pflow_intrinsic_dim(&rows, NULL, &got), PFLOW_EINVAL, "0 x 1");
  rows.x = NULL;
  ck_fails(pflow_intrinsic_dim(&rows, NULL, &got), PFLOW_ENULL, "rows->x");
  ck_assert_uint_eq(got.rows, 77);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- ranks ---- */

/* 1 - 2 / (n k (2n - 3k - 1)) sum of rank - k over rows that are among the k nearest in
 * `other` but not in `at`, with ranks from double loops over everything. */
static double plain_score(const pflow_features *at, const pflow_features *other,
                          size_t k) {
  const double n = (double)at->n, size = (double)k;
  double sum = 0.0;
  for (size_t i = 0; i < at->n; i++) {
    for (size_t j = 0; j < at->n; j++) {
      if (j == i || plain_rank(other, i, j) > k) continue;
      const size_t rank = plain_rank(at, i, j);
      if (rank > k) sum += (double)(rank - k);
    }
  }
  return 1.0 - 2.0 / (n * size * (2.0 * n - 3.0 * size - 1.0)) * sum;
}

static void check_ranks(size_t n, size_t dim, size_t kept, size_t k) {
  float *x = normal_values(n * dim, 21), *y = pflow_alloc(n * kept, sizeof *y);
  for (size_t i = 0; i < n * kept; i++)
    y[i] = floorf(4.0f * x[i / kept * dim + i % kept]); /* with ties */
  const pflow_features before = {x, n, dim}, after = {y, n, kept};
  double *scores = malloc(2 * n * sizeof *scores);
  pflow_ranks got;
  pflow_ranks_config config;
  pflow_ranks_config_init(&config);
  config.k = k;
  ck_ok(pflow_rank_preservation(&before, &after, &config, &got, scores));
  const double want[] = {plain_score(&before, &after, k),
                         plain_score(&after, &before, k)};
  check_close_f64("trustworthiness", &got.trustworthiness, &want[0], 1, 1e-13);
  check_close_f64("continuity", &got.continuity, &want[1], 1, 1e-13);
  double sums[2] = {0.0};
  for (size_t i = 0; i < 2 * n; i++)
    sums[i / n] += scores[i] / (double)n;
  check_close_f64("scores", sums, want, 2, 1e-13);
  ck_assert_uint_eq(got.rows, n);
  ck_ok(pflow_rank_preservation(&before, &before, &config, &got, NULL));
  ck_assert(got.trustworthiness == 1.0 && got.continuity == 1.0);
  free(scores);
  pflow_free(y);
  pflow_free(x);
}

START_TEST(ranks_are_brute_force) {
  check_ranks(3, 2, 1, 1);
  check_ranks(11, 4, 2, 5);
  check_ranks(70, 5, 2, 10);
}
END_TEST

START_TEST(ranks_of_samples_are_near) {
  enum { n = 2500, dim = 6 };
  float *x = normal_values(n * dim, 1), *y = normal_values(n * dim, 2);
  for (size_t i = 0; i < n * dim; i++)
    y[i] = x[i] + 0.5f * y[i];
  const pflow_features before = {x, n, dim}, after = {y, n, dim};
  pflow_ranks_config config;
  pflow_ranks_config_init(&config);
  config.max_rows = n;
  pflow_ranks all, some;
  ck_ok(pflow_rank_preservation(&before, &after, &config, &all, NULL));
  config.max_rows = 600;
  ck_ok(pflow_rank_preservation(&before, &after, &config, &some, NULL));
  ck_assert_uint_eq(some.rows, 600);
  ck_assert(fabs(some.trustworthiness - all.trustworthiness) < 0.01 &&
            fabs(some.continuity - all.continuity) < 0.01);
  ck_assert(all.trustworthiness > 0.8 && all.trustworthiness < 0.99);
  pflow_free(y);
  pflow_free(x);
}
END_TEST

START_TEST(ranks_refuse_bad_input) {
  float x[] = {0, 1, 2, 3, 4, NAN};
  pflow_features before = {x, 5, 1}, after = {x, 5, 1};
  pflow_ranks got = {.rows = 77};
  pflow_ranks_config config;
  pflow_ranks_config_init(&config);
  config.k = 2;
  ck_fails(pflow_rank_preservation(NULL, &after, &config, &got, NULL), PFLOW_ENULL,
           "before");
  ck_fails(pflow_rank_preservation(&before, NULL, &config, &got, NULL), PFLOW_ENULL,
           "after");
  ck_fails(pflow_rank_preservation(&before, &after, &config, NULL, NULL), PFLOW_ENULL,
           "ranks");
  ck_fails(pflow_rank_preservation(&before, &after, NULL, &got, NULL), PFLOW_EINVAL,
           "k is 10, wants >= 1 and below half of 5 rows");
  after.n = 4;
  ck_fails(pflow_rank_preservation(&before, &after, &config, &got, NULL), PFLOW_ESHAPE,
           "5 rows before, 4 after");
  after = (pflow_features){x + 1, 5, 1};
  ck_fails(pflow_rank_preservation(&before, &after, &config, &got, NULL),
           PFLOW_ENONFINITE, "row 4");
  config.max_rows = 0;
  ck_fails(pflow_rank_preservation(&before, &before, &config, &got, NULL), PFLOW_EINVAL,
           "max_rows");
  ck_assert_uint_eq(got.rows, 77);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- threads and memory ---- */

START_TEST(threads_do_not_change_measures) {
  enum { n = 1500, dim = 7 };
  float *x = normal_values(n * dim, 1), *y = normal_values(n * dim, 2);
  const pflow_features before = {x, n, dim}, after = {y, n, dim};
  pflow_intrinsic_config intrinsic;
  pflow_ranks_config ranks;
  pflow_intrinsic_config_init(&intrinsic);
  pflow_ranks_config_init(&ranks);
  pflow_intrinsic first_dim, dims;
  pflow_ranks first_ranks, now;
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    intrinsic.pool = ranks.pool = pool;
    ck_ok(pflow_intrinsic_dim(&before, &intrinsic, threads == 1 ? &first_dim : &dims));
    ck_ok(pflow_rank_preservation(&before, &after, &ranks,
                                  threads == 1 ? &first_ranks : &now, NULL));
    ck_assert(threads == 1 || (memcmp(&dims, &first_dim, sizeof dims) == 0 &&
                               memcmp(&now, &first_ranks, sizeof now) == 0));
    pflow_pool_destroy(pool);
  }
  pflow_free(y);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static const float few[] = {0, 1, 2, 0, 3, 5, 1, 1, 7, 2};

static pflow_err find_all(void *user) {
  const pflow_features rows = {few, 5, 2}, other = {few, 5, 1};
  const size_t lists[] = {0, 1, 2, 3};
  pflow_intrinsic_config intrinsic;
  pflow_ranks_config ranks;
  pflow_intrinsic_config_init(&intrinsic);
  pflow_ranks_config_init(&ranks);
  intrinsic.k = ranks.k = 2;
  pflow_intrinsic dims;
  pflow_ranks got;
  pflow_hubs hubs;
  pflow_err rc = pflow_intrinsic_dim(&rows, &intrinsic, &dims);
  if (rc >= 0) rc = pflow_rank_preservation(&rows, &other, &ranks, &got, NULL);
  if (rc >= 0) rc = pflow_overlap(lists, lists, 2, 2, user, NULL);
  return rc < 0 ? rc : pflow_hubness(lists, 2, 2, 4, &hubs, NULL);
}

START_TEST(failing_memory_leaves_nothing) {
  double mean;
  failing_install();
  check_failures(find_all, &mean);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("measures",
                   TESTS(overlap_counts_what_lists_share, hubness_of_known_counts,
                         hubness_grows_with_dimension, intrinsic_is_its_formula,
                         intrinsic_of_cubes, intrinsic_takes_samples,
                         intrinsic_leaves_duplicates_out, intrinsic_refuses_bad_input,
                         ranks_are_brute_force, ranks_of_samples_are_near,
                         ranks_refuse_bad_input, threads_do_not_change_measures,
                         failing_memory_leaves_nothing));
}
