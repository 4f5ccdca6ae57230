/*
 * summary.h - what all cells together say: means, differences from the raw features with
 * intervals, and a test over encoders.
 */
#ifndef EXPERIMENT_SUMMARY_H
#define EXPERIMENT_SUMMARY_H

#include <jansson.h>

#include "cell.h"

enum { most_arms = 64 };

typedef struct plan {
  const char *out, *commit;
  encoder_rows encoders[most_encoders];
  size_t count;
  const arm *arms[most_arms]; /* "raw" is the first */
  size_t arm_count, flow_seeds, max_rows, field_rows;
  pflow_pool *pool;
} plan;

/* Seeds that an arm is run with. */
size_t plan_seeds(const plan *self, const arm *which);

cell plan_cell(const plan *self, size_t encoder, const arm *which, uint64_t seed);

/* All results as one object: of each arm the encoders of which it has a cell, and of each
 * of these the seeds up to the first that it has not. */
json_t *summary_of(const plan *self);

#endif
