/*
 * denoiser.c - the learned field's object: settings, network, evaluation.
 */
#include "field/denoiser.h"

#include <math.h>

#include "field/kernel.h"

enum { row_grain = 64 /* rows of one piece of work around the network */ };

/* ---- the object ---- */

static pflow_err check_size(size_t value, size_t most, const char *name) {
  if (value > 0 && value <= most) return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "%s is %zu, wants 1 to %zu", name, value, most);
}

static pflow_err check_heights(const pflow_denoiser_config *config) {
  if (config->r_min > 0.0 && config->r_min < config->r_max && config->r_max < INFINITY)
    return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL,
                 "denoiser: r_min is %g and r_max %g, wants 0 < r_min < r_max < infinity",
                 config->r_min, config->r_max);
}

pflow_err pf_denoiser_check_config(const pflow_denoiser_config *full) {
  pf_try(pf_check_setting(full->aug_dim >= 1.0 && full->aug_dim <= 1e30,
                          "denoiser: aug_dim", full->aug_dim, "1 to 1e30"));
  pf_try(check_heights(full));
  pf_try(check_size(full->width, 1 << 16, "denoiser: width"));
  pf_try(check_size(full->layers, 64, "denoiser: layers"));
  pf_try(check_size(full->steps, (size_t)1 << 40, "denoiser: steps"));
  pf_try(check_size(full->batch, 1 << 24, "denoiser: batch"));
  pf_try(pf_check_setting(full->lr > 0.0 && full->lr < INFINITY, "denoiser: lr", full->lr,
                          "a finite value > 0"));
  return pf_check_setting(full->ema_decay >= 0.0 && full->ema_decay < 1.0,
                          "denoiser: ema_decay", full->ema_decay, "0 <= ema_decay < 1");
}

static pflow_err read_config(pflow_denoiser_config *full,
                             const pflow_denoiser_config *given) {
  pflow_denoiser_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_denoiser_config"));
  full->struct_size = sizeof *full;
  return pf_denoiser_check_config(full);
}

static pflow_err add_layers(pflow_net *net, const pflow_denoiser *denoiser) {
  for (size_t i = 0; i < denoiser->config.layers; i++) {
    pf_try(pflow_net_add_linear(net, denoiser->config.width, 1));
    pf_try(pflow_net_add_silu(net));
  }
  pf_try(pflow_net_add_linear(net, denoiser->dim, 1));
  const size_t inputs = pf_denoiser_inputs(denoiser);
  pf_try(pflow_net_build(net, &inputs, 1));
  /* The first answer is that for a normal source. */
  pflow_init_config init;
  pflow_init_config_init(&init);
  init.kind = PFLOW_INIT_ZERO;
  init.first_layer = 2 * denoiser->config.layers;
  return pflow_net_init(net, &init);
}

pflow_err pf_denoiser_net(pflow_net **net, const pflow_denoiser *denoiser) {
  pflow_net *made;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = denoiser->config.pool;
  config.seed = denoiser->config.seed;
  pf_try(pflow_net_create(&made, &config));
  pflow_err rc = add_layers(made, denoiser);
  if (rc < 0) {
    pflow_net_destroy(made);
    return rc;
  }
  *net = made;
  return PFLOW_OK;
}

static pflow_err allocate(pflow_denoiser *denoiser) {
  pf_try(pf_alloc(&denoiser->center, denoiser->dim, sizeof *denoiser->center));
  pf_try(pf_alloc(&denoiser->variance, denoiser->dim, sizeof *denoiser->variance));
  return pf_denoiser_net(&denoiser->net, denoiser);
}

pflow_err pflow_denoiser_create(pflow_denoiser **denoiser, size_t dim,
                                const pflow_denoiser_config *config) {
  pf_need(denoiser);
  *denoiser = NULL;
  pflow_denoiser_config full;
  pf_try(read_config(&full, config));
  pf_try(check_size(dim, 1 << 24, "denoiser: dim"));
  pflow_denoiser *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->config = full;
  made->dim = dim;
  made->log_r_min = log(full.r_min);
  made->log_r_range = log(full.r_max) - made->log_r_min;
  pflow_err rc = allocate(made);
  if (rc < 0) {
    pflow_denoiser_destroy(made);
    return rc;
  }
  *denoiser = made;
  return PFLOW_OK;
}

void pflow_denoiser_destroy(pflow_denoiser *denoiser) {
  if (!denoiser) return;
  pf_denoiser_training_destroy(denoiser->training);
  pflow_net_destroy(denoiser->net);
  pflow_free(denoiser->variance);
  pflow_free(denoiser->center);
  pflow_free(denoiser);
}

size_t pflow_denoiser_dim(const pflow_denoiser *denoiser) {
  return denoiser ? denoiser->dim : 0;
}

size_t pflow_denoiser_steps(const pflow_denoiser *denoiser) {
  return denoiser ? denoiser->steps : 0;
}

const pflow_denoiser_config *pflow_denoiser_settings(const pflow_denoiser *denoiser) {
  return denoiser ? &denoiser->config : NULL;
}

/* ---- evaluation ---- */

struct pflow_denoiser_work {
  const pflow_denoiser *denoiser;
  size_t max_rows;
  pflow_net_work *net;
  double *u;             /* max_rows */
  float *input, *output; /* max_rows x the network's sizes */
};

static pflow_err work_allocate(pflow_denoiser_work *work) {
  const pflow_denoiser *denoiser = work->denoiser;
  const size_t rows = work->max_rows;
  size_t in, out;
  pf_try(pf_mul(&in, rows, pf_denoiser_inputs(denoiser), "denoiser: workspace"));
  pf_try(pf_mul(&out, rows, denoiser->dim, "denoiser: workspace"));
  pf_try(pf_alloc(&work->u, rows, sizeof *work->u));
  pf_try(pf_alloc(&work->input, in, sizeof *work->input));
  pf_try(pf_alloc(&work->output, out, sizeof *work->output));
  return pflow_net_work_create(&work->net, denoiser->net, rows, PFLOW_INFERENCE);
}

pflow_err pflow_denoiser_work_create(pflow_denoiser_work **work,
                                     const pflow_denoiser *denoiser, size_t max_rows) {
  pf_need(work);
  *work = NULL;
  pf_need(denoiser);
  if (max_rows == 0) return pf_fail(PFLOW_EINVAL, "denoiser: a workspace for 0 rows");
  pflow_denoiser_work *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->denoiser = denoiser;
  made->max_rows = max_rows;
  pflow_err rc = work_allocate(made);
  if (rc < 0) {
    pflow_denoiser_work_destroy(made);
    return rc;
  }
  *work = made;
  return PFLOW_OK;
}

void pflow_denoiser_work_destroy(pflow_denoiser_work *work) {
  if (!work) return;
  pflow_net_work_destroy(work->net);
  pflow_free(work->output);
  pflow_free(work->input);
  pflow_free(work->u);
  pflow_free(work);
}

typedef struct pass {
  const pflow_denoiser *denoiser;
  const pf_denoiser_rows *rows;
  const pflow_denoiser_work *work;
  size_t first; /* row of the piece */
} pass;

static int encode_rows(size_t begin, size_t end, void *user) {
  const pass *p = user;
  const pf_denoiser_rows *rows = p->rows;
  const size_t dim = p->denoiser->dim, inputs = pf_denoiser_inputs(p->denoiser);
  for (size_t i = begin; i < end; i++) {
    const size_t row = p->first + i;
    const double r = rows->height ? rows->height[row] : exp(rows->log_height[row]);
    p->work->u[i] = pf_denoiser_encode(p->denoiser, rows->x + row * dim, r,
                                       p->work->input + i * inputs);
    if (isnan(p->work->u[i]) && !rows->as_derivative)
      return pf_fail(PFLOW_ENONFINITE, "denoiser: row %zu is not finite", row);
  }
  return 0;
}

static int decode_rows(size_t begin, size_t end, void *user) {
  const pass *p = user;
  const size_t dim = p->denoiser->dim;
  for (size_t i = begin; i < end; i++) {
    const size_t at = (p->first + i) * dim;
    (p->rows->as_derivative ? pf_denoiser_derivative : pf_denoiser_mean)(
        p->denoiser, p->rows->x + at, p->work->u[i], p->work->output + i * dim,
        p->rows->out + at);
  }
  return 0;
}

pflow_err pf_denoiser_run(const pflow_denoiser *denoiser, pflow_denoiser_work *work,
                          const pf_denoiser_rows *rows) {
  if (work->denoiser != denoiser)
    return pf_fail(PFLOW_ESTATE, "denoiser: the workspace belongs to another one");
  if (denoiser->steps == 0)
    return pf_fail(PFLOW_ESTATE, "denoiser: evaluated before a fit");
  pass p = {denoiser, rows, work, 0};
  for (size_t left = rows->n; left > 0;) {
    const size_t count = left < work->max_rows ? left : work->max_rows;
    pflow_pool *pool = denoiser->config.pool;
    pf_try(pflow_parallel_for(pool, count, row_grain, encode_rows, &p));
    pf_try(pflow_net_predict(denoiser->net, work->net, work->input, count, work->output));
    pf_try(pflow_parallel_for(pool, count, row_grain, decode_rows, &p));
    p.first += count;
    left -= count;
  }
  return PFLOW_OK;
}

pflow_err pflow_denoiser_mean(const pflow_denoiser *denoiser, pflow_denoiser_work *work,
                              const float *x, const double *r, size_t n, float *xhat) {
  pf_need(denoiser);
  pf_need(work);
  pf_need(x);
  pf_need(r);
  pf_need(xhat);
  pf_try(pf_check_heights(r, n, "denoiser"));
  return pf_denoiser_run(denoiser, work,
                         &(pf_denoiser_rows){.x = x, .height = r, .n = n, .out = xhat});
}
