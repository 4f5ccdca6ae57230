/*
 * test_lbfgs.c - L-BFGS and its line search.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

/* The chained Rosenbrock function; its minimum is 0 at (1, ..., 1). */
static int rosenbrock(const double *x, size_t size, double *value, double *gradient,
                      void *user) {
  (void)user;
  *value = 0.0;
  memset(gradient, 0, size * sizeof *gradient);
  for (size_t i = 0; i + 1 < size; i++) {
    double bend = x[i + 1] - x[i] * x[i], rest = 1.0 - x[i];
    *value += 100.0 * bend * bend + rest * rest;
    gradient[i] -= 400.0 * bend * x[i] + 2.0 * rest;
    gradient[i + 1] += 200.0 * bend;
  }
  return 0;
}

START_TEST(rosenbrock_is_minimised) {
  const size_t sizes[] = {2, 20};
  const size_t iterations[] = {60, 200};
  for (size_t k = 0; k < 2; k++) {
    double x[20];
    for (size_t i = 0; i < sizes[k]; i++)
      x[i] = i % 2 ? 1.0 : -1.2;
    pflow_lbfgs_report report;
    ck_ok(pflow_lbfgs_minimize(rosenbrock, NULL, x, sizes[k], NULL, &report));
    ck_assert_uint_le(report.iterations, iterations[k]);
    ck_assert_double_le(report.grad_max, 1e-5);
    for (size_t i = 0; i < sizes[k]; i++)
      ck_assert_double_eq_tol(x[i], 1.0, 1e-5);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("lbfgs", TESTS(rosenbrock_is_minimised));
}
