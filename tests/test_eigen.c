/*
 * test_eigen.c - eigenvalues and eigenvectors as the library asks LAPACK for them.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eigen.h"
#include "support/suite.h"

/* Largest |A v - l v| and |V V^T - I| over all entries, and that values descend and the
 * largest entry of each vector is positive. */
static void check_system(const double *a, size_t dim, const double *values,
                         const double *vectors, double tolerance) {
  double residual = 0.0, skew = 0.0;
  for (size_t i = 0; i < dim; i++) {
    const double *v = vectors + i * dim;
    double least = 0.0, most = 0.0;
    for (size_t k = 0; k < dim; k++) {
      double image = 0.0, product = 0.0;
      for (size_t j = 0; j < dim; j++) {
        image += a[k * dim + j] * v[j];
        product += v[j] * vectors[k * dim + j];
      }
      residual = worst_of(residual, fabs(image - values[i] * v[k]));
      skew = worst_of(skew, fabs(product - (i == k)));
      least = fmin(least, v[k]);
      most = fmax(most, v[k]);
    }
    ck_assert(most >= -least);
    ck_assert(i == 0 || values[i] <= values[i - 1]);
  }
  ck_assert_msg(residual < tolerance, "residual %g", residual);
  ck_assert_msg(skew < 1e-13, "vectors off orthonormal by %g", skew);
}

/* Solves a copy of the matrix, checks the system and, unless NULL, the values. */
static void solve(const double *matrix, size_t dim, const double *want,
                  double tolerance) {
  double *a = malloc(dim * dim * sizeof *a);
  double *values = malloc(dim * sizeof *values), *alone = malloc(dim * sizeof *alone);
  ck_assert(a && values && alone);
  memcpy(a, matrix, dim * dim * sizeof *a);
  ck_ok(pf_eigen_symmetric(a, dim, values, true));
  check_system(matrix, dim, values, a, tolerance);
  memcpy(a, matrix, dim * dim * sizeof *a);
  ck_ok(pf_eigen_symmetric(a, dim, alone, false));
  for (size_t i = 0; i < dim; i++) {
    ck_assert_msg(fabs(values[i] - alone[i]) < tolerance, "value %zu: %.16g and %.16g", i,
                  values[i], alone[i]);
    ck_assert_msg(!want || fabs(values[i] - want[i]) < tolerance,
                  "value %zu: %.16g, wants %.16g", i, values[i], want ? want[i] : 0.0);
  }
  free(alone);
  free(values);
  free(a);
}

START_TEST(two_by_two_has_a_closed_form) {
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  for (size_t round = 0; round < 200; round++) {
    double a = pflow_rng_double(&rng) - 0.5, b = pflow_rng_double(&rng) - 0.5;
    double c = pflow_rng_double(&rng) - 0.5;
    double middle = 0.5 * (a + c), radius = hypot(0.5 * (a - c), b);
    solve((double[]){a, b, b, c}, 2, (double[]){middle + radius, middle - radius}, 1e-15);
  }
}
END_TEST

/* The well-known eigenvalues of the Hilbert matrix of order 6; the trace bears them out.
 */
START_TEST(hilbert_six_is_solved) {
  double a[36], trace = 0.0;
  for (size_t i = 0; i < 36; i++)
    a[i] = 1.0 / (double)(i / 6 + i % 6 + 1);
  for (size_t i = 0; i < 6; i++)
    trace += a[i * 7];
  const double want[] = {1.618899858924339,    0.2423608705752095,
                         0.01632152131987582,  6.157483541826577e-4,
                         1.257075712262519e-5, 1.082799484565550e-7};
  double sum = 0.0;
  for (size_t i = 0; i < 6; i++)
    sum += want[i];
  ck_assert(fabs(sum - trace) < 1e-15);
  solve(a, 6, want, 2e-15);
}
END_TEST

START_TEST(repeated_and_signed_values) {
  /* 2 I plus a matrix of ones, which has the eigenvalues 5, 0, 0, 0, 0. */
  double a[25];
  for (size_t i = 0; i < 25; i++)
    a[i] = 1.0 + (i / 5 == i % 5 ? 2.0 : 0.0);
  solve(a, 5, (double[]){7, 2, 2, 2, 2}, 1e-14);
  solve((double[]){-1, 0, 0, 0, 3, 0, 0, 0, -1}, 3, (double[]){3, -1, -1}, 1e-15);
  solve((double[]){0, 1, 1, 0}, 2, (double[]){1, -1}, 1e-15);
  solve((double[]){0, 0, 0, 0}, 2, (double[]){0, 0}, 1e-300);
  solve((double[]){-4}, 1, (double[]){-4}, 1e-300);
}
END_TEST

/* Columns that are all but in place: reflecting them must not cancel. */
START_TEST(weak_couplings_keep_their_digits) {
  solve((double[]){1, 1, 1e-9, 1, 2, 3, 1e-9, 3, 1}, 3, NULL, 1e-14);
  solve((double[]){1, -1, 1e-9, -1, 2, 3, 1e-9, 3, 1}, 3, NULL, 1e-14);
}
END_TEST

START_TEST(tiny_and_huge_matrices_do_not_leave_the_range) {
  const double b[] = {2, 1, 0, 1, 2, 1, 0, 1, 2}, root = sqrt(2.0);
  const double scales[] = {1e-200, 1e200};
  for (size_t s = 0; s < 2; s++) {
    double a[9];
    for (size_t i = 0; i < 9; i++)
      a[i] = scales[s] * b[i];
    const double want[] = {scales[s] * (2 + root), scales[s] * 2, scales[s] * (2 - root)};
    solve(a, 3, want, 1e-14 * scales[s]);
  }
}
END_TEST

START_TEST(random_matrices_are_solved) {
  const size_t dims[] = {3, 17, 64, 100};
  for (size_t d = 0; d < 4; d++) {
    size_t dim = dims[d];
    double *a = malloc(dim * dim * sizeof *a);
    float *row = malloc(dim * sizeof *row);
    ck_assert(a && row);
    pflow_rng rng;
    pflow_rng_init(&rng, 5, d);
    for (size_t i = 0; i < dim; i++) {
      pflow_rng_normal(&rng, row, dim, 0.0, 1.0);
      for (size_t k = 0; k <= i; k++)
        a[i * dim + k] = a[k * dim + i] = row[k];
    }
    solve(a, dim, NULL, 1e-13 * (double)dim);
    free(row);
    free(a);
  }
}
END_TEST

/* Sums of five outer products: all but five values are 0 but for rounding. */
START_TEST(low_rank_matrices_are_solved) {
  enum { dim = 80, rank = 5 };
  static double a[dim * dim];
  float row[dim];
  pflow_rng rng;
  pflow_rng_init(&rng, 6, 0);
  for (size_t r = 0; r < rank; r++) {
    pflow_rng_normal(&rng, row, dim, 0.0, pow(10.0, -(double)r));
    for (size_t i = 0; i < dim * dim; i++)
      a[i] += (double)row[i / dim] * row[i % dim];
  }
  double vectors[dim * dim], values[dim];
  memcpy(vectors, a, sizeof a);
  ck_ok(pf_eigen_symmetric(vectors, dim, values, true));
  check_system(a, dim, values, vectors, 1e-12);
  ck_assert(values[rank - 1] > 1e-8 && fabs(values[rank]) < 1e-13);
}
END_TEST

START_TEST(too_many_dimensions_are_refused) {
  enum { dim = 32001 };
  float *x = calloc(2 * dim, sizeof *x);
  double *variances = calloc(dim, sizeof *variances);
  const pflow_features rows = {x, 2, dim};
  pflow_affine *affine;
  ck_fails(pflow_spectrum(&rows, variances), PFLOW_EUNSUPPORTED,
           "eigenvalues of 32001 dimensions, at most 32000");
  ck_fails(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA, x, 2, dim, NULL),
           PFLOW_EUNSUPPORTED, "eigenvalues of 32001 dimensions, at most 32000");
  free(variances);
  free(x);
}
END_TEST

int main(void) {
  return run_tests("eigen",
                   TESTS(two_by_two_has_a_closed_form, hilbert_six_is_solved,
                         repeated_and_signed_values, weak_couplings_keep_their_digits,
                         tiny_and_huge_matrices_do_not_leave_the_range,
                         random_matrices_are_solved, low_rank_matrices_are_solved,
                         too_many_dimensions_are_refused));
}
