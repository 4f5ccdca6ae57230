/*
 * sgd.c - stochastic gradient descent with momentum, as torch.optim.SGD with dampening 0.
 */
#include <math.h>

#include "base/base.h"
#include "pflow/optim.h"

enum { sgd_grain = 1 << 15 };

/* One step's constants, and its arrays. */
typedef struct sgd_pass {
  const pflow_optim_step_args *args;
  float lr, momentum, weight_decay;
  int nesterov;
} sgd_pass;

static int plain_range(size_t begin, size_t end, void *user) {
  const sgd_pass pass = *(const sgd_pass *)user;
  float *restrict params = pass.args->params;
  const float *restrict grads = pass.args->grads;
  for (size_t i = begin; i < end; i++)
    params[i] -= pass.lr * (grads[i] + pass.weight_decay * params[i]);
  return 0;
}

static int momentum_range(size_t begin, size_t end, void *user) {
  const sgd_pass pass = *(const sgd_pass *)user;
  float *restrict params = pass.args->params;
  float *restrict velocity = pass.args->slot[0];
  const float *restrict grads = pass.args->grads;
  for (size_t i = begin; i < end; i++) {
    float grad = grads[i] + pass.weight_decay * params[i];
    velocity[i] = pass.momentum * velocity[i] + grad;
    float direction = pass.nesterov ? grad + pass.momentum * velocity[i] : velocity[i];
    params[i] -= pass.lr * direction;
  }
  return 0;
}

static pflow_err sgd_step(const pflow_optim_step_args *args, void *self) {
  const pflow_sgd_config *config = self;
  sgd_pass pass = {.args = args,
                   .lr = (float)args->lr,
                   .momentum = (float)config->momentum,
                   .weight_decay = (float)config->weight_decay,
                   .nesterov = config->nesterov};
  pflow_range_fn body = config->momentum > 0.0 ? momentum_range : plain_range;
  return pflow_parallel_for(config->pool, args->size, sgd_grain, body, &pass);
}

static pflow_err check_config(const pflow_sgd_config *config) {
  pf_try(pf_check_setting(config->momentum >= 0.0 && config->momentum < 1.0, "momentum",
                          config->momentum, "0 <= momentum < 1"));
  pf_try(pf_check_setting(config->weight_decay >= 0.0 && config->weight_decay < INFINITY,
                          "weight_decay", config->weight_decay,
                          "0 <= weight_decay < infinity"));
  return pf_check_setting(!config->nesterov || config->momentum > 0.0, "nesterov",
                          config->nesterov, "momentum > 0");
}

pflow_err pflow_optim_create_sgd(pflow_optim **optim, size_t size,
                                 const pflow_sgd_config *config) {
  pf_need(optim);
  *optim = NULL;
  pflow_sgd_config full;
  pflow_sgd_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_sgd_config"));
  pf_try(check_config(&full));
  pflow_sgd_config *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  *self = full;
  const pflow_optim_class type = {.struct_size = sizeof type,
                                  .kind = "sgd",
                                  .slots = full.momentum > 0.0,
                                  .step = sgd_step,
                                  .destroy = pflow_free};
  return pflow_optim_create(optim, size, full.lr, &type, self);
}
