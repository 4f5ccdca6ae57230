/*
 * test_clusters.c - few-shot centroids, k-means, mutual information of labels.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"
#include "support/values.h"

static double distance2(const float *a, const float *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += pow((double)a[k] - (double)b[k], 2.0);
  return sum;
}

/* Normal rows around `count` centres on the axes, row i around centre i % count. */
static float *clumps(size_t n, size_t dim, size_t count, float apart, uint64_t seed) {
  float *x = normal_values(n * dim, seed);
  for (size_t i = 0; i < n; i++)
    x[i * dim + i % count] += apart;
  return x;
}

static int32_t *cyclic_labels(size_t n, size_t classes) {
  int32_t *labels = pflow_alloc(n, sizeof *labels);
  ck_assert_ptr_nonnull(labels);
  for (size_t i = 0; i < n; i++)
    labels[i] = (int32_t)(i % classes);
  return labels;
}

/* ---- a few rows a class ---- */

/* All rows of each class are drawn: centroids of everything, whatever the seed. */
START_TEST(all_shots_are_nearest_centroids) {
  enum { n = 90, queries = 200, dim = 5, classes = 3 };
  float *x = clumps(n, dim, classes, 1, 1), *y = clumps(queries, dim, classes, 1, 2);
  int32_t *labels = cyclic_labels(n, classes), *truth = cyclic_labels(queries, classes);
  const pflow_labelled train = {x, labels, n, dim, classes};
  const pflow_labelled test = {y, truth, queries, dim, classes};
  float centroids[classes * dim];
  for (size_t c = 0; c < classes; c++) {
    for (size_t k = 0; k < dim; k++) {
      double sum = 0.0;
      for (size_t i = c; i < n; i += classes)
        sum += x[i * dim + k];
      centroids[c * dim + k] = (float)(sum / (n / classes));
    }
  }
  pflow_few_shot_config config;
  pflow_few_shot_config_init(&config);
  config.shots = 1000;
  config.episodes = 3;
  double scores[queries], right = 0.0;
  pflow_few_shot got;
  ck_ok(pflow_few_shot_accuracy(&train, &test, &config, &got, scores));
  for (size_t i = 0; i < queries; i++) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
      if (distance2(y + i * dim, centroids + c * dim, dim) <
          distance2(y + i * dim, centroids + best * dim, dim))
        best = c;
    const double want = best == i % classes;
    ck_assert_msg(scores[i] == want, "row %zu: %g, wants %g", i, scores[i], want);
    right += want / queries;
  }
  check_close_f64("accuracy", &got.accuracy, &right, 1, 1e-14);
  ck_assert(got.deviation == 0.0 && right > 0.5 && right < 0.99);
  pflow_free(truth);
  pflow_free(labels);
  pflow_free(y);
  pflow_free(x);
}
END_TEST

/* One shot from two classes of two rows on a line: four episodes, as likely each. */
START_TEST(shots_are_drawn_evenly) {
  const float x[] = {0, 10, 4, 30}, y[] = {6, 12};
  const int32_t labels[] = {0, 1, 0, 1}, truth[] = {0, 1};
  const pflow_labelled train = {x, labels, 4, 1, 2}, test = {y, truth, 2, 1, 2};
  pflow_few_shot_config config;
  pflow_few_shot_config_init(&config);
  config.episodes = 20000;
  double scores[2];
  pflow_few_shot got;
  ck_ok(pflow_few_shot_accuracy(&train, &test, &config, &got, scores));
  /* 6 is wrong with 0 and 10 only, 12 right with 10. */
  ck_assert_msg(fabs(scores[0] - 0.75) < 0.015 && fabs(scores[1] - 0.5) < 0.015, "%g %g",
                scores[0], scores[1]);
  check_close_f64("accuracy", &got.accuracy,
                  (const double[]){0.5 * (scores[0] + scores[1])}, 1, 1e-12);
  /* Accuracies 1/2 (0 and 10; 0 or 4 and 30) and 1 (4 and 10). */
  ck_assert(fabs(got.deviation - 0.25 * sqrt(3.0) / 2.0) < 0.005);
}
END_TEST

/* More shots, better centroids; a class nobody draws from is never right. */
START_TEST(shots_help) {
  enum { n = 400, dim = 10, classes = 4 };
  float *x = clumps(n, dim, classes, 2, 3);
  int32_t *labels = cyclic_labels(n, classes);
  const pflow_labelled rows = {x, labels, n, dim, classes};
  pflow_few_shot_config config;
  pflow_few_shot_config_init(&config);
  pflow_few_shot one, five, none;
  ck_ok(pflow_few_shot_accuracy(&rows, &rows, &config, &one, NULL));
  config.shots = 5;
  ck_ok(pflow_few_shot_accuracy(&rows, &rows, &config, &five, NULL));
  ck_assert(five.accuracy > one.accuracy + 0.1 && one.accuracy > 0.3);
  ck_assert(five.deviation < one.deviation && five.deviation > 0.0);
  for (size_t i = 0; i < n; i++)
    if (labels[i] == 0) labels[i] = 1;
  const int32_t first[] = {0};
  const pflow_labelled test = {x, first, 1, dim, classes};
  ck_ok(pflow_few_shot_accuracy(&rows, &test, &config, &none, NULL));
  ck_assert(none.accuracy == 0.0);
  pflow_free(labels);
  pflow_free(x);
}
END_TEST

START_TEST(few_shot_refuses_bad_input) {
  const float x[] = {0, 1};
  const int32_t labels[] = {0, 1};
  const pflow_labelled rows = {x, labels, 2, 1, 2}, high = {x, labels, 2, 1, 1};
  const pflow_labelled wide = {x, labels, 1, 2, 2};
  pflow_few_shot_config config;
  pflow_few_shot_config_init(&config);
  pflow_few_shot got = {7, 7};
  ck_fails(pflow_few_shot_accuracy(NULL, &rows, NULL, &got, NULL), PFLOW_ENULL, "train");
  ck_fails(pflow_few_shot_accuracy(&rows, NULL, NULL, &got, NULL), PFLOW_ENULL, "test");
  ck_fails(pflow_few_shot_accuracy(&rows, &rows, NULL, NULL, NULL), PFLOW_ENULL, "res");
  ck_fails(pflow_few_shot_accuracy(&high, &high, NULL, &got, NULL), PFLOW_ELABEL,
           "row 1 is 1");
  ck_fails(pflow_few_shot_accuracy(&rows, &wide, NULL, &got, NULL), PFLOW_ESHAPE,
           "test: dim 2");
  config.shots = 0;
  ck_fails(pflow_few_shot_accuracy(&rows, &rows, &config, &got, NULL), PFLOW_EINVAL,
           "shots is 0");
  config.shots = 1;
  config.episodes = 0;
  ck_fails(pflow_few_shot_accuracy(&rows, &rows, &config, &got, NULL), PFLOW_EINVAL,
           "episodes is 0");
  ck_assert(got.accuracy == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- k-means ---- */

static pflow_kmeans_config config_of(size_t clusters, size_t restarts, uint64_t seed) {
  pflow_kmeans_config config;
  pflow_kmeans_config_init(&config);
  config.clusters = clusters;
  config.restarts = restarts;
  config.seed = seed;
  return config;
}

/* A converged run: each row is with its nearest centre, each centre the mean of its rows,
 * and the inertia the sum that it should be. */
static void check_fixed_point(pflow_features rows, size_t k, size_t restarts,
                              uint64_t seed) {
  const size_t n = rows.n, dim = rows.dim;
  const float *x = rows.x;
  float *centres = malloc(k * dim * sizeof *centres);
  int32_t *labels = malloc(n * sizeof *labels);
  const pflow_kmeans_config config = config_of(k, restarts, seed);
  pflow_kmeans_report report;
  ck_ok(pflow_kmeans(&rows, &config, labels, centres, &report));
  double inertia = 0.0, worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    const size_t own = (size_t)labels[i];
    const double squared = distance2(x + i * dim, centres + own * dim, dim);
    inertia += squared;
    for (size_t c = 0; c < k; c++)
      if (distance2(x + i * dim, centres + c * dim, dim) < squared * (1.0 - 1e-12))
        ck_abort_msg("row %zu: centre %zu is nearer than %zu", i, c, own);
  }
  for (size_t c = 0; c < k; c++) {
    for (size_t j = 0; j < dim; j++) {
      double sum = 0.0, size = 0.0;
      for (size_t i = 0; i < n; i++) {
        if ((size_t)labels[i] != c) continue;
        sum += x[i * dim + j];
        size += 1.0;
      }
      worst = worst_of(worst, fabs(sum / size - centres[c * dim + j]));
    }
  }
  ck_assert_msg(worst < 3e-7, "a centre is off by %g", worst);
  check_close_f64("inertia", &report.inertia, &inertia, 1, 1e-12);
  free(labels);
  free(centres);
}

static void check_normal_rows(size_t n, size_t dim, size_t k, uint64_t seed) {
  float *x = normal_values(n * dim, seed);
  check_fixed_point((pflow_features){x, n, dim}, k, 2, seed);
  pflow_free(x);
}

START_TEST(kmeans_ends_at_a_fixed_point) {
  check_normal_rows(1, 3, 1, 1);
  check_normal_rows(7, 2, 7, 2);
  check_normal_rows(500, 3, 10, 3);
  check_normal_rows(1500, 70, 33, 4);
}
END_TEST

/* From these seeds a cluster loses all of its rows on the way, and stays empty unless it
 * is given another one. */
START_TEST(kmeans_leaves_no_cluster_empty) {
  static const float x[] = {2, 4, 8, 14, 17, 44, 48, 78, 84};
  static const uint64_t seeds[] = {1045, 2828, 3598, 4405, 4472, 4735, 4928};
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    check_fixed_point((pflow_features){x, 9, 1}, 4, 1, seeds[i]);
}
END_TEST

/* Every split of a few rows into two, by force. */
START_TEST(restarts_find_the_best_split) {
  enum { n = 10, dim = 2 };
  float *x = normal_values(n * dim, 12);
  double least = INFINITY;
  for (size_t mask = 1; mask + 1 < 1 << n; mask++) {
    double inertia = 0.0;
    for (size_t side = 0; side < 2; side++) {
      double sum[dim] = {0.0}, squares = 0.0, size = 0.0;
      for (size_t i = 0; i < n; i++) {
        if ((mask >> i & 1) != side) continue;
        size += 1.0;
        for (size_t k = 0; k < dim; k++) {
          sum[k] += x[i * dim + k];
          squares += (double)x[i * dim + k] * x[i * dim + k];
        }
      }
      inertia += squares - (sum[0] * sum[0] + sum[1] * sum[1]) / size;
    }
    least = fmin(least, inertia);
  }
  const pflow_features rows = {x, n, dim};
  const pflow_kmeans_config config = config_of(2, 30, 1);
  int32_t labels[n];
  pflow_kmeans_report report;
  ck_ok(pflow_kmeans(&rows, &config, labels, NULL, &report));
  check_close_f64("inertia", &report.inertia, &least, 1, 1e-6);
  pflow_free(x);
}
END_TEST

START_TEST(kmeans_finds_clumps) {
  enum { n = 900, dim = 12, k = 6 };
  float *x = clumps(n, dim, k, 15, 5);
  int32_t *truth = cyclic_labels(n, k), labels[n];
  const pflow_features rows = {x, n, dim};
  const pflow_kmeans_config config = config_of(k, 3, 2);
  pflow_kmeans_report report;
  double nmi;
  ck_ok(pflow_kmeans(&rows, &config, labels, NULL, &report));
  ck_ok(pflow_nmi(truth, k, labels, k, n, &nmi));
  ck_assert_msg(nmi == 1.0, "%g", nmi);
  pflow_free(truth);
  pflow_free(x);
}
END_TEST

/* Fewer distinct rows than clusters, and a run that is cut short. */
START_TEST(kmeans_of_hostile_rows) {
  const float x[] = {1, 1, 1, 2, 2, 2, 2};
  const pflow_features rows = {x, 7, 1};
  pflow_kmeans_config config = config_of(5, 3, 0);
  int32_t labels[7];
  float centres[5];
  pflow_kmeans_report report;
  ck_assert_int_eq(pflow_kmeans(&rows, &config, labels, centres, &report), PFLOW_OK);
  ck_assert(report.inertia == 0.0 && labels[0] == labels[2] && labels[3] == labels[6]);
  float *many = normal_values(4000, 3);
  const pflow_features spread = {many, 2000, 2};
  int32_t *own = malloc(2000 * sizeof *own);
  config = config_of(40, 1, 0);
  config.max_iters = 1;
  ck_assert_int_eq(pflow_kmeans(&spread, &config, own, NULL, &report), PFLOW_LIMIT);
  ck_assert(report.iterations == 1 && report.inertia > 0.0);
  free(own);
  pflow_free(many);
}
END_TEST

START_TEST(kmeans_refuses_bad_input) {
  float x[] = {0, 1, NAN};
  pflow_features rows = {x, 2, 1};
  pflow_kmeans_config config = config_of(3, 1, 0);
  pflow_kmeans_report report = {7, 7};
  int32_t labels[2] = {7, 7};
  ck_fails(pflow_kmeans(NULL, &config, labels, NULL, &report), PFLOW_ENULL, "rows");
  ck_fails(pflow_kmeans(&rows, &config, NULL, NULL, &report), PFLOW_ENULL, "labels");
  ck_fails(pflow_kmeans(&rows, &config, labels, NULL, NULL), PFLOW_ENULL, "report");
  ck_fails(pflow_kmeans(&rows, NULL, labels, NULL, &report), PFLOW_EINVAL,
           "clusters is 0, wants 1 to 2");
  ck_fails(pflow_kmeans(&rows, &config, labels, NULL, &report), PFLOW_EINVAL,
           "clusters is 3, wants 1 to 2");
  config = config_of(1, 0, 0);
  ck_fails(pflow_kmeans(&rows, &config, labels, NULL, &report), PFLOW_EINVAL, "restarts");
  config = config_of(1, 1, 0);
  config.max_iters = 0;
  ck_fails(pflow_kmeans(&rows, &config, labels, NULL, &report), PFLOW_EINVAL, "max_it");
  rows.n = 3;
  config.max_iters = 1;
  ck_fails(pflow_kmeans(&rows, &config, labels, NULL, &report), PFLOW_ENONFINITE,
           "row 2");
  ck_assert(labels[0] == 7 && report.inertia == 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- mutual information ---- */

START_TEST(nmi_of_known_tables) {
  const int32_t a[] = {0, 0, 1, 1, 2, 2}, renamed[] = {4, 4, 0, 0, 1, 1};
  const int32_t half[] = {0, 1, 0, 1, 0, 1}, merged[] = {0, 0, 0, 0, 1, 1};
  const int32_t one[] = {0, 0, 0, 0, 0, 0};
  double nmi;
  ck_ok(pflow_nmi(a, 3, renamed, 5, 6, &nmi));
  ck_assert(fabs(nmi - 1.0) < 1e-15);
  ck_ok(pflow_nmi(a, 3, half, 2, 6, &nmi));
  ck_assert(fabs(nmi) < 1e-15);
  /* I = H(merged) = ln 3 - 2/3 ln 2, H(a) = ln 3. */
  const double merged_entropy = log(3.0) - 2.0 / 3.0 * log(2.0);
  ck_ok(pflow_nmi(a, 3, merged, 2, 6, &nmi));
  ck_assert(fabs(nmi - 2.0 * merged_entropy / (log(3.0) + merged_entropy)) < 1e-15);
  ck_ok(pflow_nmi(merged, 2, a, 3, 6, &nmi));
  ck_assert(fabs(nmi - 2.0 * merged_entropy / (log(3.0) + merged_entropy)) < 1e-15);
  ck_ok(pflow_nmi(one, 1, one, 9, 6, &nmi));
  ck_assert(nmi == 1.0);
  ck_ok(pflow_nmi(one, 1, a, 3, 6, &nmi));
  ck_assert(nmi == 0.0);
}
END_TEST

START_TEST(nmi_refuses_bad_input) {
  const int32_t a[] = {0, 1}, b[] = {0, -1};
  double nmi = 7;
  ck_fails(pflow_nmi(NULL, 2, a, 2, 2, &nmi), PFLOW_ENULL, "a is NULL");
  ck_fails(pflow_nmi(a, 2, NULL, 2, 2, &nmi), PFLOW_ENULL, "b is NULL");
  ck_fails(pflow_nmi(a, 2, a, 2, 2, NULL), PFLOW_ENULL, "nmi");
  ck_fails(pflow_nmi(a, 2, a, 2, 0, &nmi), PFLOW_EINVAL, "0 labels");
  ck_fails(pflow_nmi(a, 1, a, 2, 2, &nmi), PFLOW_ELABEL, "first labels: row 1 is 1");
  ck_fails(pflow_nmi(a, 2, b, 2, 2, &nmi), PFLOW_ELABEL, "second labels: row 1 is -1");
  ck_fails(pflow_nmi(a, 0, a, 2, 2, &nmi), PFLOW_EINVAL, "0 classes");
  ck_assert(nmi == 7);
}
END_TEST

/* ---- threads and memory ---- */

START_TEST(threads_do_not_change_clusters) {
  enum { n = 3000, dim = 35, k = 11 };
  float *x = normal_values(n * dim, 1);
  int32_t *classes = cyclic_labels(n, k), *first = malloc(n * sizeof *first);
  int32_t *now = malloc(n * sizeof *now);
  const pflow_features rows = {x, n, dim};
  const pflow_labelled labelled = {x, classes, n, dim, k};
  pflow_kmeans_config config = config_of(k, 2, 1);
  pflow_few_shot_config shots;
  pflow_few_shot_config_init(&shots);
  pflow_kmeans_report report[2];
  pflow_few_shot few[2];
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    const size_t i = threads > 1;
    ck_ok(pflow_pool_create(&config.pool, threads));
    shots.pool = config.pool;
    ck_ok(pflow_kmeans(&rows, &config, i ? now : first, NULL, &report[i]));
    ck_ok(pflow_few_shot_accuracy(&labelled, &labelled, &shots, &few[i], NULL));
    ck_assert(!i || (memcmp(first, now, n * sizeof *now) == 0 &&
                     memcmp(&report[0], &report[1], sizeof report[0]) == 0 &&
                     memcmp(&few[0], &few[1], sizeof few[0]) == 0));
    pflow_pool_destroy(config.pool);
  }
  free(now);
  free(first);
  pflow_free(classes);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err find_all(void *user) {
  const float x[] = {0, 1, 2, 0, 3, 5, 1, 1};
  const int32_t labels[] = {0, 1, 0, 1};
  const pflow_features rows = {x, 4, 2};
  const pflow_labelled labelled = {x, labels, 4, 2, 2};
  const pflow_kmeans_config config = config_of(2, 1, 0);
  pflow_kmeans_report report;
  pflow_few_shot few;
  int32_t clusters[4];
  pflow_err rc = pflow_kmeans(&rows, &config, clusters, NULL, &report);
  if (rc >= 0) rc = pflow_few_shot_accuracy(&labelled, &labelled, NULL, &few, NULL);
  return rc < 0 ? rc : pflow_nmi(labels, 2, clusters, 2, 4, user);
}

START_TEST(failing_memory_leaves_nothing) {
  double nmi;
  failing_install();
  check_failures(find_all, &nmi);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("clusters",
                   TESTS(all_shots_are_nearest_centroids, shots_are_drawn_evenly,
                         shots_help, few_shot_refuses_bad_input,
                         kmeans_ends_at_a_fixed_point, kmeans_leaves_no_cluster_empty,
                         restarts_find_the_best_split, kmeans_finds_clumps,
                         kmeans_of_hostile_rows, kmeans_refuses_bad_input,
                         nmi_of_known_tables, nmi_refuses_bad_input,
                         threads_do_not_change_clusters, failing_memory_leaves_nothing));
}
