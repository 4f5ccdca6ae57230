/*
 * pull.h - what a set of sources pulls at one point with, met a block at a time.
 *
 * Sources that are near enough are noted with their distances. Only when the list is
 * full, or at the end, are those that a nearer source has not put out of reach weighed
 * and added up; sums are relative to the nearest source so far.
 */
#ifndef LIBPFLOW_PULL_H
#define LIBPFLOW_PULL_H

#include <stddef.h>

#include "kernels/distance_kernels.h"
#include "pflow/field.h"

enum { pf_pull_block = 32, pf_pull_room = 64 };

typedef struct pf_pull {
  const float *y; /* the point */
  float *sum;     /* dim: sum_j w_j (x_j - y), w = 1 at distance^2 `scale` */
  double weight;  /* sum_j w_j */
  double scale;
  size_t count; /* of sources noted */
  size_t row[pf_pull_room];
  double squared[pf_pull_room];
} pf_pull;

/* What all points of a field have in common. */
typedef struct pf_pull_field {
  const pflow_sources *sources;
  const pf_distance_kernels *kernels;
  double reach; /* sources beyond reach * (nearest squared distance) are left out */
} pf_pull_field;

/* sum: dim zeros. */
void pf_pull_start(pf_pull *self, const float *y, float *sum);

/*
 * Notes those of count <= pf_pull_block sources from `first` on that are in reach, given
 * their squared distances, `stride` apart, and the least one of all sources so far.
 */
void pf_pull_note(pf_pull *self, const pf_pull_field *field, double nearest, size_t first,
                  size_t count, const double *squared, size_t stride);

/* Weighs what is noted. With nearest 0, on a source, nothing has a weight. */
void pf_pull_add(pf_pull *self, const pf_pull_field *field, double nearest);

#endif
