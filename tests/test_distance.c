/*
 * test_distance.c - the kernels of distances at every CPU level, against sums in double.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

enum { spare = 3 }; /* values behind each row, which nothing may touch or read */

/* ---- squared distances ---- */

typedef struct squares_job {
  size_t k, points, count;
  double spread; /* of the points around the rows, whose values are about 1 */
} squares_job;

static double square(size_t k, const float *a, const float *b) {
  double sum = 0.0;
  for (size_t q = 0; q < k; q++)
    sum += ((double)a[q] - b[q]) * ((double)a[q] - b[q]);
  return sum;
}

/* Rows of N(1, spread^2), tight clusters for a small spread. */
static float *cluster(size_t n, size_t stride, double spread, uint64_t seed) {
  float *rows = normal_values(n * stride, seed);
  for (size_t i = 0; i < n * stride; i++)
    rows[i] = (float)(1.0 + spread * rows[i]);
  return rows;
}

static void check_squares(const pf_kernels *kernels, const char *level,
                          const squares_job *of) {
  const pf_distance_kernels *d = &kernels->distance;
  const size_t stride = of->k + spare;
  float *points = cluster(of->points, stride, of->spread, 1);
  float *rows = cluster(of->count, stride, of->spread, 2);
  float *panel = pflow_alloc(of->k * d->width, sizeof *panel);
  double *squared = pflow_alloc((of->count + 1) * d->width, sizeof *squared);
  for (size_t i = 0; i < (of->count + 1) * d->width; i++)
    squared[i] = 0.25 * of->spread * of->spread;
  kernels->gemm.turn(points, stride, of->k, of->points, d->width, panel);
  d->squares(of->k, panel, of->points, rows, stride, of->count, NULL, squared);
  for (size_t j = 0; j < of->count; j++) {
    for (size_t i = 0; i < of->points; i++) {
      double want = 0.25 * of->spread * of->spread +
                    square(of->k, points + i * stride, rows + j * stride);
      double error = fabs(squared[j * d->width + i] - want) / want;
      ck_assert_msg(error <= 1e-6 / sqrt((double)of->k), "%s: k %zu, %zu x %zu: %g off",
                    level, of->k, of->points, of->count, error);
    }
  }
  for (size_t i = 0; i < d->width; i++)
    ck_assert(squared[of->count * d->width + i] == 0.25 * of->spread * of->spread);
  pflow_free(points);
  pflow_free(rows);
  pflow_free(panel);
  pflow_free(squared);
}

static void check_all_squares(const pf_kernels *kernels, const char *level) {
  const size_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 33, 100, 128, 4096};
  ck_assert_uint_le(kernels->distance.width, pf_distance_most_width);
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
    for (size_t points = 1; points <= kernels->distance.width; points += 1 + l % 3)
      for (size_t count = 1; count <= 18; count += 1 + l / 2)
        check_squares(kernels, level,
                      &(squares_job){lengths[l], points, count, l % 2 ? 1e-3 : 1.0});
}

START_TEST(squares_at_every_level) {
  for_levels(check_all_squares);
}
END_TEST

/* The bits of a value do not depend on the other points, the other rows, or the cut. */
static void check_alone(const pf_kernels *kernels, const char *level) {
  enum { k = 100, count = 11, cut = 3 * pf_distance_run };
  const pf_distance_kernels *d = &kernels->distance;
  float *points = normal_values(d->width * k, 1), *rows = normal_values(count * k, 2);
  static _Alignas(64) float panel[k * pf_distance_most_width];
  static double all[count * pf_distance_most_width], one[pf_distance_most_width];
  memset(all, 0, sizeof all);
  kernels->gemm.turn(points, k, k, d->width, d->width, panel);
  d->squares(k, panel, d->width, rows, k, count, NULL, all);
  for (size_t i = 0; i < d->width; i++) {
    kernels->gemm.turn(points + i * k, k, k, 1, d->width, panel);
    for (size_t j = 0; j < count; j++) {
      memset(one, 0, sizeof one);
      d->squares(cut, panel, 1, rows + j * k, k, 1, NULL, one);
      d->squares(k - cut, panel + cut * d->width, 1, rows + j * k + cut, k, 1, NULL, one);
      ck_assert_msg(one[0] == all[j * d->width + i], "%s: %zu %zu", level, i, j);
    }
  }
  pflow_free(points);
  pflow_free(rows);
}

START_TEST(distances_do_not_see_each_other) {
  for_levels(check_alone);
}
END_TEST

/* A value with a limit is the whole one, or short of it but above the limit; one that is
 * within its limit is whole. The limits take in some rows, all, or none. */
static void check_limits(const pf_kernels *kernels, const char *level) {
  enum { k = 100, count = 11 };
  const pf_distance_kernels *d = &kernels->distance;
  float *points = normal_values(d->width * k, 1), *rows = normal_values(count * k, 2);
  static _Alignas(64) float panel[k * pf_distance_most_width];
  static double all[count * pf_distance_most_width], some[count * pf_distance_most_width];
  const double limits[] = {0.0, 1.0, 50.0, 160.0, 200.0, INFINITY};
  memcpy(rows + 5 * k, points, k * sizeof *rows); /* in reach of one point */
  kernels->gemm.turn(points, k, k, d->width, d->width, panel);
  for (size_t n = 1; n <= d->width; n += 3) {
    size_t cut = 0;
    memset(all, 0, sizeof all);
    d->squares(k, panel, n, rows, k, count, NULL, all);
    for (size_t l = 0; l < 6; l++) {
      double limit[pf_distance_most_width];
      for (size_t i = 0; i < d->width; i++)
        limit[i] = i < n ? limits[l] : -1.0;
      memset(some, 0, sizeof some);
      d->squares(k, panel, n, rows, k, count, limit, some);
      for (size_t j = 0; j < count; j++) {
        for (size_t i = 0; i < n; i++) {
          const double whole = all[j * d->width + i], value = some[j * d->width + i];
          const bool is_short = value > limit[i] && value < whole;
          ck_assert_msg(value == whole || is_short, "%s: %zu %zu", level, i, j);
          cut += is_short;
        }
      }
    }
    ck_assert(d->width == 8 || cut > 0);
  }
  pflow_free(points);
  pflow_free(rows);
}

START_TEST(limits_at_every_level) {
  for_levels(check_limits);
}
END_TEST

/* ---- the nearest ---- */

static void check_scan(const pf_kernels *kernels, const char *level) {
  const pf_distance_kernels *d = &kernels->distance;
  enum { count = 9 };
  static double squared[count * pf_distance_most_width];
  double nearest[pf_distance_most_width];
  int64_t hit[pf_distance_most_width];
  for (size_t points = 1; points <= d->width; points++) {
    for (size_t j = 0; j < count; j++)
      for (size_t i = 0; i < d->width; i++)
        squared[j * d->width + i] = 4.0 + (double)((i + j) % count);
    for (size_t i = 0; i < d->width; i++)
      nearest[i] = i % 3 == 0 ? INFINITY : i % 3 == 1 ? 3.0 : 2.0;
    if (points > 2) squared[4 * d->width + 2] = NAN; /* a NaN is never out of reach */
    d->scan(squared, points, count, 1.5, nearest, hit);
    for (size_t i = 0; i < points; i++) {
      ck_assert_msg(nearest[i] == (i % 3 == 0   ? 4.0
                                   : i % 3 == 1 ? 3.0
                                                : 2.0),
                    "%s: %zu", level, i);
      ck_assert_int_eq(hit[i], i % 3 < 2 || i == 2 ? -1 : 0);
    }
  }
}

START_TEST(scans_at_every_level) {
  for_levels(check_scan);
}
END_TEST

/* ---- weights and sums ---- */

static void check_powers(const pf_kernels *kernels, const char *level) {
  const size_t exponents[] = {0, 1, 2, 3, 9, 128, 129, 4097};
  double base[40], power[40];
  for (size_t e = 0; e < sizeof exponents / sizeof *exponents; e++) {
    for (size_t count = 0; count <= 40; count += 1 + count / 3) {
      for (size_t i = 0; i < count; i++)
        base[i] = 1.0 - 0.004 * (double)i / (1.0 + (double)exponents[e] / 129.0);
      kernels->distance.powers(base, power, count, exponents[e]);
      for (size_t i = 0; i < count; i++) {
        double start = 1.0 - 0.004 * (double)i / (1.0 + (double)exponents[e] / 129.0);
        double want = pow(start, 0.5 * (double)exponents[e]);
        ck_assert_msg(fabs(power[i] - want) <= 1e-12 * want, "%s: %g^%zu", level, start,
                      exponents[e]);
      }
    }
  }
}

START_TEST(powers_at_every_level) {
  for_levels(check_powers);
}
END_TEST

static void check_pull(const pf_kernels *kernels, const char *level, size_t k,
                       size_t count) {
  const size_t stride = k + spare;
  const float *row[64];
  float *rows = normal_values(64 * stride, 1), *weight = normal_values(64, 2);
  float *y = normal_values(stride, 3), *sum = normal_values(stride, 4);
  float *before = normal_values(stride, 4);
  for (size_t j = 0; j < 64; j++)
    row[j] = rows + (j * 37 % 64) * stride;
  kernels->distance.pull(k, count, row, weight, y, sum);
  for (size_t q = 0; q < stride; q++) {
    double want = before[q], size = 1.0;
    for (size_t j = 0; j < count && q < k; j++) {
      double part = (double)weight[j] * ((double)row[j][q] - y[q]);
      want += part;
      size += fabs(part);
    }
    ck_assert_msg(fabs(sum[q] - want) <= 4e-7 * size, "%s: k %zu, %zu rows", level, k,
                  count);
  }
  pflow_free(rows);
  pflow_free(weight);
  pflow_free(y);
  pflow_free(sum);
  pflow_free(before);
}

static void check_pulls(const pf_kernels *kernels, const char *level) {
  for (size_t k = 1; k <= 150; k += 1 + k / 40)
    for (size_t count = 0; count <= 64; count += 1 + count / 2)
      check_pull(kernels, level, k, count);
}

START_TEST(pulls_at_every_level) {
  for_levels(check_pulls);
}
END_TEST

int main(void) {
  return run_tests("distance",
                   TESTS(squares_at_every_level, distances_do_not_see_each_other,
                         limits_at_every_level, scans_at_every_level,
                         powers_at_every_level, pulls_at_every_level));
}
