/*
 * features.h - what the encoder makes of the data set.
 */
#ifndef CIFAR10_FEATURES_H
#define CIFAR10_FEATURES_H

#include "common/feature_set.h"
#include "encoder.h"

/* What the encoder makes of all clean images; shows its progress. */
feature_set features_of(encoder *enc, const dataset *data);

#endif
