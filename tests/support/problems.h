/*
 * problems.h - differential equations with known solutions.
 */
#ifndef TESTS_PROBLEMS_H
#define TESTS_PROBLEMS_H

#include "pflow.h"

/* y' = -2 s y^2: from y = 1/17 at s = -4, y = 1 / (1 + s^2). */
int bell(const pflow_ode_rows *rows, float *dy, void *user);

#endif
