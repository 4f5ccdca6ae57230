/*
 * bench_field_step - seconds of one step of field training: perturbation, target from the
 * large batch, forward, loss, backward, Adam.
 *
 * usage: bench_field_step [--parts] [STEPS [SOURCES QUERIES DIM]]
 *
 * The mean over STEPS (200) steps; 1024 sources, 128 queries, 128 dimensions. --parts
 * prints before it what each part takes when it runs by itself.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"

typedef struct job {
  size_t steps, sources, queries, dim;
  float *x, *y, *target, *gradient;
  pflow_rng rng;
  pflow_net *net;
  pflow_net_work *work;
  pflow_optim *optim;
  pflow_field_step *step;
} job;

static void job_open(job *self) {
  const size_t points = self->queries * (self->dim + 1);
  pflow_field_fit_config config;
  pflow_field_fit_config_init(&config);
  config.large_batch = self->sources;
  config.small_batch = self->queries;
  self->x = must_alloc(self->sources * self->dim, sizeof(float));
  self->y = must_alloc(points, sizeof(float));
  self->target = must_alloc(points, sizeof(float));
  self->gradient = must_alloc(points, sizeof(float));
  pflow_rng_init(&self->rng, 0, 0);
  pflow_rng_sphere(&self->rng, self->x, self->sources, self->dim);
  must(pflow_field_net_create(&self->net, self->dim, NULL));
  must(pflow_net_work_create(&self->work, self->net, self->queries, PFLOW_TRAINING));
  must(pflow_field_step_create(&self->step, self->net, &config));
  must(pflow_optim_create_adam(&self->optim, pflow_net_param_size(self->net), NULL));
}

static void job_close(job *self) {
  pflow_optim_destroy(self->optim);
  pflow_field_step_destroy(self->step);
  pflow_net_work_destroy(self->work);
  pflow_net_destroy(self->net);
  pflow_free(self->gradient);
  pflow_free(self->target);
  pflow_free(self->y);
  pflow_free(self->x);
}

/* ---- the parts ---- */

static void perturb(job *self) {
  must(pflow_perturb(NULL, self->x, self->queries, self->dim, &self->rng, self->y, NULL));
}

static void target(job *self) {
  const pflow_sources sources = {self->x, self->sources, self->dim};
  must(pflow_poisson_target(&sources, self->y, self->queries, 0.3, self->target, NULL));
}

static void network(job *self) {
  const float *output;
  double loss;
  must(pflow_net_zero_grads(self->net));
  must(pflow_net_forward(self->net, self->work, self->y, self->queries, &output));
  must(pflow_loss_mse(output, self->target, self->queries, self->dim + 1, &loss,
                      self->gradient));
  must(pflow_net_backward(self->net, self->work, self->gradient, NULL));
}

static void forward(job *self) {
  const float *output;
  must(pflow_net_forward(self->net, self->work, self->y, self->queries, &output));
}

static void loss(job *self) {
  double value;
  must(pflow_loss_mse(self->y, self->target, self->queries, self->dim + 1, &value,
                      self->gradient));
}

static void adam(job *self) {
  must(pflow_optim_step(self->optim, pflow_net_params(self->net),
                        pflow_net_grads(self->net)));
}

static void whole(job *self) {
  const pflow_sources sources = {self->x, self->sources, self->dim};
  double value;
  must(pflow_field_step_run(self->step, self->net, &sources, &self->rng, &value));
  adam(self);
}

/* Mean seconds of a part, after a few runs to warm up. */
static double seconds_of(job *self, void (*part)(job *)) {
  double started = 0.0;
  for (size_t i = 0; i < self->steps + 10; i++) {
    if (i == 10) started = now_seconds();
    part(self);
  }
  return (now_seconds() - started) / (double)self->steps;
}

static void print_parts(job *self) {
  static const struct {
    const char *name;
    void (*part)(job *);
  } parts[] = {
      {"perturb", perturb},   {"target", target}, {"forward, loss, backward", network},
      {"  forward", forward}, {"  loss", loss},   {"Adam", adam}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    printf("%-24s %8.1f us\n", parts[i].name, 1e6 * seconds_of(self, parts[i].part));
}

/* Three operations a difference, and the network's products: six a weight and query. */
static double gflop(const job *self) {
  const double width = (double)self->dim + 1.0, queries = (double)self->queries;
  return 1e-9 * queries * (3.0 * (double)self->sources * width + 18.0 * width * width);
}

int main(int argc, char **argv) {
  const int first = argc > 1 && strcmp(argv[1], "--parts") == 0 ? 2 : 1;
  job self = {.steps = bench_argument(argc, argv, first, 200),
              .sources = bench_argument(argc, argv, first + 1, 1024),
              .queries = bench_argument(argc, argv, first + 2, 128),
              .dim = bench_argument(argc, argv, first + 3, 128)};
  if (self.queries > self.sources) fail("QUERIES <= SOURCES");
  job_open(&self);
  if (first == 2) print_parts(&self);
  bench_report(seconds_of(&self, whole), gflop(&self));
  job_close(&self);
  return 0;
}
