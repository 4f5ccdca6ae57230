/*
 * encoder_rows.h - the encoders whose features are treated: folders that the cifar10
 * program has left, with foreign_x.npy if --encode was run. What is needed to tell of an
 * encoder once its folder is gone is kept in OUT/NAME/encoder.json.
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

/* Whether its folder has features. */
bool encoder_rows_present(const encoder_rows *self);

/* Makes OUT/NAME with encoder.json: the network's own head, and a checksum of the
 * features. Where it is already, ends the program if the features are others. */
void encoder_rows_keep(const encoder_rows *self, const char *out);

/* The head that was kept: an array of objects with "name", "train" and "test", empty
 * where the folder had no results.json. */
json_t *encoder_rows_head(const encoder_rows *self, const char *out);

/* Its rows; at most max_rows of the train rows (0: all). arena_free frees them. */
void encoder_rows_load(const encoder_rows *self, size_t max_rows, arena *rows);

/* Its features of another data set's images, n x dim, n 0 where the folder has none; x is
 * the caller's to free. */
pflow_features encoder_rows_foreign(const encoder_rows *self, size_t dim);

#endif
