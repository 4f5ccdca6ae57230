/*
 * clusters.h - labelled rows for the jobs that measure features.
 */
#ifndef BENCH_CLUSTERS_H
#define BENCH_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

/* n x dim float32 rows and a label below `classes` for each. */
typedef struct labelled {
  float *x;
  int32_t *labels;
  size_t n, dim, classes;
} labelled;

/* Unit rows around one centre a class, so far apart that about nine rows of ten lie on
 * their side of all planes between classes. */
labelled clusters_make(size_t n, size_t dim, size_t classes);

/* Normal clusters in a random subspace of `intrinsic` dimensions, with a little noise in
 * all: what a uniformity map is made for. */
labelled clusters_make_flat(size_t n, size_t dim, size_t classes, size_t intrinsic);

/* The rows of a .npy file of features and one of labels. */
labelled clusters_load(const char *x, const char *labels);

void clusters_free(labelled *self);

#endif
