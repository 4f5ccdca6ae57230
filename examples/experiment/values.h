/*
 * values.h - what is measured of an arm: compare's columns, and what only the experiment
 * measures.
 */
#ifndef EXPERIMENT_VALUES_H
#define EXPERIMENT_VALUES_H

#include "compare/column.h"

enum {
  train_linear_value = column_count,
  alignment_value,
  trust_value,
  continuity_value,
  hubs_value,
  antihubs_value,
  foreign_value,
  density_value,
  value_count
};

const char *value_key(size_t which); /* in JSON */
bool value_by_row(size_t which);     /* each test row has a score */

#endif
