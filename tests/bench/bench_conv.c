/*
 * bench_conv - the 3 x 3 convolutions of SmallAlexNet, one by one, both ways.
 *
 * usage: bench_conv [ROWS [RUNS]]      the best of RUNS runs each
 *
 * Prints a line a layer and way: milliseconds and nominal GFLOP/s (those of the direct
 * sums) of forward, of backward to the weights alone and to both weights and images.
 */
#include <stdio.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"
#include "pflow.h"

typedef struct layer {
  size_t in, out, side;
} layer;

static const layer layers[] = {
    {3, 96, 32}, {96, 192, 15}, {192, 384, 7}, {384, 384, 7}, {384, 192, 7}};

/* One layer as a network, with its arrays. */
typedef struct bench {
  pflow_net *net;
  pflow_net_work *work;
  size_t rows;
  float *x, *dy, *dx;
} bench;

static bench set_up(const layer *l, size_t rows, pflow_conv2d_algorithm algorithm) {
  bench b = {.rows = rows};
  pflow_rng rng;
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = l->out;
  config.pad_h = config.pad_w = 1;
  config.algorithm = algorithm;
  must(pflow_net_create(&b.net, NULL));
  must(pflow_net_add_conv2d_config(b.net, &config));
  must(pflow_net_build(b.net, (size_t[]){l->in, l->side, l->side}, 3));
  must(pflow_net_work_create(&b.work, b.net, rows, PFLOW_TRAINING));
  b.x = must_alloc(rows * pflow_net_in_size(b.net), sizeof *b.x);
  b.dx = must_alloc(rows * pflow_net_in_size(b.net), sizeof *b.dx);
  b.dy = must_alloc(rows * pflow_net_out_size(b.net), sizeof *b.dy);
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_uniform(&rng, b.x, rows * pflow_net_in_size(b.net), 0.0, 1.0);
  pflow_rng_uniform(&rng, b.dy, rows * pflow_net_out_size(b.net), -1.0, 1.0);
  return b;
}

static void tear_down(bench *b) {
  pflow_net_work_destroy(b->work);
  pflow_net_destroy(b->net);
  pflow_free(b->x);
  pflow_free(b->dx);
  pflow_free(b->dy);
}

/* Lowers the best times of forward, backward without dx and with it. */
static void run_once(bench *b, double best[3]) {
  const float *y;
  for (size_t i = 0; i < 2; i++) {
    const double started = now_seconds();
    must(pflow_net_forward(b->net, b->work, b->x, b->rows, &y));
    const double between = now_seconds();
    must(pflow_net_backward(b->net, b->work, b->dy, i ? b->dx : NULL));
    const double ended = now_seconds();
    if (between - started < best[0]) best[0] = between - started;
    if (ended - between < best[1 + i]) best[1 + i] = ended - between;
  }
}

static void report(const layer *l, size_t rows, const char *way, const double best[3]) {
  const double gflop =
      18e-9 * (double)(rows * l->in * l->out) * (double)(l->side * l->side);
  printf("%3zu -> %3zu @ %2zu  %s", l->in, l->out, l->side, way);
  for (size_t i = 0; i < 3; i++)
    printf("  %7.2f ms %6.0f", best[i] * 1e3, (i == 2 ? 2 : 1) * gflop / best[i]);
  printf("\n");
}

static void run_layer(const layer *l, size_t rows, size_t runs) {
  static const char *const name[] = {"gemm", "fft "};
  static const pflow_conv2d_algorithm way[] = {PFLOW_CONV_GEMM, PFLOW_CONV_FFT};
  for (size_t i = 0; i < 2; i++) {
    if (way[i] == PFLOW_CONV_FFT && l->side > 31) continue;
    double best[3] = {1e9, 1e9, 1e9};
    bench b = set_up(l, rows, way[i]);
    for (size_t run = 0; run < runs; run++)
      run_once(&b, best);
    report(l, rows, name[i], best);
    tear_down(&b);
  }
}

int main(int argc, char **argv) {
  const size_t rows = bench_argument(argc, argv, 1, 256);
  const size_t runs = bench_argument(argc, argv, 2, 3);
  printf("layer                  forward, GFLOP/s      weights              both\n");
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
    run_layer(&layers[i], rows, runs);
  return 0;
}
