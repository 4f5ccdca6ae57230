/*
 * test_exact_kernels.c - the exact field's kernels at every CPU level, against double.
 * With PFLOW_TEST_SWEEP set, weights are tested at every float there is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

enum { most = pf_exact_most_width, rows = pf_exact_chain };

static void fill(float *values, size_t n, float value) {
  for (size_t i = 0; i < n; i++)
    values[i] = value;
}

/* ---- weights ---- */

/* One row of weights with least 0 and inverse 1, so that squared is t. */
static void weights_of(const pf_exact_kernels *e, float power, const float *t,
                       float *weight) {
  float least[most] = {0.0f}, inverse[most], sum[most] = {0.0f};
  fill(inverse, most, 1.0f);
  e->weigh(power, expm1f(21.4875626f / power), 1, e->width, least, inverse, t, weight,
           sum);
  ck_assert_mem_eq(sum, weight, e->width * sizeof *sum);
}

static void check_weight(const char *level, float power, float t, float weight) {
  const double want = -power * log1p(t), error = fabs(weight / exp(want) - 1.0);
  if (weight == 0.0f)
    ck_assert_msg(want < -21.4, "%s: power %g, t %g has weight 0", level, (double)power,
                  (double)t);
  else
    ck_assert_msg(error <= 3e-7 + 2e-7 * fabs(want), "%s: power %g, t %g off by %g",
                  level, (double)power, (double)t, error);
}

/* Bit patterns of t >= 0, `step` apart, up to the largest finite one. */
static void sweep(const pf_exact_kernels *e, const char *level, float power,
                  uint32_t step) {
  float t[most], weight[most];
  for (uint64_t bits = 0; bits < 0x7f800000u; bits += (uint64_t)step * e->width) {
    for (size_t i = 0; i < e->width; i++) {
      const uint64_t at = bits + i * step;
      const uint32_t value = at < 0x7f800000u ? (uint32_t)at : 0x7f7fffffu;
      memcpy(&t[i], &value, sizeof value);
    }
    weights_of(e, power, t, weight);
    for (size_t i = 0; i < e->width; i++)
      check_weight(level, power, t[i], weight[i]);
  }
}

/* Two powers a test: Check counts a test's microseconds in an int, so that none of them
 * may take longer than 35 minutes. */
static float powers[2];

static void check_weights(const pf_kernels *kernels, const char *level) {
  for (size_t i = 0; i < 2; i++)
    sweep(&kernels->exact, level, powers[i], sweep_step());
}

static void check_powers(float first, float second) {
  powers[0] = first;
  powers[1] = second;
  for_levels(check_weights);
}

START_TEST(weights_of_small_powers) {
  check_powers(1.0f, 1.25f);
}
END_TEST

START_TEST(weights_of_usual_powers) {
  check_powers(2.0f, 17.0f);
}
END_TEST

START_TEST(weights_of_large_powers) {
  check_powers(64.5f, 2112.0f);
}
END_TEST

START_TEST(weights_near_the_gaussian) {
  check_powers(500064.0f, 1e12f);
}
END_TEST

static void check_odd_weights(const pf_kernels *kernels, const char *level) {
  const pf_exact_kernels *e = &kernels->exact;
  float t[most], weight[most];
  const float odd[] = {0.0f, INFINITY, NAN, 1e38f};
  for (size_t i = 0; i < most; i++)
    t[i] = odd[i % 4];
  weights_of(e, 64.5f, t, weight);
  for (size_t i = 0; i < e->width; i++)
    ck_assert_msg(weight[i] == (i % 4 ? 0.0f : 1.0f), "%s: t %g weighs %g", level,
                  (double)t[i], (double)weight[i]);
}

START_TEST(weights_of_no_distance_and_no_number) {
  for_levels(check_odd_weights);
}
END_TEST

/* ---- distances ---- */

static void check_distances(const pf_exact_kernels *e, const char *level, size_t count,
                            size_t dim, size_t used) {
  const size_t stride = dim + 3;
  float *source = normal_values(count * stride, 1), *x = normal_values(dim * most, 2);
  float squared[pf_exact_group * most], nearest[most];
  fill(squared, pf_exact_group * most, -1.0f);
  e->distances(source, stride, count, x, dim, used, squared, nearest);
  for (size_t i = 0; i < e->width; i++) {
    float least = INFINITY;
    for (size_t j = 0; j < pf_exact_group; j++) {
      double want = 0.0;
      for (size_t k = 0; k < dim && j < count; k++)
        want += pow((double)x[k * e->width + i] - source[j * stride + k], 2);
      const float got = squared[j * e->width + i];
      if (i >= used || j >= count) want = -1.0;
      ck_assert_msg(fabs(got - want) <= 1e-6 * fabs(want),
                    "%s: %zu sources, dim %zu, used %zu: %g, not %g", level, count, dim,
                    used, (double)got, want);
      if (j < count && got < least) least = got;
    }
    if (i < used) ck_assert(nearest[i] == least);
  }
  pflow_free(source);
  pflow_free(x);
}

static void check_all_distances(const pf_kernels *kernels, const char *level) {
  const size_t dims[] = {1, 2, 127, 128, 129, 300};
  const pf_exact_kernels *e = &kernels->exact;
  ck_assert_uint_le(e->width, most);
  for (size_t d = 0; d < 6; d++)
    for (size_t count = 1; count <= pf_exact_group; count++)
      for (size_t half = 1; half <= 2; half++)
        check_distances(e, level, count, dims[d], e->width / half);
}

START_TEST(distances_at_every_level) {
  for_levels(check_all_distances);
}
END_TEST

/* ---- sums ---- */

static void check_gather(const pf_exact_kernels *e, const char *level, size_t count,
                         size_t dim, size_t used) {
  float *source = normal_values(rows * dim, 3), *weight = normal_values(rows * most, 4);
  float *sum = normal_values(dim * most, 5), *before = normal_values(dim * most, 5);
  float *scale = normal_values(most, 6);
  const float *row[rows];
  for (size_t j = 0; j < count; j++)
    row[j] = source + j * 5 % rows * dim;
  e->gather(row, count, dim, used, weight, scale, sum);
  for (size_t at = 0; at < dim * e->width; at++) {
    const size_t k = at / e->width, i = at % e->width;
    double want = (double)before[at] * scale[i], size = fabs(want);
    for (size_t j = 0; j < count; j++) {
      want += (double)weight[j * e->width + i] * row[j][k];
      size += fabs((double)weight[j * e->width + i] * row[j][k]);
    }
    if (i >= used) want = before[at];
    ck_assert_msg(fabs(sum[at] - want) <= 1e-6 * size, "%s: %zu rows, dim %zu, used %zu",
                  level, count, dim, used);
  }
  float *const all[] = {source, weight, sum, before, scale};
  for (size_t i = 0; i < 5; i++)
    pflow_free(all[i]);
}

static void check_gathers(const pf_kernels *kernels, const char *level) {
  const size_t counts[] = {0, 1, 13, 14, 41, pf_exact_chain};
  const pf_exact_kernels *e = &kernels->exact;
  for (size_t c = 0; c < 6; c++)
    for (size_t dim = 1; dim <= 45; dim++)
      for (size_t half = 1; half <= 2; half++)
        check_gather(e, level, counts[c], dim, e->width / half);
}

START_TEST(sums_at_every_level) {
  for_levels(check_gathers);
}
END_TEST

static void check_merge(const pf_kernels *kernels, const char *level) {
  enum { dim = 5 };
  const pf_exact_kernels *e = &kernels->exact;
  float *sum = normal_values(dim * most, 7);
  double total[dim * most], keep[most], take[most];
  for (size_t i = 0; i < dim * most; i++)
    total[i] = 0.25 * (double)i;
  for (size_t i = 0; i < most; i++) {
    keep[i] = 1.0 / (double)(i + 1);
    take[i] = (double)i;
  }
  e->merge(dim, e->width / 2, keep, take, sum, total);
  for (size_t at = 0; at < dim * e->width; at++) {
    const size_t i = at % e->width;
    double want = 0.25 * (double)at;
    if (i < e->width / 2) want = want * keep[i] + sum[at] * take[i];
    ck_assert_msg(fabs(total[at] - want) <= 1e-14 * (1.0 + fabs(want)), "%s: %zu", level,
                  at);
  }
  pflow_free(sum);
}

START_TEST(merges_at_every_level) {
  for_levels(check_merge);
}
END_TEST

int main(void) {
  return run_tests("exact_kernels",
                   TESTS(weights_of_small_powers, weights_of_usual_powers,
                         weights_of_large_powers, weights_near_the_gaussian,
                         weights_of_no_distance_and_no_number, distances_at_every_level,
                         sums_at_every_level, merges_at_every_level));
}
