/*
 * checkpoint.h - a training's state after each epoch, to go on from to the same bits.
 */
#ifndef EXAMPLES_CHECKPOINT_H
#define EXAMPLES_CHECKPOINT_H

#include <jansson.h>

#include "pflow.h"

typedef struct checkpoint {
  const char *path;     /* of the file */
  const char *settings; /* what decides the weights, one "--name value" a line */
  const char *dataset;
  pflow_net *net;
  pflow_optim *optim;
} checkpoint;

/* Writes the state after some epochs; history is an array of one object for each. */
void checkpoint_save(const checkpoint *self, size_t epochs, const json_t *history);

/*
 * Takes up network and optimiser; returns the epochs done and their history in *history
 * (a new reference), or 0 and NULL, saying so, where there is no file. Ends the program
 * for another data set or other settings, naming the first that differs, and for more
 * than `most` epochs.
 */
size_t checkpoint_load(const checkpoint *self, size_t most, json_t **history);

#endif
