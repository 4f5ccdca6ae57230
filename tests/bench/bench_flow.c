/*
 * bench_flow - seconds of one flow of ROWS rows of DIM values and z through the post's
 * network (three linear layers, DIM + 1 wide) under the radial clock, built as the
 * examples build it. GFLOP are those of the network's three products in all evaluations.
 *
 * usage: bench_flow [ROWS] [STEPS] [DIM] [METHOD]
 *   STEPS of a fixed-step method, over s = STEPS / 100; METHOD euler midpoint heun rk4
 *   bs23 dopri5, the last two with a step control of rtol 1e-4, for which STEPS is only
 *   the way. The median of three flows.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"

static pflow_ode_method method_of(const char *name) {
  for (int m = PFLOW_ODE_EULER; m <= PFLOW_ODE_DOPRI5; m++)
    if (strcmp(name, pflow_ode_tableau_get((pflow_ode_method)m)->name) == 0)
      return (pflow_ode_method)m;
  fail("unknown method \"%s\"", name);
}

/* Seconds of one flow from rows on the unit sphere. */
static double run(const pflow_ode_config *ode, const pflow_field *field, const float *x,
                  size_t n, size_t dim, float *y, pflow_ode_stats *stats) {
  pflow_clock *clock;
  pflow_clock_config config;
  pflow_clock_config_init(&config);
  config.concurrent = pflow_pool_threads(NULL);
  must(pflow_clock_create(&clock, field, n, &config));
  must(pflow_points_augment(x, n, dim, 0.0, y));
  double started = now_seconds();
  must(pflow_ode_solve(ode, pflow_clock_rhs, clock, 0.0, (double)ode->steps / 100.0, y, n,
                       dim + 1, stats));
  double seconds = now_seconds() - started;
  pflow_clock_destroy(clock);
  return seconds;
}

int main(int argc, char **argv) {
  const size_t n = bench_argument(argc, argv, 1, 50000);
  const size_t steps = bench_argument(argc, argv, 2, 10);
  const size_t dim = bench_argument(argc, argv, 3, 128);
  pflow_ode_config ode;
  pflow_ode_stats stats;
  pflow_net *net;
  pflow_field *field;
  pflow_rng rng;
  double seconds[3];
  pflow_ode_config_init(&ode);
  ode.method = method_of(argc > 4 ? argv[4] : "euler");
  ode.steps = steps;
  ode.concurrent = 1;
  float *x = must_alloc(n * dim, sizeof *x), *y = must_alloc(n * (dim + 1), sizeof *y);
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_sphere(&rng, x, n, dim);
  must(pflow_field_net_create(&net, dim, NULL));
  must(pflow_field_create_net(&field, net));
  for (int i = 0; i < 3; i++)
    seconds[i] = run(&ode, field, x, n, dim, y, &stats);
  const double width = (double)dim + 1.0;
  fprintf(stderr, "%.2f evaluations a row\n", (double)stats.evaluations / (double)n);
  bench_report(bench_median(seconds, 3),
               6e-9 * width * width * (double)stats.evaluations);
  pflow_field_destroy(field);
  pflow_net_destroy(net);
  pflow_free(x);
  pflow_free(y);
  return 0;
}
