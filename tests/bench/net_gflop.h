/*
 * net_gflop.h - the arithmetic of a network's convolutions and linear layers.
 */
#ifndef BENCH_NET_GFLOP_H
#define BENCH_NET_GFLOP_H

#include "pflow.h"

/*
 * Multiplications and additions of `rows` rows by the definitions of convolution and
 * linear layers, whatever way they are computed, in units of 1e9: one product a layer in
 * prediction; in training a second for the weights' gradient and, except in the first
 * layer, a third for the input's.
 */
double bench_net_gflop(const pflow_net *net, size_t rows, pflow_mode mode);

#endif
