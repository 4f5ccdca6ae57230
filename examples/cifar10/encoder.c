#include "encoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/must.h"
#include "common/progress.h"

enum { predict_rows = 256 };

/* ---- the network ---- */

/* A width of the post's network, scaled and at least 4. */
static size_t scaled(const options *opts, size_t width) {
  double value = floor((double)width * opts->width + 0.5);
  return value < 4.0 ? 4 : (size_t)value;
}

static void add_conv_block(pflow_net *net, size_t channels, int pool) {
  must(pflow_net_add_conv2d(net, channels, 3, 1));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
  if (pool) must(pflow_net_add_maxpool2d(net, 3, 2));
}

static void add_hidden_block(pflow_net *net, size_t features) {
  must(pflow_net_add_linear(net, features, 0));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
}

/* The body keeps N(0, 0.02^2) weights; the head the default start, as in the post. */
static void set_start(encoder *self, const options *opts) {
  pflow_init_config init;
  pflow_init_config_init(&init);
  init.kind = PFLOW_INIT_NORMAL;
  init.std = 0.02;
  init.layer_count = self->body_layers;
  init.seed = opts->seed;
  must(pflow_net_init(self->net, &init));
}

static void build(encoder *self, const options *opts) {
  static const size_t channels[5] = {96, 192, 384, 384, 192};
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = self->pool;
  config.seed = opts->seed;
  must(pflow_net_create(&self->net, &config));
  for (size_t i = 0; i < 5; i++)
    add_conv_block(self->net, scaled(opts, channels[i]), i < 2 || i == 4);
  must(pflow_net_add_flatten(self->net));
  add_hidden_block(self->net, scaled(opts, 4096));
  add_hidden_block(self->net, scaled(opts, 4096));
  must(pflow_net_add_linear(self->net, FEATURE_DIM, 1));
  must(pflow_net_add_l2norm(self->net));
  self->body_layers = pflow_net_layers(self->net);
  must(pflow_net_add_linear(self->net, self->classes, 1));
  must(pflow_net_build(self->net, (size_t[]){3, 32, 32}, 3));
  set_start(self, opts);
  must(pflow_net_work_create(&self->work, self->net, predict_rows, PFLOW_INFERENCE));
}

/* ---- measuring ---- */

float *encoder_features(encoder *self, const pflow_images *images) {
  size_t n = pflow_images_count(images), row = pflow_net_in_size(self->net);
  float *pixels = must_alloc(predict_rows * row, sizeof *pixels);
  float *features = must_alloc(n * FEATURE_DIM, sizeof *features);
  for (size_t begin = 0; begin < n; begin += predict_rows) {
    size_t rows = n - begin < predict_rows ? n - begin : predict_rows;
    must(pflow_images_get(images, begin, rows, pixels));
    must(pflow_net_predict_upto(self->net, self->work, self->body_layers, pixels, rows,
                                features + begin * FEATURE_DIM));
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

static double images_accuracy(encoder *self, const pflow_images *images) {
  float *features = encoder_features(self, images);
  double accuracy = encoder_head_accuracy(self, features, pflow_images_labels(images),
                                          pflow_images_count(images));
  pflow_free(features);
  return accuracy;
}

static pflow_batches *make_batches(encoder *self, const pflow_images *images,
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
  pflow_batches *batches = make_batches(self, images, opts);
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

/* ---- checkpoints ---- */

/* Everything the callbacks of training need. */
typedef struct training {
  encoder *self;
  const dataset *data;
  const options *opts;
  pflow_optim *optim;
  progress bar;
  char title[64];
} training;

json_t *encoder_history_json(const encoder *self) {
  json_t *list = json_array();
  for (size_t i = 0; i < self->epochs; i++) {
    const epoch_record *e = &self->history[i];
    json_array_append_new(
        list, json_pack("{s:f, s:f, s:f, s:f, s:f}", "loss", e->loss, "train_accuracy",
                        e->train_accuracy, "test_accuracy", e->test_accuracy, "seconds",
                        e->seconds, "images_per_second", e->images_per_second));
  }
  return list;
}

static void put_history(pflow_archive *archive, const encoder *self) {
  json_t *list = encoder_history_json(self);
  char *text = json_dumps(list, JSON_COMPACT);
  if (!text) fail("the history cannot be written as JSON");
  must(pflow_archive_put_text(archive, "history", text));
  free(text);
  json_decref(list);
}

static void get_history(const pflow_archive *archive, encoder *self, const char *path) {
  const char *text;
  must(pflow_archive_get_text(archive, "history", &text));
  json_t *list = json_loads(text, 0, NULL);
  if (json_array_size(list) != self->epochs)
    fail("%s: history of %zu epochs, wants %zu", path, json_array_size(list),
         self->epochs);
  for (size_t i = 0; i < self->epochs; i++) {
    epoch_record *e = &self->history[i];
    if (json_unpack(json_array_get(list, i), "{s:F, s:F, s:F, s:F, s:F}", "loss",
                    &e->loss, "train_accuracy", &e->train_accuracy, "test_accuracy",
                    &e->test_accuracy, "seconds", &e->seconds, "images_per_second",
                    &e->images_per_second) != 0)
      fail("%s: history of epoch %zu is malformed", path, i + 1);
  }
  json_decref(list);
}

static void save_checkpoint(const training *run) {
  char path[4096], settings[8192];
  pflow_archive *archive;
  options_encoder_text(run->opts, settings, sizeof settings);
  must(pflow_archive_create(&archive));
  must(pflow_archive_put_text(archive, "options", settings));
  must(pflow_archive_put_text(archive, "dataset", run->data->name));
  must(pflow_archive_put_u64(archive, "epochs", run->self->epochs));
  must(pflow_archive_put_net(archive, "net.", run->self->net));
  must(pflow_archive_put_optim(archive, "adam.", run->optim));
  put_history(archive, run->self);
  options_out_path(run->opts, path, sizeof path, "checkpoint.safetensors");
  must(pflow_archive_save(archive, path));
  pflow_archive_destroy(archive);
}

/* A checkpoint of other settings would silently give another experiment. */
static void check_settings(const pflow_archive *archive, const training *run,
                           const char *path) {
  char settings[8192];
  const char *text, *name;
  options_encoder_text(run->opts, settings, sizeof settings);
  must(pflow_archive_get_text(archive, "options", &text));
  must(pflow_archive_get_text(archive, "dataset", &name));
  if (strcmp(name, run->data->name) != 0)
    fail("%s was made on %s, not on %s", path, name, run->data->name);
  if (strcmp(text, settings) != 0)
    fail("%s was made with other settings:\n%sthis run has:\n%s", path, text, settings);
}

/* Takes up the checkpoint in --out; says so when there is none. */
static void load_checkpoint(training *run) {
  char path[4096];
  pflow_archive *archive;
  uint64_t epochs;
  options_out_path(run->opts, path, sizeof path, "checkpoint.safetensors");
  if (access(path, F_OK) != 0) {
    fprintf(stderr, "no checkpoint in %s: starting anew\n", run->opts->out);
    return;
  }
  must(pflow_archive_load(&archive, path));
  check_settings(archive, run, path);
  must(pflow_archive_get_u64(archive, "epochs", &epochs));
  if (epochs > run->opts->epochs)
    fail("%s has %llu epochs, --epochs is %zu", path, (unsigned long long)epochs,
         run->opts->epochs);
  run->self->epochs = (size_t)epochs;
  must(pflow_archive_get_net(archive, "net.", run->self->net));
  must(pflow_archive_get_optim(archive, "adam.", run->optim));
  get_history(archive, run->self, path);
  pflow_archive_destroy(archive);
  fprintf(stderr, "resuming after epoch %zu\n", run->self->epochs);
}

/* ---- training ---- */

static int on_batch(const pflow_fit_progress *now, void *user) {
  training *run = user;
  char note[96];
  if (now->batch == 1) {
    snprintf(run->title, sizeof run->title, "epoch %zu/%zu", now->epoch + 1, now->epochs);
    progress_begin(&run->bar, run->title, now->batches);
    run->bar.started -= now->seconds;
  }
  snprintf(note, sizeof note, "loss %.4f  accuracy %.1f %%  %.0f images/s", now->loss,
           100.0 * now->accuracy, (double)now->rows / fmax(now->seconds, 1e-9));
  progress_show(&run->bar, now->batch, note);
  return 0;
}

static int on_epoch(const pflow_fit_progress *now, void *user) {
  training *run = user;
  encoder *self = run->self;
  progress_end(&run->bar);
  double test = images_accuracy(self, run->data->test);
  self->history[now->epoch] = (epoch_record){now->loss, now->accuracy, test, now->seconds,
                                             (double)now->rows / now->seconds};
  self->epochs = now->epoch + 1;
  save_checkpoint(run);
  printf("epoch %zu/%zu  loss %.4f  train %.2f %%  test %.2f %%  %.0f images/s  %.1f s\n",
         self->epochs, now->epochs, now->loss, 100.0 * now->accuracy, 100.0 * test,
         (double)now->rows / now->seconds, now->seconds);
  fflush(stdout);
  return 0;
}

static void fit(training *run) {
  pflow_batches *batches = make_batches(run->self, run->data->train, run->opts);
  pflow_fit_config config;
  pflow_fit_config_init(&config);
  config.epochs = run->opts->epochs;
  config.first_epoch = run->self->epochs;
  config.on_batch = on_batch;
  config.on_epoch = on_epoch;
  config.user = run;
  must(pflow_net_fit(run->self->net, run->optim, batches, &config));
  pflow_batches_destroy(batches);
}

void encoder_train(encoder *self, const dataset *data, const options *opts,
                   pflow_pool *pool) {
  char path[4096];
  training run = {.self = self, .data = data, .opts = opts};
  pflow_adam_config adam;
  *self = (encoder){.pool = pool, .classes = pflow_images_classes(data->train)};
  self->history = must_alloc(opts->epochs, sizeof *self->history);
  build(self, opts);
  pflow_adam_config_init(&adam);
  adam.lr = opts->lr;
  adam.pool = pool;
  must(pflow_optim_create_adam(&run.optim, pflow_net_param_size(self->net), &adam));
  if (opts->resume) load_checkpoint(&run);
  if (self->epochs < opts->epochs) fit(&run);
  options_out_path(opts, path, sizeof path, "encoder.safetensors");
  must(pflow_net_save(self->net, path));
  pflow_optim_destroy(run.optim);
}

void encoder_destroy(encoder *self) {
  pflow_net_work_destroy(self->work);
  pflow_net_destroy(self->net);
  pflow_free(self->history);
}
