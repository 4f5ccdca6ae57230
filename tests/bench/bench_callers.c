/*
 * bench_callers - a program with threads of its own: two of them train a field each at
 * the same time, sharing the default pool, against the same work done in turn.
 *
 * usage: bench_callers [STEPS]      prints the seconds in turn and at the same time
 */
#include <pthread.h>
#include <stdio.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"

enum { callers = 2, dim = 128, sources = 1024 };

/* What one caller works on; nothing of it is shared. */
typedef struct caller {
  pflow_net *net;
  pflow_field_step *step;
  pflow_optim *optim;
  pflow_rng rng;
  float *x;
  size_t steps;
} caller;

static void set_up(caller *self, uint64_t seed, size_t steps) {
  self->steps = steps;
  self->x = must_alloc((size_t)sources * dim, sizeof *self->x);
  pflow_rng_init(&self->rng, seed, 0);
  pflow_rng_sphere(&self->rng, self->x, sources, dim);
  must(pflow_field_net_create(&self->net, dim, NULL));
  must(pflow_field_step_create(&self->step, self->net, NULL));
  must(pflow_optim_create_adam(&self->optim, pflow_net_param_size(self->net), NULL));
}

static void *train(void *user) {
  caller *self = user;
  const pflow_sources all = {self->x, sources, dim};
  double loss;
  for (size_t i = 0; i < self->steps; i++) {
    must(pflow_field_step_run(self->step, self->net, &all, &self->rng, &loss));
    must(pflow_optim_step(self->optim, pflow_net_params(self->net),
                          pflow_net_grads(self->net)));
  }
  return NULL;
}

static void tear_down(caller *self) {
  pflow_optim_destroy(self->optim);
  pflow_field_step_destroy(self->step);
  pflow_net_destroy(self->net);
  pflow_free(self->x);
}

static double seconds_in_turn(caller *all) {
  double started = now_seconds();
  for (size_t i = 0; i < callers; i++)
    train(&all[i]);
  return now_seconds() - started;
}

static double seconds_together(caller *all) {
  pthread_t thread;
  double started = now_seconds();
  if (pthread_create(&thread, NULL, train, &all[1]) != 0) fail("no thread");
  train(&all[0]);
  if (pthread_join(thread, NULL) != 0) fail("the thread cannot be waited for");
  return now_seconds() - started;
}

int main(int argc, char **argv) {
  caller all[callers];
  size_t steps = bench_argument(argc, argv, 1, 500);
  for (size_t i = 0; i < callers; i++)
    set_up(&all[i], i, steps);
  seconds_in_turn(all); /* not counted */
  double apart = seconds_in_turn(all), together = seconds_together(all);
  printf("%.6f %.6f\n", apart, together);
  must_flush();
  for (size_t i = 0; i < callers; i++)
    tear_down(&all[i]);
  return 0;
}
