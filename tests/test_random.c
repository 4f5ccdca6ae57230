/*
 * test_random.c - Philox against its published vectors, distributions against statistics.
 *
 * Seeds are fixed, so a test that passes once passes always; the limits are such that a
 * correct generator fails with one seed in a million or fewer.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

enum { draws = 200000 };

/* Known answers of the Random123 distribution (philox 4x32, 10 rounds). */
START_TEST(philox_meets_known_answers) {
  const struct {
    uint32_t counter[4], key[2], want[4];
  } cases[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
               {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                {0xffffffff, 0xffffffff},
                {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
               {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                {0xa4093822, 0x299f31d0},
                {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (size_t i = 0; i < 3; i++) {
    uint32_t out[4];
    pflow_philox(cases[i].counter, cases[i].key, out);
    ck_assert_mem_eq(out, cases[i].want, sizeof out);
  }
}
END_TEST

/* Word w: place w % 4 of the block with counter (w / 4, stream) and key seed. */
START_TEST(words_are_a_function_of_their_place) {
  const uint64_t seed = 0x0123456789abcdefu, stream = 0xfedcba9876543210u;
  const uint64_t places[] = {0, 1, 2, 3, 4, 7, 1000001, 0x123456789abcdefu};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    uint64_t block = places[i] / 4;
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32),
                                 (uint32_t)stream, (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t out[4];
    pflow_philox(counter, key, out);
    pflow_rng rng;
    pflow_rng_init(&rng, seed, stream);
    rng.position = places[i];
    ck_assert_uint_eq(pflow_rng_u32(&rng), out[places[i] % 4]);
    ck_assert_uint_eq(rng.position, places[i] + 1);
  }
}
END_TEST

START_TEST(a_jump_equals_drawing) {
  pflow_rng drawn, jumped;
  pflow_rng_init(&drawn, 7, 3);
  float values[64], piece[64];
  pflow_rng_normal(&drawn, values, 64, 1.0, 2.0);
  ck_assert_uint_eq(drawn.position, 64);
  for (size_t from = 0; from < 64; from += 2) {
    pflow_rng_init(&jumped, 7, 3);
    jumped.position = from;
    pflow_rng_normal(&jumped, piece, 64 - from, 1.0, 2.0);
    ck_assert_mem_eq(piece, values + from, (64 - from) * sizeof(float));
  }
  pflow_rng copy = drawn;
  ck_assert(pflow_rng_double(&copy) == pflow_rng_double(&drawn));
  ck_assert_uint_eq(drawn.position, 66);
  pflow_rng_below(&drawn, 5);
  ck_assert_uint_eq(drawn.position, 70);
  pflow_rng_normal(&drawn, values, 3, 0.0, 1.0);
  ck_assert_uint_eq(drawn.position, 74);
  pflow_rng_uniform(&drawn, values, 3, 0.0, 1.0);
  ck_assert_uint_eq(drawn.position, 77);
}
END_TEST

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/*
 * Kolmogorov and Smirnov: sorts values, which are uniform in (0, 1) if the claim holds,
 * and compares the largest distance with 2.7 / sqrt(n) (probability 1e-6).
 */
static void check_uniform(const char *what, double *values, size_t n) {
  qsort(values, n, sizeof *values, compare);
  ck_assert(values[0] >= 0.0 && values[n - 1] <= 1.0);
  double worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    worst = worst_of(worst, fabs(values[i] - (double)i / (double)n));
    worst = worst_of(worst, fabs(values[i] - (double)(i + 1) / (double)n));
  }
  ck_assert_msg(worst * sqrt((double)n) < 2.7, "%s: distance %g", what, worst);
}

/* Mean of value^power. */
static double moment(const float *values, size_t n, int power) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += pow(values[i], power);
  return sum / (double)n;
}

static float single[draws];
static double wide[draws];

START_TEST(uniform_values_fill_their_range) {
  pflow_rng rng;
  pflow_rng_init(&rng, 11, 0);
  pflow_rng_uniform(&rng, single, draws, -2.0, 3.0);
  for (size_t i = 0; i < draws; i++)
    wide[i] = (single[i] + 2.0) / 5.0;
  check_uniform("uniform", wide, draws);
  ck_assert(wide[draws - 1] < 1.0);
  for (size_t i = 0; i < draws; i++)
    wide[i] = pflow_rng_double(&rng);
  check_uniform("double", wide, draws);
  ck_assert(wide[draws - 1] < 1.0);
}
END_TEST

START_TEST(uniform_values_stay_below_their_bound) {
  pflow_rng rng;
  pflow_rng_init(&rng, 12, 0);
  const float next = nextafterf(1.0f, 2.0f);
  pflow_rng_uniform(&rng, single, draws, 1.0, next);
  size_t ones = 0;
  for (size_t i = 0; i < draws; i++)
    ones += single[i] == 1.0f;
  ck_assert_uint_eq(ones, draws);
  pflow_rng_uniform(&rng, single, 10, 4.0, 4.0);
  ck_assert(single[0] == 4.0f && single[9] == 4.0f);
}
END_TEST

START_TEST(normal_values_are_normal) {
  pflow_rng rng;
  pflow_rng_init(&rng, 13, 0);
  pflow_rng_normal(&rng, single, draws, 0.0, 1.0);
  /* Moments 0 1 0 3 0 15; the variance of the mean of x^k is (m_2k - m_k^2) / n. */
  const double want[] = {0.0, 1.0, 0.0, 3.0, 0.0, 15.0};
  const double variance[] = {1.0, 2.0, 15.0, 96.0, 945.0, 10170.0};
  for (int k = 1; k <= 6; k++) {
    double error = fabs(moment(single, draws, k) - want[k - 1]);
    ck_assert_double_lt(error, 4.9 * sqrt(variance[k - 1] / draws));
  }
  double lag = 0.0;
  for (size_t i = 0; i + 1 < draws; i++)
    lag += (double)single[i] * single[i + 1];
  ck_assert_double_lt(fabs(lag) / sqrt(draws), 4.9);
  for (size_t i = 0; i < draws; i++)
    wide[i] = 0.5 * erfc(-single[i] / sqrt(2.0));
  check_uniform("normal", wide, draws);
  pflow_rng_init(&rng, 13, 0);
  float scaled[4];
  pflow_rng_normal(&rng, scaled, 4, 10.0, 0.5);
  pflow_rng_init(&rng, 13, 0);
  pflow_rng_normal(&rng, single, 4, 0.0, 1.0);
  for (size_t i = 0; i < 4; i++)
    ck_assert_float_eq_tol(scaled[i], 10.0f + 0.5f * single[i], 2e-6f);
}
END_TEST

/* Mean of each coordinate 0 and of each product I / dim, to 4.9 standard errors. */
static void check_sphere_moments(const float *points, size_t n, size_t dim) {
  for (size_t a = 0; a < dim; a++) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
      sum += points[i * dim + a];
    ck_assert_double_lt(fabs(sum) * sqrt((double)dim / (double)n), 4.9);
    for (size_t b = 0; b <= a; b++) {
      double product = 0.0;
      for (size_t i = 0; i < n; i++)
        product += (double)points[i * dim + a] * points[i * dim + b];
      product = product / (double)n - (a == b ? 1.0 / (double)dim : 0.0);
      ck_assert_double_lt(fabs(product), 4.9 * sqrt(2.0 / (double)n) / (double)dim);
    }
  }
}

START_TEST(sphere_points_are_uniform) {
  const size_t dims[] = {2, 3, 5, 17};
  pflow_rng rng;
  pflow_rng_init(&rng, 14, 0);
  for (size_t k = 0; k < 4; k++) {
    size_t dim = dims[k], n = draws / dim;
    pflow_rng_sphere(&rng, single, n, dim);
    double worst = 0.0;
    for (size_t i = 0; i < n; i++) {
      double square = 0.0;
      for (size_t a = 0; a < dim; a++)
        square += (double)single[i * dim + a] * single[i * dim + a];
      worst = worst_of(worst, fabs(square - 1.0));
      /* The angle is uniform on a circle, the height on a sphere (Archimedes). */
      wide[i] = dim == 2
                    ? 0.5 + atan2(single[2 * i], single[2 * i + 1]) / (2.0 * acos(-1))
                    : 0.5 + 0.5 * single[i * dim];
    }
    ck_assert_double_lt(worst, 4e-7);
    check_sphere_moments(single, n, dim);
    if (dim <= 3) check_uniform("sphere", wide, n);
  }
}
END_TEST

START_TEST(a_sphere_in_one_dimension_is_two_points) {
  pflow_rng rng;
  pflow_rng_init(&rng, 15, 0);
  pflow_rng_sphere(&rng, single, 1000, 1);
  int sum = 0;
  for (size_t i = 0; i < 1000; i++) {
    ck_assert(single[i] == 1.0f || single[i] == -1.0f);
    sum += (int)single[i];
  }
  ck_assert_int_lt(abs(sum), 155);
  pflow_rng_sphere(&rng, single, 1000, 0);
}
END_TEST

/* Chi-square of counts that should be equal, as a normal deviate (Wilson, Hilferty). */
static double deviate(const size_t *counts, size_t cells) {
  double n = 0.0, square = 0.0, freedom = (double)(cells - 1);
  for (size_t i = 0; i < cells; i++)
    n += (double)counts[i];
  for (size_t i = 0; i < cells; i++)
    square += pow((double)counts[i] - n / (double)cells, 2.0) * (double)cells / n;
  double spread = 2.0 / (9.0 * freedom);
  return (cbrt(square / freedom) - (1.0 - spread)) / sqrt(spread);
}

START_TEST(permutations_are_uniform) {
  pflow_rng rng;
  pflow_rng_init(&rng, 16, 0);
  size_t counts[256] = {0};
  for (size_t i = 0; i < 48000; i++) {
    size_t order[4];
    pflow_rng_permutation(&rng, order, 4);
    counts[order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3]]++;
  }
  size_t met[24], kinds = 0;
  for (size_t i = 0; i < 256; i++)
    if (counts[i] > 0) met[kinds++ % 24] = counts[i];
  ck_assert_uint_eq(kinds, 24);
  ck_assert_double_lt(fabs(deviate(met, 24)), 4.9);
}
END_TEST

START_TEST(long_permutations_are_permutations) {
  enum { n = 1000, trials = 2000 };
  static size_t counts[n], order[n];
  static unsigned char seen[n];
  pflow_rng rng;
  pflow_rng_init(&rng, 17, 0);
  for (size_t trial = 0; trial < trials; trial++) {
    memset(seen, 0, sizeof seen);
    pflow_rng_permutation(&rng, order, n);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
      distinct += order[i] < n && !seen[order[i]]++;
    ck_assert_uint_eq(distinct, n);
    counts[order[n / 3]]++;
  }
  ck_assert_double_lt(fabs(deviate(counts, n)), 4.9);
  pflow_rng_permutation(&rng, order, 1);
  ck_assert_uint_eq(order[0], 0);
  order[0] = 77;
  pflow_rng_permutation(&rng, order, 0);
  ck_assert_uint_eq(order[0], 77);
}
END_TEST

START_TEST(bounded_integers_are_uniform) {
  const uint64_t bounds[] = {2, 3, 10, 1000, ((uint64_t)1 << 63) + 12345, UINT64_MAX};
  pflow_rng rng;
  pflow_rng_init(&rng, 18, 0);
  for (size_t k = 0; k < 6; k++) {
    size_t cells = bounds[k] < 1000 ? (size_t)bounds[k] : 1000;
    size_t counts[1000] = {0}, inside = 0;
    for (size_t i = 0; i < 100000; i++) {
      uint64_t value = pflow_rng_below(&rng, bounds[k]);
      inside += value < bounds[k];
      size_t cell = (size_t)((double)value / (double)bounds[k] * (double)cells);
      counts[cell % cells]++;
    }
    ck_assert_uint_eq(inside, 100000);
    ck_assert_double_lt(fabs(deviate(counts, cells)), 4.9);
  }
  ck_assert_uint_eq(pflow_rng_below(&rng, 0), 0);
  ck_assert_uint_eq(pflow_rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(streams_and_seeds_are_independent) {
  enum { n = 20000, streams = 12 };
  static float values[streams][n];
  for (size_t k = 0; k < streams; k++) {
    pflow_rng rng; /* six streams of seed 0, then six seeds with stream 0 */
    pflow_rng_init(&rng, k < 6 ? 0 : k, k < 6 ? k : 0);
    pflow_rng_normal(&rng, values[k], n, 0.0, 1.0);
  }
  for (size_t a = 0; a < streams; a++)
    for (size_t b = 0; b < a; b++)
      for (size_t shift = 0; shift < 3; shift++) {
        double product = 0.0;
        for (size_t i = 0; i + shift < n; i++)
          product += (double)values[a][i] * values[b][i + shift];
        ck_assert_double_lt(fabs(product) / sqrt(n), 4.9);
      }
}
END_TEST

int main(void) {
  return run_tests(
      "random", TESTS(philox_meets_known_answers, words_are_a_function_of_their_place,
                      a_jump_equals_drawing, uniform_values_fill_their_range,
                      uniform_values_stay_below_their_bound, normal_values_are_normal,
                      sphere_points_are_uniform, a_sphere_in_one_dimension_is_two_points,
                      permutations_are_uniform, long_permutations_are_permutations,
                      bounded_integers_are_uniform, streams_and_seeds_are_independent));
}
