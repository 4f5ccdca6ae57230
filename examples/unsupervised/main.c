/*
 * unsupervised - an encoder trained without labels on two views of each image, and the
 * Poisson map on top of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"
#include "common/must.h"
#include "report.h"

/* Finds out now, not after the first epoch, that nothing can be written. */
static void make_out_folder(const options *opts) {
  char inside[4096];
  options_out_path(opts, inside, ".");
  if ((mkdir(opts->out, 0777) != 0 && errno != EEXIST) ||
      access(inside, W_OK | X_OK) != 0)
    fail("--out %s: %s", opts->out, strerror(errno));
}

static feature_set features_of(encoder *enc, const dataset *data) {
  return (feature_set){.train = encoder_features(enc, data->train),
                       .test = encoder_features(enc, data->test),
                       .train_labels = pflow_images_labels(data->train),
                       .test_labels = pflow_images_labels(data->test),
                       .n_train = pflow_images_count(data->train),
                       .n_test = pflow_images_count(data->test),
                       .dim = FEATURE_DIM,
                       .classes = pflow_images_classes(data->train)};
}

static void add_both(table *rows, const char *name, const char *mapped,
                     const feature_set *set) {
  table_add(rows, name, set);
  table_add_mapped(rows, mapped, set);
}

static void measure(table *rows, const feature_set *trained,
                    const feature_set *untrained) {
  const char *folder = rows->opts->supervised;
  fprintf(stderr, "measuring\n");
  add_both(rows, "trained without labels", "the same, Poisson map", trained);
  table_add_whitened(rows, "the same, PCA-whitened", trained);
  add_both(rows, "untrained network", "untrained, Poisson map", untrained);
  if (!folder) return;
  feature_set other = features_load_like(trained, folder);
  add_both(rows, "trained with labels", "with labels, Poisson map", &other);
  features_free(&other);
}

static void run(const options *opts, pflow_pool *pool) {
  dataset data;
  encoder enc;
  table rows = {.opts = opts, .pool = pool};
  dataset_load(&data, &(dataset_choice){opts->data, opts->train_limit, opts->test_limit,
                                        opts->seed});
  printf("%s: %zu train and %zu test images\n", data.name, pflow_images_count(data.train),
         pflow_images_count(data.test));
  fflush(stdout);
  encoder_create(&enc, &data, opts, pool);
  feature_set untrained = features_of(&enc, &data);
  encoder_train(&enc, &data, opts);
  feature_set trained = features_of(&enc, &data);
  features_save(&trained, opts->out);
  measure(&rows, &trained, &untrained);
  report_table(&rows, &data);
  report_json(&rows, &data, &enc);
  printf("\nwritten to %s: table.md results.json encoder.safetensors, and the features: "
         "train_x.npy train_y.npy test_x.npy test_y.npy\n",
         opts->out);
  features_free(&trained);
  features_free(&untrained);
  encoder_destroy(&enc);
  dataset_destroy(&data);
}

int main(int argc, char **argv) {
  options opts;
  pflow_pool *pool;
  bool ended = false;
  say_as("unsupervised", NULL);
  const int status = options_parse(&opts, argc, argv, &ended);
  if (status != status_ok || ended) return status;
  make_out_folder(&opts);
  must(pflow_pool_create(&pool, opts.threads));
  run(&opts, pool);
  pflow_pool_destroy(pool);
  must_flush();
  return 0;
}
