/*
 * features.h - feature rows of both splits with their labels.
 */
#ifndef CIFAR10_FEATURES_H
#define CIFAR10_FEATURES_H

#include "encoder.h"

typedef struct feature_set {
  float *train, *test;                       /* rows of `dim` values, owned */
  const int32_t *train_labels, *test_labels; /* of the data set */
  size_t n_train, n_test, dim, classes;
} feature_set;

/* What the encoder makes of all clean images; shows its progress. */
feature_set features_of(encoder *enc, const dataset *data);

/* The rows and labels of both splits in the --out folder: train_x.npy, train_y.npy,
 * test_x.npy, test_y.npy, as the pflow command takes them. */
void features_save(const feature_set *set, const options *opts);

/* The shape and labels of another set, without rows. */
feature_set features_like(const feature_set *set);

void features_free(feature_set *set);

#endif
