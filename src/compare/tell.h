/*
 * tell.h - a finished comparison in words and in JSON.
 */
#ifndef COMPARE_TELL_H
#define COMPARE_TELL_H

#include "compare/verdict.h"

typedef struct comparison {
  const arena *rows;
  const roster *all;
  size_t seeds;
  char advice[advice_size];
} comparison;

/* Tables, remarks and the advice on standard output. Returns a status. */
int tell_text(const comparison *self, bool markdown);

/* One object with every number. Returns a status. */
int tell_json(const comparison *self);

/* "X.npy: 20000 of 50000 rows of 128 values" */
void tell_rows(char *text, size_t size, const input *rows);

/* A warning where test rows are equal to training rows; empty if none is. */
void tell_shared(char *text, size_t size, const arena *rows);

/* What the numbers were drawn from, for the reader who wants them again. */
void tell_sampling(char *text, size_t size, const comparison *self);

#endif
