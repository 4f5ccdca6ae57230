/*
 * table.h - features, as they are and treated, by what a linear probe and nearest
 * neighbours make of them.
 */
#ifndef UNSUPERVISED_TABLE_H
#define UNSUPERVISED_TABLE_H

#include "common/feature_set.h"
#include "options.h"

typedef struct table_row {
  char name[64];
  size_t dim;
  double linear, neighbours; /* test accuracies in [0, 1] */
  double uniformity, ideal;  /* of the normalised test rows; the least there is */
  int converged;             /* 0: the probe ended before its tolerance */
  int mapped;                /* 1: by a Poisson map, */
  pflow_map_info map;        /* this one */
} table_row;

enum { table_room = 8, table_neighbours = 20 };

typedef struct table {
  const options *opts;
  pflow_pool *pool;
  table_row row[table_room];
  size_t count;
} table;

/* Measures features and adds a row. */
table_row *table_add(table *self, const char *name, const feature_set *set);

/* The same after whitening, or after the Poisson map, fitted to the train rows. */
void table_add_whitened(table *self, const char *name, const feature_set *set);
void table_add_mapped(table *self, const char *name, const feature_set *set);

#endif
