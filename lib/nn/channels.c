#include "nn/channels.h"

#include "kernels/table.h"

/* Values of a row that a block takes, where channels are not longer themselves. */
enum { block_values = 256 };

size_t pf_block_size(const pf_batch *batch) {
  const size_t size = block_values / batch->places;
  if (size > pf_block_channels) return pf_block_channels;
  return size > 0 ? size : 1;
}

pf_norm_block pf_block_of(const pf_batch *batch, size_t begin, size_t end, size_t *at) {
  *at = begin * batch->places;
  return (pf_norm_block){batch->rows, batch->channels * batch->places, end - begin,
                         batch->places};
}

typedef struct add_job {
  const pf_batch *batch;
  const float *v;
  float *out;
} add_job;

static int add_block(size_t begin, size_t end, void *user) {
  const add_job *job = user;
  double sum[pf_block_channels];
  size_t at;
  const pf_norm_block block = pf_block_of(job->batch, begin, end, &at);
  pf_kernels_get()->norm.sums(&block, job->v + at, sum);
  for (size_t i = begin; i < end; i++)
    job->out[i] += (float)sum[i - begin];
  return 0;
}

pflow_err pf_channel_add_sums(pflow_pool *pool, const pf_batch *batch, const float *v,
                              float *out) {
  add_job job = {batch, v, out};
  return pflow_parallel_for(pool, batch->channels, pf_block_size(batch), add_block, &job);
}
