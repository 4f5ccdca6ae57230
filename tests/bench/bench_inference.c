/*
 * bench_inference - seconds of the prediction of one batch by SmallAlexNet.
 *
 * usage: bench_inference [ROWS [RUNS [PERCENT]]]
 *        the median of RUNS (default 5); all hidden widths scaled to PERCENT
 */
#include <stdio.h>

#include "bench.h"
#include "cifar10/alexnet.h"
#include "cli/progress.h"
#include "common/must.h"
#include "net_gflop.h"

enum { most_runs = 100, row_values = 3 * 32 * 32, classes = 10 };

int main(int argc, char **argv) {
  size_t rows = bench_argument(argc, argv, 1, 256), body;
  size_t runs = bench_argument(argc, argv, 2, 5);
  if (runs > most_runs) fail("%zu runs, wants at most %d", runs, most_runs);
  double seconds[most_runs];
  double width = 0.01 * (double)bench_argument(argc, argv, 3, 100);
  pflow_net *net = alexnet_create(width, classes, 0, NULL, &body);
  pflow_net_work *work;
  must(pflow_net_work_create(&work, net, rows, PFLOW_INFERENCE));
  float *x = must_alloc(rows * row_values, sizeof *x);
  float *y = must_alloc(rows * classes, sizeof *y);
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_uniform(&rng, x, rows * row_values, 0.0, 1.0);
  must(pflow_net_predict(net, work, x, rows, y));
  for (size_t i = 0; i < runs; i++) {
    double started = now_seconds();
    must(pflow_net_predict(net, work, x, rows, y));
    seconds[i] = now_seconds() - started;
  }
  bench_report(bench_median(seconds, runs), bench_net_gflop(net, rows, PFLOW_INFERENCE));
  pflow_free(y);
  pflow_free(x);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return 0;
}
