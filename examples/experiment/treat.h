/*
 * treat.h - an arm at work: both splits of a set of features as the arm leaves them.
 */
#ifndef EXPERIMENT_TREAT_H
#define EXPERIMENT_TREAT_H

#include "arms.h"

/* Rows of both splits; what the program reads, or what an arm made of it. */
typedef struct splits {
  float *train, *test; /* n x dim */
  const int32_t *train_labels;
  size_t n_train, n_test, dim;
} splits;

/* folder: for files that the arm leaves. Ends the program on failure. */
splits treat(const arm *which, const splits *raw, uint64_t seed, char *folder,
             pflow_pool *pool);
void splits_free(splits *self);

#endif
