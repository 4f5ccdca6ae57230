#include "common/feature_set.h"

#include <stdio.h>
#include <string.h>

#include "common/must.h"

static void path_of(char path[4096], const char *folder, const char *split, char which) {
  const int length = snprintf(path, 4096, "%s/%s_%c.npy", folder, split, which);
  if (length < 0 || length >= 4096) fail("%s: path too long", folder);
}

void features_save_split(const char *folder, const char *split, const float *x,
                         const int32_t *y, size_t n, size_t dim) {
  char path[4096];
  pflow_rows_writer *writer;
  path_of(path, folder, split, 'x');
  must(pflow_rows_create(&writer, path, n, dim));
  must(pflow_rows_append(writer, x, n));
  must(pflow_rows_commit(writer));
  path_of(path, folder, split, 'y');
  must(pflow_labels_save(path, y, n));
}

void features_save(const feature_set *set, const char *folder) {
  features_save_split(folder, "train", set->train, set->train_labels, set->n_train,
                      set->dim);
  features_save_split(folder, "test", set->test, set->test_labels, set->n_test, set->dim);
}

/* Checks that the first n labels of a split are these. */
static void check_labels(const char *path, const int32_t *labels, size_t n) {
  int32_t *found;
  size_t count;
  must(pflow_labels_load(&found, &count, path));
  if (count < n || memcmp(found, labels, n * sizeof *found) != 0)
    fail("%s: not the labels of these images", path);
  pflow_free(found);
}

static float *load_split(const char *folder, const char *split, const int32_t *labels,
                         size_t n, size_t *dim) {
  char path[4096];
  float *x;
  size_t count;
  path_of(path, folder, split, 'y');
  check_labels(path, labels, n);
  path_of(path, folder, split, 'x');
  must(pflow_rows_load(&x, &count, dim, path));
  if (count < n) fail("%s: %zu rows, wants %zu", path, count, n);
  return x;
}

feature_set features_load_like(const feature_set *set, const char *folder) {
  feature_set made = features_like(set);
  size_t dim;
  made.train = load_split(folder, "train", set->train_labels, set->n_train, &made.dim);
  made.test = load_split(folder, "test", set->test_labels, set->n_test, &dim);
  if (dim != made.dim)
    fail("%s: train rows of %zu values, test rows of %zu", folder, made.dim, dim);
  return made;
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
