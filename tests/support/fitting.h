/*
 * fitting.h - a small network, its optimiser and batches, for tests of training.
 */
#ifndef TESTS_FITTING_H
#define TESTS_FITTING_H

#include "pflow.h"

enum { rows = 90, side = 6, classes = 5, batch = 20, epoch_batches = 5 };

typedef struct fitting {
  pflow_pool *pool; /* NULL: the default pool */
  pflow_images *images;
  pflow_batches *batches;
  pflow_net *net;
  pflow_optim *optim;
  size_t params;
} fitting;

/* The parts: `rows` synthetic images in augmented batches; a network. */
void make_batches(fitting *self);
void make_net(fitting *self, size_t outputs);

/* All parts, with Adam. */
fitting make_fitting(pflow_pool *pool);
void destroy_fitting(fitting *self);

/* The default config with that many epochs, and pflow_net_fit. */
pflow_fit_config fit_config(size_t epochs);
pflow_err fit(fitting *self, const pflow_fit_config *config);

#endif
