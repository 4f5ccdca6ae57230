/*
 * encoder_rows.h - the encoders whose features are treated: folders that the cifar10
 * program has left, with foreign_x.npy if --encode was run.
 */
#ifndef EXPERIMENT_ENCODER_ROWS_H
#define EXPERIMENT_ENCODER_ROWS_H

#include <jansson.h>

#include "compare/arena.h"

enum { most_encoders = 32, data_name = 64, folder_name = 1024 };

/* One of several networks trained alike on one data set. */
typedef struct encoder_rows {
  char data[data_name], folder[folder_name];
  char name[data_name + 8]; /* "cifar-10.0": the data set's first encoder */
} encoder_rows;

/* Reads "cifar-10=DIR,cifar-10=DIR,fashion-mnist=DIR"; returns how many. */
size_t encoder_rows_read(encoder_rows list[most_encoders], const char *text);

/* Its rows; at most max_rows of the train rows (0: all). arena_free frees them. */
void encoder_rows_load(const encoder_rows *self, size_t max_rows, arena *rows);

/* Its features of another data set's images, n x dim, n 0 where the folder has none; x is
 * the caller's to free. */
pflow_features encoder_rows_foreign(const encoder_rows *self, size_t dim);

/* The network's own head, from the folder's results.json: an array of objects with
 * "name", "train" and "test", empty where there is no such file. */
json_t *encoder_rows_head(const encoder_rows *self);

#endif
