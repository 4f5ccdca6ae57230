/*
 * denoiser_fit.c - learning: statistics of the sources, draws, steps of the optimiser.
 */
#include <math.h>
#include <string.h>

#include "field/denoiser.h"
#include "field/kernel.h"
#include "pflow/tensor.h"

enum { row_grain = 16, loss_steps = 100 };

/* Streams of the seed, and the words of a row in the first of them. */
static const uint64_t pick_stream = UINT64_C(0x706f00000003);
static const uint64_t kernel_stream = UINT64_C(0x706f00000004);
enum { pick_words = 8 };

static const double largest_gradient = 1.0;

/* ---- the training's parts ---- */

static pflow_err training_allocate(pf_denoiser_training *training,
                                   const pflow_denoiser *denoiser) {
  const pflow_denoiser_config *config = &denoiser->config;
  const size_t size = pflow_net_param_size(denoiser->net);
  pflow_adam_config adam;
  pflow_adam_config_init(&adam);
  adam.lr = config->lr;
  adam.pool = config->pool;
  pf_try(pf_denoiser_net(&training->net, denoiser));
  pf_try(pflow_optim_create_adam(&training->optim, size, &adam));
  return pflow_ema_create(&training->ema, pflow_net_const_params(training->net), size,
                          config->ema_decay);
}

pflow_err pf_denoiser_training_create(pf_denoiser_training **training,
                                      const pflow_denoiser *denoiser) {
  pf_denoiser_training *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = training_allocate(made, denoiser);
  if (rc < 0) {
    pf_denoiser_training_destroy(made);
    return rc;
  }
  *training = made;
  return PFLOW_OK;
}

void pf_denoiser_training_destroy(pf_denoiser_training *training) {
  if (!training) return;
  pflow_ema_destroy(training->ema);
  pflow_optim_destroy(training->optim);
  pflow_net_destroy(training->net);
  pflow_free(training);
}

/* ---- statistics of the sources ---- */

typedef struct moments {
  float *center, *variance; /* dim each */
  double mean_variance, radius;
} moments;

static double mean_of_axis(const float *x, size_t n, size_t dim, size_t k) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += x[i * dim + k];
  return sum / (double)n;
}

static double variance_of_axis(const float *x, size_t n, size_t dim, size_t k,
                               double mean) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double difference = x[i * dim + k] - mean;
    sum += difference * difference;
  }
  return sum / (double)n;
}

static double largest_distance(const float *x, size_t n, size_t dim, const float *from) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++) {
      const double difference = (double)x[i * dim + k] - from[k];
      sum += difference * difference;
    }
    most = sum > most ? sum : most;
  }
  return sqrt(most);
}

static pflow_err measure(moments *to, const float *x, size_t n, size_t dim) {
  double total = 0.0;
  for (size_t k = 0; k < dim; k++) {
    const double mean = mean_of_axis(x, n, dim, k);
    const double variance = variance_of_axis(x, n, dim, k, mean);
    to->center[k] = (float)mean;
    to->variance[k] = (float)variance;
    total += variance;
  }
  to->mean_variance = total / (double)dim;
  to->radius = largest_distance(x, n, dim, to->center);
  return pf_check_setting(total > 1e-12 && total < 1e12,
                          "denoiser: the rows' root-mean-square distance from their mean",
                          sqrt(total), "1e-6 to 1e6");
}

/* ---- one call of fit ---- */

typedef struct fit_run {
  pflow_denoiser *denoiser;
  const float *x;
  size_t n;
  pf_denoiser_training *training;
  pf_kernel_law law;
  pflow_schedule schedule;
  pflow_net_work *work;
  size_t *source;                  /* of each row of the batch */
  double *u, *loss;                /* likewise */
  float *rows, *input, *gradient;  /* batch x dim, x inputs, x dim */
  const float *output;             /* batch x dim, the network's */
  double knee, knee_min, knee_max; /* of draw_height */
  double start, lr;
} fit_run;

static void fit_close(fit_run *run) {
  pflow_net_work_destroy(run->work);
  pflow_free(run->source);
  pflow_free(run->u);
  pflow_free(run->loss);
  pflow_free(run->rows);
  pflow_free(run->input);
  pflow_free(run->gradient);
}

static pflow_err fit_open(fit_run *run) {
  const pflow_denoiser *denoiser = run->denoiser;
  const size_t batch = denoiser->config.batch;
  size_t values, inputs;
  pf_try(pf_mul(&values, batch, denoiser->dim, "denoiser: batch"));
  pf_try(pf_mul(&inputs, batch, pf_denoiser_inputs(denoiser), "denoiser: batch"));
  pf_try(pf_alloc(&run->source, batch, sizeof *run->source));
  pf_try(pf_alloc(&run->u, batch, sizeof *run->u));
  pf_try(pf_alloc(&run->loss, batch, sizeof *run->loss));
  pf_try(pf_alloc(&run->rows, values, sizeof *run->rows));
  pf_try(pf_alloc(&run->input, inputs, sizeof *run->input));
  pf_try(pf_alloc(&run->gradient, values, sizeof *run->gradient));
  return pflow_net_work_create(&run->work, run->training->net, batch, PFLOW_TRAINING);
}

static void fit_settings(fit_run *run) {
  const pflow_denoiser *denoiser = run->denoiser;
  const pflow_denoiser_config *config = &denoiser->config;
  run->knee = sqrt(denoiser->mean_variance * (double)denoiser->dim * config->aug_dim);
  run->knee_min = asinh(run->knee / config->r_min);
  run->knee_max = asinh(run->knee / config->r_max);
  run->law.dim = denoiser->dim;
  run->law.aug_dim = config->aug_dim;
  pflow_rng_init(&run->law.rng, config->seed, kernel_stream);
  pflow_schedule_init(&run->schedule);
  run->schedule.kind = PFLOW_SCHEDULE_COSINE;
  run->schedule.lr = config->lr;
  run->schedule.warmup = config->steps / 20;
  run->schedule.total = config->steps;
}

/*
 * The height at that place of their distribution, 0 to 1: uniform in asinh(knee / r),
 * that is, as good as uniform in ln r below the knee and rare like 1 / r above it, where
 * the field is almost x - m and any error small beside it.
 */
static double draw_height(const fit_run *run, double place) {
  return run->knee / sinh(run->knee_min + (run->knee_max - run->knee_min) * place);
}

/* Row i of this step's batch: a source, a height in the row's own part of the range. */
static int draw_rows(size_t begin, size_t end, void *user) {
  fit_run *run = user;
  const pflow_denoiser *denoiser = run->denoiser;
  const size_t dim = denoiser->dim, batch = denoiser->config.batch;
  for (size_t i = begin; i < end; i++) {
    const uint64_t row = (uint64_t)denoiser->steps * batch + i;
    pflow_rng rng;
    pflow_rng_init(&rng, denoiser->config.seed, pick_stream);
    rng.position = row * pick_words;
    run->source[i] = (size_t)pflow_rng_below(&rng, run->n);
    const double place = ((double)i + pflow_rng_double(&rng)) / (double)batch;
    const double r = draw_height(run, place);
    float *x = run->rows + i * dim;
    pf_kernel_row(&run->law, row, run->x + run->source[i] * dim, r, x);
    run->u[i] =
        pf_denoiser_encode(denoiser, x, r, run->input + i * pf_denoiser_inputs(denoiser));
  }
  return 0;
}

static int compare_rows(size_t begin, size_t end, void *user) {
  fit_run *run = user;
  const size_t dim = run->denoiser->dim;
  const double share = 1.0 / ((double)run->denoiser->config.batch * (double)dim);
  for (size_t i = begin; i < end; i++)
    run->loss[i] = pf_denoiser_loss(run->denoiser, run->x + run->source[i] * dim,
                                    run->rows + i * dim, run->u[i], run->output + i * dim,
                                    share, run->gradient + i * dim);
  return 0;
}

/* The batch's loss, and its gradient in the network. */
static pflow_err differentiate(fit_run *run, double *loss) {
  pflow_net *net = run->training->net;
  pflow_pool *pool = run->denoiser->config.pool;
  const size_t batch = run->denoiser->config.batch;
  pf_try(pflow_parallel_for(pool, batch, row_grain, draw_rows, run));
  pf_try(pflow_net_zero_grads(net));
  pf_try(pflow_net_forward(net, run->work, run->input, batch, &run->output));
  pf_try(pflow_parallel_for(pool, batch, row_grain, compare_rows, run));
  *loss = 0.0;
  for (size_t i = 0; i < batch; i++)
    *loss += run->loss[i];
  return pflow_net_backward(net, run->work, run->gradient, NULL);
}

static void note_loss(fit_run *run, double loss) {
  pf_denoiser_training *training = run->training;
  const size_t steps = run->denoiser->steps; /* this one included */
  const double weight = 1.0 / (double)(steps < loss_steps ? steps : loss_steps);
  training->loss += weight * (loss - training->loss);
  if (steps <= loss_steps) training->first_loss = training->loss;
}

static pflow_err fit_step(fit_run *run) {
  pf_denoiser_training *training = run->training;
  float *grads = pflow_net_grads(training->net),
        *params = pflow_net_params(training->net);
  const size_t step = run->denoiser->steps + 1;
  double loss, norm;
  pf_try(differentiate(run, &loss));
  if (pflow_clip_norm(grads, pflow_net_param_size(training->net), largest_gradient,
                      &norm) < 0 ||
      !isfinite(loss))
    return pf_fail(PFLOW_EDIVERGED,
                   "denoiser: step %zu has a loss of %g and a gradient of norm %g", step,
                   loss, norm);
  pf_try(pflow_schedule_lr(&run->schedule, step - 1, &run->lr));
  pf_try(pflow_optim_set_lr(training->optim, run->lr));
  pf_try(pflow_optim_step(training->optim, params, grads));
  pf_try(pflow_ema_update(training->ema, params));
  run->denoiser->steps = step;
  note_loss(run, loss);
  return PFLOW_OK;
}

/* The denoiser answers with what has been learned so far. */
static void publish(const fit_run *run) {
  memcpy(pflow_net_params(run->denoiser->net), pflow_ema_values(run->training->ema),
         pflow_ema_size(run->training->ema) * sizeof(float));
}

static pflow_err report_step(const fit_run *run) {
  const pflow_denoiser_config *config = &run->denoiser->config;
  if (!config->on_step) return PFLOW_OK;
  publish(run);
  const pflow_denoiser_progress progress = {.step = run->denoiser->steps,
                                            .steps = config->steps,
                                            .loss = run->training->loss,
                                            .lr = run->lr,
                                            .seconds = pf_seconds() - run->start};
  pf_callback_begin();
  return pf_callback_result(config->on_step(&progress, config->user),
                            "denoiser: on_step");
}

static pflow_err fit_steps(fit_run *run) {
  pflow_err rc = PFLOW_OK;
  while (rc == PFLOW_OK && run->denoiser->steps < run->denoiser->config.steps) {
    rc = fit_step(run);
    if (rc >= 0) rc = report_step(run);
  }
  publish(run);
  return rc;
}

/* ---- beginning, going on, ending ---- */

static pflow_err begin_training(pflow_denoiser *denoiser, const moments *found) {
  pf_try(pf_denoiser_training_create(&denoiser->training, denoiser));
  const size_t bytes = denoiser->dim * sizeof(float);
  memcpy(denoiser->center, found->center, bytes);
  memcpy(denoiser->variance, found->variance, bytes);
  denoiser->mean_variance = found->mean_variance;
  denoiser->radius = found->radius;
  return PFLOW_OK;
}

static pflow_err check_same(const pflow_denoiser *denoiser, const moments *found) {
  const size_t bytes = denoiser->dim * sizeof(float);
  if (denoiser->radius == found->radius &&
      memcmp(denoiser->center, found->center, bytes) == 0 &&
      memcmp(denoiser->variance, found->variance, bytes) == 0)
    return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "denoiser: the fit began with other rows");
}

/* The training to go on with: that of a fit that was stopped, or a new one. */
static pflow_err open_training(pflow_denoiser *denoiser, const float *x, size_t n) {
  moments found;
  pf_try(pf_alloc(&found.center, 2 * denoiser->dim, sizeof *found.center));
  found.variance = found.center + denoiser->dim;
  pflow_err rc = measure(&found, x, n, denoiser->dim);
  if (rc >= 0)
    rc = denoiser->training ? check_same(denoiser, &found)
                            : begin_training(denoiser, &found);
  pflow_free(found.center);
  return rc;
}

static pflow_err check_rows(const pflow_denoiser *denoiser, const float *x, size_t n) {
  size_t size;
  const bool over = denoiser->steps >= denoiser->config.steps;
  if (over && !denoiser->training)
    return pf_fail(PFLOW_ESTATE, "denoiser: already fitted");
  if (denoiser->steps > 0 && !denoiser->training)
    return pf_fail(PFLOW_ESTATE, "denoiser: loaded without the training to go on with");
  if (n == 0) return pf_fail(PFLOW_EINVAL, "denoiser: a fit to 0 rows");
  pf_try(pf_mul(&size, n, denoiser->dim, "denoiser: rows"));
  pf_try(pf_mul(&size, size, sizeof(float), "denoiser: rows"));
  return pflow_check_finite(x, n, denoiser->dim, "denoiser: x");
}

static pflow_err fit_call(fit_run *run) {
  pflow_denoiser *denoiser = run->denoiser;
  pf_try(check_rows(denoiser, run->x, run->n));
  pf_try(open_training(denoiser, run->x, run->n));
  run->training = denoiser->training;
  fit_settings(run);
  pflow_err rc = fit_open(run);
  if (rc >= 0) rc = fit_steps(run);
  fit_close(run);
  return rc;
}

pflow_err pflow_denoiser_fit(pflow_denoiser *denoiser, const float *x, size_t n,
                             pflow_denoiser_report *report) {
  pf_need(denoiser);
  pf_need(x);
  if (report) *report = (pflow_denoiser_report){0};
  fit_run run = {.denoiser = denoiser, .x = x, .n = n, .start = pf_seconds()};
  pflow_err rc = fit_call(&run);
  const pf_denoiser_training *training = denoiser->training;
  if (report && training)
    *report = (pflow_denoiser_report){denoiser->steps, training->first_loss,
                                      training->loss, pf_seconds() - run.start};
  if (denoiser->steps == denoiser->config.steps) {
    pf_denoiser_training_destroy(denoiser->training);
    denoiser->training = NULL;
  }
  return rc;
}
