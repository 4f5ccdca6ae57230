/*
 * test_exact_rows.c - a row of the exact field has the same bits whatever rows it is
 * evaluated with, where these make other groups of sources count.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/exact.h"
#include "support/levels.h"
#include "support/suite.h"

enum { sources = 4500, dim = 11, queries = 150, clusters = 7, run = 20 };

/* Which cluster source j belongs to: runs of them, so that whole groups are far away. */
static size_t cluster_of(size_t j) {
  return j / run % clusters;
}

/* Rows at the given distance (in all coordinates) between one cluster and the next. */
static void make_rows(float *x, float *y) {
  float *noise = normal_values((sources + queries) * dim, 5);
  for (size_t i = 0; i < sources * dim; i++)
    x[i] = noise[i] + 40.0f * (float)cluster_of(i / dim);
  for (size_t i = 0; i < queries * dim; i++)
    y[i] = 0.7f * noise[sources * dim + i] + 40.0f * (float)(i / dim % clusters);
  pflow_free(noise);
}

static pflow_exact *make_exact(const float *x, const pf_kernels *kernels) {
  pflow_exact *exact;
  ck_ok(pflow_exact_create(&exact, &(pflow_sources){x, sources, dim}, NULL));
  exact->kernels = &kernels->exact;
  return exact;
}

/* xhat of rows pick[0], pick[1] ... of y, in one call, each to its place in xhat. */
static void mean_of(const pflow_exact *exact, const float *y, const size_t *pick,
                    size_t n, double height, float *xhat) {
  float at[queries * dim];
  double r[queries];
  for (size_t i = 0; i < n; i++) {
    memcpy(at + i * dim, y + pick[i] * dim, dim * sizeof *at);
    r[i] = height * (double)(1 + pick[i] % 3);
  }
  ck_ok(pflow_exact_mean(exact, &(pflow_exact_queries){at, r, NULL, n}, at));
  for (size_t i = 0; i < n; i++)
    memcpy(xhat + pick[i] * dim, at + i * dim, dim * sizeof *at);
}

/* Every row once, in calls of `size` rows, `step` apart. */
static void mean_in_calls(const pflow_exact *exact, const float *y, size_t size,
                          size_t step, double height, float *xhat) {
  size_t pick[queries];
  for (size_t i = 0; i < queries; i++)
    pick[i] = i * step % queries;
  for (size_t i = 0; i < queries; i += size)
    mean_of(exact, y, pick + i, i + size < queries ? size : queries - i, height, xhat);
}

static void check_neighbours(const pf_kernels *kernels, const char *level) {
  const double heights[] = {1e-3, 0.3, 3.0};
  const size_t sizes[] = {2, 5, 16, 17, 33, 64, queries}, steps[] = {1, 7, 77, 149};
  static float x[sources * dim], y[queries * dim], alone[queries * dim],
      got[queries * dim];
  make_rows(x, y);
  pflow_exact *exact = make_exact(x, kernels);
  for (size_t h = 0; h < 3; h++) {
    mean_in_calls(exact, y, 1, 1, heights[h], alone);
    for (size_t s = 0; s < 7; s++)
      for (size_t t = 0; t < 4; t++) {
        mean_in_calls(exact, y, sizes[s], steps[t], heights[h], got);
        for (size_t i = 0; i < queries; i++)
          ck_assert_msg(!memcmp(got + i * dim, alone + i * dim, dim * sizeof *got),
                        "%s: row %zu at height %g in calls of %zu, step %zu", level, i,
                        heights[h], sizes[s], steps[t]);
      }
  }
  pflow_exact_destroy(exact);
}

START_TEST(rows_alone_mixed_and_permuted) {
  for_levels(check_neighbours);
}
END_TEST

static void solve(pflow_exact *exact, size_t block_rows, float *y) {
  pflow_exact_flow flow = {exact, NULL};
  pflow_ode_config oc;
  pflow_ode_config_init(&oc);
  oc.method = PFLOW_ODE_DOPRI5;
  oc.rtol = 1e-4;
  oc.block_rows = block_rows;
  ck_ok(pflow_ode_solve(&oc, pflow_exact_rhs, &flow, log(0.3), log(30.0), y, queries, dim,
                        NULL));
}

static void check_solves(const pf_kernels *kernels, const char *level) {
  static float x[sources * dim], one[queries * dim], other[queries * dim];
  make_rows(x, one);
  memcpy(other, one, sizeof one);
  pflow_exact *exact = make_exact(x, kernels);
  solve(exact, 128, one);
  solve(exact, 77, other);
  for (size_t i = 0; i < queries; i++)
    ck_assert_msg(!memcmp(one + i * dim, other + i * dim, dim * sizeof *one),
                  "%s: row %zu", level, i);
  pflow_exact_destroy(exact);
}

START_TEST(solves_in_other_blocks) {
  for_levels(check_solves);
}
END_TEST

int main(void) {
  return run_tests("exact_rows",
                   TESTS(rows_alone_mixed_and_permuted, solves_in_other_blocks));
}
