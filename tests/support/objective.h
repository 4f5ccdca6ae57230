/*
 * objective.h - what the tests of L-BFGS minimise.
 */
#ifndef TESTS_OBJECTIVE_H
#define TESTS_OBJECTIVE_H

#include <stddef.h>

#include "pflow.h"

/* The chained Rosenbrock function; its minimum is 0 at (1, ..., 1). user is not used. */
int rosenbrock(const double *x, size_t size, double *value, double *gradient, void *user);

/* (-1.2, 1, -1.2, 1, ...) */
void rosenbrock_start(double *x, size_t size);

/* The point after so many iterations from there. */
pflow_err rosenbrock_iterate(double *x, size_t size, pflow_lbfgs_config config,
                             size_t iterations);

/* The default config with another tolerance. */
pflow_lbfgs_config with_tolerance(double grad_tol);

#endif
