/*
 * trial.h - a small network that is run forward and backward on random values.
 *
 *   trial t = trial_begin(NULL, 0);
 *   ck_ok(pflow_net_add_linear(t.net, 4, 1));
 *   trial_build(&t, (size_t[]){7}, 1, 5);
 *   trial_run(&t);
 *   ... compare t.y, t.dx and trial_array(&t, "0.weight") ...
 *   trial_end(&t);
 */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include <stddef.h>

#include "pflow.h"

typedef struct trial {
  pflow_net *net;
  pflow_net_work *work;
  size_t rows, in, out; /* values of a row */
  float *x, *dy;        /* N(0, 1) at first */
  float *y, *dx;        /* results of trial_run */
} trial;

/* An empty network; scratch_bytes 0: the default. */
trial trial_begin(pflow_pool *pool, size_t scratch_bytes);

/* Builds it for batches of `rows` rows; every parameter gets U(0.5, 1.5). */
void trial_build(trial *t, const size_t *row_shape, size_t ndim, size_t rows);

/* A training pass and its backward, with the gradients set to 0 in between. */
void trial_run(trial *t);

/* The same over what backward of the last run left: gradients add up, dx is not asked. */
void trial_run_again(trial *t);

void trial_end(trial *t);

/* An array of the network by its name; ends the test when there is none. */
pflow_param trial_array(const trial *t, const char *name);

/* Copies values, e.g. of a golden array, into an array of the network. */
void trial_set(const trial *t, const char *name, const float *values);

#endif
