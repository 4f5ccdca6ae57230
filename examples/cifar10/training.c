#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"
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

static void put_history(pflow_archive *archive, const encoder *self) {
  json_t *list = training_history_json(self);
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

/* Names the first line in which the settings of a checkpoint differ from this run's. */
static void refuse_settings(const char *path, const char *theirs, const char *ours) {
  size_t line = 0;
  for (size_t i = 0; theirs[i] && theirs[i] == ours[i]; i++)
    if (theirs[i] == '\n') line = i + 1;
  fail("%s was made with %.*s, this run has %.*s", path,
       (int)strcspn(theirs + line, "\n"), theirs + line, (int)strcspn(ours + line, "\n"),
       ours + line);
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
  if (strcmp(text, settings) != 0) refuse_settings(path, text, settings);
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
