/*
 * 02_training - a small network learns the synthetic images with the library's loop.
 */
#include <stdio.h>

#include "common/must.h"

static pflow_images *make_images(pflow_split split, size_t n) {
  pflow_images *images;
  pflow_synthetic_config config;
  pflow_synthetic_config_init(&config);
  config.n = n;
  config.channels = 1;
  config.height = config.width = 16;
  config.split = split;
  must(pflow_images_create_synthetic(&images, &config));
  return images;
}

static pflow_net *make_net(void) {
  pflow_net *net;
  must(pflow_net_create(&net, NULL));
  must(pflow_net_add_conv2d(net, 8, 3, 1));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
  must(pflow_net_add_maxpool2d(net, 2, 2));
  must(pflow_net_add_flatten(net));
  must(pflow_net_add_linear(net, 10, 1));
  must(pflow_net_build(net, (size_t[]){1, 16, 16}, 3));
  return net;
}

static int on_epoch(const pflow_fit_progress *now, void *user) {
  (void)user;
  printf("epoch %zu  loss %.4f  train accuracy %.1f %%\n", now->epoch + 1, now->loss,
         100.0 * now->accuracy);
  return 0;
}

static void train(pflow_net *net, const pflow_images *images) {
  pflow_batches *batches;
  pflow_optim *optim;
  pflow_schedule schedule;
  pflow_batches_config bc;
  pflow_fit_config fc;
  pflow_batches_config_init(&bc);
  bc.batch = 50;
  bc.crop_pad = 1;
  must(pflow_batches_create(&batches, images, &bc));
  must(pflow_optim_create_adam(&optim, pflow_net_param_size(net), NULL));
  pflow_fit_config_init(&fc);
  fc.epochs = 4;
  pflow_schedule_init(&schedule);
  schedule.kind = PFLOW_SCHEDULE_COSINE;
  schedule.lr = 3e-3;
  schedule.warmup = 10;
  schedule.total = fc.epochs * pflow_batches_count(batches);
  fc.schedule = &schedule;
  fc.on_epoch = on_epoch;
  must(pflow_net_fit(net, optim, batches, &fc));
  pflow_optim_destroy(optim);
  pflow_batches_destroy(batches);
}

static double test_accuracy(const pflow_net *net, const pflow_images *images) {
  size_t n = pflow_images_count(images);
  double accuracy;
  pflow_net_work *work;
  float *x = must_alloc(n * 256, sizeof *x);
  float *logits = must_alloc(n * 10, sizeof *logits);
  int32_t *predicted = must_alloc(n, sizeof *predicted);
  must(pflow_images_get(images, 0, n, x));
  must(pflow_net_work_create(&work, net, 100, PFLOW_INFERENCE));
  must(pflow_net_predict(net, work, x, n, logits));
  must(pflow_argmax(logits, n, 10, predicted));
  must(pflow_accuracy(predicted, pflow_images_labels(images), n, &accuracy));
  pflow_net_work_destroy(work);
  pflow_free(predicted);
  pflow_free(logits);
  pflow_free(x);
  return accuracy;
}

int main(void) {
  pflow_images *train_images = make_images(PFLOW_TRAIN, 1000);
  pflow_images *test_images = make_images(PFLOW_TEST, 500);
  pflow_net *net = make_net();
  train(net, train_images);
  printf("test accuracy %.1f %%\n", 100.0 * test_accuracy(net, test_images));
  pflow_net_destroy(net);
  pflow_images_destroy(test_images);
  pflow_images_destroy(train_images);
  return 0;
}
