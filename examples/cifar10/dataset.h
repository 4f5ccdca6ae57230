/*
 * dataset.h - the images of an experiment, whatever --data points at.
 */
#ifndef CIFAR10_DATASET_H
#define CIFAR10_DATASET_H

#include "pflow.h"

typedef struct dataset {
  const char *name;
  pflow_images *train, *test; /* 3 x 32 x 32 */
} dataset;

/* Which images: the value of --data, how many of each split (0: all), and the seed of the
 * synthetic set. */
typedef struct dataset_choice {
  const char *data;
  size_t train_limit, test_limit;
  uint64_t seed;
} dataset_choice;

/* Loads CIFAR-10, IDX (grey images repeated and padded) or the synthetic set. */
void dataset_load(dataset *self, const dataset_choice *choice);
void dataset_destroy(dataset *self);

#endif
