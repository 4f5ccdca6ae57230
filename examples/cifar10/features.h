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

/* The shape and labels of another set, without rows. */
feature_set features_like(const feature_set *set);

void features_free(feature_set *set);

#endif
