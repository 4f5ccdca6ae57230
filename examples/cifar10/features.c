#include "features.h"

#include "cli/progress.h"
#include "common/must.h"

/* A bar that both splits move on. */
typedef struct watch {
  progress bar;
  size_t done;
} watch;

static void on_rows(size_t rows, void *user) {
  watch *self = user;
  self->done += rows;
  progress_show(&self->bar, self->done, "");
}

feature_set features_of(encoder *enc, const dataset *data) {
  watch self = {0};
  feature_set made = {.train_labels = pflow_images_labels(data->train),
                      .test_labels = pflow_images_labels(data->test),
                      .n_train = pflow_images_count(data->train),
                      .n_test = pflow_images_count(data->test),
                      .dim = FEATURE_DIM,
                      .classes = enc->classes};
  progress_begin(&self.bar, "features", made.n_train + made.n_test);
  made.train = encoder_features(enc, data->train, on_rows, &self);
  made.test = encoder_features(enc, data->test, on_rows, &self);
  progress_end(&self.bar);
  return made;
}

static void save_split(const options *opts, const char *rows, const char *labels,
                       const float *x, const int32_t *y, size_t n, size_t dim) {
  char path[4096];
  pflow_rows_writer *writer;
  options_out_path(opts, path, sizeof path, rows);
  must(pflow_rows_create(&writer, path, n, dim));
  must(pflow_rows_append(writer, x, n));
  must(pflow_rows_commit(writer));
  options_out_path(opts, path, sizeof path, labels);
  must(pflow_labels_save(path, y, n));
}

void features_save(const feature_set *set, const options *opts) {
  save_split(opts, "train_x.npy", "train_y.npy", set->train, set->train_labels,
             set->n_train, set->dim);
  save_split(opts, "test_x.npy", "test_y.npy", set->test, set->test_labels, set->n_test,
             set->dim);
}

feature_set features_like(const feature_set *set) {
  feature_set made = *set;
  made.train = made.test = NULL;
  return made;
}

void features_free(feature_set *set) {
  pflow_free(set->train);
  pflow_free(set->test);
}
