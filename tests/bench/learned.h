/*
 * learned.h - the parts of a map with a learned field, taken from its file, for jobs that
 * go the map's way step by step.
 */
#ifndef BENCH_LEARNED_H
#define BENCH_LEARNED_H

#include "pflow.h"

typedef struct learned {
  pflow_map_info info;
  pflow_affine *preprocess;
  pflow_denoiser *denoiser;
  pflow_denoiser_flow *flow;
} learned;

learned learned_load(const char *path);
void learned_free(learned *self);

/* ln of the heights where the map's flow begins and ends. */
double learned_begin(const learned *self);
double learned_end(const learned *self);

#endif
