#include "nn/channels.h"

#include <string.h>

/* Floats summed side by side, and floats summed before a double takes over. */
enum { width = 16, piece = 256 };
typedef float lanes __attribute__((vector_size(width * sizeof(float))));

size_t pf_block_size(const pf_batch *batch) {
  size_t size = pf_block_channels / batch->places;
  return size > 0 ? size : 1;
}

size_t pf_channel_at(const pf_batch *batch, size_t row, size_t channel) {
  return (row * batch->channels + channel) * batch->places;
}

/* Sum of n <= piece values. */
static double sum_piece(const float *v, size_t n) {
  lanes total = {0}, values;
  size_t i = 0;
  for (; i + width <= n; i += width) {
    memcpy(&values, v + i, sizeof values);
    total += values;
  }
  double sum = 0.0;
  for (size_t lane = 0; lane < width; lane++)
    sum += (double)total[lane];
  for (; i < n; i++)
    sum += (double)v[i];
  return sum;
}

static double sum_run(const float *v, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i += piece)
    sum += sum_piece(v + i, n - i < piece ? n - i : piece);
  return sum;
}

static double products_piece(const float *u, float u0, const float *v, float v0,
                             size_t n) {
  lanes total = {0}, left, right;
  size_t i = 0;
  for (; i + width <= n; i += width) {
    memcpy(&left, u + i, sizeof left);
    memcpy(&right, v + i, sizeof right);
    total += (left - u0) * (right - v0);
  }
  double sum = 0.0;
  for (size_t lane = 0; lane < width; lane++)
    sum += (double)total[lane];
  for (; i < n; i++)
    sum += (double)((u[i] - u0) * (v[i] - v0));
  return sum;
}

static double products_run(const float *u, float u0, const float *v, float v0, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i += piece)
    sum += products_piece(u + i, u0, v + i, v0, n - i < piece ? n - i : piece);
  return sum;
}

void pf_block_sum(const pf_batch *batch, const float *v, size_t begin, size_t end,
                  double *sum) {
  const size_t count = end - begin, places = batch->places;
  memset(sum, 0, count * sizeof *sum);
  for (size_t row = 0; row < batch->rows; row++) {
    const float *values = v + pf_channel_at(batch, row, begin);
    if (places == 1) {
      for (size_t i = 0; i < count; i++)
        sum[i] += (double)values[i];
    } else {
      for (size_t i = 0; i < count; i++)
        sum[i] += sum_run(values + i * places, places);
    }
  }
}

void pf_block_products(const pf_batch *batch, const float *u, const float *u0,
                       const float *v, const float *v0, size_t begin, size_t end,
                       double *sum) {
  const size_t count = end - begin, places = batch->places;
  memset(sum, 0, count * sizeof *sum);
  for (size_t row = 0; row < batch->rows; row++) {
    const float *left = u + pf_channel_at(batch, row, begin);
    const float *right = v + pf_channel_at(batch, row, begin);
    if (places == 1) {
      for (size_t i = 0; i < count; i++)
        sum[i] += (double)((left[i] - u0[i]) * (right[i] - v0[i]));
    } else {
      for (size_t i = 0; i < count; i++)
        sum[i] +=
            products_run(left + i * places, u0[i], right + i * places, v0[i], places);
    }
  }
}

typedef struct add_job {
  const pf_batch *batch;
  const float *v;
  float *out;
} add_job;

static int add_block(size_t begin, size_t end, void *user) {
  const add_job *job = user;
  double sum[pf_block_channels];
  pf_block_sum(job->batch, job->v, begin, end, sum);
  for (size_t i = begin; i < end; i++)
    job->out[i] += (float)sum[i - begin];
  return 0;
}

pflow_err pf_channel_add_sums(pflow_pool *pool, const pf_batch *batch, const float *v,
                              float *out) {
  add_job job = {batch, v, out};
  return pflow_parallel_for(pool, batch->channels, pf_block_size(batch), add_block, &job);
}
