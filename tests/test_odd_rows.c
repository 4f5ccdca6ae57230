/*
 * test_odd_rows.c - rows that no paper has: one, equal ones, one value, thousands of
 * values, constants, tiny and huge ones. Each map and each measure gives finite numbers
 * or says what it cannot do.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "support/levels.h"
#include "support/suite.h"

typedef struct odd {
  const char *name;
  size_t n, dim;
  void (*make)(float *x, size_t n, size_t dim);
} odd;

static void normal(float *x, size_t n, size_t dim) {
  pflow_rng rng;
  pflow_rng_init(&rng, 3, 0);
  pflow_rng_normal(&rng, x, n * dim, 0.5, 1.0);
}

static void scale(float *x, size_t count, float factor) {
  for (size_t i = 0; i < count; i++)
    x[i] *= factor;
}

static void tiny(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  scale(x, n * dim, 1e-20f);
}

static void huge(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  scale(x, n * dim, 1e20f);
}

/* Numbers without all their bits. */
static void denormal(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  scale(x, n * dim, 1e-39f);
}

/* Up to the largest float there is. */
static void largest(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  float most = 0.0f;
  for (size_t i = 0; i < n * dim; i++)
    most = fmaxf(most, fabsf(x[i]));
  for (size_t i = 0; i < n * dim; i++)
    x[i] = x[i] / most * FLT_MAX;
}

static void zeros(float *x, size_t n, size_t dim) {
  scale(x, n * dim, 0.0f);
}

static void equal(float *x, size_t n, size_t dim) {
  for (size_t i = 0; i < n * dim; i++)
    x[i] = (float)(i % dim) + 1.0f;
}

/* One row many times, far away: sums of it are all rounding. */
static void far(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  scale(x, n * dim, 4e16f);
  for (size_t i = dim; i < n * dim; i++)
    x[i] = x[i % dim];
}

/* One value among usual ones. */
static void outlier(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  x[n / 2 * dim] = 1e30f;
}

/* Each row twice. */
static void twins(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  for (size_t i = 0; i < n * dim; i++)
    x[i] = x[i % (n / 2 * dim)];
}

/* Half of the columns are the same in all rows. */
static void constant(float *x, size_t n, size_t dim) {
  normal(x, n, dim);
  for (size_t i = 0; i < n * dim; i++)
    if (i % dim % 2) x[i] = 7.0f;
}

static const odd all[] = {{"one", 1, 4, normal},          {"two", 2, 4, normal},
                          {"narrow", 200, 1, normal},     {"wide", 120, 400, normal},
                          {"zeros", 200, 4, zeros},       {"equal", 200, 4, equal},
                          {"twins", 200, 4, twins},       {"constant", 200, 6, constant},
                          {"tiny", 200, 4, tiny},         {"huge", 200, 4, huge},
                          {"denormal", 200, 4, denormal}, {"largest", 200, 4, largest},
                          {"far", 200, 40, far},          {"outlier", 200, 40, outlier},
                          {"few", 20, 160, normal},       {"few twins", 20, 160, twins},
                          {"few tiny", 20, 160, tiny},    {"few huge", 20, 160, huge}};

/* As wide as embeddings are. */
static const odd broad = {"broad", 120, 4096, normal};

enum { kinds = sizeof all / sizeof *all, methods = 9 };

static float *make(const odd *kind) {
  float *x = calloc(kind->n * kind->dim, sizeof *x);
  ck_assert_ptr_nonnull(x);
  kind->make(x, kind->n, kind->dim);
  return x;
}

static void check_finite(const float *y, size_t count, const char *what,
                         const odd *kind) {
  for (size_t i = 0; i < count; i++)
    ck_assert_msg(isfinite(y[i]), "%s of %s rows: value %zu is %g", what, kind->name, i,
                  (double)y[i]);
}

/* ---- maps ---- */

static pflow_err there_and_back(pflow_map *map, const float *x, const odd *kind) {
  pflow_map_work *work;
  const size_t values = kind->n * pflow_map_out_dim(map);
  float *y = calloc(values, sizeof *y), *back = calloc(kind->n * kind->dim, sizeof *back);
  ck_ok(pflow_map_work_create(&work, map, NULL));
  pflow_err rc = pflow_map_transform(map, work, x, kind->n, y);
  if (rc >= 0) check_finite(y, values, "map", kind);
  if (rc >= 0 && pflow_map_is_invertible(map)) {
    rc = pflow_map_inverse(map, work, y, kind->n, back);
    if (rc >= 0) check_finite(back, kind->n * kind->dim, "inverse", kind);
  }
  pflow_map_work_destroy(work);
  free(back);
  free(y);
  return rc;
}

/* What the first call that fails says, "" if none does. */
static const char *map_says(pflow_map_method method, const float *x, const odd *kind) {
  pflow_map *map;
  pflow_map_config config;
  pflow_map_config_init(&config);
  config.method = method;
  config.rtol = 1e-3;
  ck_ok(pflow_map_create(&map, &config));
  pflow_err rc = pflow_map_fit(map, x, NULL, kind->n, kind->dim);
  if (rc >= 0) rc = there_and_back(map, x, kind);
  pflow_map_destroy(map);
  return rc >= 0 ? "" : pflow_errmsg();
}

/* What is refused, and why; all else works. "*" is every one. */
typedef struct refusal {
  const char *kind, *who, *says;
} refusal;

static const refusal map_refusals[] = {
    {"one", "*", "fit to 1 row, wants 2 or more"},
    {"two", "poisson", "2 rows are too few to choose settings by"},
    {"narrow", "poisson", "target sphere wants 2 or more"},
    {"zeros", "poisson", "all 200 rows are alike"},
    {"zeros", "whiten", "all 200 rows are alike"},
    {"zeros", "zca", "all 200 rows are alike"},
    {"zeros", "l2", "row 0 is 0: no direction"},
    {"equal", "poisson", "all 200 rows are alike"},
    {"equal", "whiten", "all 200 rows are alike"},
    {"equal", "zca", "all 200 rows are alike"},
    {"far", "poisson", "all 200 rows are alike"},
    {"far", "whiten", "all 200 rows are alike"},
    {"far", "zca", "all 200 rows are alike"},
    {"twins", "poisson", "more than half of the rows have an equal one"},
    {"denormal", "poisson", "the rows' values are too large or too small"},
    {"denormal", "whiten", "the rows' values are too large or too small"},
    {"denormal", "zca", "the rows' values are too large or too small"},
    {"largest", "whiten", "is inf"},
    {"largest", "rotate", "is inf"},
    {"few", "poisson", "20 rows are too few to choose settings by"},
    {"few twins", "poisson", "20 rows are too few to choose settings by"},
    {"few tiny", "poisson", "20 rows are too few to choose settings by"},
    {"few huge", "poisson", "20 rows are too few to choose settings by"},
};

static const char *expected(const refusal *list, size_t count, const char *kind,
                            const char *who) {
  for (size_t i = 0; i < count; i++)
    if ((list[i].kind[0] == '*' || strcmp(list[i].kind, kind) == 0) &&
        (list[i].who[0] == '*' || strcmp(list[i].who, who) == 0))
      return list[i].says;
  return "";
}

static void check_says(const char *said, const char *wanted, const char *kind,
                       const char *who) {
  const bool as_wanted = *wanted ? strstr(said, wanted) != NULL : *said == 0;
  ck_assert_msg(as_wanted, "%s of %s rows: \"%s\", wants \"%s\"", who, kind, said,
                wanted);
}

START_TEST(maps_of_odd_rows) {
  for (size_t k = 0; k < kinds; k++) {
    float *x = make(&all[k]);
    for (int m = 0; m < methods; m++) {
      const char *who = pflow_map_method_name((pflow_map_method)m);
      const char *said = map_says((pflow_map_method)m, x, &all[k]);
      check_says(said,
                 expected(map_refusals, sizeof map_refusals / sizeof *map_refusals,
                          all[k].name, who),
                 all[k].name, who);
    }
    free(x);
  }
}
END_TEST

static bool finds_axes(pflow_map_method method) {
  return method != PFLOW_MAP_NONE && method != PFLOW_MAP_CENTER &&
         method != PFLOW_MAP_L2 && method != PFLOW_MAP_QUANTILE;
}

START_TEST(maps_of_4096_values) {
  const bool all_methods = sweep_step() == 1;
  float *x = make(&broad);
  for (int m = 0; m < methods; m++) {
    if (finds_axes((pflow_map_method)m) && !all_methods) continue;
    const char *who = pflow_map_method_name((pflow_map_method)m);
    check_says(map_says((pflow_map_method)m, x, &broad), "", broad.name, who);
  }
  if (!all_methods)
    printf("skipped: maps of 4096 values by axes or a flow take minutes, "
           "PFLOW_TEST_SWEEP=1 has them\n");
  free(x);
}
END_TEST

/* ---- measures ---- */

/* A measure's result of n rows with labels 0, 1, 2, 0, ... */
typedef pflow_err (*measure_fn)(const pflow_labelled *rows, double *value);

static pflow_err uniformity(const pflow_labelled *rows, double *value) {
  return pflow_uniformity(rows->x, rows->n, rows->dim, NULL, value);
}

static pflow_err effective_rank(const pflow_labelled *rows, double *value) {
  return pflow_effective_rank(rows->x, rows->n, rows->dim, value);
}

static pflow_err intrinsic(const pflow_labelled *rows, double *value) {
  pflow_intrinsic found = {0};
  const pflow_features x = {rows->x, rows->n, rows->dim};
  const pflow_err rc = pflow_intrinsic_dim(&x, NULL, &found);
  *value = found.two_nn;
  return rc;
}

static pflow_err nearest(const pflow_labelled *rows, double *value) {
  double squared[200];
  size_t row[200], all_rows[200];
  const pflow_features x = {rows->x, rows->n, rows->dim};
  for (size_t i = 0; i < rows->n; i++)
    all_rows[i] = i;
  const pflow_err rc =
      pflow_neighbours_within(&x, all_rows, rows->n, 1, row, squared, NULL);
  *value = rc >= 0 ? squared[0] : 0.0;
  return rc;
}

static pflow_err probe(const pflow_labelled *rows, double *value) {
  pflow_probe_report report = {0};
  const pflow_err rc = pflow_probe(rows, rows, NULL, &report, NULL, NULL);
  *value = report.accuracy + report.nll;
  return rc;
}

static pflow_err probe_of_one_class(const pflow_labelled *rows, double *value) {
  int32_t labels[200] = {0};
  const pflow_labelled same = {rows->x, labels, rows->n, rows->dim, 1};
  return probe(&same, value);
}

static pflow_err few_shot(const pflow_labelled *rows, double *value) {
  pflow_few_shot found = {0};
  const pflow_err rc = pflow_few_shot_accuracy(rows, rows, NULL, &found, NULL);
  *value = found.accuracy;
  return rc;
}

static pflow_err kmeans(const pflow_labelled *rows, double *value) {
  pflow_kmeans_config config;
  pflow_kmeans_report report = {0};
  int32_t labels[200];
  const pflow_features x = {rows->x, rows->n, rows->dim};
  pflow_kmeans_config_init(&config);
  config.clusters = 3;
  const pflow_err rc = pflow_kmeans(&x, &config, labels, NULL, &report);
  *value = report.inertia;
  return rc;
}

static pflow_err energy(const pflow_labelled *rows, double *value) {
  pflow_energy found = {0};
  const pflow_features x = {rows->x, rows->n, rows->dim};
  const pflow_err rc = pflow_energy_distance(&x, &x, NULL, &found);
  *value = found.normalized;
  return rc;
}

/* The four nearest of each row, and how often each is one. */
static pflow_err hubness(const pflow_labelled *rows, double *value) {
  size_t near[4 * 200];
  pflow_hubs hubs = {0};
  const pflow_features x = {rows->x, rows->n, rows->dim};
  pf_try(pflow_neighbours_within(&x, NULL, 0, 4, near, NULL, NULL));
  pf_try(pflow_overlap(near, near, rows->n, 4, value, NULL));
  ck_assert_double_eq(*value, 1.0);
  pf_try(pflow_hubness(near, rows->n, 4, rows->n, &hubs, NULL));
  *value = hubs.skewness;
  return PFLOW_OK;
}

static pflow_err ranks(const pflow_labelled *rows, double *value) {
  pflow_ranks_config config;
  pflow_ranks found = {0};
  const pflow_features x = {rows->x, rows->n, rows->dim};
  pflow_ranks_config_init(&config);
  config.k = 4;
  const pflow_err rc = pflow_rank_preservation(&x, &x, &config, &found, NULL);
  *value = found.trustworthiness + found.continuity;
  return rc;
}

static pflow_err spectrum(const pflow_labelled *rows, double *value) {
  const pflow_features x = {rows->x, rows->n, rows->dim};
  double *variances = calloc(rows->dim, sizeof *variances);
  const pflow_err rc = pflow_spectrum(&x, variances);
  for (size_t k = 0; k < rows->dim; k++)
    *value += variances[k];
  free(variances);
  return rc;
}

static pflow_err recall(const pflow_labelled *rows, pflow_code code, double *value) {
  size_t truth[200];
  const pflow_features x = {rows->x, rows->n, rows->dim};
  pf_try(pflow_neighbours(&x, rows->x, rows->n, 1, truth, NULL, NULL));
  return pflow_code_recall(truth, 1, &x, code, rows->x, rows->n, value, NULL, NULL);
}

static pflow_err bits(const pflow_labelled *rows, double *value) {
  return recall(rows, PFLOW_CODE_BIT, value);
}

static pflow_err bytes(const pflow_labelled *rows, double *value) {
  return recall(rows, PFLOW_CODE_BYTE, value);
}

/* Of each row and its neighbour in the file. */
static pflow_err alignment(const pflow_labelled *rows, double *value) {
  if (rows->n < 2) return PFLOW_OK;
  return pflow_alignment(rows->x, rows->x + rows->dim, rows->n - 1, rows->dim, 2.0,
                         value);
}

static pflow_err knn(const pflow_labelled *rows, double *value) {
  int32_t labels[200];
  pf_try(pflow_knn_predict(rows, rows->x, rows->n, 1, labels, NULL));
  return pflow_accuracy(labels, rows->labels, rows->n, value);
}

static const struct {
  const char *name;
  measure_fn measure;
} measures[] = {{"uniformity", uniformity},
                {"effective rank", effective_rank},
                {"intrinsic dimension", intrinsic},
                {"nearest", nearest},
                {"probe", probe},
                {"probe of one class", probe_of_one_class},
                {"few shots", few_shot},
                {"k-means", kmeans},
                {"energy", energy},
                {"hubness", hubness},
                {"ranks", ranks},
                {"spectrum", spectrum},
                {"bits", bits},
                {"bytes", bytes},
                {"alignment", alignment},
                {"knn", knn}};

static const refusal measure_refusals[] = {
    {"*", "probe of one class", "classes is 1, wants >= 2"},
    {"one", "uniformity", "uniformity of 1 row, wants 2 or more"},
    {"one", "effective rank", "effective rank of 1 row, wants 2 or more"},
    {"one", "intrinsic dimension", "k is 20"},
    {"one", "nearest", "k is 1, wants 1 to 0"},
    {"one", "probe", "folds is 5"},
    {"one", "k-means", "clusters is 3, wants 1 to 1"},
    {"two", "intrinsic dimension", "k is 20"},
    {"two", "probe", "folds is 5"},
    {"two", "k-means", "clusters is 3, wants 1 to 2"},
    {"zeros", "uniformity", "row 0 is zero: it has no direction"},
    {"zeros", "effective rank", "all rows are alike"},
    {"zeros", "intrinsic dimension", "200 of 200 have a duplicate"},
    {"equal", "effective rank", "all rows are alike"},
    {"equal", "intrinsic dimension", "200 of 200 have a duplicate"},
    {"far", "effective rank", "all rows are alike"},
    {"far", "intrinsic dimension", "200 of 200 have a duplicate"},
    {"twins", "intrinsic dimension", "200 of 200 have a duplicate"},
    {"one", "hubness", "k is 4, wants 1 to 0"},
    {"one", "ranks", "k is 4, wants >= 1 and below half of 1 rows"},
    {"one", "spectrum", "spectrum of 1 row, wants 2 or more"},
    {"two", "hubness", "k is 4, wants 1 to 1"},
    {"two", "ranks", "k is 4, wants >= 1 and below half of 2 rows"},
    {"few", "intrinsic dimension", "k is 20"},
    {"few twins", "intrinsic dimension", "k is 20"},
    {"few tiny", "intrinsic dimension", "k is 20"},
    {"few huge", "intrinsic dimension", "k is 20"},
};

static void check_measure(size_t m, const pflow_labelled *rows, const char *kind) {
  const char *name = measures[m].name;
  double value = 0.0;
  const pflow_err rc = measures[m].measure(rows, &value);
  check_says(rc >= 0 ? "" : pflow_errmsg(),
             expected(measure_refusals,
                      sizeof measure_refusals / sizeof *measure_refusals, kind, name),
             kind, name);
  ck_assert_msg(isfinite(value), "%s of %s rows: %g", name, kind, value);
}

static void check_measures(const odd *kind, bool has_axes) {
  float *x = make(kind);
  int32_t labels[200];
  for (size_t i = 0; i < 200; i++)
    labels[i] = (int32_t)(i % 3);
  const pflow_labelled rows = {x, labels, kind->n, kind->dim, 3};
  for (size_t m = 0; m < sizeof measures / sizeof *measures; m++)
    if (has_axes ||
        (measures[m].measure != effective_rank && measures[m].measure != spectrum))
      check_measure(m, &rows, kind->name);
  free(x);
}

START_TEST(measures_of_odd_rows) {
  for (size_t k = 0; k < kinds; k++)
    check_measures(&all[k], true);
}
END_TEST

START_TEST(measures_of_4096_values) {
  check_measures(&broad, sweep_step() == 1);
}
END_TEST

int main(void) {
  return run_tests("odd rows", TESTS(maps_of_odd_rows, maps_of_4096_values,
                                     measures_of_odd_rows, measures_of_4096_values));
}
