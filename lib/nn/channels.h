/*
 * channels.h - a batch of rows x channels x places, in blocks of channels.
 *
 * Images have height * width places, vectors 1. A block is a range of channels that one
 * thread works on alone, so that results do not depend on the number of threads.
 */
#ifndef LIBPFLOW_CHANNELS_H
#define LIBPFLOW_CHANNELS_H

#include <stddef.h>

#include "base/base.h"
#include "kernels/norm_kernels.h"
#include "pflow/threads.h"

enum { pf_block_channels = 64 }; /* of the longest block */

typedef struct pf_batch {
  size_t rows, channels, places;
} pf_batch;

/* Channels of a block: enough of them that a row's part fills some cache lines. */
size_t pf_block_size(const pf_batch *batch);

/* Channels begin <= c < end as kernels see them; *at is their first value. */
pf_norm_block pf_block_of(const pf_batch *batch, size_t begin, size_t end, size_t *at);

/* out[c] += sum of v over channel c, for all channels. */
pflow_err pf_channel_add_sums(pflow_pool *pool, const pf_batch *batch, const float *v,
                              float *out);

#endif
