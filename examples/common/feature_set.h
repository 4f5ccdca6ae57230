/*
 * feature_set.h - feature rows of both splits with their labels, and their files.
 */
#ifndef EXAMPLES_FEATURE_SET_H
#define EXAMPLES_FEATURE_SET_H

#include "pflow.h"

typedef struct feature_set {
  float *train, *test;                       /* rows of `dim` values, owned */
  const int32_t *train_labels, *test_labels; /* of the data set */
  size_t n_train, n_test, dim, classes;
} feature_set;

/* The rows and labels of both splits in a folder: train_x.npy, train_y.npy, test_x.npy,
 * test_y.npy, as the pflow command takes them. */
void features_save(const feature_set *set, const char *folder);

/* One split alone: SPLIT_x.npy and SPLIT_y.npy. */
void features_save_split(const char *folder, const char *split, const float *x,
                         const int32_t *y, size_t n, size_t dim);

/*
 * Such files of other features of the same images, of which there may be more. The
 * program ends where there are fewer, or where the labels differ.
 */
feature_set features_load_like(const feature_set *set, const char *folder);

/* The shape and labels of another set, without rows. */
feature_set features_like(const feature_set *set);

void features_free(feature_set *set);

#endif
