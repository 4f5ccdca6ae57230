/*
 * column.h - what compare measures: one column of its tables each.
 */
#ifndef COMPARE_COLUMN_H
#define COMPARE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

typedef enum column {
  col_uniformity,
  col_ideal,
  col_gap,
  col_hubness,
  col_rank,
  col_kept,
  col_round_trip,
  col_fit,
  col_transform,
  col_knn,
  col_linear,
  col_nll,
  col_shot_1,
  col_shot_5,
  col_bit,
  col_byte,
  col_nmi,
  column_count
} column;

typedef struct column_info {
  const char *key;   /* in JSON */
  const char *head;  /* in tables */
  const char *about; /* a sentence for the page, with its full stop */
  double factor;     /* of the values shown: 100 for shares */
  int decimals;
  int better;     /* 1: more is better, -1: less is, 0: neither */
  bool by_row;    /* each test row has a score, so that differences have intervals */
  bool untouched; /* "none" takes part in the search for the best */
} column_info;

const column_info *column_about(column which);

#endif
