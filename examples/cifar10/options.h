/*
 * options.h - every knob of the experiment, its presets and its command line.
 */
#ifndef CIFAR10_OPTIONS_H
#define CIFAR10_OPTIONS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
  const char *preset, *data, *out;
  int resume, encode;
  uint64_t seed;
  size_t threads;
  size_t train_limit, test_limit; /* images used; 0: all */
  /* encoder */
  size_t epochs, batch;
  double lr, width;
  int no_shuffle, no_augment;
  /* field */
  size_t field_epochs, field_batch, field_small;
  double field_lr, sigma, tau, m_max, gamma;
  int restrict_m;
  /* flow */
  const char *ode, *clock;
  size_t ode_steps;
  double flow_length, rtol, atol, max_speed;
  /* probe */
  double probe_c;
  size_t probe_iters;
} options;

/*
 * Reads the command line. Handles --help and --version (prints, exits 0) and usage errors
 * (one line, exits 2). Strings point into argv.
 */
void options_parse(options *self, int argc, char **argv);

/* All options as a JSON object (a new reference). */
json_t *options_json(const options *self);

/*
 * The options that decide the encoder's weights, one "--name value" a line: a checkpoint
 * may only be resumed under the same ones.
 */
void options_encoder_text(const options *self, char *text, size_t size);

/* "<out>/<name>"; ends the program when it does not fit. */
void options_out_path(const options *self, char *path, size_t size, const char *name);

#endif
