/*
 * test_codes.c - order statistics, spectrum, codes and their recall.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/sorted.h"
#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/values.h"

/* ---- order statistics ---- */

static int compare(const void *a, const void *b) {
  const float left = *(const float *)a, right = *(const float *)b;
  return (left > right) - (left < right);
}

/* Values of `kinds` different numbers, random, rising or falling. */
static void check_select(size_t n, size_t kinds, int order) {
  float values[200], sorted[200];
  pflow_rng rng;
  pflow_rng_init(&rng, n * 1000 + kinds, 0);
  for (size_t i = 0; i < n; i++)
    sorted[i] = (float)pflow_rng_below(&rng, kinds);
  if (order != 0) qsort(sorted, n, sizeof *sorted, compare);
  float given[200];
  for (size_t i = 0; i < n; i++)
    given[i] = sorted[order < 0 ? n - 1 - i : i];
  qsort(sorted, n, sizeof *sorted, compare);
  size_t wrong = 0;
  for (size_t place = 0; place < n; place++) {
    memcpy(values, given, sizeof values);
    wrong += pf_select(values, n, place) != sorted[place];
    qsort(values, n, sizeof *values, compare);
    wrong += memcmp(values, sorted, n * sizeof *values) != 0;
  }
  ck_assert_msg(wrong == 0, "%zu values of %zu kinds, order %d", n, kinds, order);
}

START_TEST(selection_is_sorting) {
  const size_t kinds[] = {1, 2, 3, 10, 1000000};
  for (size_t n = 1; n <= 200; n = n < 20 ? n + 1 : n + 37)
    for (size_t i = 0; i < 5; i++)
      for (int order = -1; order <= 1; order++)
        check_select(n, kinds[i], order);
}
END_TEST

START_TEST(quantiles_are_linear) {
  double values[] = {4, 1, 2, 8};
  pf_sort(values, 4);
  ck_assert(values[0] == 1 && values[3] == 8);
  ck_assert(pf_quantile(values, 4, 0.0) == 1 && pf_quantile(values, 4, 1.0) == 8);
  ck_assert(pf_quantile(values, 4, 0.5) == 3 && pf_quantile(values, 4, 0.75) == 5);
  ck_assert(pf_quantile(values, 1, 0.3) == 1);
}
END_TEST

/* ---- spectrum ---- */

START_TEST(spectrum_of_axes) {
  enum { dim = 5 };
  const float lengths[dim] = {1, 4, 0, 2, 3};
  const double want[dim] = {32, 18, 8, 2, 0}; /* 2 length^2 of 2 dim rows */
  float x[2 * dim * dim] = {0};
  for (size_t i = 0; i < dim; i++) {
    x[2 * i * dim + i] = lengths[i];
    x[(2 * i + 1) * dim + i] = -lengths[i];
  }
  for (size_t i = 0; i < 2 * dim * dim; i++)
    x[i] += 1024.0f;
  const pflow_features rows = {x, 2 * dim, dim};
  double got[dim], rank, sum = 0.0, squares = 0.0;
  ck_ok(pflow_spectrum(&rows, got));
  for (size_t i = 0; i < dim; i++) {
    const double scaled = want[i] / (2 * dim - 1);
    ck_assert_msg(fabs(got[i] - scaled) < 1e-12, "%zu: %g, wants %g", i, got[i], scaled);
    sum += got[i];
    squares += got[i] * got[i];
  }
  ck_ok(pflow_effective_rank(x, 2 * dim, dim, &rank));
  ck_assert(fabs(rank - sum * sum / squares) < 1e-12);
}
END_TEST

START_TEST(spectrum_is_that_of_pca) {
  enum { n = 100, dim = 23 };
  float *x = normal_values(n * dim, 3);
  for (size_t i = 0; i < n * dim; i++)
    x[i] *= (float)(i % dim);
  const pflow_features rows = {x, n, dim};
  double got[dim];
  pflow_affine *pca;
  ck_ok(pflow_spectrum(&rows, got));
  ck_ok(pflow_affine_fit(&pca, PFLOW_AFFINE_PCA, x, n, dim, NULL));
  check_close_f64("variances", got, pflow_affine_variances(pca), dim, 1e-13);
  pflow_affine_destroy(pca);
  pflow_free(x);
}
END_TEST

START_TEST(spectrum_refuses_bad_input) {
  float x[] = {0, 1, NAN};
  double got[1] = {7};
  pflow_features rows = {x, 1, 1};
  ck_fails(pflow_spectrum(NULL, got), PFLOW_ENULL, "rows");
  ck_fails(pflow_spectrum(&rows, NULL), PFLOW_ENULL, "variances");
  ck_fails(pflow_spectrum(&rows, got), PFLOW_EINVAL, "1 row");
  rows.n = 3;
  ck_fails(pflow_spectrum(&rows, got), PFLOW_ENONFINITE, "row 2");
  rows.x = NULL;
  ck_fails(pflow_spectrum(&rows, got), PFLOW_ENULL, "rows->x");
  ck_assert(got[0] == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- codes ---- */

START_TEST(bits_split_at_the_median) {
  /* Columns: an even spread, many zeros (rectified features), all the same. */
  const float x[] = {5, 0, 7, 1, 0, 7, 4, 0, 7, 2, 3, 7, 3, 9, 7, 6, 0, 7};
  const float want[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0};
  const pflow_features known = {x, 6, 3};
  float decoded[18];
  ck_ok(pflow_code_rows(&known, PFLOW_CODE_BIT, x, 6, decoded, NULL));
  ck_assert(memcmp(decoded, want, sizeof want) == 0);
}
END_TEST

START_TEST(bytes_are_within_half_a_step) {
  enum { n = 400, dim = 6 };
  float *x = normal_values(n * dim, 3), *y = normal_values(50 * dim, 4);
  double low[dim], high[dim];
  for (size_t i = 0; i < n * dim; i++) {
    if (i % dim == 5) x[i] = -2.5f;
    low[i % dim] = i < dim ? x[i] : fmin(low[i % dim], x[i]);
    high[i % dim] = i < dim ? x[i] : fmax(high[i % dim], x[i]);
  }
  const pflow_features known = {x, n, dim};
  float *decoded = malloc(n * dim * sizeof *decoded);
  ck_ok(pflow_code_rows(&known, PFLOW_CODE_BYTE, x, n, decoded, NULL));
  double worst = 0.0, uneven = 0.0;
  for (size_t i = 0; i < n * dim; i++) {
    const double step = (high[i % dim] - low[i % dim]) / 255.0;
    if (step == 0.0) {
      worst = worst_of(worst, fabs(decoded[i] - low[i % dim]));
      continue;
    }
    worst = worst_of(worst, fabs(decoded[i] - x[i]) / step);
    const double place = (decoded[i] - low[i % dim]) / step;
    uneven = worst_of(uneven, fabs(place - floor(place + 0.5)));
  }
  ck_assert_msg(worst <= 0.5001 && uneven < 1e-3, "%g %g", worst, uneven);
  y[0] = 100.0f;
  y[1] = -100.0f;
  ck_ok(pflow_code_rows(&known, PFLOW_CODE_BYTE, y, 50, y, NULL)); /* in place */
  ck_assert(y[0] == (float)high[0] && y[1] == (float)low[1] && y[5] == -2.5f);
  free(decoded);
  pflow_free(y);
  pflow_free(x);
}
END_TEST

/* Recall from sorted lists of code distances, all of it by force. */
static double plain_recall(const size_t *truth, size_t k, const float *known, size_t n,
                           const float *x, size_t dim) {
  size_t found = 0;
  for (size_t i = 0; i < k; i++) {
    size_t nearer = 0; /* than the true neighbour's code */
    double own = 0.0;
    for (size_t d = 0; d < dim; d++)
      own += pow((double)x[d] - (double)known[truth[i] * dim + d], 2.0);
    for (size_t j = 0; j < n; j++) {
      double other = 0.0;
      for (size_t d = 0; d < dim; d++)
        other += pow((double)x[d] - (double)known[j * dim + d], 2.0);
      nearer += other < own || (other == own && j < truth[i]);
    }
    found += nearer < k;
  }
  return (double)found / (double)k;
}

static void check_recall(pflow_code code, size_t dim, double low, double high) {
  enum { n = 800, queries = 60, k = 10 };
  float *x = normal_values(n * dim, 5), *y = normal_values(queries * dim, 6);
  float *known = malloc(n * dim * sizeof *known), *asked = malloc(queries * dim * 4);
  size_t *truth = malloc(queries * k * sizeof *truth);
  const pflow_features rows = {x, n, dim};
  double got, recalls[queries], sum = 0.0;
  ck_ok(pflow_neighbours(&rows, y, queries, k, truth, NULL, NULL));
  ck_ok(pflow_code_recall(truth, k, &rows, code, y, queries, &got, recalls, NULL));
  ck_ok(pflow_code_rows(&rows, code, x, n, known, NULL));
  ck_ok(pflow_code_rows(&rows, code, y, queries, asked, NULL));
  for (size_t i = 0; i < queries; i++) {
    const double want = plain_recall(truth + i * k, k, known, n, asked + i * dim, dim);
    ck_assert_msg(fabs(recalls[i] - want) < 1e-15, "query %zu: %g, wants %g", i,
                  recalls[i], want);
    sum += want / queries;
  }
  check_close_f64("recall", &got, &sum, 1, 1e-13);
  ck_assert_msg(got >= low && got <= high, "%g", got);
  free(truth);
  free(asked);
  free(known);
  pflow_free(y);
  pflow_free(x);
}

START_TEST(recall_is_brute_force) {
  /* Bits find far more than chance, which is 10 of 800. */
  check_recall(PFLOW_CODE_BIT, 16, 0.06, 0.6);
  check_recall(PFLOW_CODE_BIT, 128, 0.06, 0.6);
  check_recall(PFLOW_CODE_BYTE, 16, 0.9, 1.0);
}
END_TEST

START_TEST(medians_of_many_rows_are_sampled) {
  enum { n = 200001 };
  float *x = malloc(n * sizeof *x), *decoded = malloc(n * sizeof *decoded);
  for (size_t i = 0; i < n; i++)
    x[i] = (float)i;
  const pflow_features known = {x, n, 1};
  double ones = 0.0;
  ck_ok(pflow_code_rows(&known, PFLOW_CODE_BIT, x, n, decoded, NULL));
  for (size_t i = 0; i < n; i++)
    ones += decoded[i] / n;
  ck_assert(fabs(ones - 0.5) < 1e-4);
  free(decoded);
  free(x);
}
END_TEST

START_TEST(codes_refuse_bad_input) {
  float x[] = {0, 1, NAN}, decoded[3];
  size_t truth[] = {0, 2};
  double recall = 7;
  pflow_features known = {x, 2, 1}, none = {NULL, 2, 1};
  const pflow_code bad = (pflow_code)3, byte = PFLOW_CODE_BYTE;
  ck_fails(pflow_code_rows(&none, byte, x, 2, decoded, NULL), PFLOW_ENULL, "known");
  ck_fails(pflow_code_rows(&known, byte, NULL, 2, decoded, NULL), PFLOW_ENULL, "x is");
  ck_fails(pflow_code_rows(&known, byte, x, 2, NULL, NULL), PFLOW_ENULL, "decoded");
  ck_fails(pflow_code_rows(&known, bad, x, 2, decoded, NULL), PFLOW_EINVAL, "code is 3");
  ck_fails(pflow_code_rows(&known, byte, x, 3, decoded, NULL), PFLOW_ENONFINITE, "row 2");
  ck_fails(pflow_code_recall(NULL, 1, &known, byte, x, 2, &recall, NULL, NULL),
           PFLOW_ENULL, "truth");
  ck_fails(pflow_code_recall(truth, 1, &known, byte, x, 2, NULL, NULL, NULL), PFLOW_ENULL,
           "recall is");
  ck_fails(pflow_code_recall(truth, 0, &known, byte, x, 2, &recall, NULL, NULL),
           PFLOW_EINVAL, "k is 0");
  ck_fails(pflow_code_recall(truth, 3, &known, byte, x, 2, &recall, NULL, NULL),
           PFLOW_EINVAL, "k is 3");
  ck_fails(pflow_code_recall(truth, 1, &known, byte, x, 2, &recall, NULL, NULL),
           PFLOW_EINVAL, "true neighbour 0 of row 1 is 2, wants 0 to 1");
  ck_assert(recall == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- threads and memory ---- */

START_TEST(threads_do_not_change_recall) {
  enum { n = 700, dim = 20, k = 5 };
  float *x = normal_values(n * dim, 1);
  size_t *truth = malloc(n * k * sizeof *truth);
  const pflow_features rows = {x, n, dim};
  double got[2];
  ck_ok(pflow_neighbours(&rows, x, n, k, truth, NULL, NULL));
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    ck_ok(pflow_code_recall(truth, k, &rows, PFLOW_CODE_BIT, x, n, &got[threads > 1],
                            NULL, pool));
    ck_assert(threads == 1 || got[0] == got[1]);
    pflow_pool_destroy(pool);
  }
  free(truth);
  pflow_free(x);
}
END_TEST

static pflow_err find_all(void *user) {
  const float x[] = {0, 1, 2, 5};
  const size_t truth[] = {0, 1};
  const pflow_features rows = {x, 2, 2};
  double recall, *variances = user;
  float decoded[4];
  pflow_err rc = pflow_spectrum(&rows, variances);
  if (rc >= 0) rc = pflow_code_rows(&rows, PFLOW_CODE_BIT, x, 2, decoded, NULL);
  return rc < 0 ? rc
                : pflow_code_recall(truth, 1, &rows, PFLOW_CODE_BIT, x, 2, &recall, NULL,
                                    NULL);
}

START_TEST(failing_memory_leaves_nothing) {
  double variances[2];
  failing_install();
  check_failures(find_all, variances);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("codes",
                   TESTS(selection_is_sorting, quantiles_are_linear, spectrum_of_axes,
                         spectrum_is_that_of_pca, spectrum_refuses_bad_input,
                         bits_split_at_the_median, bytes_are_within_half_a_step,
                         recall_is_brute_force, medians_of_many_rows_are_sampled,
                         codes_refuse_bad_input, threads_do_not_change_recall,
                         failing_memory_leaves_nothing));
}
