/*
 * objective.c - what the tests of L-BFGS minimise.
 */
#include "support/objective.h"

#include <string.h>

#include "support/suite.h"

pflow_lbfgs_config with_tolerance(double grad_tol) {
  pflow_lbfgs_config config;
  pflow_lbfgs_config_init(&config);
  config.grad_tol = grad_tol;
  return config;
}

int rosenbrock(const double *x, size_t size, double *value, double *gradient,
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

void rosenbrock_start(double *x, size_t size) {
  for (size_t i = 0; i < size; i++)
    x[i] = i % 2 ? 1.0 : -1.2;
}

pflow_err rosenbrock_iterate(double *x, size_t size, pflow_lbfgs_config config,
                             size_t iterations) {
  config.max_iters = iterations;
  rosenbrock_start(x, size);
  pflow_lbfgs_report report;
  pflow_err rc = pflow_lbfgs_minimize(rosenbrock, NULL, x, size, &config, &report);
  if (rc == PFLOW_LIMIT) ck_assert_uint_eq(report.iterations, iterations);
  return rc;
}
