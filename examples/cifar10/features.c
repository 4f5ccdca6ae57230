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
