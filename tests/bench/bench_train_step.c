/*
 * bench_train_step - seconds of one SmallAlexNet training step: forward, loss, backward,
 * Adam, on one fixed batch.
 *
 * usage: bench_train_step [ROWS [STEPS [PERCENT]]]
 *        the median of STEPS steps; all hidden widths scaled to PERCENT
 */
#include "bench.h"
#include "cifar10/alexnet.h"
#include "cli/progress.h"
#include "common/must.h"
#include "net_gflop.h"

/* All that a step works on. */
typedef struct bench {
  pflow_net *net;
  pflow_net_work *work;
  pflow_optim *optim;
  size_t rows;
  float *x, *dlogits;
  int32_t *labels;
} bench;

static void set_up(bench *self, size_t rows, double width) {
  size_t body;
  pflow_rng rng;
  self->rows = rows;
  self->net = alexnet_create(width, 10, 0, NULL, &body);
  must(pflow_net_work_create(&self->work, self->net, rows, PFLOW_TRAINING));
  must(pflow_optim_create_adam(&self->optim, pflow_net_param_size(self->net), NULL));
  self->x = must_alloc(rows * 3072, sizeof *self->x);
  self->dlogits = must_alloc(rows * 10, sizeof *self->dlogits);
  self->labels = must_alloc(rows, sizeof *self->labels);
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_uniform(&rng, self->x, rows * 3072, 0.0, 1.0);
  for (size_t i = 0; i < rows; i++)
    self->labels[i] = (int32_t)(i % 10);
}

static void step(bench *self) {
  const float *logits;
  double loss;
  must(pflow_net_zero_grads(self->net));
  must(pflow_net_forward(self->net, self->work, self->x, self->rows, &logits));
  must(pflow_loss_cross_entropy(logits, self->labels, self->rows, 10, &loss,
                                self->dlogits));
  must(pflow_net_backward(self->net, self->work, self->dlogits, NULL));
  must(pflow_optim_step(self->optim, pflow_net_params(self->net),
                        pflow_net_grads(self->net)));
}

static void tear_down(bench *self) {
  pflow_free(self->labels);
  pflow_free(self->dlogits);
  pflow_free(self->x);
  pflow_optim_destroy(self->optim);
  pflow_net_work_destroy(self->work);
  pflow_net_destroy(self->net);
}

int main(int argc, char **argv) {
  enum { most_steps = 100 };
  bench self;
  double seconds[most_steps];
  size_t rows = bench_argument(argc, argv, 1, 256);
  size_t steps = bench_argument(argc, argv, 2, 3);
  if (steps > most_steps) fail("%zu steps, wants at most %d", steps, most_steps);
  set_up(&self, rows, 0.01 * (double)bench_argument(argc, argv, 3, 100));
  step(&self);
  for (size_t i = 0; i < steps; i++) {
    double started = now_seconds();
    step(&self);
    seconds[i] = now_seconds() - started;
  }
  bench_report(bench_median(seconds, steps),
               bench_net_gflop(self.net, rows, PFLOW_TRAINING));
  tear_down(&self);
  return 0;
}
