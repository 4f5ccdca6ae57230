/*
 * encoder.h - SmallAlexNet up to its features, trained on two views of each image.
 */
#ifndef UNSUPERVISED_ENCODER_H
#define UNSUPERVISED_ENCODER_H

#include <jansson.h>

#include "cifar10/alexnet.h"
#include "cifar10/dataset.h"
#include "options.h"

typedef struct encoder {
  pflow_net *net;
  pflow_net_work *work; /* for prediction */
  pflow_pool *pool;
  size_t epochs;   /* done */
  json_t *history; /* an object for each */
} encoder;

/* Untrained; batch norm's running statistics are those of some batches. */
void encoder_create(encoder *self, const dataset *data, const options *opts,
                    pflow_pool *pool);
void encoder_destroy(encoder *self);

/*
 * Trains for opts->epochs, with OUT/checkpoint.safetensors after each and
 * OUT/encoder.safetensors at the end. With --resume it goes on from the checkpoint, to
 * the same bits as an unbroken run.
 */
void encoder_train(encoder *self, const dataset *data, const options *opts);

/* Unit feature rows (n x FEATURE_DIM) of clean images; free with pflow_free. */
float *encoder_features(encoder *self, const pflow_images *images);

#endif
