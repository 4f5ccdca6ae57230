/*
 * gradient.h - a network's backward against finite differences of its forward.
 */
#ifndef TESTS_GRADIENT_H
#define TESTS_GRADIENT_H

#include "pflow.h"

/*
 * Feeds n random rows x and takes L = sum(y * dy) for random dy. Fails the test unless
 * backward agrees with the central differences (fourth order, step h) of L: in each
 * parameter array and in dx every entry is off by at most tolerance * the largest entry
 * of that array, so signs and scales count. Returns the largest such relative error.
 */
double check_gradients(pflow_net *net, size_t n, float h, double tolerance);

/* The same for the caller's rows, which are changed and put back. */
double check_gradients_at(pflow_net *net, float *x, size_t n, float h, double tolerance);

#endif
