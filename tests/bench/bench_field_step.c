/*
 * bench_field_step - seconds of one step of field training: perturbation, target from the
 * large batch, forward, loss, backward, Adam (1024 sources, 128 queries, 128 dimensions).
 *
 * usage: bench_field_step [STEPS]      the mean over STEPS steps
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "common/must.h"
#include "common/progress.h"

enum { dim = 128, sources = 1024 };

int main(int argc, char **argv) {
  size_t steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
  float *x = must_alloc((size_t)sources * dim, sizeof *x);
  double loss, started = 0.0;
  pflow_net *net;
  pflow_optim *optim;
  pflow_field_step *step;
  pflow_rng rng;
  if (steps == 0) fail("STEPS >= 1");
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_sphere(&rng, x, sources, dim);
  must(pflow_field_net_create(&net, dim, NULL));
  must(pflow_field_step_create(&step, net, NULL));
  must(pflow_optim_create_adam(&optim, pflow_net_param_size(net), NULL));
  /* Ten steps to warm up, then the clock starts. */
  for (size_t i = 0; i < steps + 10; i++) {
    if (i == 10) started = now_seconds();
    must(pflow_field_step_run(step, net, &(pflow_sources){x, sources, dim}, &rng, &loss));
    must(pflow_optim_step(optim, pflow_net_params(net), pflow_net_grads(net)));
  }
  bench_report((now_seconds() - started) / (double)steps, 0.0);
  pflow_optim_destroy(optim);
  pflow_field_step_destroy(step);
  pflow_net_destroy(net);
  pflow_free(x);
  return 0;
}
