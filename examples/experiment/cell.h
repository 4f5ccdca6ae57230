/*
 * cell.h - what one arm with one seed came to on one encoder, kept in files, so that an
 * experiment goes on where it was stopped.
 */
#ifndef EXPERIMENT_CELL_H
#define EXPERIMENT_CELL_H

#include "arms.h"
#include "compare/measures.h"
#include "encoder_rows.h"

/* In OUT/ENCODER/ARM-SEED.json, and its rows' scores in .npy: a row for each column that
 * has scores, in the order of the columns, a value for each test row. */
typedef struct cell {
  const char *out;
  const encoder_rows *encoder;
  const arm *arm;
  uint64_t seed;
} cell;

bool cell_is_done(const cell *self);

/* Treats the rows, measures, and writes. The program ends on failure. */
void cell_run(const cell *self, arena *rows);

/* Values by column (NaN: none), the accuracy of the probe on its own train rows, and
 * scores of n test rows by column (NULL: none; cell_scores_free). */
typedef struct cell_result {
  double value[column_count], train_linear, seconds;
  double *scores[column_count];
  size_t n;
} cell_result;

void cell_read(const cell *self, cell_result *result);
void cell_result_free(cell_result *result);

#endif
