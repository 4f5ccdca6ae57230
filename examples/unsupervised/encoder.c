#include "encoder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "common/checkpoint.h"
#include "common/must.h"

enum { predict_rows = 256, settling_batches = 30 };

/* Everything that a training step needs. */
typedef struct training {
  encoder *self;
  const options *opts;
  pflow_batches *view[2];
  pflow_net_work *work;
  pflow_contrast_work *contrast;
  pflow_optim *optim;
  size_t batch;
  float *pixels, *gradient; /* of both views, one behind the other */
  int32_t *labels;          /* not looked at */
} training;

/* Wang and Isola's augmentations for CIFAR-10, but for the least area. */
static pflow_batches *view_of(const encoder *self, const dataset *data,
                              const options *opts, uint64_t view) {
  pflow_batches *batches;
  pflow_batches_config config;
  pflow_batches_config_init(&config);
  config.batch = opts->batch;
  config.drop_last = pflow_images_count(data->train) > opts->batch;
  config.crop_area = opts->crop_area;
  config.flip = 1;
  config.brightness = config.contrast = config.saturation = 0.4;
  config.grey = 0.2;
  config.seed = opts->seed;
  config.view = view;
  config.pool = self->pool;
  must(pflow_batches_create(&batches, data->train, &config));
  return batches;
}

/* ---- making one ---- */

static void training_begin(training *run, encoder *self, const dataset *data,
                           const options *opts) {
  *run = (training){.self = self, .opts = opts};
  for (uint64_t view = 0; view < 2; view++)
    run->view[view] = view_of(self, data, opts, view);
  run->batch = pflow_batches_rows(run->view[0]);
  run->pixels =
      must_alloc(2 * run->batch * pflow_net_in_size(self->net), sizeof *run->pixels);
  run->gradient = must_alloc(2 * run->batch * FEATURE_DIM, sizeof *run->gradient);
  run->labels = must_alloc(run->batch, sizeof *run->labels);
  must(pflow_net_work_create(&run->work, self->net, 2 * run->batch, PFLOW_TRAINING));
  must(pflow_contrast_work_create(&run->contrast, run->batch, self->pool));
}

static void training_end(training *run) {
  for (int view = 0; view < 2; view++)
    pflow_batches_destroy(run->view[view]);
  pflow_net_work_destroy(run->work);
  pflow_contrast_work_destroy(run->contrast);
  pflow_optim_destroy(run->optim);
  pflow_free(run->pixels);
  pflow_free(run->gradient);
  pflow_free(run->labels);
}

/* Features of a batch in both views: 2 n rows, the second view's behind the first's. */
static const float *forward(training *run, uint64_t epoch, size_t index, size_t *n) {
  const float *rows;
  must(pflow_batches_get(run->view[0], epoch, index, run->pixels, run->labels, n));
  must(pflow_batches_get(run->view[1], epoch, index,
                         run->pixels + *n * pflow_net_in_size(run->self->net),
                         run->labels, n));
  must(pflow_net_forward(run->self->net, run->work, run->pixels, 2 * *n, &rows));
  return rows;
}

/* Statistics that were never measured would make another network of it. */
static void settle(encoder *self, const dataset *data, const options *opts) {
  training run;
  training_begin(&run, self, data, opts);
  const size_t count = pflow_batches_count(run.view[0]);
  for (size_t i = 0; i < settling_batches; i++) {
    size_t n;
    forward(&run, i / count, i % count, &n);
  }
  training_end(&run);
}

void encoder_create(encoder *self, const dataset *data, const options *opts,
                    pflow_pool *pool) {
  size_t layers;
  *self = (encoder){.pool = pool, .history = json_array()};
  self->net = alexnet_create(opts->width, 0, opts->seed, pool, &layers);
  must(pflow_net_work_create(&self->work, self->net, predict_rows, PFLOW_INFERENCE));
  settle(self, data, opts);
}

void encoder_destroy(encoder *self) {
  pflow_net_work_destroy(self->work);
  pflow_net_destroy(self->net);
  json_decref(self->history);
}

float *encoder_features(encoder *self, const pflow_images *images) {
  const size_t n = pflow_images_count(images);
  float *pixels = must_alloc(predict_rows * pflow_net_in_size(self->net), sizeof *pixels);
  float *features = must_alloc(n * FEATURE_DIM, sizeof *features);
  for (size_t begin = 0; begin < n; begin += predict_rows) {
    const size_t rows = n - begin < predict_rows ? n - begin : predict_rows;
    must(pflow_images_get(images, begin, rows, pixels));
    must(pflow_net_predict(self->net, self->work, pixels, rows,
                           features + begin * FEATURE_DIM));
  }
  pflow_free(pixels);
  return features;
}

/* ---- training ---- */

static double align_uniform(training *run, const float *x, const float *y, size_t n) {
  double loss;
  must(pflow_loss_align_uniform(run->contrast, x, y, n, FEATURE_DIM, NULL, &loss,
                                run->gradient, run->gradient + n * FEATURE_DIM));
  return loss;
}

static double infonce(training *run, const float *x, const float *y, size_t n) {
  double loss;
  pflow_infonce_config config;
  pflow_infonce_config_init(&config);
  config.tau = run->opts->tau;
  config.symmetric = 1;
  must(pflow_loss_infonce(run->contrast, x, y, n, FEATURE_DIM, &config, &loss,
                          run->gradient, run->gradient + n * FEATURE_DIM));
  return loss;
}

static double l2(training *run, const float *x, const float *y, size_t n) {
  double loss;
  pflow_l2_contrast_config config;
  pflow_l2_contrast_config_init(&config);
  config.beta = run->opts->beta;
  must(pflow_loss_l2_contrast(run->contrast, x, y, n, FEATURE_DIM, &config, &loss,
                              run->gradient, run->gradient + n * FEATURE_DIM));
  return loss;
}

static double step(training *run, uint64_t epoch, size_t index, size_t *n) {
  const char *name = run->opts->loss;
  pflow_net *net = run->self->net;
  const float *x = forward(run, epoch, index, n), *y = x + *n * FEATURE_DIM;
  const double loss = strcmp(name, "infonce") == 0 ? infonce(run, x, y, *n)
                      : strcmp(name, "l2") == 0    ? l2(run, x, y, *n)
                                                   : align_uniform(run, x, y, *n);
  if (!isfinite(loss)) fail("epoch %zu: the loss is %g", (size_t)epoch + 1, loss);
  must(pflow_net_zero_grads(net));
  must(pflow_net_backward(net, run->work, run->gradient, NULL));
  must(pflow_optim_step(run->optim, pflow_net_params(net), pflow_net_grads(net)));
  return loss;
}

static void train_epoch(training *run) {
  const size_t count = pflow_batches_count(run->view[0]), epoch = run->self->epochs;
  const double began = now_seconds();
  double sum = 0.0;
  size_t images = 0;
  char title[64], note[64];
  progress bar;
  snprintf(title, sizeof title, "epoch %zu/%zu", epoch + 1, run->opts->epochs);
  progress_begin(&bar, title, count);
  for (size_t i = 0; i < count; i++) {
    size_t n;
    sum += step(run, epoch, i, &n);
    images += n;
    snprintf(note, sizeof note, "loss %.4f", sum / (double)(i + 1));
    progress_show(&bar, i + 1, note);
  }
  progress_end(&bar);
  const double loss = sum / (double)count, seconds = now_seconds() - began;
  json_array_append_new(run->self->history,
                        json_pack("{s:f, s:f, s:f}", "loss", loss, "seconds", seconds,
                                  "images_per_second", (double)images / seconds));
  run->self->epochs = epoch + 1;
  printf("%s  loss %.4f  %.0f images/s  %.1f s\n", title, loss, (double)images / seconds,
         seconds);
  fflush(stdout);
}

static void resume(const checkpoint *file, encoder *self, const options *opts) {
  json_t *history;
  self->epochs = checkpoint_load(file, opts->epochs, &history);
  if (history) json_array_extend(self->history, history);
  json_decref(history);
}

void encoder_train(encoder *self, const dataset *data, const options *opts) {
  char path[4096], model[4096], settings[4096];
  training run;
  pflow_adam_config adam;
  training_begin(&run, self, data, opts);
  pflow_adam_config_init(&adam);
  adam.lr = opts->lr;
  adam.pool = self->pool;
  must(pflow_optim_create_adam(&run.optim, pflow_net_param_size(self->net), &adam));
  options_out_path(opts, path, "checkpoint.safetensors");
  options_encoder_text(opts, settings, sizeof settings);
  const checkpoint file = {path, settings, data->name, self->net, run.optim};
  if (opts->resume) resume(&file, self, opts);
  while (self->epochs < opts->epochs) {
    train_epoch(&run);
    checkpoint_save(&file, self->epochs, self->history);
  }
  options_out_path(opts, model, "encoder.safetensors");
  must(pflow_net_save(self->net, model));
  training_end(&run);
}
