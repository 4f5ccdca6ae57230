/*
 * test_probe.c - linear probe: folds, choice of strength, scores of test rows.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "eval/folds.h"
#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/values.h"

enum { classes = 3 };

/* Normal rows around class means `apart` from each other, to be freed with drop. */
static pflow_labelled make(size_t n, size_t dim, float apart, float scale,
                           uint64_t seed) {
  float *x = normal_values(n * dim, seed);
  int32_t *labels = pflow_alloc(n, sizeof *labels);
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 3);
  for (size_t i = 0; i < n; i++) {
    labels[i] = (int32_t)pflow_rng_below(&rng, classes);
    x[i * dim + (size_t)labels[i] % dim] += apart;
    for (size_t k = 0; k < dim; k++)
      x[i * dim + k] = scale * x[i * dim + k] + 5.0f * scale;
  }
  return (pflow_labelled){x, labels, n, dim, classes};
}

static void drop(pflow_labelled *rows) {
  pflow_free((void *)(uintptr_t)rows->labels);
  pflow_free((void *)(uintptr_t)rows->x);
}

/* ---- folds ---- */

static void check_deal(size_t n, size_t take, size_t count) {
  pflow_labelled from = make(n, 2, 1, 1, 4);
  size_t *rows = malloc(take * sizeof *rows), *folds = malloc(take * sizeof *folds);
  size_t *places = malloc((classes + 1) * sizeof *places);
  size_t *dealt = calloc(count * classes, sizeof *dealt), *seen = calloc(n, sizeof *seen);
  ck_assert(rows && folds && places && dealt && seen);
  pf_folds_deal(&from, take, count, 7, rows, folds, places);
  size_t bad = 0;
  for (size_t i = 0; i < take; i++) {
    bad += rows[i] >= n || seen[rows[i]]++ > 0 || folds[i] >= count;
    dealt[folds[i] * classes + (size_t)from.labels[rows[i]]]++;
  }
  for (size_t c = 0; c <= classes; c++) { /* the last: all of a fold */
    size_t least = SIZE_MAX, most = 0;
    for (size_t fold = 0; fold < count; fold++) {
      const size_t *own = dealt + fold * classes;
      const size_t size = c < classes ? own[c] : own[0] + own[1] + own[2];
      least = size < least ? size : least;
      most = size > most ? size : most;
    }
    bad += most > least + 1;
  }
  ck_assert_msg(bad == 0, "%zu of %zu rows in %zu folds", take, n, count);
  free(seen);
  free(dealt);
  free(places);
  free(folds);
  free(rows);
  drop(&from);
}

START_TEST(folds_are_stratified) {
  check_deal(100, 100, 5);
  check_deal(101, 47, 4);
  check_deal(20, 20, 20);
  check_deal(9, 3, 2);
}
END_TEST

START_TEST(folds_split_all_rows) {
  const float x[] = {0, 10, 20, 30, 40};
  const int32_t labels[] = {0, 1, 0, 1, 2};
  const pflow_labelled from = {x, labels, 5, 1, 3};
  const size_t rows[] = {4, 0, 3, 1}, folds[] = {1, 0, 1, 0};
  float to[4];
  int32_t own[4];
  ck_assert_uint_eq(pf_folds_split(&from, 4, rows, folds, 1, to, own), 2);
  ck_assert(to[0] == 0 && to[1] == 10 && to[2] == 40 && to[3] == 30);
  ck_assert(own[0] == 0 && own[1] == 1 && own[2] == 2 && own[3] == 1);
}
END_TEST

/* ---- probe ---- */

static double mean_variance(const pflow_labelled *rows) {
  double sum = 0.0;
  for (size_t k = 0; k < rows->dim; k++) {
    double mean = 0.0;
    for (size_t i = 0; i < rows->n; i++)
      mean += rows->x[i * rows->dim + k] / (double)rows->n;
    for (size_t i = 0; i < rows->n; i++)
      sum += pow(rows->x[i * rows->dim + k] - mean, 2.0) / (double)rows->n;
  }
  return sum / (double)rows->dim;
}

/* Loss of a row by a fitted model, from its coefficients. */
static double plain_loss(const pflow_logistic *model, const float *x, size_t dim,
                         int32_t label) {
  const double *coef = pflow_logistic_coef(model);
  double logits[classes], sum = 0.0;
  for (size_t c = 0; c < classes; c++) {
    logits[c] = pflow_logistic_intercept(model)[c];
    for (size_t k = 0; k < dim; k++)
      logits[c] += coef[c * dim + k] * x[k];
  }
  for (size_t c = 0; c < classes; c++)
    sum += exp(logits[c] - logits[label]);
  return log(sum);
}

START_TEST(probe_is_a_fit_and_its_scores) {
  const double grid[] = {0.7};
  pflow_labelled train = make(300, 6, 2, 1.0f, 1), test = make(80, 6, 2, 1.0f, 2);
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  config.grid = grid;
  config.grid_size = 1;
  pflow_probe_report report;
  int32_t predicted[80], want[80];
  double losses[80], sum = 0.0, accuracy;
  ck_ok(pflow_probe(&train, &test, &config, &report, predicted, losses));
  const double c = 0.7 / mean_variance(&train);
  check_close_f64("c", &report.c, &c, 1, 1e-12);
  ck_assert(report.strength == 0.7 && report.cross_nll == 0.0);
  pflow_logistic_config plain;
  pflow_logistic_config_init(&plain);
  plain.c = report.c;
  pflow_logistic *model;
  ck_ok(pflow_logistic_fit(&model, train.x, train.labels, 300, 6, classes, &plain, NULL));
  ck_ok(pflow_logistic_predict(model, test.x, 80, 6, want));
  ck_ok(pflow_accuracy(want, test.labels, 80, &accuracy));
  ck_assert(memcmp(want, predicted, sizeof want) == 0 && report.accuracy == accuracy);
  for (size_t i = 0; i < 80; i++) {
    const double loss = plain_loss(model, test.x + i * 6, 6, test.labels[i]);
    check_close_f64("loss", &losses[i], &loss, 1, 1e-9);
    sum += losses[i] / 80.0;
  }
  check_close_f64("nll", &report.nll, &sum, 1, 1e-14);
  pflow_logistic_destroy(model);
  drop(&test);
  drop(&train);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Loss of each row by the fit to all others: what n folds do, however they are dealt. */
static double leave_one_out(const pflow_labelled *rows, double c) {
  const size_t n = rows->n, dim = rows->dim;
  float *x = malloc(n * dim * sizeof *x);
  int32_t *labels = malloc(n * sizeof *labels);
  double sum = 0.0;
  pflow_logistic_config config;
  pflow_logistic_config_init(&config);
  config.c = c;
  config.grad_tol = 1e-9;
  for (size_t out = 0; out < n; out++) {
    for (size_t i = 0; i + 1 < n; i++) {
      const size_t from = i < out ? i : i + 1;
      memcpy(x + i * dim, rows->x + from * dim, dim * sizeof *x);
      labels[i] = rows->labels[from];
    }
    pflow_logistic *model;
    ck_ok(pflow_logistic_fit(&model, x, labels, n - 1, dim, classes, &config, NULL));
    sum += plain_loss(model, rows->x + out * dim, dim, rows->labels[out]);
    pflow_logistic_destroy(model);
  }
  free(labels);
  free(x);
  return sum / (double)n;
}

static void check_choice(float apart, uint64_t seed) {
  const double grid[] = {0.01, 0.1, 1, 10, 100};
  pflow_labelled rows = make(30, 3, apart, 1, seed);
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  config.grid = grid;
  config.grid_size = 5;
  config.folds = 30;
  config.grad_tol = 1e-9; /* of both: the probe's are other rows, divided by a unit */
  pflow_probe_report report;
  ck_ok(pflow_probe(&rows, &rows, &config, &report, NULL, NULL));
  double least = INFINITY, best = 0.0;
  for (size_t i = 0; i < 5; i++) {
    const double loss = leave_one_out(&rows, grid[i] / mean_variance(&rows));
    if (loss < least) best = grid[i];
    least = fmin(least, loss);
  }
  ck_assert_msg(report.strength == best, "%g, wants %g", report.strength, best);
  check_close_f64("loss", &report.cross_nll, &least, 1, 1e-6);
  drop(&rows);
}

START_TEST(strength_is_chosen_by_cross_validation) {
  check_choice(0.0f, 1); /* noise */
  check_choice(1.5f, 2);
  check_choice(9.0f, 3); /* far apart */
}
END_TEST

START_TEST(strength_follows_the_rows) {
  pflow_labelled noise = make(500, 8, 0, 1, 1), apart = make(500, 8, 30, 1, 1);
  pflow_probe_report report;
  ck_ok(pflow_probe(&noise, &noise, NULL, &report, NULL, NULL));
  ck_assert_msg(report.strength <= 1e-2, "%g", report.strength);
  ck_ok(pflow_probe(&apart, &apart, NULL, &report, NULL, NULL));
  ck_assert_msg(report.strength == 1e2 && report.accuracy == 1.0, "%g", report.strength);
  drop(&apart);
  drop(&noise);
}
END_TEST

/* Powers of two scale everything without rounding. Few rows are fitted another way. */
static void check_scale(size_t n, size_t dim, int exponent) {
  const float scale = ldexpf(1.0f, exponent);
  pflow_labelled train = make(n, dim, 1, 1, 1), test = make(100, dim, 1, 1, 2);
  pflow_labelled big = make(n, dim, 1, scale, 1), far = make(100, dim, 1, scale, 2);
  pflow_probe_report one, other;
  int32_t predicted[100], again[100];
  ck_ok(pflow_probe(&train, &test, NULL, &one, predicted, NULL));
  ck_ok(pflow_probe(&big, &far, NULL, &other, again, NULL));
  ck_assert_msg(one.strength == other.strength && one.nll == other.nll &&
                    one.cross_nll == other.cross_nll && one.accuracy == other.accuracy,
                "rows times 2^%d: loss %.17g, not %.17g", exponent, other.nll, one.nll);
  ck_assert(memcmp(predicted, again, sizeof again) == 0);
  ck_assert(one.c == ldexp(other.c, 2 * exponent));
  drop(&far);
  drop(&big);
  drop(&test);
  drop(&train);
}

START_TEST(scale_of_rows_does_not_matter) {
  const int exponents[] = {10, 20, 66, 110, -17, -66, -100};
  for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
    check_scale(400, 5, exponents[i]);
    check_scale(40, 200, exponents[i]);
  }
}
END_TEST

START_TEST(limits_of_rows_and_steps) {
  pflow_labelled train = make(900, 4, 1, 1, 1);
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  config.max_rows = 200;
  pflow_probe_report report, again, other;
  ck_ok(pflow_probe(&train, &train, &config, &report, NULL, NULL));
  ck_ok(pflow_probe(&train, &train, &config, &again, NULL, NULL));
  ck_assert(memcmp(&report, &again, sizeof report) == 0);
  config.seed = 5;
  ck_ok(pflow_probe(&train, &train, &config, &other, NULL, NULL));
  ck_assert(other.cross_nll != report.cross_nll);
  config.max_iters = 1;
  ck_assert_int_eq(pflow_probe(&train, &train, &config, &other, NULL, NULL), PFLOW_LIMIT);
  ck_assert(other.accuracy > 0.3 && other.nll > 0.0);
  const float same[] = {4, 4, 4, 4};
  const pflow_labelled constant = {same, (const int32_t[]){0, 1, 0, 1}, 4, 1, 2};
  config.max_iters = 100;
  config.folds = 2;
  ck_ok(pflow_probe(&constant, &constant, &config, &other, NULL, NULL));
  ck_assert(other.strength == 1e-3 && fabs(other.nll - log(2.0)) < 1e-6);
  drop(&train);
}
END_TEST

START_TEST(probe_refuses_bad_input) {
  float x[] = {0, 1, 2, 3}, y[] = {0, NAN};
  int32_t labels[] = {0, 1, 1, 0}, high[] = {0, 3};
  const pflow_labelled good = {x, labels, 4, 1, 2};
  pflow_labelled bad = good;
  pflow_probe_config config;
  pflow_probe_report report = {.c = 77};
  pflow_probe_config_init(&config);
  config.folds = 2;
  ck_fails(pflow_probe(NULL, &good, &config, &report, NULL, NULL), PFLOW_ENULL, "train");
  ck_fails(pflow_probe(&good, NULL, &config, &report, NULL, NULL), PFLOW_ENULL, "test");
  ck_fails(pflow_probe(&good, &good, &config, NULL, NULL, NULL), PFLOW_ENULL, "report");
  bad.labels = NULL;
  ck_fails(pflow_probe(&good, &bad, &config, &report, NULL, NULL), PFLOW_ENULL,
           "test: rows or labels are NULL");
  bad = good;
  bad.classes = 3;
  ck_fails(pflow_probe(&good, &bad, &config, &report, NULL, NULL), PFLOW_ESHAPE,
           "2 classes; test: dim 1, 3 classes");
  bad = (pflow_labelled){y, labels, 2, 1, 2};
  ck_fails(pflow_probe(&good, &bad, &config, &report, NULL, NULL), PFLOW_ENONFINITE,
           "test rows: row 1");
  bad = (pflow_labelled){x, high, 2, 1, 2};
  ck_fails(pflow_probe(&bad, &good, &config, &report, NULL, NULL), PFLOW_ELABEL,
           "train labels: row 1 is 3");
  bad = (pflow_labelled){x, labels, 1, 1, 1};
  ck_fails(pflow_probe(&bad, &bad, NULL, &report, NULL, NULL), PFLOW_EINVAL,
           "classes is 1");
  ck_fails(pflow_probe(&good, &good, NULL, &report, NULL, NULL), PFLOW_EINVAL,
           "folds is 5, wants 2 to 4");
  config.grid = (const double[]){1.0, -1.0};
  config.grid_size = 2;
  ck_fails(pflow_probe(&good, &good, &config, &report, NULL, NULL), PFLOW_EINVAL,
           "grid is -1");
  config.grid = (const double[]){1.0, 1.0};
  ck_fails(pflow_probe(&good, &good, &config, &report, NULL, NULL), PFLOW_EINVAL,
           "rising");
  config.grid_size = 0;
  ck_fails(pflow_probe(&good, &good, &config, &report, NULL, NULL), PFLOW_EINVAL,
           "grid_size");
  config.grid_size = 1;
  config.grad_tol = 0.0;
  ck_fails(pflow_probe(&good, &good, &config, &report, NULL, NULL), PFLOW_EINVAL,
           "grad_tol");
  ck_assert(report.c == 77);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_the_probe) {
  pflow_labelled train = make(3000, 9, 1, 1, 1), test = make(500, 9, 1, 1, 2);
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  pflow_probe_report first, now;
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    ck_ok(pflow_probe(&train, &test, &config, threads == 1 ? &first : &now, NULL, NULL));
    ck_assert(threads == 1 || memcmp(&first, &now, sizeof now) == 0);
    pflow_pool_destroy(config.pool);
  }
  drop(&test);
  drop(&train);
}
END_TEST

static pflow_err probe(void *user) {
  const float x[] = {0, 1, 2, 3};
  const pflow_labelled rows = {x, (const int32_t[]){0, 1, 1, 0}, 4, 1, 2};
  pflow_probe_config config;
  pflow_probe_config_init(&config);
  config.folds = 2;
  return pflow_probe(&rows, &rows, &config, user, NULL, NULL);
}

START_TEST(failing_memory_leaves_nothing) {
  pflow_probe_report report;
  failing_install();
  check_failures(probe, &report);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("probe",
                   TESTS(folds_are_stratified, folds_split_all_rows,
                         probe_is_a_fit_and_its_scores,
                         strength_is_chosen_by_cross_validation,
                         strength_follows_the_rows, scale_of_rows_does_not_matter,
                         limits_of_rows_and_steps, probe_refuses_bad_input,
                         threads_do_not_change_the_probe, failing_memory_leaves_nothing));
}
