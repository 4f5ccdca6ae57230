/*
 * encoder.h - the trained network as an encoder: features of images, accuracy of its
 * head.
 */
#ifndef CIFAR10_ENCODER_H
#define CIFAR10_ENCODER_H

#include "alexnet.h"
#include "dataset.h"
#include "options.h"

/* What was measured after each epoch of training. */
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

/* An untrained encoder for the data set, with room for opts->epochs records. */
void encoder_create(encoder *self, const dataset *data, const options *opts,
                    pflow_pool *pool);

/* The one that a run has left in OUT/encoder.safetensors, without history. The program
 * ends for a network of another kind. */
void encoder_load(encoder *self, const options *opts, pflow_pool *pool);

void encoder_destroy(encoder *self);

/* The mini-batches that train it, or any other images in the same way. */
pflow_batches *encoder_batches(const encoder *self, const pflow_images *images,
                               const options *opts);

/*
 * Unit feature rows (n x FEATURE_DIM) of clean images; free with pflow_free. on_rows,
 * unless NULL, is told the number of rows that each step has added.
 */
typedef void (*encoder_rows_fn)(size_t rows, void *user);
float *encoder_features(encoder *self, const pflow_images *images,
                        encoder_rows_fn on_rows, void *user);

/* Accuracy of the head on n feature rows, or on clean images. */
double encoder_head_accuracy(encoder *self, const float *features, const int32_t *labels,
                             size_t n);
double encoder_images_accuracy(encoder *self, const pflow_images *images);

/* Accuracy of the head on augmented images (eval mode), at most limit of them. */
double encoder_augmented_accuracy(encoder *self, const pflow_images *images,
                                  const options *opts, size_t limit);

#endif
