/*
 * clouds.h - rows in clusters, and a map fitted to them.
 */
#ifndef TESTS_CLOUDS_H
#define TESTS_CLOUDS_H

#include <stddef.h>

#include "pflow.h"

/*
 * n rows of dim values: ten normal clusters in a random subspace of k dimensions, far
 * from the origin; the labels are the clusters. Rows `first` on of one endless list.
 */
typedef struct clouds {
  float *x;
  int32_t *labels;
  size_t n, dim;
} clouds;

clouds clouds_make(size_t n, size_t k, size_t dim, size_t first);
void clouds_free(clouds *rows);

/* A map with nothing left open: k dimensions, D = k, start 1, strength 1. k 0: of a rival
 * of the flow, which has none of it. */
pflow_map_config settled_map(size_t k);
pflow_map *fit_map(const pflow_map_config *config, const clouds *rows);

/* The rows through the map at a strength (PFLOW_MAP_AUTO: the map's), and back. */
float *map_rows(const pflow_map *map, double strength, const float *x, size_t n);
float *map_back(const pflow_map *map, double strength, const float *y, size_t n);

#endif
