#include "support/models.h"

#include "support/suite.h"
#include "support/toy.h"

static pflow_net *new_net(uint64_t seed) {
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.seed = seed;
  ck_ok(pflow_net_create(&net, &config));
  return net;
}

pflow_net *model_of_all_kinds(uint64_t seed) {
  pflow_net *net = new_net(seed);
  pflow_conv2d_config conv;
  pflow_batchnorm_config norm;
  pflow_conv2d_config_init(&conv);
  pflow_batchnorm_config_init(&norm);
  conv.out_channels = 4;
  conv.kernel_w = 5;
  conv.stride_h = 2;
  conv.pad_h = 1;
  conv.pad_w = 3;
  conv.bias = 1;
  norm.eps = 0.001;
  norm.momentum = 1.0 / 3.0;
  ck_ok(pflow_net_add_conv2d_config(net, &conv));
  ck_ok(pflow_net_add_batchnorm_config(net, &norm));
  ck_ok(pflow_net_add_relu(net));
  ck_ok(pflow_net_add_maxpool2d(net, 3, 2));
  ck_ok(pflow_net_add_conv2d(net, 3, 1, 0));
  ck_ok(pflow_net_add_silu(net));
  ck_ok(pflow_net_add_flatten(net));
  ck_ok(pflow_net_add_linear(net, 6, 0));
  ck_ok(pflow_net_add_batchnorm(net));
  ck_ok(pflow_net_add_linear(net, 5, 1));
  ck_ok(pflow_net_add_l2norm(net));
  ck_ok(pflow_net_build(net, (size_t[]){2, 8, 9}, 3));
  return net;
}

pflow_net *model_mlp(size_t in, size_t out, uint64_t seed) {
  pflow_net *net = new_net(seed);
  ck_ok(pflow_net_add_linear(net, 4, 1));
  ck_ok(pflow_net_add_relu(net));
  ck_ok(pflow_net_add_linear(net, out, 1));
  ck_ok(pflow_net_build(net, &in, 1));
  return net;
}

static void plain_step(pflow_net *net) {
  for (size_t i = 0; i < pflow_net_param_size(net); i++)
    pflow_net_params(net)[i] -= pflow_net_grads(net)[i];
}

static void train_step(pflow_net *net, pflow_net_work *work, size_t step, size_t rows) {
  size_t in = pflow_net_in_size(net), out = pflow_net_out_size(net);
  float *x = normal_values(rows * in, 100 + step);
  float *target = normal_values(rows * out, 200 + step);
  float *dy = pflow_alloc(rows * out, sizeof *dy);
  const float *y;
  double loss;
  ck_assert(dy != NULL);
  ck_ok(pflow_net_zero_grads(net));
  ck_ok(pflow_net_forward(net, work, x, rows, &y));
  ck_ok(pflow_loss_mse(y, target, rows, out, &loss, dy));
  ck_ok(pflow_net_backward(net, work, dy, NULL));
  pflow_free(dy);
  pflow_free(target);
  pflow_free(x);
}

void model_train(pflow_net *net, pflow_optim *optim, pflow_ema *ema, size_t first,
                 size_t end) {
  enum { rows = 6 };
  pflow_net_work *work;
  ck_ok(pflow_net_work_create(&work, net, rows, PFLOW_TRAINING));
  for (size_t step = first; step < end; step++) {
    train_step(net, work, step, rows);
    if (optim)
      ck_ok(pflow_optim_step(optim, pflow_net_params(net), pflow_net_grads(net)));
    else
      plain_step(net);
    if (ema) ck_ok(pflow_ema_update(ema, pflow_net_params(net)));
  }
  pflow_net_work_destroy(work);
}

void model_predict(const pflow_net *net, const float *x, size_t n, float *y) {
  pflow_net_work *work;
  ck_ok(pflow_net_work_create(&work, net, n, PFLOW_INFERENCE));
  ck_ok(pflow_net_predict(net, work, x, n, y));
  pflow_net_work_destroy(work);
}

void check_same_values(pflow_net *a, pflow_net *b) {
  ck_assert_uint_eq(pflow_net_param_size(a), pflow_net_param_size(b));
  ck_assert_uint_eq(pflow_net_state_size(a), pflow_net_state_size(b));
  ck_assert_mem_eq(pflow_net_params(a), pflow_net_params(b),
                   pflow_net_param_size(a) * sizeof(float));
  ck_assert_mem_eq(pflow_net_state(a), pflow_net_state(b),
                   pflow_net_state_size(a) * sizeof(float));
}
