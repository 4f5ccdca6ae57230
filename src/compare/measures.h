/*
 * measures.h - all measures of transformed rows.
 */
#ifndef COMPARE_MEASURES_H
#define COMPARE_MEASURES_H

#include "compare/arena.h"
#include "compare/column.h"

enum { measure_steps = 9, measure_note = 240 };

/* The rows of an arena as one method has them. */
typedef struct mapped {
  pflow_labelled train, test;
} mapped;

/* What one fit came to. */
typedef struct outcome {
  double value[column_count];   /* NaN where there is none */
  double *scores[column_count]; /* by_row: of each test row; else NULL */
  double strength;              /* of the linear probe, see pflow_probe */
  char note[measure_note];      /* why values are missing; "" if none is */
} outcome;

/* Fills the values and scores that rows alone tell. A measure that fails leaves its value
 * NaN and a note. Returns a status: failed only for want of memory. */
int measures_take(arena *self, const char *method, const mapped *rows, outcome *result);

/* A value that could not be had, and the library's sentence. */
void measures_missed(outcome *result, const char *what);

int outcome_begin(outcome *self, size_t test_rows);
void outcome_free(outcome *self);

#endif
