/*
 * channels.h - sums over a batch of rows x channels x places, one a channel.
 *
 * Images have height * width places, vectors 1. A block is a range of channels that one
 * thread sums alone, so that results do not depend on the number of threads. Sums are
 * double over short float ones.
 */
#ifndef LIBPFLOW_CHANNELS_H
#define LIBPFLOW_CHANNELS_H

#include <stddef.h>

#include "base/base.h"
#include "pflow/threads.h"

enum { pf_block_channels = 64 }; /* of the longest block */

typedef struct pf_batch {
  size_t rows, channels, places;
} pf_batch;

/* Channels of a block: enough of them that a row's part fills some cache lines. */
size_t pf_block_size(const pf_batch *batch);

/* First value of a channel in a row. */
size_t pf_channel_at(const pf_batch *batch, size_t row, size_t channel);

/* sum[i] = sum of v over channel begin + i, for a block. */
void pf_block_sum(const pf_batch *batch, const float *v, size_t begin, size_t end,
                  double *sum);

/* sum[i] = sum of (u - u0[i]) * (v - v0[i]) over channel begin + i, for a block. */
void pf_block_products(const pf_batch *batch, const float *u, const float *u0,
                       const float *v, const float *v0, size_t begin, size_t end,
                       double *sum);

/* out[c] += sum of v over channel c, for all channels. */
pflow_err pf_channel_add_sums(pflow_pool *pool, const pf_batch *batch, const float *v,
                              float *out);

#endif
