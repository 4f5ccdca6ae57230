/*
 * fitting.c - a small network, its optimiser and batches, for tests of training.
 */
#include "support/fitting.h"

#include "support/suite.h"

void make_batches(fitting *self) {
  pflow_synthetic_config sc;
  pflow_synthetic_config_init(&sc);
  sc.n = rows;
  sc.classes = classes;
  sc.height = sc.width = side;
  ck_ok(pflow_images_create_synthetic(&self->images, &sc));
  pflow_batches_config bc;
  pflow_batches_config_init(&bc);
  bc.batch = batch;
  bc.crop_pad = 1;
  bc.flip = 1;
  bc.pool = self->pool;
  ck_ok(pflow_batches_create(&self->batches, self->images, &bc));
}

/* A convolution, batch norm (running statistics) and two linear layers. */
void make_net(fitting *self, size_t outputs) {
  pflow_net_config nc;
  pflow_net_config_init(&nc);
  nc.pool = self->pool;
  nc.seed = 3;
  ck_ok(pflow_net_create(&self->net, &nc));
  ck_ok(pflow_net_add_conv2d(self->net, 8, 3, 1));
  ck_ok(pflow_net_add_batchnorm(self->net));
  ck_ok(pflow_net_add_relu(self->net));
  ck_ok(pflow_net_add_flatten(self->net));
  ck_ok(pflow_net_add_linear(self->net, 16, 1));
  ck_ok(pflow_net_add_relu(self->net));
  ck_ok(pflow_net_add_linear(self->net, outputs, 1));
  ck_ok(pflow_net_build(self->net, (size_t[]){3, side, side}, 3));
  self->params = pflow_net_param_size(self->net);
}

fitting make_fitting(pflow_pool *pool) {
  fitting self = {.pool = pool};
  make_batches(&self);
  make_net(&self, classes);
  pflow_adam_config ac;
  pflow_adam_config_init(&ac);
  ac.pool = pool;
  ck_ok(pflow_optim_create_adam(&self.optim, self.params, &ac));
  return self;
}

void destroy_fitting(fitting *self) {
  pflow_optim_destroy(self->optim);
  pflow_net_destroy(self->net);
  pflow_batches_destroy(self->batches);
  pflow_images_destroy(self->images);
}

pflow_fit_config fit_config(size_t epochs) {
  pflow_fit_config config;
  pflow_fit_config_init(&config);
  config.epochs = epochs;
  return config;
}

pflow_err fit(fitting *self, const pflow_fit_config *config) {
  return pflow_net_fit(self->net, self->optim, self->batches, config);
}
