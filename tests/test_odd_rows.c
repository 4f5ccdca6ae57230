/*
 * test_odd_rows.c - rows that no paper has: one, equal ones, one value, thousands of
 * values, constants, tiny and huge ones. Each map and each measure gives finite numbers or
 * says what it cannot do.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static void zeros(float *x, size_t n, size_t dim) {
  scale(x, n * dim, 0.0f);
}

static void equal(float *x, size_t n, size_t dim) {
  for (size_t i = 0; i < n * dim; i++)
    x[i] = (float)(i % dim) + 1.0f;
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

static const odd all[] = {{"one", 1, 4, normal},        {"two", 2, 4, normal},
                          {"narrow", 200, 1, normal},   {"wide", 120, 4096, normal},
                          {"zeros", 200, 4, zeros},     {"equal", 200, 4, equal},
                          {"twins", 200, 4, twins},     {"constant", 200, 6, constant},
                          {"tiny", 200, 4, tiny},       {"huge", 200, 4, huge}};

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

START_TEST(probe_all) {
  for (size_t k = 0; k < kinds; k++) {
    float *x = make(&all[k]);
    for (int m = 0; m < methods; m++)
      printf("%s %s: %s\n", all[k].name, pflow_map_method_name((pflow_map_method)m),
             map_says((pflow_map_method)m, x, &all[k]));
    free(x);
  }
  fflush(stdout);
}
END_TEST

int main(void) {
  return run_tests("odd rows", TESTS(probe_all));
}
