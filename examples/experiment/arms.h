/*
 * arms.h - the arms of the experiment: ways to treat the same features before the same
 * measures.
 */
#ifndef EXPERIMENT_ARMS_H
#define EXPERIMENT_ARMS_H

#include <stdbool.h>

#include "pflow.h"

typedef enum arm_kind {
  map_arm,     /* a pflow_map */
  scaled_arm,  /* all values multiplied by a constant */
  random_arm,  /* a random network of the field's size */
  flow_arm,    /* the post's flow, on a field learned from the rows themselves */
  blind_arm,   /* the same on an untrained field */
  foreign_arm, /* the same on a field learned from uniform directions */
} arm_kind;

/* For a Poisson map: how many dimensions. */
typedef enum arm_dims { searched_dims = 0, intrinsic_dims, all_dims } arm_dims;

typedef struct arm {
  const char *name, *about; /* about: a sentence for the page */
  arm_kind kind;
  bool seeded; /* made anew for each flow seed */
  /* map_arm; a number left 0 is for the map to choose */
  pflow_map_method method;
  pflow_map_objective objective;
  arm_dims dims;
  double aug_dim, start, strength;
  const char *flow; /* of the post's flow: options of the cifar10 program */
} arm;

extern const arm arms[];
extern const size_t arm_count;

/* NULL for an unknown name. */
const arm *arm_find(const char *name, size_t length);

#endif
