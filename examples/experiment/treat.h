/*
 * treat.h - an arm at work: a set of features as the arm leaves them.
 */
#ifndef EXPERIMENT_TREAT_H
#define EXPERIMENT_TREAT_H

#include <jansson.h>

#include "arms.h"

/* What an arm is fitted to; what the measures are of; features of images from another
 * data set, of which there may be none. */
typedef enum split { train_split, test_split, foreign_split, split_count } split;

/* Rows of all splits; what the program reads, or what an arm made of it. */
typedef struct splits {
  float *x[split_count]; /* n x dim */
  size_t n[split_count], dim;
  const int32_t *labels; /* of the train rows */
} splits;

typedef struct conditions {
  uint64_t seed;
  size_t field_rows; /* sources of an exact field at most; 0: all train rows */
  pflow_pool *pool;
} conditions;

/* Puts what the arm chose and met into `notes`. `flow` gets the map where the rows went
 * through an exact field, else zeros. Ends the program on failure. */
splits treat(const arm *which, const splits *raw, const conditions *under, json_t *notes,
             pflow_map_info *flow);
void splits_free(splits *self);

#endif
