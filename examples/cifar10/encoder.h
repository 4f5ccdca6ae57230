/*
 * encoder.h - SmallAlexNet: building it, training it with checkpoints, taking features.
 */
#ifndef CIFAR10_ENCODER_H
#define CIFAR10_ENCODER_H

#include <jansson.h>

#include "dataset.h"
#include "options.h"
#include "pflow.h"

/* Length of a feature vector. */
#define FEATURE_DIM 128

/* What was measured after each epoch. */
typedef struct epoch_record {
  double loss, train_accuracy; /* on the batches as trained */
  double test_accuracy;        /* of the network's own head, in eval mode */
  double seconds, images_per_second;
} epoch_record;

typedef struct encoder {
  pflow_net *net;
  pflow_net_work *work; /* for prediction */
  size_t body_layers;   /* layers up to the features; the head follows */
  size_t classes;
  pflow_pool *pool;
  epoch_record *history; /* one an epoch */
  size_t epochs;         /* done */
} encoder;

/*
 * Builds the network for the data set and trains it for opts->epochs, writing
 * OUT/checkpoint.safetensors after each epoch and OUT/encoder.safetensors at the end.
 * With
 * --resume it goes on from the checkpoint, to the same bits as an unbroken run.
 */
void encoder_train(encoder *self, const dataset *data, const options *opts,
                   pflow_pool *pool);
void encoder_destroy(encoder *self);

/* The history as a JSON array of objects (a new reference). */
json_t *encoder_history_json(const encoder *self);

/* Unit feature rows (n x FEATURE_DIM) of clean images; free with pflow_free. */
float *encoder_features(encoder *self, const pflow_images *images);

/* Accuracy of the head on n feature rows. */
double encoder_head_accuracy(encoder *self, const float *features, const int32_t *labels,
                             size_t n);

/* Accuracy of the head on augmented images (eval mode), at most limit of them. */
double encoder_augmented_accuracy(encoder *self, const pflow_images *images,
                                  const options *opts, size_t limit);

#endif
