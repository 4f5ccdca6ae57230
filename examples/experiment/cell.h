/*
 * cell.h - what one arm with one seed came to on one encoder, kept in files, so that an
 * experiment goes on where it was stopped, and can be told without the encoders.
 */
#ifndef EXPERIMENT_CELL_H
#define EXPERIMENT_CELL_H

#include "arms.h"
#include "encoder_rows.h"
#include "values.h"

/*
 * In OUT/ENCODER/ARM-SEED.json, and scores in .npy: a line for each value that has
 * scores, in their order, with a number for each group of test rows (bootstrap.h).
 */
typedef struct cell {
  const char *out, *commit; /* commit: of the program, as the caller has it; or NULL */
  const encoder_rows *encoder;
  const arm *arm;
  uint64_t seed;
  size_t max_rows, field_rows;
} cell;

/* Ends the program for a cell that was made with other settings, naming what differs. */
bool cell_is_done(const cell *self);

/* Treats the rows, measures, and writes. foreign: n x dim, or n 0. The program ends on
 * failure. */
void cell_run(const cell *self, arena *rows, const pflow_features *foreign);

/* Values (NaN: none) and scores of groups of test rows (NULL: none); cell_result_free. */
typedef struct cell_result {
  double value[value_count], seconds;
  double *scores[value_count];
  size_t groups, test_rows;
  json_t *notes;   /* what the arm chose and met */
  json_t *made_by; /* program and machine */
} cell_result;

void cell_read(const cell *self, cell_result *result);
void cell_result_free(cell_result *result);

#endif
