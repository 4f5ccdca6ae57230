/*
 * step.c - one step of learning a field: points around sources, targets, gradient.
 */
#include "field/step.h"

#include <math.h>

#include "field/direction.h"
#include "field/perturb.h"
#include "field/points.h"

struct pflow_field_step {
  pflow_field_fit_config config;
  size_t dim; /* of the sources */
  pflow_net_work *work;
  float *points, *target, *gradient; /* small_batch x (dim + 1) */
};

static pflow_err check_batches(const pflow_field_fit_config *config) {
  if (config->epochs == 0) return pf_fail(PFLOW_EINVAL, "field fit: epochs is 0");
  if (config->small_batch == 0 || config->small_batch > config->large_batch)
    return pf_fail(PFLOW_EINVAL, "field fit: small_batch is %zu, wants 1 to %zu",
                   config->small_batch, config->large_batch);
  return PFLOW_OK;
}

pflow_err pf_field_fit_config_read(pflow_field_fit_config *full,
                                   const pflow_field_fit_config *given) {
  pflow_field_fit_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_field_fit_config"));
  pflow_perturb_config perturb = full->perturb;
  pf_try(pf_perturb_config_read(&full->perturb, &perturb));
  pf_try(check_batches(full));
  pf_try(pf_check_setting(full->gamma >= 0.0 && full->gamma < INFINITY,
                          "field fit: gamma", full->gamma, "a finite value >= 0"));
  return pf_check_setting(full->ema_decay >= 0.0 && full->ema_decay < 1.0,
                          "field fit: ema_decay", full->ema_decay, "0 <= ema_decay < 1");
}

/* The dimension of the sources that a network is for. */
static pflow_err sources_dim(size_t *dim, const pflow_net *net) {
  size_t in = pflow_net_in_size(net), out = pflow_net_out_size(net);
  if (in == 0) return pf_fail(PFLOW_ESTATE, "field fit: the network is not built");
  if (in != out || in < 2)
    return pf_fail(PFLOW_ESHAPE,
                   "field fit: the network has %zu inputs and %zu outputs, wants dim + 1 "
                   "of both",
                   in, out);
  *dim = in - 1;
  return PFLOW_OK;
}

static pflow_err step_allocate(pflow_field_step *step, const pflow_net *net) {
  size_t rows = step->config.small_batch, size;
  pf_try(pf_points_size(&size, rows, step->dim, "field fit: small batch"));
  pf_try(pf_alloc(&step->points, size, sizeof(float)));
  pf_try(pf_alloc(&step->target, size, sizeof(float)));
  pf_try(pf_alloc(&step->gradient, size, sizeof(float)));
  return pflow_net_work_create(&step->work, net, rows, PFLOW_TRAINING);
}

pflow_err pflow_field_step_create(pflow_field_step **step, const pflow_net *net,
                                  const pflow_field_fit_config *config) {
  pf_need(step);
  *step = NULL;
  pf_need(net);
  pflow_field_fit_config full;
  pf_try(pf_field_fit_config_read(&full, config));
  size_t dim;
  pf_try(sources_dim(&dim, net));
  pflow_field_step *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->config = full;
  made->dim = dim;
  pflow_err rc = step_allocate(made, net);
  if (rc < 0) {
    pflow_field_step_destroy(made);
    return rc;
  }
  *step = made;
  return PFLOW_OK;
}

void pflow_field_step_destroy(pflow_field_step *step) {
  if (!step) return;
  pflow_net_work_destroy(step->work);
  pflow_free(step->gradient);
  pflow_free(step->target);
  pflow_free(step->points);
  pflow_free(step);
}

/* Points around the first sources, and what the network ought to say there. */
static pflow_err make_batch(pflow_field_step *step, const pflow_sources *sources,
                            size_t rows, pflow_rng *rng) {
  const pflow_field_fit_config *config = &step->config;
  pf_try(pflow_perturb(&config->perturb, sources->x, rows, step->dim, rng, step->points,
                       config->pool));
  return pf_poisson_target_near(sources, step->points, rows, config->gamma, step->target,
                                config->pool);
}

pflow_err pflow_field_step_run(pflow_field_step *step, pflow_net *net,
                               const pflow_sources *sources, pflow_rng *rng,
                               double *loss) {
  pf_need(step);
  pf_need(net);
  pf_need(sources);
  pf_need(sources->x);
  pf_need(rng);
  pf_need(loss);
  if (sources->dim != step->dim)
    return pf_fail(PFLOW_ESHAPE,
                   "field step: sources of %zu values, the network wants "
                   "%zu",
                   sources->dim, step->dim);
  size_t small = step->config.small_batch;
  size_t rows = sources->n < small ? sources->n : small;
  pf_try(make_batch(step, sources, rows, rng));
  const float *output;
  pf_try(pflow_net_zero_grads(net));
  pf_try(pflow_net_forward(net, step->work, step->points, rows, &output));
  pf_try(pflow_loss_mse(output, step->target, rows, step->dim + 1, loss, step->gradient));
  return pflow_net_backward(net, step->work, step->gradient, NULL);
}
