/*
 * training.h - trains the encoder, with a checkpoint after every epoch.
 */
#ifndef CIFAR10_TRAINING_H
#define CIFAR10_TRAINING_H

#include <jansson.h>

#include "encoder.h"

/*
 * Creates the encoder and trains it for opts->epochs, writing OUT/checkpoint.safetensors
 * after each epoch and OUT/encoder.safetensors at the end. With --resume it goes on from
 * the checkpoint, to the same bits as an unbroken run.
 */
void encoder_train(encoder *self, const dataset *data, const options *opts,
                   pflow_pool *pool);

/* The history as a JSON array of objects (a new reference). */
json_t *training_history_json(const encoder *self);

#endif
