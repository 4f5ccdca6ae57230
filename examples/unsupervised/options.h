/*
 * options.h - the settings of training without labels, its presets and command line.
 */
#ifndef UNSUPERVISED_OPTIONS_H
#define UNSUPERVISED_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
  const char *preset, *data, *out, *loss, *supervised;
  int resume;
  uint64_t seed;
  size_t threads;
  size_t train_limit, test_limit; /* images used; 0: all */
  size_t epochs, batch, map_rows;
  double lr, width, crop_area, tau, beta;
} options;

/* Reads the command line; returns a status, and *ended where --help has been printed. */
int options_parse(options *self, int argc, char **argv, bool *ended);

/* The settings that decide the encoder's weights, one "--name value" a line. */
void options_encoder_text(const options *self, char *text, size_t size);

/* "<out>/<name>"; ends the program when it does not fit. */
void options_out_path(const options *self, char path[4096], const char *name);

#endif
