/*
 * test_cholesky.c - the triangular factor against its matrix, and pivots that are lost.
 */
#include <math.h>
#include <stdlib.h>

#include "eval/cholesky.h"
#include "support/suite.h"
#include "support/values.h"

/* More columns than are factored at a time; these repeat the one that many before them.
 */
enum { dim = 70, first_copy = 40, copies = 6, back = 9 };

static const double floor_of_pivots = 1e-13, rounding = 1e-12;

static int is_copy(size_t i) {
  return i >= first_copy && i < first_copy + copies;
}

/* B B^T with B's rows normal, and those of copies the same. */
static double *make(void) {
  float *rows = normal_values(dim * dim, 3);
  double *a = calloc(dim * dim, sizeof *a);
  ck_assert_ptr_nonnull(a);
  for (size_t i = first_copy; i < first_copy + copies; i++)
    for (size_t k = 0; k < dim; k++)
      rows[i * dim + k] = rows[(i - back) * dim + k];
  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j <= i; j++)
      for (size_t k = 0; k < dim; k++)
        a[i * dim + j] += (double)rows[i * dim + k] * rows[j * dim + k];
  pflow_free(rows);
  return a;
}

static double *copy_of(const double *a) {
  double *to = malloc(dim * dim * sizeof *to);
  ck_assert_ptr_nonnull(to);
  for (size_t i = 0; i < dim * dim; i++)
    to[i] = a[i];
  return to;
}

/* (L L^T)_ij */
static double product(const double *lower, size_t i, size_t j) {
  double sum = 0.0;
  for (size_t k = 0; k <= j; k++)
    sum += lower[i * dim + k] * lower[j * dim + k];
  return sum;
}

/* Each copy's pivot is what rounding may have left, and nothing else is in its column. */
static void check_lost(const double *lower, const double *a, size_t j) {
  const double pivot = lower[j * dim + j];
  ck_assert_double_lt(pivot, 0.0);
  ck_assert_double_eq_tol(pivot * pivot, rounding * a[j * dim + j], 1e-15);
  for (size_t i = j + 1; i < dim; i++)
    ck_assert_double_eq(lower[i * dim + j], 0.0);
}

START_TEST(factor_is_of_its_matrix) {
  double *a = make(), *lower = copy_of(a);
  pf_cholesky(lower, dim, floor_of_pivots, rounding);
  for (size_t i = 0; i < dim; i++) {
    for (size_t j = 0; j <= i; j++)
      ck_assert_double_eq_tol(product(lower, i, j), a[i * dim + j], 1e-9);
    if (is_copy(i))
      check_lost(lower, a, i);
    else
      ck_assert_double_gt(lower[i * dim + i], 0.0);
  }
  free(lower);
  free(a);
}
END_TEST

/* The floor counts where it is above the rounding. */
START_TEST(floor_of_a_zero_matrix) {
  double *a = calloc(dim * dim, sizeof *a);
  ck_assert_ptr_nonnull(a);
  pf_cholesky(a, dim, 0.25, rounding);
  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j <= i; j++)
      ck_assert_double_eq(a[i * dim + j], i == j ? -0.5 : 0.0);
  free(a);
}
END_TEST

/* L (L^-1 v) = v and L^T (L^-T v) = v, with lost pivots in L. */
START_TEST(solves_invert_the_factor) {
  double *lower = make(), v[2][2 * dim];
  float *drawn = normal_values(2 * dim, 5);
  pf_cholesky(lower, dim, floor_of_pivots, rounding);
  for (size_t i = 0; i < 2 * dim; i++)
    v[0][i] = v[1][i] = drawn[i];
  pf_solve_lower(lower, dim, v[0], 2);
  pf_solve_lower_transposed(lower, dim, v[1], 2);
  for (size_t i = 0; i < dim; i++) {
    for (size_t row = 0; row < 2; row++) {
      double down = 0.0, up = 0.0;
      for (size_t k = 0; k < dim; k++) {
        if (k <= i) down += lower[i * dim + k] * v[0][row * dim + k];
        if (k >= i) up += lower[k * dim + i] * v[1][row * dim + k];
      }
      ck_assert_double_eq_tol(down, drawn[row * dim + i], 1e-6);
      ck_assert_double_eq_tol(up, drawn[row * dim + i], 1e-6);
    }
  }
  pflow_free(drawn);
  free(lower);
}
END_TEST

int main(void) {
  return run_tests("cholesky", TESTS(factor_is_of_its_matrix, floor_of_a_zero_matrix,
                                     solves_invert_the_factor));
}
