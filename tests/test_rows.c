/*
 * test_rows.c - the kernels of rows, and SiLU, at every CPU level against double.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

enum { most = 300, terms = 5 };

/* The lengths of all tests: around whole vectors, and long. */
static const size_t lengths[] = {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 129, 299};

static void for_lengths(void (*test)(const pf_kernels *, const char *, size_t),
                        const pf_kernels *kernels, const char *level) {
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    test(kernels, level, lengths[i]);
}

/* ---- state + h sum_j weight_j k_j ---- */

static const double weights[2][terms] = {{0.5, 0.0, -1.25, 3.0, 0.1},
                                         {0.0, 0.0, 0.0, 0.7, 0.0}};

static void check_terms(const pf_kernels *kernels, const char *level, size_t n) {
  const pf_rows_kernels *rows = &kernels->rows;
  float *values = normal_values((size_t)terms * most, 1), *start = normal_values(most, 2);
  const float *k[terms];
  double state[most], next[most], sum[most];
  float to[most], moved[most];
  for (size_t j = 0; j < terms; j++)
    k[j] = values + j * most;
  for (size_t i = 0; i < n; i++)
    state[i] = start[i];
  for (size_t w = 0; w < 2; w++) {
    for (size_t first = 0; first <= 1; first++) {
      const pf_rows_terms of = {terms, first, weights[w], k};
      rows->sum(n, &of, sum);
      ck_assert(rows->stage(n, &of, 0.3, state, to));
      ck_assert(rows->advance(n, &of, 0.3, state, next, moved));
      for (size_t i = 0; i < n; i++) {
        double want = 0.0;
        for (size_t j = 0; j < terms; j++)
          want += weights[w][j] * (double)k[j][first + i];
        ck_assert_msg(fabs(sum[i] - want) <= 1e-14, "%s: sum %zu of %zu", level, i, n);
        ck_assert(fabs(next[i] - (state[i] + 0.3 * want)) <= 1e-14);
        ck_assert(to[i] == (float)next[i] && moved[i] == to[i]);
      }
    }
  }
  pflow_free(values);
  pflow_free(start);
}

static void check_all_terms(const pf_kernels *kernels, const char *level) {
  for_lengths(check_terms, kernels, level);
}

START_TEST(sums_of_terms_at_every_level) {
  for_levels(check_all_terms);
}
END_TEST

/* ---- what is not finite, anywhere ---- */

static void check_bad(const pf_kernels *kernels, const char *level, size_t n) {
  const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
  const pf_rows_kernels *rows = &kernels->rows;
  float values[most] = {0.0f}, to[most];
  double state[most] = {0.0}, next[most];
  const float *k[] = {values};
  const pf_rows_terms of = {1, 0, (double[]){1.0}, k};
  values[n - 1] = FLT_MAX;
  ck_assert(rows->finite(n, values) && rows->stage(n, &of, 1.0, state, to));
  for (size_t i = 0; i < n; i++) {
    const float kept = values[i];
    values[i] = bad[i % 4];
    ck_assert_msg(!rows->finite(n, values), "%s: %zu of %zu", level, i, n);
    ck_assert(!rows->stage(n, &of, 1.0, state, to));
    ck_assert(!rows->advance(n, &of, 1.0, state, next, to));
    values[i] = kept;
  }
  state[n / 2] = 1e39; /* finite, but no float */
  ck_assert(!rows->stage(n, &of, 1.0, state, to));
}

static void check_all_bad(const pf_kernels *kernels, const char *level) {
  for_lengths(check_bad, kernels, level);
}

START_TEST(what_is_not_finite_is_seen) {
  for_levels(check_all_bad);
}
END_TEST

/* ---- sums over a row, and factors ---- */

static void check_sums(const pf_kernels *kernels, const char *level, size_t n) {
  const pf_rows_kernels *rows = &kernels->rows;
  float *a = normal_values(n, 3), *b = normal_values(n, 4), scaled[most];
  double aa = 0, ab = 0, bb = 0, squares = 0, values[most], state[most], ratios = 0;
  for (size_t i = 0; i < n; i++) {
    const double x = a[i], y = b[i];
    aa += x * x;
    ab += x * y;
    bb += y * y;
    squares += (x - y) * (x - y);
    values[i] = x - 2.0 * y;
    state[i] = 1.5 * y;
    const double ratio = values[i] / (1e-3 + 0.1 * fmax(fabs(state[i]), fabs(x)));
    ratios += ratio * ratio;
  }
  const pf_rows_dots dots = rows->dots(n, a, b);
  ck_assert_msg(fabs(dots.aa - aa) <= 1e-12 * aa, "%s: %zu", level, n);
  ck_assert(fabs(dots.ab - ab) <= 1e-12 * (aa + bb));
  ck_assert(fabs(dots.bb - bb) <= 1e-12 * bb);
  ck_assert(fabs(rows->scaled_square(n, values, state, a, 1e-3, 0.1) - ratios) <=
            1e-12 * ratios);
  ck_assert(fabs(rows->differences(n, a, b, 0.5, NULL) - squares) <= 1e-12 * squares);
  ck_assert(fabs(rows->differences(n, a, b, 0.5, scaled) - squares) <= 1e-12 * squares);
  for (size_t i = 0; i < n; i++)
    ck_assert(scaled[i] == (float)(0.5 * ((double)a[i] - b[i])));
  memcpy(scaled, a, n * sizeof *a);
  rows->scale(n, -0.7f, scaled);
  for (size_t i = 0; i < n; i++)
    ck_assert(scaled[i] == -0.7f * a[i]);
  pflow_free(a);
  pflow_free(b);
}

static void check_all_sums(const pf_kernels *kernels, const char *level) {
  for_lengths(check_sums, kernels, level);
}

START_TEST(sums_over_a_row_at_every_level) {
  for_levels(check_all_sums);
}
END_TEST

/* ---- silu ---- */

static void check_silu(const pf_kernels *kernels, const char *level) {
  float values[most];
  for (size_t n = 1; n < most; n += 13) {
    for (size_t i = 0; i < n; i++)
      values[i] = -40.0f + 80.0f * (float)i / (float)most;
    kernels->mlp.silu(n, values);
    for (size_t i = 0; i < n; i++) {
      const double x = -40.0f + 80.0f * (float)i / (float)most;
      const double want = x / (1.0 + exp(-x));
      ck_assert_msg(fabs(values[i] - want) <= 1e-6 * fabs(want), "%s: %g gives %g", level,
                    x, (double)values[i]);
    }
  }
}

START_TEST(silu_at_every_level) {
  for_levels(check_silu);
}
END_TEST

int main(void) {
  return run_tests("rows", TESTS(sums_of_terms_at_every_level, what_is_not_finite_is_seen,
                                 sums_over_a_row_at_every_level, silu_at_every_level));
}
