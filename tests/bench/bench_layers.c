/*
 * bench_layers - seconds of each pass of a SmallAlexNet training step but its
 * convolutions, layer by layer, beside the bytes or operations that it cannot do without.
 *
 * usage: bench_layers [ROWS [ROUNDS]]      medians of ROUNDS (default 7)
 *
 * A line: the pass, milliseconds, GB/s (bytes counted once: what is read and what is
 * written) with its share of this machine's rate for a + b -> c over large arrays, or
 * GFLOP/s.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cifar10/alexnet.h"
#include "cli/progress.h"
#include "common/must.h"

enum { most_rounds = 100, stream_values = 1 << 24 };

typedef enum block_kind { norm, norm_relu, relu, pool, linear } block_kind;

/* A layer, or batch norm with its ReLU, over rows of `in`. */
typedef struct block {
  block_kind kind;
  size_t in[3], ndim, out;
} block;

typedef struct bench {
  size_t rows, rounds;
  double rate; /* bytes a second */
  double seconds[2][most_rounds];
  double forward, backward; /* of all blocks so far */
} bench;

/* ---- the machine ---- */

static int add_values(size_t begin, size_t end, void *user) {
  float *a = user;
  const float *b = a + stream_values, *c = b + stream_values;
  for (size_t i = begin; i < end; i++)
    a[i] = b[i] + c[i];
  return 0;
}

static double measure_rate(void) {
  double best = 1e30;
  float *values = must_alloc((size_t)3 * stream_values, sizeof *values);
  for (size_t i = 0; i < 6; i++) {
    double started = now_seconds();
    must(pflow_parallel_for(NULL, stream_values, 1 << 16, add_values, values));
    double seconds = now_seconds() - started;
    if (seconds < best) best = seconds;
  }
  pflow_free(values);
  return 3.0 * stream_values * sizeof(float) / best;
}

static void print_bytes(const bench *self, const char *name, double seconds,
                        double bytes) {
  printf("%-36s %9.3f ms %8.1f GB/s %5.0f %%\n", name, 1e3 * seconds,
         1e-9 * bytes / seconds, 100.0 * bytes / seconds / self->rate);
}

/* ---- layers ---- */

static void add_layers(pflow_net *net, const block *b) {
  if (b->kind == norm || b->kind == norm_relu) must(pflow_net_add_batchnorm(net));
  if (b->kind == relu || b->kind == norm_relu) must(pflow_net_add_relu(net));
  if (b->kind == pool) must(pflow_net_add_maxpool2d(net, 3, 2));
  if (b->kind == linear) must(pflow_net_add_linear(net, b->out, 0));
}

static float *uniform_values(size_t n, uint64_t seed) {
  pflow_rng rng;
  float *values = must_alloc(n, sizeof *values);
  pflow_rng_init(&rng, seed, 0);
  pflow_rng_uniform(&rng, values, n, -1.0, 1.0);
  return values;
}

static void time_passes(bench *self, pflow_net *net) {
  pflow_net_work *work;
  const float *y;
  size_t in = self->rows * pflow_net_in_size(net);
  float *x = uniform_values(in, 1), *dx = must_alloc(in, sizeof *dx);
  float *dy = uniform_values(self->rows * pflow_net_out_size(net), 2);
  must(pflow_net_work_create(&work, net, self->rows, PFLOW_TRAINING));
  for (size_t i = 0; i <= self->rounds; i++) { /* the last place is written twice */
    double started = now_seconds();
    must(pflow_net_forward(net, work, x, self->rows, &y));
    double between = now_seconds();
    must(pflow_net_backward(net, work, dy, dx));
    size_t at = i < self->rounds ? i : self->rounds - 1;
    self->seconds[0][at] = between - started;
    self->seconds[1][at] = now_seconds() - between;
  }
  pflow_net_work_destroy(work);
  pflow_free(x);
  pflow_free(dx);
  pflow_free(dy);
}

static void print_block(bench *self, const block *b, double in, double out) {
  static const char *const names[] = {"batchnorm", "batchnorm relu", "relu", "maxpool2d",
                                      "linear"};
  static const char *const passes[] = {"forward", "backward"};
  double reads[2] = {in + out, b->kind == pool ? in + out : 2.0 * in + out};
  for (size_t pass = 0; pass < 2; pass++) {
    char name[80];
    double seconds = bench_median(self->seconds[pass], self->rounds);
    snprintf(name, sizeof name, "%s %zu x %zu x %zu %s", names[b->kind], b->in[0],
             b->in[1], b->in[2], passes[pass]);
    *(pass == 0 ? &self->forward : &self->backward) += seconds;
    if (b->kind == linear)
      printf("%-36s %9.3f ms %8.1f GFLOP/s\n", name, 1e3 * seconds,
             2e-9 * (double)(pass + 1) * in * (double)b->out / seconds);
    else
      print_bytes(self, name, seconds, sizeof(float) * reads[pass]);
  }
}

static void time_block(bench *self, const block *b) {
  pflow_net *net;
  must(pflow_net_create(&net, NULL));
  add_layers(net, b);
  must(pflow_net_build(net, b->in, b->ndim));
  time_passes(self, net);
  print_block(self, b, (double)(self->rows * pflow_net_in_size(net)),
              (double)(self->rows * pflow_net_out_size(net)));
  pflow_net_destroy(net);
}

/* ---- the optimiser, and gradients set to zero ---- */

static size_t network_parameters(void) {
  size_t body;
  pflow_net *net = alexnet_create(1.0, 10, 0, NULL, &body);
  const size_t size = pflow_net_param_size(net);
  pflow_net_destroy(net);
  return size;
}

static void time_parameters(bench *self, size_t size) {
  pflow_optim *optim;
  float *params = uniform_values(size, 3), *grads = uniform_values(size, 4);
  must(pflow_optim_create_adam(&optim, size, NULL));
  for (size_t i = 0; i <= self->rounds; i++) {
    size_t at = i < self->rounds ? i : self->rounds - 1;
    double started = now_seconds();
    must(pflow_optim_step(optim, params, grads));
    self->seconds[0][at] = now_seconds() - started;
  }
  print_bytes(self, "adam", bench_median(self->seconds[0], self->rounds),
              28.0 * (double)size);
  pflow_optim_destroy(optim);
  pflow_free(params);
  pflow_free(grads);
}

static void time_zeroing(bench *self) {
  pflow_net *net;
  must(pflow_net_create(&net, NULL));
  must(pflow_net_add_linear(net, 4096, 0));
  must(pflow_net_build(net, (size_t[]){6528}, 1));
  for (size_t i = 0; i <= self->rounds; i++) {
    size_t at = i < self->rounds ? i : self->rounds - 1;
    double started = now_seconds();
    must(pflow_net_zero_grads(net));
    self->seconds[0][at] = now_seconds() - started;
  }
  print_bytes(self, "zero gradients", bench_median(self->seconds[0], self->rounds),
              4.0 * (double)pflow_net_param_size(net));
  pflow_net_destroy(net);
}

int main(int argc, char **argv) {
  static const block blocks[] = {
      {norm_relu, {96, 32, 32}, 3, 0},  {pool, {96, 32, 32}, 3, 0},
      {norm_relu, {192, 15, 15}, 3, 0}, {pool, {192, 15, 15}, 3, 0},
      {norm_relu, {384, 7, 7}, 3, 0},   {norm_relu, {384, 7, 7}, 3, 0},
      {norm_relu, {192, 7, 7}, 3, 0},   {pool, {192, 7, 7}, 3, 0},
      {linear, {1728, 1, 1}, 1, 4096},  {norm_relu, {4096, 1, 1}, 1, 0},
      {linear, {4096, 1, 1}, 1, 4096},  {norm_relu, {4096, 1, 1}, 1, 0},
      {linear, {4096, 1, 1}, 1, 128},   {linear, {128, 1, 1}, 1, 10}};
  static const block others[] = {{norm, {96, 32, 32}, 3, 0}, {relu, {96, 32, 32}, 3, 0}};
  bench self = {.rows = bench_argument(argc, argv, 1, 256),
                .rounds = bench_argument(argc, argv, 2, 7)};
  if (self.rows < 2 || self.rounds > most_rounds)
    fail("ROWS >= 2, ROUNDS 1 to %d", most_rounds);
  self.rate = measure_rate();
  printf("a + b -> c: %.1f GB/s\n", 1e-9 * self.rate);
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    time_block(&self, &blocks[i]);
  printf("all of these: forward %.2f ms, backward %.2f ms\n", 1e3 * self.forward,
         1e3 * self.backward);
  time_parameters(&self, network_parameters());
  time_zeroing(&self);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    time_block(&self, &others[i]);
  must_flush();
  return 0;
}
