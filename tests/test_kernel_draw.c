/*
 * test_kernel_draw.c - rows scattered to a height: the law of radius and direction, words
 * of the generator, pools, bad arguments.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/statistics.h"
#include "support/suite.h"
#include "support/values.h"

enum { draws = 4000 };

/* Draws around the origin at height 0.7: draws x dim values, to be freed. */
static float *draw(size_t dim, double aug_dim, uint64_t seed) {
  static double r[draws];
  float *x = malloc(draws * dim * sizeof *x);
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 3);
  for (size_t i = 0; i < draws; i++)
    r[i] = 0.7;
  ck_ok(pflow_kernel_draw(&(pflow_kernel_rows){NULL, r, draws, dim, aug_dim}, &rng, x,
                          NULL));
  return x;
}

static double square_of_row(const float *x, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)x[k] * x[k];
  return sum;
}

/* ---- the law ---- */

/* B = R^2 / (R^2 + r^2) ~ Beta(N / 2, D / 2), whose closed forms are those of N = 2 and
 * of D = 2. */
static double beta_of_plane(double b, double aug_dim) {
  return 1.0 - pow(1.0 - b, 0.5 * aug_dim);
}

static double beta_of_two(double b, double dim) {
  return pow(b, 0.5 * dim);
}

static void check_beta(const char *what, size_t dim, double aug_dim, cdf_fn cdf,
                       double parameter) {
  static double b[draws];
  float *x = draw(dim, aug_dim, 11);
  for (size_t i = 0; i < draws; i++) {
    const double q = square_of_row(x + i * dim, dim);
    b[i] = q / (q + 0.49);
  }
  check_distribution(what, b, draws, cdf, parameter);
  free(x);
}

START_TEST(radii_follow_the_beta_law) {
  check_beta("N 2, D 1", 2, 1.0, beta_of_plane, 1.0);
  check_beta("N 2, D 1.5", 2, 1.5, beta_of_plane, 1.5);
  check_beta("N 2, D 3", 2, 3.0, beta_of_plane, 3.0);
  check_beta("N 2, D 128", 2, 128.0, beta_of_plane, 128.0);
  check_beta("N 2, D 1e6", 2, 1e6, beta_of_plane, 1e6);
  check_beta("N 1, D 2", 1, 2.0, beta_of_two, 1.0);
  check_beta("N 5, D 2", 5, 2.0, beta_of_two, 5.0);
  check_beta("N 300, D 2", 300, 2.0, beta_of_two, 300.0);
}
END_TEST

static double half_square(double q, double scale) {
  return 1.0 - exp(-0.5 * q / scale);
}

/* Diffusion: a normal of width r / sqrt(D), on both sides of where the drawing changes.
 */
START_TEST(many_dimensions_are_diffusion) {
  static const double aug_dims[] = {1e11, 1e12, 1e30};
  static double q[draws];
  for (size_t a = 0; a < 3; a++) {
    float *x = draw(2, aug_dims[a], 5);
    for (size_t i = 0; i < draws; i++)
      q[i] = square_of_row(x + 2 * i, 2) * (aug_dims[a] / 0.49);
    check_distribution("squares", q, draws, half_square, 1.0);
    free(x);
  }
}
END_TEST

static double uniform(double x, double half) {
  return 0.5 * (x / half + 1.0);
}

/* In the plane the angle is uniform, in space each coordinate (Archimedes). */
START_TEST(directions_are_uniform) {
  static double angle[draws], radius[draws], place[draws];
  float *plane = draw(2, 4.0, 8), *space = draw(3, 4.0, 9);
  for (size_t i = 0; i < draws; i++) {
    const double q = square_of_row(space + 3 * i, 3);
    angle[i] = atan2(plane[2 * i + 1], plane[2 * i]);
    place[i] = space[3 * i + 2] / sqrt(q);
    radius[i] = q / (q + 0.49);
  }
  check_uncorrelated("radius and direction", radius, place, draws);
  check_distribution("angle", angle, draws, uniform, acos(-1.0));
  check_distribution("place", place, draws, uniform, 1.0);
  free(plane);
  free(space);
}
END_TEST

/* ---- bits ---- */

START_TEST(rows_are_their_sources_and_the_draw) {
  enum { n = 37, dim = 5 };
  float *s = normal_values(n * dim, 1), x[n * dim], noise[n * dim];
  double r[n];
  pflow_rng a, b, c;
  pflow_rng_init(&a, 2, 0);
  a.position = 7; /* an odd place */
  b = c = a;
  for (size_t i = 0; i < n; i++)
    r[i] = 0.1 * (double)(i + 1);
  pflow_kernel_rows rows = {s, r, n, dim, 6.0};
  ck_ok(pflow_kernel_draw(&rows, &a, x, NULL));
  rows.s = NULL;
  ck_ok(pflow_kernel_draw(&rows, &b, noise, NULL));
  for (size_t i = 0; i < n * dim; i++)
    ck_assert_double_eq_tol(x[i], (double)s[i] + noise[i],
                            1e-6 * (1.0 + fabs((double)noise[i])));
  rows.s = s; /* in place, in two calls */
  rows.n = 20;
  ck_ok(pflow_kernel_draw(&rows, &c, s, NULL));
  rows = (pflow_kernel_rows){s + 20 * dim, r + 20, n - 20, dim, 6.0};
  ck_ok(pflow_kernel_draw(&rows, &c, s + 20 * dim, NULL));
  ck_assert_mem_eq(s, x, n * dim * sizeof *x);
  ck_assert(a.position == b.position && a.position == c.position && a.position > 7);
  pflow_free(s);
}
END_TEST

START_TEST(pools_do_not_change_rows) {
  enum { n = 301, dim = 300 }; /* rows in two pieces */
  static float want[n * dim], got[n * dim];
  static double r[n];
  for (size_t i = 0; i < n; i++)
    r[i] = 1.0 + (double)i;
  for (size_t threads = 1; threads <= 5; threads++) {
    pflow_pool *pool;
    pflow_rng rng;
    pflow_rng_init(&rng, 4, 0);
    ck_ok(pflow_pool_create(&pool, threads));
    ck_ok(pflow_kernel_draw(&(pflow_kernel_rows){NULL, r, n, dim, 1.0}, &rng,
                            threads == 1 ? want : got, pool));
    if (threads > 1) ck_assert_mem_eq(got, want, sizeof want);
    pflow_pool_destroy(pool);
  }
}
END_TEST

START_TEST(bad_input_is_named) {
  float x[4] = {0};
  double r[2] = {1.0, 0.0};
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  pflow_kernel_rows rows = {NULL, r, 2, 2, 1.0};
  ck_fails(pflow_kernel_draw(NULL, &rng, x, NULL), PFLOW_ENULL, "rows is NULL");
  ck_fails(pflow_kernel_draw(&rows, NULL, x, NULL), PFLOW_ENULL, "rng is NULL");
  ck_fails(pflow_kernel_draw(&rows, &rng, NULL, NULL), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "row 1 is 0");
  r[1] = INFINITY;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "row 1 is inf");
  r[1] = 1.0;
  rows.aug_dim = 0.5;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "aug_dim is 0.5");
  rows.aug_dim = NAN;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "aug_dim is nan");
  rows.aug_dim = 1.0;
  rows.n = 0;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "0 rows of 2");
  rows.n = SIZE_MAX / 2;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EOVERFLOW, "kernel");
  rows.n = 2;
  rows.dim = 0;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_EINVAL, "of 0 values");
  rows.r = NULL;
  ck_fails(pflow_kernel_draw(&rows, &rng, x, NULL), PFLOW_ENULL, "rows->r");
  ck_assert_uint_eq(rng.position, 0);
}
END_TEST

int main(void) {
  return run_tests("kernel_draw",
                   TESTS(radii_follow_the_beta_law, many_dimensions_are_diffusion,
                         directions_are_uniform, rows_are_their_sources_and_the_draw,
                         pools_do_not_change_rows, bad_input_is_named));
}
