/*
 * arena.h - the rows that all methods are compared on, and what every measure needs.
 */
#ifndef COMPARE_ARENA_H
#define COMPARE_ARENA_H

#include <pflow.h>

#include "cli/input.h"
#include "cli/progress.h"

enum { arena_neighbours = 10, arena_least_rows = 20 };

typedef struct arena {
  input train, test;
  size_t classes;
  size_t *nearest; /* the 10 nearest training rows of each test row, as they came */
  size_t shared;   /* test rows that are equal to a training row */
  uint64_t seed;
  size_t steps;       /* training steps of a network; 0: the library's choice */
  const double *grid; /* strengths of the linear probe; NULL: the library's choice */
  size_t grid_size;
  pflow_pool *pool; /* NULL: the default pool */
  progress *bar;
  size_t done; /* steps of the bar */
} arena;

typedef struct arena_files {
  const char *in, *labels, *test, *test_labels;
  size_t max_rows, max_test; /* 0: all */
} arena_files;

/* Reads the files and finds the neighbours; `self` has seed, steps and pool. Returns a
 * status; arena_free is to be called whatever it is. */
int arena_load(arena *self, const arena_files *files);
void arena_free(arena *self);

/* Says on the bar what is done next; an interrupt ends the work here. Returns a status.
 */
int arena_step(arena *self, const char *method, const char *what);

#endif
