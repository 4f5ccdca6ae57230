#include "alexnet.h"

#include <math.h>

#include "common/must.h"

/* A width of the post's network, scaled and at least 4. */
static size_t scaled(double scale, size_t width) {
  double value = floor((double)width * scale + 0.5);
  return value < 4.0 ? 4 : (size_t)value;
}

static void add_conv_block(pflow_net *net, size_t channels, int pool) {
  must(pflow_net_add_conv2d(net, channels, 3, 1));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
  if (pool) must(pflow_net_add_maxpool2d(net, 3, 2));
}

static void add_hidden_block(pflow_net *net, size_t features) {
  must(pflow_net_add_linear(net, features, 0));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
}

static void add_body(pflow_net *net, double width) {
  static const size_t channels[5] = {96, 192, 384, 384, 192};
  for (size_t i = 0; i < 5; i++)
    add_conv_block(net, scaled(width, channels[i]), i < 2 || i == 4);
  must(pflow_net_add_flatten(net));
  add_hidden_block(net, scaled(width, 4096));
  add_hidden_block(net, scaled(width, 4096));
  must(pflow_net_add_linear(net, FEATURE_DIM, 1));
  must(pflow_net_add_l2norm(net));
}

/* The head keeps the start that build gave it. */
static void start_body(pflow_net *net, size_t body_layers, uint64_t seed) {
  pflow_init_config init;
  pflow_init_config_init(&init);
  init.kind = PFLOW_INIT_NORMAL;
  init.std = 0.02;
  init.layer_count = body_layers;
  init.seed = seed;
  must(pflow_net_init(net, &init));
}

pflow_net *alexnet_create(double width, size_t classes, uint64_t seed, pflow_pool *pool,
                          size_t *body_layers) {
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = pool;
  config.seed = seed;
  must(pflow_net_create(&net, &config));
  add_body(net, width);
  *body_layers = pflow_net_layers(net);
  if (classes > 0) must(pflow_net_add_linear(net, classes, 1));
  must(pflow_net_build(net, (size_t[]){3, 32, 32}, 3));
  start_body(net, *body_layers, seed);
  return net;
}
