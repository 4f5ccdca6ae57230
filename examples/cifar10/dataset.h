/*
 * dataset.h - the images of the experiment, whatever --data points at.
 */
#ifndef CIFAR10_DATASET_H
#define CIFAR10_DATASET_H

#include "options.h"
#include "pflow.h"

typedef struct dataset {
  const char *name;
  pflow_images *train, *test; /* 3 x 32 x 32 */
} dataset;

/* Loads CIFAR-10, IDX (grey images repeated and padded) or the synthetic set. */
void dataset_load(dataset *self, const options *opts);
void dataset_destroy(dataset *self);

#endif
