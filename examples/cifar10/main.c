/*
 * cifar10 - the post's experiment, end to end: train SmallAlexNet, learn the Poisson
 * field of its features, move the features along it, refit, and compare with the
 * controls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/must.h"
#include "report.h"
#include "training.h"

/* Finds out now, not after the first epoch, that nothing can be written. */
static void make_out_folder(const options *opts) {
  char inside[4096];
  options_out_path(opts, inside, sizeof inside, ".");
  if ((mkdir(opts->out, 0777) != 0 && errno != EEXIST) ||
      access(inside, W_OK | X_OK) != 0)
    fail("--out %s: %s", opts->out, strerror(errno));
}

static void run(const options *opts, pflow_pool *pool) {
  dataset data;
  encoder enc;
  flow_field field;
  arm_table table = {0};
  dataset_load(&data, &(dataset_choice){opts->data, opts->train_limit, opts->test_limit,
                                        opts->seed});
  printf("%s: %zu train and %zu test images\n", data.name, pflow_images_count(data.train),
         pflow_images_count(data.test));
  fflush(stdout);
  encoder_train(&enc, &data, opts, pool);
  feature_set raw = features_of(&enc, &data);
  features_save(&raw, opts->out);
  flow_field_fit(&field, raw.train, raw.n_train, opts, pool);
  flow_field_save(&field, opts);
  arms_measure(&table, &enc, &raw, &field, &data, opts);
  experiment all = {opts, &data, &enc, &field, &table};
  report_table(&all);
  report_json(&all);
  report_pictures(&all);
  printf("\nwritten to %s: table.md results.json loss.png features.png "
         "encoder.safetensors field.safetensors, and the features before the flow: "
         "train_x.npy train_y.npy test_x.npy test_y.npy\n",
         opts->out);
  arms_destroy(&table);
  flow_field_destroy(&field);
  encoder_destroy(&enc);
  dataset_destroy(&data);
}

/* Other images as a trained encoder sees them. */
static void run_encode(const options *opts, pflow_pool *pool) {
  dataset data;
  encoder enc;
  encoder_load(&enc, opts, pool);
  dataset_load(&data, &(dataset_choice){opts->data, opts->train_limit, opts->test_limit,
                                        opts->seed});
  const size_t n = pflow_images_count(data.test);
  float *features = encoder_features(&enc, data.test, NULL, NULL);
  features_save_split(opts->out, "foreign", features, pflow_images_labels(data.test), n,
                      FEATURE_DIM);
  printf("%s: %zu test images encoded, written to %s: foreign_x.npy foreign_y.npy\n",
         data.name, n, opts->out);
  pflow_free(features);
  encoder_destroy(&enc);
  dataset_destroy(&data);
}

int main(int argc, char **argv) {
  options opts;
  pflow_pool *pool;
  options_parse(&opts, argc, argv);
  make_out_folder(&opts);
  must(pflow_pool_create(&pool, opts.threads));
  (opts.encode ? run_encode : run)(&opts, pool);
  pflow_pool_destroy(pool);
  must_flush();
  return 0;
}
