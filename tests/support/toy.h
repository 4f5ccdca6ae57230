/*
 * toy.h - small layers written against the public interface alone, with sums in double,
 * and a network of them.
 *
 * Their own memory comes from pflow_alloc, so that pflow_live_blocks() tells whether each
 * was destroyed.
 */
#ifndef TESTS_TOY_H
#define TESTS_TOY_H

#include "pflow.h"
#include "support/values.h"

/* y = W x + b over vectors. */
pflow_err toy_add_dense(pflow_net *net, size_t out);

/* asinh in place; backward reads y. */
pflow_err toy_add_asinh(pflow_net *net);

/* exp(x / 4), not in place, whose backward reads y. */
pflow_err toy_add_exp(pflow_net *net);

/*
 * y = scale * x / sqrt(1 + mean of squares of the row): one scale a feature, a saved
 * value and a scratch row for each row, and a state that counts rows seen in training.
 */
pflow_err toy_add_norm(pflow_net *net);

/*
 * The first `layers` of ten layers, by first letter: adeaanadda. Layers 6 and 9 can work
 * in place in training; 0 (behind the caller's x), 3 (behind exp) and 4 (behind asinh)
 * must not. Rows have 5 values, 7 behind layer 1, 6 behind layer 7 and 3 at the end.
 */
enum { toy_layers = 10 };
extern const char toy_kinds[];
pflow_net *toy_net(pflow_pool *pool, size_t layers);

#endif
