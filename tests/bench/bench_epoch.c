/*
 * bench_epoch - seconds of one epoch of SmallAlexNet through pflow_net_fit: shuffling,
 * crops and flips, training steps, Adam. The first step is not counted; the others are
 * taken to be like those of the rest of the epoch.
 *
 * usage: bench_epoch [STEPS [IMAGES [BATCH [PERCENT]]]]
 *        an epoch of IMAGES (default 50000) from STEPS (default 20) steps; all hidden
 *        widths scaled to PERCENT
 */
#include <stdio.h>

#include "bench.h"
#include "cifar10/alexnet.h"
#include "cli/progress.h"
#include "common/must.h"
#include "net_gflop.h"

typedef struct watch {
  size_t steps;
  double started, seconds; /* of all steps but the first */
} watch;

static int on_batch(const pflow_fit_progress *now, void *user) {
  watch *self = user;
  if (now->batch == 1) self->started = now_seconds();
  self->seconds = now_seconds() - self->started;
  return now->batch > self->steps;
}

/* As many images as the steps look at: an epoch would only go on like that. */
static pflow_images *make_images(size_t n) {
  pflow_images *images;
  pflow_synthetic_config config;
  pflow_synthetic_config_init(&config);
  config.n = n;
  must(pflow_images_create_synthetic(&images, &config));
  return images;
}

static pflow_batches *make_batches(const pflow_images *images, size_t batch) {
  pflow_batches *batches;
  pflow_batches_config config;
  pflow_batches_config_init(&config);
  config.batch = batch;
  config.crop_pad = 4;
  config.flip = 1;
  must(pflow_batches_create(&batches, images, &config));
  return batches;
}

static void fit(watch *self, pflow_net *net, pflow_batches *batches) {
  pflow_optim *optim;
  pflow_fit_config config;
  must(pflow_optim_create_adam(&optim, pflow_net_param_size(net), NULL));
  pflow_fit_config_init(&config);
  config.on_batch = on_batch;
  config.user = self;
  must(pflow_net_fit(net, optim, batches, &config));
  pflow_optim_destroy(optim);
}

int main(int argc, char **argv) {
  watch self = {.steps = bench_argument(argc, argv, 1, 20)};
  size_t n = bench_argument(argc, argv, 2, 50000), body;
  size_t batch = bench_argument(argc, argv, 3, 256);
  pflow_images *images = make_images((self.steps + 1) * batch);
  pflow_batches *batches = make_batches(images, batch);
  double width = 0.01 * (double)bench_argument(argc, argv, 4, 100);
  pflow_net *net = alexnet_create(width, 10, 0, NULL, &body);
  fit(&self, net, batches);
  double epoch = self.seconds / (double)(self.steps * batch) * (double)n;
  bench_report(epoch, bench_net_gflop(net, n, PFLOW_TRAINING));
  pflow_net_destroy(net);
  pflow_batches_destroy(batches);
  pflow_images_destroy(images);
  return 0;
}
