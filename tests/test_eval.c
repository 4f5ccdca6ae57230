/*
 * test_eval.c - nearest neighbours, accuracy, alignment, effective rank.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/toy.h"

/* ---- nearest neighbours ---- */

static double distance2(const float *a, const float *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
  return sum;
}

/* The k nearest by k passes over all rows, then a vote over all classes. */
static int32_t brute_force(const pflow_labelled *train, const float *x, size_t k) {
  size_t *votes = calloc(train->classes, sizeof *votes);
  char *taken = calloc(train->n, 1);
  double *distances = malloc(train->n * sizeof *distances);
  ck_assert(votes && taken && distances);
  for (size_t i = 0; i < train->n; i++)
    distances[i] = distance2(x, train->x + i * train->dim, train->dim);
  for (size_t round = 0; round < k; round++) {
    size_t nearest = train->n;
    for (size_t i = 0; i < train->n; i++)
      if (!taken[i] && (nearest == train->n || distances[i] < distances[nearest]))
        nearest = i;
    taken[nearest] = 1;
    votes[train->labels[nearest]]++;
  }
  size_t best = 0;
  for (size_t c = 1; c < train->classes; c++)
    if (votes[c] > votes[best]) best = c;
  free(distances);
  free(taken);
  free(votes);
  return (int32_t)best;
}

/* n labels below `classes`, to be freed with pflow_free. */
static int32_t *random_labels(size_t n, size_t classes, uint64_t seed) {
  pflow_rng rng;
  int32_t *labels = pflow_alloc(n, sizeof *labels);
  ck_assert_ptr_nonnull(labels);
  pflow_rng_init(&rng, seed, 1);
  for (size_t i = 0; i < n; i++)
    labels[i] = (int32_t)pflow_rng_below(&rng, classes);
  return labels;
}

static void meet_brute_force(const pflow_labelled *train, const float *x, size_t n,
                             size_t k) {
  int32_t *labels = malloc(n * sizeof *labels);
  ck_assert_ptr_nonnull(labels);
  ck_ok(pflow_knn_predict(train, x, n, k, labels, NULL));
  for (size_t i = 0; i < n; i++) {
    int32_t want = brute_force(train, x + i * train->dim, k);
    ck_assert_msg(labels[i] == want, "query %zu, k %zu: class %d, wants %d", i, k,
                  labels[i], want);
  }
  free(labels);
}

static void meet_brute_force_in(size_t n, size_t queries, size_t dim, size_t k) {
  float *known = normal_values(n * dim, 1), *x = normal_values(queries * dim, 2);
  int32_t *labels = random_labels(n, 5, 3);
  pflow_labelled train = {known, labels, n, dim, 5};
  meet_brute_force(&train, x, queries, k);
  pflow_free(labels);
  pflow_free(x);
  pflow_free(known);
}

START_TEST(knn_is_brute_force) {
  const size_t ks[] = {1, 2, 5, 33};
  for (size_t i = 0; i < 4; i++)
    meet_brute_force_in(2100, 270, 7, ks[i]);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* More train rows than are packed at once, and more neighbours than are held. */
START_TEST(knn_of_many_is_brute_force) {
  meet_brute_force_in(3000, 20, 800, 9);
  meet_brute_force_in(300, 4300, 3, 250);
}
END_TEST

/* Rows far from the origin, whose lengths cancel in products of rows. */
static void meet_brute_force_around(const float *center, float spread) {
  enum { n = 1200, queries = 60, dim = 4 };
  float *known = normal_values(n * dim, 4), *x = normal_values(queries * dim, 5);
  for (size_t i = 0; i < n * dim; i++)
    known[i] = center[i % dim] + (center[i % dim] < 1e6f ? spread * known[i] : 0.0f);
  for (size_t i = 0; i < queries * dim; i++)
    x[i] = center[i % dim] + (center[i % dim] < 1e6f ? spread * x[i] : 0.0f);
  int32_t *labels = random_labels(n, 3, 6);
  pflow_labelled train = {known, labels, n, dim, 3};
  meet_brute_force(&train, x, queries, 1);
  meet_brute_force(&train, x, queries, 10);
  pflow_free(labels);
  pflow_free(x);
  pflow_free(known);
}

START_TEST(knn_ranks_tight_clusters_and_ties) {
  /* The grid of floats makes distances tie. */
  meet_brute_force_around((const float[]){1000, 1000, 1000, 1000}, 1e-4f);
  /* Squared lengths are rounded to about 1e-4, distances are of order 1e-3. */
  meet_brute_force_around((const float[]){1e6f, 0, 0, 0}, 0.1f);
}
END_TEST

START_TEST(knn_of_all_rows_is_the_majority) {
  const size_t n = 5000, queries = 260; /* heaps above the usual size of a block */
  float *known = normal_values(n * 2, 7);
  int32_t *labels = random_labels(n, 4, 8), predicted[260];
  pflow_labelled train = {known, labels, n, 2, 4};
  int32_t want = brute_force(&train, known, n);
  ck_ok(pflow_knn_predict(&train, known, queries, n, predicted, NULL));
  for (size_t i = 0; i < queries; i++)
    ck_assert_int_eq(predicted[i], want);
  pflow_free(labels);
  pflow_free(known);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(knn_ties_go_to_the_smaller) {
  /* Rows 0 and 2 are equal; rows 1 and 3 lie at the same distance from 0. */
  const float known[] = {5, 1, 5, -1};
  const int32_t labels[] = {3, 2, 1, 0};
  pflow_labelled train = {known, labels, 4, 1, 4};
  const float x[] = {5, 0};
  int32_t predicted[2];
  ck_ok(pflow_knn_predict(&train, x, 2, 1, predicted, NULL));
  ck_assert_int_eq(predicted[0], 3); /* row 0 before row 2 */
  ck_assert_int_eq(predicted[1], 2); /* row 1 before row 3 */
  ck_ok(pflow_knn_predict(&train, x, 2, 2, predicted, NULL));
  ck_assert_int_eq(predicted[0], 1); /* one vote each: the smaller label */
  ck_assert_int_eq(predicted[1], 0);
}
END_TEST

START_TEST(knn_refuses_bad_input) {
  float known[] = {0, 1, 2, 3}, x[] = {0, 1};
  int32_t labels[] = {0, 1}, out[1] = {7};
  const pflow_labelled good = {known, labels, 2, 2, 2};
  pflow_labelled bad = good;
  ck_fails(pflow_knn_predict(NULL, x, 1, 1, out, NULL), PFLOW_ENULL, "train");
  ck_fails(pflow_knn_predict(&good, NULL, 1, 1, out, NULL), PFLOW_ENULL, "x");
  ck_fails(pflow_knn_predict(&good, x, 1, 1, NULL, NULL), PFLOW_ENULL, "labels");
  ck_fails(pflow_knn_predict(&good, x, 0, 1, out, NULL), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_knn_predict(&good, x, 1, 0, out, NULL), PFLOW_EINVAL, "k is 0");
  ck_fails(pflow_knn_predict(&good, x, 1, 3, out, NULL), PFLOW_EINVAL, "k is 3");
  ck_fails(pflow_knn_predict(&good, x, SIZE_MAX / 2, 1, out, NULL), PFLOW_EOVERFLOW, "*");
  bad.x = NULL;
  ck_fails(pflow_knn_predict(&bad, x, 1, 1, out, NULL), PFLOW_ENULL, "train->x");
  bad = good;
  bad.labels = NULL;
  ck_fails(pflow_knn_predict(&bad, x, 1, 1, out, NULL), PFLOW_ENULL, "train->labels");
  bad = good;
  bad.classes = 1;
  ck_fails(pflow_knn_predict(&bad, x, 1, 1, out, NULL), PFLOW_ELABEL, "row 1 is 1");
  bad.classes = 0;
  ck_fails(pflow_knn_predict(&bad, x, 1, 1, out, NULL), PFLOW_EINVAL, "0 classes");
  bad.classes = (size_t)1 << 32;
  ck_fails(pflow_knn_predict(&bad, x, 1, 1, out, NULL), PFLOW_EINVAL, "4294967296");
  known[3] = NAN;
  ck_fails(pflow_knn_predict(&good, x, 1, 1, out, NULL), PFLOW_ENONFINITE,
           "train rows: row 1, column 1");
  known[3] = 0;
  x[1] = INFINITY;
  ck_fails(pflow_knn_predict(&good, x, 1, 1, out, NULL), PFLOW_ENONFINITE, "inf");
  ck_assert_int_eq(out[0], 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Whichever thread meets its own first. */
START_TEST(knn_names_the_first_row_that_is_not_finite) {
  enum { n = 200000 };
  float *known = pflow_alloc(n, sizeof *known), x[1] = {0};
  int32_t *labels = pflow_alloc(n, sizeof *labels), out;
  const pflow_labelled train = {known, labels, n, 1, 1};
  known[150000] = known[199999] = NAN;
  known[70001] = known[70003] = INFINITY;
  for (size_t i = 0; i < 20; i++)
    ck_fails(pflow_knn_predict(&train, x, 1, 1, &out, NULL), PFLOW_ENONFINITE,
             "train rows: row 70001, column 0");
  pflow_free(labels);
  pflow_free(known);
}
END_TEST

/* ---- accuracy and argmax ---- */

START_TEST(accuracy_counts) {
  const int32_t a[] = {0, 1, 2, 3, 4}, b[] = {0, 1, 2, 9, 9};
  double value = -1;
  ck_ok(pflow_accuracy(a, b, 5, &value));
  ck_assert(value == 0.6);
  ck_ok(pflow_accuracy(a, a, 5, &value));
  ck_assert(value == 1.0);
  ck_fails(pflow_accuracy(NULL, b, 5, &value), PFLOW_ENULL, "predicted");
  ck_fails(pflow_accuracy(a, NULL, 5, &value), PFLOW_ENULL, "labels");
  ck_fails(pflow_accuracy(a, b, 5, NULL), PFLOW_ENULL, "accuracy");
  ck_fails(pflow_accuracy(a, b, 0, &value), PFLOW_EINVAL, "0 labels");
}
END_TEST

START_TEST(argmax_takes_the_first) {
  float logits[] = {1, 3, 3, -5, -7, -5, 0, 0, 0.5f};
  int32_t labels[3];
  ck_ok(pflow_argmax(logits, 3, 3, labels));
  ck_assert(labels[0] == 1 && labels[1] == 0 && labels[2] == 2);
  ck_fails(pflow_argmax(NULL, 3, 3, labels), PFLOW_ENULL, "logits");
  ck_fails(pflow_argmax(logits, 3, 3, NULL), PFLOW_ENULL, "labels");
  ck_fails(pflow_argmax(logits, 0, 3, labels), PFLOW_EINVAL, "0 x 3");
  ck_fails(pflow_argmax(logits, 3, 0, labels), PFLOW_EINVAL, "3 x 0");
  logits[4] = NAN;
  ck_fails(pflow_argmax(logits, 3, 3, labels), PFLOW_ENONFINITE, "row 1, column 1");
}
END_TEST

/* ---- alignment ---- */

START_TEST(alignment_is_the_reference) {
  golden x = golden_load("metrics", "x"), y = golden_load("metrics", "y");
  golden want = golden_load("metrics", "alignment_alpha2_f64");
  double value;
  ck_ok(pflow_alignment(x.f32, y.f32, x.shape[0], x.shape[1], 2.0, &value));
  check_close_f64("alignment", &value, want.f64, 1, 1e-12);
  golden_free(&want);
  golden_free(&y);
  golden_free(&x);
}
END_TEST

START_TEST(alignment_raises_distances) {
  const float x[] = {0, 0, 1, 1}, y[] = {3, 4, 1, 1}; /* distances 5 and 0 */
  const double alphas[] = {1, 2, 3, 0.5};
  for (size_t i = 0; i < 4; i++) {
    double value, want = pow(5.0, alphas[i]) / 2.0;
    ck_ok(pflow_alignment(x, y, 2, 2, alphas[i], &value));
    check_close_f64("alignment", &value, &want, 1, 1e-15);
  }
}
END_TEST

START_TEST(alignment_refuses_bad_input) {
  float x[] = {0, 1e30f}, y[] = {1, NAN};
  double value = 7;
  ck_fails(pflow_alignment(NULL, x, 1, 2, 2, &value), PFLOW_ENULL, "x");
  ck_fails(pflow_alignment(x, NULL, 1, 2, 2, &value), PFLOW_ENULL, "y");
  ck_fails(pflow_alignment(x, x, 1, 2, 2, NULL), PFLOW_ENULL, "value");
  ck_fails(pflow_alignment(x, x, 0, 2, 2, &value), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_alignment(x, x, 1, 0, 2, &value), PFLOW_EINVAL, "1 x 0");
  ck_fails(pflow_alignment(x, x, 1, 2, 0, &value), PFLOW_EINVAL, "alpha is 0");
  ck_fails(pflow_alignment(x, x, 1, 2, -1, &value), PFLOW_EINVAL, "alpha is -1");
  ck_fails(pflow_alignment(x, x, 1, 2, NAN, &value), PFLOW_EINVAL, "alpha is");
  ck_fails(pflow_alignment(x, x, 1, 2, INFINITY, &value), PFLOW_EINVAL, "alpha is inf");
  ck_fails(pflow_alignment(x, y, 1, 2, 2, &value), PFLOW_ENONFINITE, "column 1");
  y[1] = 0;
  ck_fails(pflow_alignment(x, y, 1, 2, 100, &value), PFLOW_EINVAL, "alpha is 100");
  ck_assert(value == 7);
}
END_TEST

/* ---- effective rank ---- */

/* Rows +a_i e_i and -a_i e_i: eigenvalues in the ratio of a_i^2. */
static double rank_of_axes(const float *lengths, size_t dim, float shift) {
  float *x = pflow_alloc(2 * dim * dim, sizeof *x);
  for (size_t i = 0; i < 2 * dim * dim; i++)
    x[i] = shift;
  for (size_t i = 0; i < dim; i++) {
    x[2 * i * dim + i] += lengths[i];
    x[(2 * i + 1) * dim + i] -= lengths[i];
  }
  double rank;
  ck_ok(pflow_effective_rank(x, 2 * dim, dim, &rank));
  pflow_free(x);
  return rank;
}

START_TEST(rank_of_known_spectra) {
  const float equal[] = {3, 3, 3, 3, 3}, one[] = {0, 0, 5, 0}, mixed[] = {4, 2, 1, 0};
  double want = pow(16 + 4 + 1, 2) / (256.0 + 16 + 1);
  ck_assert(fabs(rank_of_axes(equal, 5, 0) - 5.0) < 1e-12);
  ck_assert(fabs(rank_of_axes(one, 4, 0) - 1.0) < 1e-12);
  ck_assert(fabs(rank_of_axes(mixed, 4, 0) - want) < 1e-12);
  ck_assert(fabs(rank_of_axes(mixed, 4, 65536) - want) < 1e-12);
}
END_TEST

START_TEST(rank_of_random_rows) {
  const size_t n = 5000, dim = 20;
  float *x = normal_values(n * dim, 31);
  double rank;
  ck_ok(pflow_effective_rank(x, n, dim, &rank));
  /* Sampling spreads the spectrum: dim / (1 + dim / n) in the mean. */
  ck_assert_msg(fabs(rank - 20.0 / (1.0 + 20.0 / 5000.0)) < 0.02, "rank %g", rank);
  ck_ok(pflow_effective_rank(x, 10, 100, &rank));
  ck_assert(rank > 5.0 && rank < 9.0); /* 9 dimensions at most */
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(rank_refuses_bad_input) {
  float x[] = {0.1f, 0.7f, 0.1f, 0.7f, 0.1f, 0.7f};
  double rank = 7;
  ck_fails(pflow_effective_rank(NULL, 3, 2, &rank), PFLOW_ENULL, "x");
  ck_fails(pflow_effective_rank(x, 3, 2, NULL), PFLOW_ENULL, "rank");
  ck_fails(pflow_effective_rank(x, 0, 2, &rank), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_effective_rank(x, 3, 0, &rank), PFLOW_EINVAL, "3 x 0");
  ck_fails(pflow_effective_rank(x, 1, 2, &rank), PFLOW_EINVAL, "1 row");
  ck_fails(pflow_effective_rank(x, 3, 2, &rank), PFLOW_EINVAL, "alike");
  x[5] = -INFINITY;
  ck_fails(pflow_effective_rank(x, 3, 2, &rank), PFLOW_ENONFINITE, "row 2, column 1");
  ck_assert(rank == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- threads and memory ---- */

START_TEST(threads_do_not_change_labels) {
  const size_t n = 900, dim = 9;
  float *x = normal_values(n * dim, 41);
  int32_t *labels = random_labels(n, 4, 42), first[50], now[50];
  pflow_labelled train = {x, labels, n, dim, 4};
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    ck_ok(pflow_knn_predict(&train, x, 50, 8, threads == 1 ? first : now, pool));
    ck_assert(threads == 1 || memcmp(first, now, sizeof first) == 0);
    pflow_pool_destroy(pool);
  }
  pflow_free(labels);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err predict(void *user) {
  (void)user;
  const float x[] = {0, 1, 2, 0, 3, 5};
  const int32_t labels[] = {0, 1, 1};
  const pflow_labelled train = {x, labels, 3, 2, 2};
  int32_t out[3];
  return pflow_knn_predict(&train, x, 3, 2, out, NULL);
}

static pflow_err find_rank(void *user) {
  const float x[] = {0, 1, 2, 0, 3, 5};
  return pflow_effective_rank(x, 3, 2, user);
}

START_TEST(failing_memory_leaves_nothing) {
  double rank;
  failing_install();
  check_failures(predict, NULL);
  check_failures(find_rank, &rank);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "eval", TESTS(knn_is_brute_force, knn_of_many_is_brute_force,
                    knn_ranks_tight_clusters_and_ties, knn_of_all_rows_is_the_majority,
                    knn_ties_go_to_the_smaller, knn_refuses_bad_input,
                    knn_names_the_first_row_that_is_not_finite, accuracy_counts,
                    argmax_takes_the_first, alignment_is_the_reference,
                    alignment_raises_distances, alignment_refuses_bad_input,
                    rank_of_known_spectra, rank_of_random_rows, rank_refuses_bad_input,
                    threads_do_not_change_labels, failing_memory_leaves_nothing));
}
