/*
 * alexnet.h - SmallAlexNet for 3 x 32 x 32 images, as in the post.
 *
 * Five blocks conv 3x3, batch norm, ReLU (96, 192, 384, 384, 192 channels; max-pool 3x3
 * stride 2 after the first, second and fifth), two hidden layers of 4096 with batch norm,
 * a linear layer to 128 features, rows normalised to length 1, and a linear head.
 */
#ifndef CIFAR10_ALEXNET_H
#define CIFAR10_ALEXNET_H

#include "pflow.h"

/* Length of a feature vector. */
#define FEATURE_DIM 128

/*
 * Creates and builds the network, every hidden width scaled by `width` (1: the post's).
 * Body weights N(0, 0.02^2), the head as PyTorch starts it; no head for classes 0.
 * *body_layers gets the number of layers up to the features. Ends the program on failure.
 */
pflow_net *alexnet_create(double width, size_t classes, uint64_t seed, pflow_pool *pool,
                          size_t *body_layers);

#endif
