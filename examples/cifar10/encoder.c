#include "encoder.h"

#include <math.h>

#include "common/must.h"

enum { predict_rows = 256 };

void encoder_create(encoder *self, const dataset *data, const options *opts,
                    pflow_pool *pool) {
  *self = (encoder){.pool = pool, .classes = pflow_images_classes(data->train)};
  self->history = must_alloc(opts->epochs, sizeof *self->history);
  self->net =
      alexnet_create(opts->width, self->classes, opts->seed, pool, &self->body_layers);
  must(pflow_net_work_create(&self->work, self->net, predict_rows, PFLOW_INFERENCE));
}

/* Ends the program unless the network makes features of the images that there are. */
static void check_shape(const encoder *self, const char *path) {
  pflow_layer_info info = {0};
  if (self->body_layers > 0)
    must(pflow_net_layer_info(self->net, self->body_layers - 1, &info));
  if (pflow_net_in_size(self->net) != 3 * 32 * 32 || info.out.ndim != 1 ||
      info.out.dim[0] != FEATURE_DIM)
    fail("%s: not an encoder of 3 x 32 x 32 values to %d", path, FEATURE_DIM);
}

void encoder_load(encoder *self, const options *opts, pflow_pool *pool) {
  char path[4096];
  pflow_net_config config;
  *self = (encoder){.pool = pool};
  options_out_path(opts, path, sizeof path, "encoder.safetensors");
  pflow_net_config_init(&config);
  config.pool = pool;
  must(pflow_net_load(&self->net, path, &config));
  self->body_layers = pflow_net_layers(self->net) - 1;
  self->classes = pflow_net_out_size(self->net);
  check_shape(self, path);
  must(pflow_net_work_create(&self->work, self->net, predict_rows, PFLOW_INFERENCE));
}

float *encoder_features(encoder *self, const pflow_images *images,
                        encoder_rows_fn on_rows, void *user) {
  size_t n = pflow_images_count(images), row = pflow_net_in_size(self->net);
  float *pixels = must_alloc(predict_rows * row, sizeof *pixels);
  float *features = must_alloc(n * FEATURE_DIM, sizeof *features);
  for (size_t begin = 0; begin < n; begin += predict_rows) {
    size_t rows = n - begin < predict_rows ? n - begin : predict_rows;
    must(pflow_images_get(images, begin, rows, pixels));
    must(pflow_net_predict_upto(self->net, self->work, self->body_layers, pixels, rows,
                                features + begin * FEATURE_DIM));
    if (on_rows) on_rows(rows, user);
  }
  pflow_free(pixels);
  return features;
}

/* The head's class for each feature row. */
static void head_predict(encoder *self, const float *features, size_t n,
                         int32_t *predicted) {
  pflow_param weight, bias;
  size_t last = pflow_net_param_count(self->net);
  must(pflow_net_param(self->net, last - 2, &weight));
  must(pflow_net_param(self->net, last - 1, &bias));
  for (size_t i = 0; i < n; i++) {
    double best = -INFINITY;
    for (size_t c = 0; c < self->classes; c++) {
      double logit = bias.value[c];
      for (size_t k = 0; k < FEATURE_DIM; k++)
        logit +=
            (double)weight.value[c * FEATURE_DIM + k] * features[i * FEATURE_DIM + k];
      if (logit > best) predicted[i] = (int32_t)c;
      best = fmax(best, logit);
    }
  }
}

double encoder_head_accuracy(encoder *self, const float *features, const int32_t *labels,
                             size_t n) {
  double accuracy;
  int32_t *predicted = must_alloc(n, sizeof *predicted);
  head_predict(self, features, n, predicted);
  must(pflow_accuracy(predicted, labels, n, &accuracy));
  pflow_free(predicted);
  return accuracy;
}

double encoder_images_accuracy(encoder *self, const pflow_images *images) {
  float *features = encoder_features(self, images, NULL, NULL);
  double accuracy = encoder_head_accuracy(self, features, pflow_images_labels(images),
                                          pflow_images_count(images));
  pflow_free(features);
  return accuracy;
}

pflow_batches *encoder_batches(const encoder *self, const pflow_images *images,
                               const options *opts) {
  pflow_batches *batches;
  pflow_batches_config config;
  pflow_batches_config_init(&config);
  config.batch = opts->batch;
  config.shuffle = !opts->no_shuffle;
  config.crop_pad = opts->no_augment ? 0 : 4;
  config.flip = !opts->no_augment;
  /* Batch norm cannot train on a last batch of one image. */
  config.drop_last = pflow_images_count(images) % opts->batch == 1;
  config.seed = opts->seed;
  config.pool = self->pool;
  must(pflow_batches_create(&batches, images, &config));
  return batches;
}

double encoder_augmented_accuracy(encoder *self, const pflow_images *images,
                                  const options *opts, size_t limit) {
  pflow_batches *batches = encoder_batches(self, images, opts);
  size_t seen = 0, row = pflow_net_in_size(self->net);
  float *pixels = must_alloc(opts->batch * row, sizeof *pixels);
  float *logits = must_alloc(opts->batch * self->classes, sizeof *logits);
  int32_t *labels = must_alloc(opts->batch, sizeof *labels);
  int32_t *predicted = must_alloc(opts->batch, sizeof *predicted);
  double right = 0.0;
  for (size_t i = 0; i < pflow_batches_count(batches) && seen < limit; i++) {
    size_t n;
    double accuracy;
    must(pflow_batches_get(batches, opts->epochs, i, pixels, labels, &n));
    must(pflow_net_predict(self->net, self->work, pixels, n, logits));
    must(pflow_argmax(logits, n, self->classes, predicted));
    must(pflow_accuracy(predicted, labels, n, &accuracy));
    right += accuracy * (double)n;
    seen += n;
  }
  pflow_free(predicted);
  pflow_free(labels);
  pflow_free(logits);
  pflow_free(pixels);
  pflow_batches_destroy(batches);
  return seen ? right / (double)seen : 0.0;
}

void encoder_destroy(encoder *self) {
  pflow_net_work_destroy(self->work);
  pflow_net_destroy(self->net);
  pflow_free(self->history);
}
