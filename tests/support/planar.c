#include "support/planar.h"

#include "support/suite.h"

const float *planar_data(void) {
  static const float centre[3][planar_dim] = {
      {1.0f, 0.0f}, {-0.5f, 0.9f}, {-0.5f, -0.9f}};
  static float x[planar_rows * planar_dim];
  pflow_rng rng;
  pflow_rng_init(&rng, 21, 0);
  pflow_rng_normal(&rng, x, planar_rows * planar_dim, 0.0, 0.1);
  for (size_t i = 0; i < planar_rows * planar_dim; i++)
    x[i] += centre[i / planar_dim % 3][i % planar_dim];
  return x;
}

pflow_net *planar_net(size_t hidden, pflow_pool *pool) {
  pflow_net_config config;
  pflow_net *net;
  pflow_net_config_init(&config);
  config.pool = pool;
  ck_ok(pflow_net_create(&net, &config));
  for (int i = 0; i < 2; i++) {
    ck_ok(pflow_net_add_linear(net, hidden, 1));
    ck_ok(pflow_net_add_silu(net));
  }
  ck_ok(pflow_net_add_linear(net, planar_width, 1));
  ck_ok(pflow_net_build(net, (size_t[]){planar_width}, 1));
  return net;
}

pflow_field_fit_config planar_config(size_t epochs) {
  pflow_field_fit_config config;
  pflow_field_fit_config_init(&config);
  config.perturb.sigma = 0.1;
  config.perturb.tau = 0.1;
  config.perturb.m_max = 20.0;
  config.gamma = 0.1;
  config.epochs = epochs;
  config.large_batch = 100;
  config.small_batch = 64;
  config.seed = 5;
  return config;
}
