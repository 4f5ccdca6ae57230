/*
 * fit.c - learning a field: the network of the post, and the loop over epochs.
 */
#include <math.h>
#include <string.h>

#include "field/points.h"
#include "field/step.h"
#include "pflow/tensor.h"

static pflow_err add_layers(pflow_net *net, size_t width) {
  for (int hidden = 0; hidden < 2; hidden++) {
    pf_try(pflow_net_add_linear(net, width, 1));
    pf_try(pflow_net_add_relu(net));
  }
  pf_try(pflow_net_add_linear(net, width, 1));
  return pflow_net_build(net, &width, 1);
}

pflow_err pflow_field_net_create(pflow_net **net, size_t dim,
                                 const pflow_net_config *config) {
  pf_need(net);
  *net = NULL;
  size_t width;
  pf_try(pf_points_size(&width, 1, dim, "field network"));
  pflow_net *made;
  pf_try(pflow_net_create(&made, config));
  pflow_err rc = add_layers(made, width);
  if (rc < 0) {
    pflow_net_destroy(made);
    return rc;
  }
  *net = made;
  return PFLOW_OK;
}

/* One call of pflow_field_fit. */
typedef struct fit_run {
  pflow_field_fit_config config;
  pflow_net *net;
  const float *x;
  size_t n, dim;
  pflow_field_step *step;
  pflow_optim *optim;
  pflow_ema *ema; /* NULL without */
  size_t *order;  /* n: the epoch's permutation */
  float *rows;    /* large_batch x dim, gathered */
  pflow_rng order_rng, noise_rng;
  double start;
  pflow_field_fit_report report;
} fit_run;

static void fit_close(fit_run *run) {
  pflow_field_step_destroy(run->step);
  pflow_optim_destroy(run->optim);
  pflow_ema_destroy(run->ema);
  pflow_free(run->order);
  pflow_free(run->rows);
}

static pflow_err fit_open(fit_run *run) {
  const pflow_field_fit_config *config = &run->config;
  size_t params = pflow_net_param_size(run->net), size;
  pflow_adam_config adam = config->adam;
  if (!adam.pool) adam.pool = config->pool;
  pf_try(pflow_field_step_create(&run->step, run->net, config));
  pf_try(pflow_optim_create_adam(&run->optim, params, &adam));
  if (config->ema_decay > 0.0)
    pf_try(pflow_ema_create(&run->ema, pflow_net_params(run->net), params,
                            config->ema_decay));
  pf_try(pf_alloc(&run->order, run->n, sizeof *run->order));
  pf_try(pf_mul(&size, config->large_batch, run->dim, "field fit: large batch"));
  pf_try(pf_alloc(&run->rows, size, sizeof *run->rows));
  pflow_rng_init(&run->order_rng, config->seed, PFLOW_FIELD_ORDER_STREAM);
  pflow_rng_init(&run->noise_rng, config->seed, PFLOW_FIELD_NOISE_STREAM);
  return PFLOW_OK;
}

/* Copies the rows of the epoch's next large batch together. */
static void gather(fit_run *run, size_t first) {
  for (size_t i = 0; i < run->config.large_batch; i++)
    memcpy(run->rows + i * run->dim, run->x + run->order[first + i] * run->dim,
           run->dim * sizeof *run->rows);
}

static pflow_err fit_step(fit_run *run, double *loss) {
  const pflow_sources sources = {run->rows, run->config.large_batch, run->dim};
  pf_try(pflow_field_step_run(run->step, run->net, &sources, &run->noise_rng, loss));
  if (!isfinite(*loss))
    return pf_fail(PFLOW_EDIVERGED, "field fit: the loss of step %zu (epoch %zu) is %g",
                   run->report.steps + 1, run->report.epochs + 1, *loss);
  float *params = pflow_net_params(run->net);
  pf_try(pflow_optim_step(run->optim, params, pflow_net_grads(run->net)));
  if (run->ema) pf_try(pflow_ema_update(run->ema, params));
  run->report.steps++;
  return PFLOW_OK;
}

static pflow_err fit_epoch(fit_run *run) {
  size_t batch = run->config.large_batch, steps = run->n / batch;
  double total = 0.0;
  pflow_rng_permutation(&run->order_rng, run->order, run->n);
  for (size_t i = 0; i < steps; i++) {
    double loss;
    gather(run, i * batch);
    pf_try(fit_step(run, &loss));
    total += loss;
  }
  run->report.last_loss = total / (double)steps;
  if (run->report.epochs == 0) run->report.first_loss = run->report.last_loss;
  run->report.epochs++;
  return PFLOW_OK;
}

static pflow_err report_epoch(const fit_run *run) {
  const pflow_field_fit_config *config = &run->config;
  if (!config->on_epoch) return PFLOW_OK;
  const pflow_field_fit_progress progress = {.epoch = run->report.epochs,
                                             .epochs = config->epochs,
                                             .loss = run->report.last_loss,
                                             .seconds = pf_seconds() - run->start};
  pf_callback_begin();
  return pf_callback_result(config->on_epoch(&progress, config->user),
                            "field fit: on_epoch");
}

static pflow_err fit_epochs(fit_run *run) {
  pflow_err rc = PFLOW_OK;
  while (rc == PFLOW_OK && run->report.epochs < run->config.epochs) {
    pf_try(fit_epoch(run));
    rc = report_epoch(run);
  }
  if (run->ema && rc >= 0)
    memcpy(pflow_net_params(run->net), pflow_ema_values(run->ema),
           pflow_net_param_size(run->net) * sizeof(float));
  return rc;
}

/* Checks the arguments and fills what needs no memory. */
static pflow_err fit_read(fit_run *run, const pflow_field_fit_config *config) {
  pf_try(pf_field_fit_config_read(&run->config, config));
  size_t size, width = pflow_net_in_size(run->net);
  pf_try(pf_points_size(&size, run->n, run->dim, "field fit"));
  if (width > 0 && width != run->dim + 1)
    return pf_fail(PFLOW_ESHAPE,
                   "field fit: rows of %zu values want %zu inputs, the network has %zu",
                   run->dim, run->dim + 1, width);
  if (run->config.large_batch > run->n) run->config.large_batch = run->n;
  if (run->config.small_batch > run->n) run->config.small_batch = run->n;
  return pflow_check_finite(run->x, run->n, run->dim, "field fit: x");
}

pflow_err pflow_field_fit(pflow_net *net, const float *x, size_t n, size_t dim,
                          const pflow_field_fit_config *config,
                          pflow_field_fit_report *report) {
  pf_need(net);
  pf_need(x);
  fit_run run = {.net = net, .x = x, .n = n, .dim = dim, .start = pf_seconds()};
  if (report) *report = run.report;
  pf_try(fit_read(&run, config));
  pflow_err rc = fit_open(&run);
  if (rc >= 0) rc = fit_epochs(&run);
  fit_close(&run);
  run.report.seconds = pf_seconds() - run.start;
  if (report) *report = run.report;
  return rc;
}
