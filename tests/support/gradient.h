/*
 * gradient.h - a network's backward against finite differences of its forward.
 */
#ifndef TESTS_GRADIENT_H
#define TESTS_GRADIENT_H

#include "pflow.h"

/*
 * Feeds n random rows x and takes L = sum(y * dy) for random dy. Fails the test unless
 * every entry of the parameter gradient and of dx is within tolerance * largest entry of
 * the central difference (fourth order, step h) of L; so signs and scales count. Returns
 * the largest such relative error.
 */
double check_gradients(pflow_net *net, size_t n, float h, double tolerance);

#endif
