/*
 * cell.h - what one arm with one seed came to on one encoder, kept in files, so that an
 * experiment goes on where it was stopped.
 */
#ifndef EXPERIMENT_CELL_H
#define EXPERIMENT_CELL_H

#include "arms.h"
#include "compare/measures.h"
#include "encoder_rows.h"

/* Compare's columns, and what only the experiment measures. */
enum { train_linear_value = column_count, foreign_value, value_count };

const char *value_key(size_t which);
bool value_by_row(size_t which); /* each test row has a score */

/* In OUT/ENCODER/ARM-SEED.json, and its rows' scores in .npy: a row for each value that
 * has scores, in their order, with a number for each test row. */
typedef struct cell {
  const char *out, *commit; /* commit: of the program, as the caller has it; or NULL */
  const encoder_rows *encoder;
  const arm *arm;
  uint64_t seed;
  size_t max_rows, field_rows;
} cell;

/* Ends the program for a cell that was made of other rows, naming what differs. */
bool cell_is_done(const cell *self);

/* Treats the rows, measures, and writes. foreign: n x dim, or n 0. The program ends on
 * failure. */
void cell_run(const cell *self, arena *rows, const pflow_features *foreign);

/* Values (NaN: none) and scores of n test rows (NULL: none); cell_result_free. */
typedef struct cell_result {
  double value[value_count], seconds;
  double *scores[value_count];
  size_t n;
  json_t *notes; /* what the arm chose and met */
  char commit[48];
} cell_result;

void cell_read(const cell *self, cell_result *result);
void cell_result_free(cell_result *result);

#endif
