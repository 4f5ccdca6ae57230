/*
 * planar.h - a small field to learn: three clusters in the plane.
 */
#ifndef TESTS_PLANAR_H
#define TESTS_PLANAR_H

#include "pflow.h"

enum { planar_rows = 300, planar_dim = 2, planar_width = planar_dim + 1 };

/* Points around three centres, planar_rows x planar_dim. */
const float *planar_data(void);

/* A network of two hidden layers; the pool is the network's. */
pflow_net *planar_net(size_t hidden, pflow_pool *pool);

/* Three steps an epoch, at distances from about 0.1 to 1. */
pflow_field_fit_config planar_config(size_t epochs);

#endif
