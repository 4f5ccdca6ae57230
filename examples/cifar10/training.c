#include "training.h"

#include <math.h>
#include <stdio.h>

#include "cli/progress.h"
#include "common/checkpoint.h"
#include "common/must.h"

/* Everything the callbacks of training need. */
typedef struct training {
  encoder *self;
  const dataset *data;
  const options *opts;
  pflow_optim *optim;
  progress bar;
  char title[64];
} training;

json_t *training_history_json(const encoder *self) {
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

static void read_history(const json_t *list, encoder *self, const char *path) {
  for (size_t i = 0; i < self->epochs; i++) {
    epoch_record *e = &self->history[i];
    if (json_unpack(json_array_get(list, i), "{s:F, s:F, s:F, s:F, s:F}", "loss",
                    &e->loss, "train_accuracy", &e->train_accuracy, "test_accuracy",
                    &e->test_accuracy, "seconds", &e->seconds, "images_per_second",
                    &e->images_per_second) != 0)
      fail("%s: history of epoch %zu is malformed", path, i + 1);
  }
}

/* Where and how the training's state is kept. */
static checkpoint checkpoint_of(const training *run, char path[4096],
                                char settings[8192]) {
  options_out_path(run->opts, path, 4096, "checkpoint.safetensors");
  options_encoder_text(run->opts, settings, 8192);
  return (checkpoint){path, settings, run->data->name, run->self->net, run->optim};
}

static void save_checkpoint(const training *run) {
  char path[4096], settings[8192];
  const checkpoint file = checkpoint_of(run, path, settings);
  json_t *history = training_history_json(run->self);
  checkpoint_save(&file, run->self->epochs, history);
  json_decref(history);
}

static void load_checkpoint(training *run) {
  char path[4096], settings[8192];
  const checkpoint file = checkpoint_of(run, path, settings);
  json_t *history;
  run->self->epochs = checkpoint_load(&file, run->opts->epochs, &history);
  read_history(history, run->self, path);
  json_decref(history);
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
  double test = encoder_images_accuracy(self, run->data->test);
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
  pflow_batches *batches = encoder_batches(run->self, run->data->train, run->opts);
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
  encoder_create(self, data, opts, pool);
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
