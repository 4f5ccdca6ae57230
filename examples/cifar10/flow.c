#include "flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "common/must.h"

/* ---- learning the field ---- */

/* Seeds of their own for the field, apart from the encoder's. */
static uint64_t field_seed(const options *opts) {
  return opts->seed + 0x9e3779b97f4a7c15u;
}

pflow_net *flow_untrained_net(const options *opts, pflow_pool *pool) {
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = pool;
  config.seed = field_seed(opts);
  must(pflow_field_net_create(&net, FEATURE_DIM, &config));
  return net;
}

typedef struct fit_watch {
  flow_field *field;
  progress bar;
} fit_watch;

static int on_epoch(const pflow_field_fit_progress *now, void *user) {
  fit_watch *watch = user;
  char note[64];
  watch->field->loss[now->epoch - 1] = now->loss;
  watch->field->epochs = now->epoch;
  snprintf(note, sizeof note, "loss %.5f", now->loss);
  progress_show(&watch->bar, now->epoch, note);
  return 0;
}

/* The largest norm of a row, for PFGM's rule. */
static double largest_norm(const float *x, size_t n) {
  double largest = 0.0;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < FEATURE_DIM; k++)
      sum += (double)x[i * FEATURE_DIM + k] * x[i * FEATURE_DIM + k];
    largest = fmax(largest, sqrt(sum));
  }
  return largest;
}

static void set_fit(pflow_field_fit_config *config, const options *opts,
                    const float *features, size_t n) {
  pflow_field_fit_config_init(config);
  config->perturb.sigma = opts->sigma;
  config->perturb.tau = opts->tau;
  config->perturb.m_max = opts->m_max;
  config->perturb.restrict_m = opts->restrict_m;
  if (opts->m_max < 0.0)
    must(pflow_perturb_rule_m(largest_norm(features, n), FEATURE_DIM, opts->sigma,
                              opts->tau, &config->perturb.m_max));
  config->gamma = opts->gamma;
  config->epochs = opts->field_epochs;
  config->large_batch = opts->field_batch < n ? opts->field_batch : n;
  config->small_batch =
      opts->field_small < config->large_batch ? opts->field_small : config->large_batch;
  config->adam.lr = opts->field_lr;
  config->seed = field_seed(opts);
}

void flow_field_fit(flow_field *self, const float *features, size_t n,
                    const options *opts, pflow_pool *pool) {
  pflow_field_fit_config config;
  fit_watch watch = {.field = self};
  *self = (flow_field){.net = flow_untrained_net(opts, pool)};
  self->loss = must_alloc(opts->field_epochs, sizeof *self->loss);
  set_fit(&config, opts, features, n);
  config.pool = pool;
  config.on_epoch = on_epoch;
  config.user = &watch;
  self->m_max = config.perturb.m_max;
  progress_begin(&watch.bar, "field", config.epochs);
  must(pflow_field_fit(self->net, features, n, FEATURE_DIM, &config, NULL));
  progress_end(&watch.bar);
  self->seconds = now_seconds() - watch.bar.started;
}

void flow_field_save(const flow_field *self, const options *opts) {
  char path[4096];
  const pflow_field_meta meta = {.dim = FEATURE_DIM,
                                 .sigma = opts->sigma,
                                 .tau = opts->tau,
                                 .m_max = self->m_max,
                                 .gamma = opts->gamma,
                                 .restrict_m = opts->restrict_m,
                                 .seed = field_seed(opts)};
  options_out_path(opts, path, sizeof path, "field.safetensors");
  must(pflow_field_save(self->net, &meta, path));
}

void flow_field_destroy(flow_field *self) {
  pflow_net_destroy(self->net);
  pflow_free(self->loss);
}

/* ---- the flow ---- */

/* Index of a word in "a|b|c"-like lists of names. */
static int index_of(const char *word, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcmp(word, names[i]) == 0) return i;
  fail("unknown word \"%s\"", word);
}

static pflow_ode_method ode_method(const options *opts) {
  static const char *const names[] = {"euler", "midpoint", "heun",
                                      "rk4",   "bs23",     "dopri5"};
  return (pflow_ode_method)index_of(opts->ode, names, 6);
}

static pflow_clock_kind clock_kind(const options *opts) {
  static const char *const names[] = {"radial", "arc", "z", "log-z"};
  return (pflow_clock_kind)index_of(opts->clock, names, 4);
}

static int is_anchored(pflow_clock_kind kind) {
  return kind == PFLOW_CLOCK_Z || kind == PFLOW_CLOCK_LOG_Z;
}

/*
 * Where z starts, and the clock with it: 0 for the post's clocks; sigma, PFGM's smallest
 * height, for those anchored to z, which cannot start on the data plane.
 */
static double start_height(const options *opts) {
  return is_anchored(clock_kind(opts)) ? opts->sigma : 0.0;
}

static double start_time(const options *opts) {
  double height = start_height(opts);
  return clock_kind(opts) == PFLOW_CLOCK_LOG_Z ? log(height) : height;
}

static void integrate(const pflow_field *field, float *y, size_t n, const options *opts,
                      flow_report *report) {
  pflow_ode_config ode;
  pflow_clock_config config;
  pflow_clock *clock;
  pflow_clock_config_init(&config);
  config.kind = clock_kind(opts);
  config.max_speed = opts->max_speed;
  config.concurrent = pflow_pool_threads(NULL);
  must(pflow_clock_create(&clock, field, n, &config));
  pflow_ode_config_init(&ode);
  ode.method = ode_method(opts);
  ode.steps = opts->ode_steps;
  ode.rtol = opts->rtol;
  ode.atol = opts->atol;
  ode.concurrent = 1;
  double s0 = start_time(opts), started = now_seconds();
  pflow_err rc = pflow_ode_solve(&ode, pflow_clock_rhs, clock, s0, s0 + opts->flow_length,
                                 y, n, FEATURE_DIM + 1, &report->ode);
  if (rc == PFLOW_STOPPED) fail("the flow stopped: the field vanishes on its way");
  if (rc != PFLOW_EDIVERGED) must(rc);
  report->seconds = now_seconds() - started;
  must(pflow_clock_get_stats(clock, &report->clock));
  pflow_clock_destroy(clock);
}

float *flow_run(const pflow_net *net, const float *features, size_t n,
                const options *opts, flow_report *report) {
  pflow_field *field;
  *report = (flow_report){0};
  float *y = must_alloc(n * (FEATURE_DIM + 1), sizeof *y);
  must(pflow_points_augment(features, n, FEATURE_DIM, start_height(opts), y));
  must(pflow_field_create_net(&field, net));
  integrate(field, y, n, opts, report);
  pflow_field_destroy(field);
  must(pflow_points_project(y, n, FEATURE_DIM, y));
  return y;
}

json_t *flow_report_json(const flow_report *report) {
  const pflow_ode_stats *ode = &report->ode;
  const pflow_clock_stats *clock = &report->clock;
  return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}",
                   "steps_accepted", (json_int_t)ode->accepted, "steps_rejected",
                   (json_int_t)ode->rejected, "evaluations", (json_int_t)ode->evaluations,
                   "rows_arrived", (json_int_t)ode->arrived, "rows_limited",
                   (json_int_t)ode->limited, "rows_failed", (json_int_t)ode->failed,
                   "sign_crossings", (json_int_t)clock->crossings, "rows_crossed",
                   (json_int_t)clock->rows_crossed, "speed_capped",
                   (json_int_t)clock->capped, "smallest_cosine", clock->smallest,
                   "seconds", report->seconds);
}
