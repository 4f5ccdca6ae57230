/*
 * adam.c - Adam and AdamW, one pass over parameters, gradients and both moments.
 *
 * The order of operations is PyTorch's (torch.optim.Adam, AdamW), bias corrections are
 * computed in double. A mean that fades away ends at 0: subnormal numbers, which it would
 * keep for good, take many times as long.
 */
#include <float.h>
#include <math.h>

#include "base/base.h"
#include "pflow/optim.h"

enum { adam_grain = 1 << 13 };

/* One step's constants, and its arrays. */
typedef struct adam_pass {
  const pflow_optim_step_args *args;
  float add1, keep2, add2;
  float step_size; /* lr / (1 - beta1^step) */
  float root;      /* 1 / sqrt(1 - beta2^step) */
  float eps;
  float weight_decay; /* of Adam: added to the gradient */
  float shrink;       /* of AdamW: factor on the weights */
} adam_pass;

static int adam_range(size_t begin, size_t end, void *user) {
  const adam_pass pass = *(const adam_pass *)user;
  float *restrict params = pass.args->params;
  float *restrict mean = pass.args->slot[0];
  float *restrict square = pass.args->slot[1];
  const float *restrict grads = pass.args->grads;
  for (size_t i = begin; i < end; i++) {
    float grad = grads[i] + pass.weight_decay * params[i];
    const float moved = mean[i] + pass.add1 * (grad - mean[i]);
    mean[i] = fabsf(moved) < FLT_MIN ? 0.0f : moved;
    square[i] = pass.keep2 * square[i] + pass.add2 * grad * grad;
    float scale = sqrtf(square[i]) * pass.root + pass.eps;
    params[i] = pass.shrink * params[i] - pass.step_size * (mean[i] / scale);
  }
  return 0;
}

static pflow_err adam_step(const pflow_optim_step_args *args, void *self) {
  const pflow_adam_config *config = self;
  double correction1 = 1.0 - pow(config->beta1, (double)args->step);
  double correction2 = 1.0 - pow(config->beta2, (double)args->step);
  double decay = config->weight_decay;
  adam_pass pass = {.args = args,
                    .add1 = (float)(1.0 - config->beta1),
                    .keep2 = (float)config->beta2,
                    .add2 = (float)(1.0 - config->beta2),
                    .step_size = (float)(args->lr / correction1),
                    .root = (float)(1.0 / sqrt(correction2)),
                    .eps = (float)config->eps,
                    .weight_decay = config->decoupled ? 0.0f : (float)decay,
                    .shrink = config->decoupled ? (float)(1.0 - args->lr * decay) : 1.0f};
  return pflow_parallel_for(config->pool, args->size, adam_grain, adam_range, &pass);
}

static pflow_err check_config(const pflow_adam_config *config) {
  pf_try(pf_check_setting(config->beta1 >= 0.0 && config->beta1 < 1.0, "beta1",
                          config->beta1, "0 <= beta1 < 1"));
  pf_try(pf_check_setting(config->beta2 >= 0.0 && config->beta2 < 1.0, "beta2",
                          config->beta2, "0 <= beta2 < 1"));
  pf_try(pf_check_setting((float)config->eps > 0.0f && config->eps < INFINITY, "eps",
                          config->eps, "0 < eps < infinity as a float"));
  return pf_check_setting(config->weight_decay >= 0.0 && config->weight_decay < INFINITY,
                          "weight_decay", config->weight_decay,
                          "0 <= weight_decay < infinity");
}

pflow_err pflow_optim_create_adam(pflow_optim **optim, size_t size,
                                  const pflow_adam_config *config) {
  pf_need(optim);
  *optim = NULL;
  pflow_adam_config full;
  pflow_adam_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_adam_config"));
  pf_try(check_config(&full));
  pflow_adam_config *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  *self = full;
  const pflow_optim_class type = {.struct_size = sizeof type,
                                  .kind = full.decoupled ? "adamw" : "adam",
                                  .slots = 2,
                                  .step = adam_step,
                                  .destroy = pflow_free};
  return pflow_optim_create(optim, size, full.lr, &type, self);
}
