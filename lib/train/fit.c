/*
 * fit.c - the training loop for classifiers, of public calls only.
 */
#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "base/base.h"
#include "pflow/train.h"

/* One call of pflow_net_fit. */
typedef struct fit {
  pflow_net *net;
  pflow_optim *optim;
  pflow_batches *batches;
  pflow_fit_config config;
  pflow_net_work *work;
  float *x, *dlogits;
  int32_t *labels;
  size_t classes;
  double epoch_began, loss_sum;
  uint64_t right;
  pflow_fit_progress progress;
} fit;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static pflow_err check_config(const pflow_fit_config *config) {
  if (config->epochs == 0) return pf_fail(PFLOW_EINVAL, "epochs is 0, wants 1 or more");
  if (config->first_epoch > config->epochs)
    return pf_fail(PFLOW_EINVAL, "first_epoch is %zu of %zu epochs", config->first_epoch,
                   config->epochs);
  return pf_check_setting(config->clip_norm >= 0.0 && config->clip_norm < INFINITY,
                          "clip_norm", config->clip_norm, "0 or more");
}

static pflow_err check_shapes(const fit *self) {
  size_t in = pflow_net_in_size(self->net), out = pflow_net_out_size(self->net);
  size_t params = pflow_net_param_size(self->net), size = pflow_optim_size(self->optim);
  if (in == 0) return pf_fail(PFLOW_ESTATE, "the network is not built");
  if (in != pflow_batches_row_size(self->batches))
    return pf_fail(PFLOW_ESHAPE, "the network takes rows of %zu values, batches have %zu",
                   in, pflow_batches_row_size(self->batches));
  if (out != self->classes)
    return pf_fail(PFLOW_ESHAPE, "the network has %zu outputs for %zu classes", out,
                   self->classes);
  if (params != size)
    return pf_fail(PFLOW_ESHAPE, "the network has %zu parameters, its optimiser %zu",
                   params, size);
  if (self->config.ema && params != pflow_ema_size(self->config.ema))
    return pf_fail(PFLOW_ESHAPE, "the network has %zu parameters, its average %zu",
                   params, pflow_ema_size(self->config.ema));
  return PFLOW_OK;
}

static pflow_err allocate(fit *self) {
  size_t rows = pflow_batches_rows(self->batches), size;
  pf_try(pflow_net_work_create(&self->work, self->net, rows, PFLOW_TRAINING));
  pf_try(pf_mul(&size, rows, pflow_batches_row_size(self->batches), "values of a batch"));
  pf_try(pf_alloc(&self->x, size, sizeof *self->x));
  pf_try(pf_mul(&size, rows, self->classes, "outputs of a batch"));
  pf_try(pf_alloc(&self->dlogits, size, sizeof *self->dlogits));
  return pf_alloc(&self->labels, rows, sizeof *self->labels);
}

static void release(fit *self) {
  pflow_net_work_destroy(self->work);
  pflow_free(self->x);
  pflow_free(self->dlogits);
  pflow_free(self->labels);
}

static pflow_err set_rate(fit *self) {
  if (!self->config.schedule) return PFLOW_OK;
  const pflow_fit_progress *progress = &self->progress;
  uint64_t step = (uint64_t)progress->epoch * progress->batches + progress->batch;
  double lr;
  pf_try(pflow_schedule_lr(self->config.schedule, step, &lr));
  return pflow_optim_set_lr(self->optim, lr);
}

static pflow_err check_finite(const fit *self, double value, const char *what) {
  if (isfinite(value)) return PFLOW_OK;
  return pf_fail(PFLOW_EDIVERGED, "epoch %zu, batch %zu: the %s is %g",
                 self->progress.epoch, self->progress.batch, what, value);
}

static size_t count_right(const float *logits, const int32_t *labels, size_t n,
                          size_t classes) {
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    const float *row = logits + i * classes;
    size_t largest = 0;
    for (size_t k = 1; k < classes; k++)
      if (row[k] > row[largest]) largest = k;
    right += (int32_t)largest == labels[i];
  }
  return right;
}

/* Loss of n rows and the gradients of all parameters. */
static pflow_err differentiate(fit *self, size_t n) {
  const float *logits;
  double loss;
  pf_try(pflow_net_zero_grads(self->net));
  pf_try(pflow_net_forward(self->net, self->work, self->x, n, &logits));
  pf_try(pflow_loss_cross_entropy(logits, self->labels, n, self->classes, &loss,
                                  self->dlogits));
  pf_try(check_finite(self, loss, "loss"));
  self->loss_sum += loss * (double)n;
  self->right += count_right(logits, self->labels, n, self->classes);
  return pflow_net_backward(self->net, self->work, self->dlogits, NULL);
}

static pflow_err clip(fit *self) {
  double norm;
  if (self->config.clip_norm == 0.0) return PFLOW_OK;
  pflow_err rc =
      pflow_clip_norm(pflow_net_grads(self->net), pflow_net_param_size(self->net),
                      self->config.clip_norm, &norm);
  return rc == PFLOW_ENONFINITE ? check_finite(self, norm, "norm of the gradient") : rc;
}

static pflow_err train_batch(fit *self) {
  size_t n;
  pflow_fit_progress *progress = &self->progress;
  float *params = pflow_net_params(self->net);
  pf_try(set_rate(self));
  pf_try(pflow_batches_get(self->batches, progress->epoch, progress->batch, self->x,
                           self->labels, &n));
  pf_try(differentiate(self, n));
  pf_try(clip(self));
  pf_try(pflow_optim_step(self->optim, params, pflow_net_grads(self->net)));
  if (self->config.ema) pf_try(pflow_ema_update(self->config.ema, params));
  progress->batch++;
  progress->rows += n;
  progress->loss = self->loss_sum / (double)progress->rows;
  progress->accuracy = (double)self->right / (double)progress->rows;
  progress->seconds = now() - self->epoch_began;
  return PFLOW_OK;
}

static pflow_err report(const fit *self, pflow_fit_fn callback, const char *name) {
  if (!callback) return PFLOW_OK;
  pf_callback_begin();
  return pf_callback_result(callback(&self->progress, self->config.user), name);
}

/* PFLOW_OK, or PFLOW_STOPPED by a callback. */
static pflow_err train_epoch(fit *self, size_t epoch) {
  self->progress = (pflow_fit_progress){.epoch = epoch,
                                        .epochs = self->config.epochs,
                                        .batches = pflow_batches_count(self->batches)};
  self->loss_sum = 0.0;
  self->right = 0;
  self->epoch_began = now();
  while (self->progress.batch < self->progress.batches) {
    pf_try(train_batch(self));
    pflow_err rc = report(self, self->config.on_batch, "on_batch");
    if (rc != PFLOW_OK) return rc;
  }
  return report(self, self->config.on_epoch, "on_epoch");
}

pflow_err pflow_net_fit(pflow_net *net, pflow_optim *optim, pflow_batches *batches,
                        const pflow_fit_config *config) {
  pf_need(net);
  pf_need(optim);
  pf_need(batches);
  fit self = {.net = net,
              .optim = optim,
              .batches = batches,
              .classes = pflow_batches_classes(batches)};
  pflow_fit_config_init(&self.config);
  pf_try(pf_config_read(&self.config, sizeof self.config, config, "pflow_fit_config"));
  pf_try(check_config(&self.config));
  pf_try(check_shapes(&self));
  pflow_err rc = allocate(&self);
  for (size_t epoch = self.config.first_epoch;
       rc == PFLOW_OK && epoch < self.config.epochs; epoch++)
    rc = train_epoch(&self, epoch);
  release(&self);
  return rc;
}
