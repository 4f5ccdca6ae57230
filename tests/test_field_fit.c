/*
 * test_field_fit.c - learning a field: what it learns, the loop, callbacks, memory.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/planar.h"
#include "support/suite.h"

enum { n = planar_rows, dim = planar_dim, width = planar_width };

static float *copy_params(const pflow_net *net) {
  size_t bytes = pflow_net_param_size(net) * sizeof(float);
  float *copy = malloc(bytes);
  memcpy(copy, pflow_net_const_params(net), bytes);
  return copy;
}

/* The weights after a fit of a fresh network. */
static float *fitted(const pflow_field_fit_config *config) {
  pflow_net *net = planar_net(16, config->pool);
  ck_ok(pflow_field_fit(net, planar_data(), n, dim, config, NULL));
  float *params = copy_params(net);
  pflow_net_destroy(net);
  return params;
}

/* Compares with the weights of a network of 16 hidden units. */
static bool same_params(const float *a, const float *b) {
  pflow_net *net = planar_net(16, NULL);
  size_t bytes = pflow_net_param_size(net) * sizeof(float);
  pflow_net_destroy(net);
  return memcmp(a, b, bytes) == 0;
}

/* ---- what it learns ---- */

/* Mean cosine between the network's field and the exact one at new training points. */
static double mean_cosine(const pflow_net *net, const pflow_perturb_config *perturb) {
  static float y[n * width], exact[n * width], learned[n * width];
  const pflow_sources sources = {planar_data(), n, dim};
  pflow_rng rng;
  pflow_rng_init(&rng, 99, 0);
  ck_ok(pflow_perturb(perturb, planar_data(), n, dim, &rng, y, NULL));
  ck_ok(pflow_poisson_direction(&sources, y, n, exact, NULL));
  pflow_field *field;
  pflow_field_work *work;
  ck_ok(pflow_field_create_net(&field, net));
  ck_ok(pflow_field_work_create(&work, field, n));
  ck_ok(pflow_field_eval(field, work, y, n, learned));
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t k = i * width; k < (i + 1) * width; k++) {
      ab += (double)exact[k] * learned[k];
      aa += (double)exact[k] * exact[k];
      bb += (double)learned[k] * learned[k];
    }
    sum += ab / sqrt(aa * bb);
  }
  return sum / n;
}

START_TEST(a_network_learns_the_field) {
  pflow_net *net = planar_net(64, NULL);
  pflow_field_fit_config config = planar_config(300);
  pflow_field_fit_report report;
  double before = mean_cosine(net, &config.perturb);
  ck_ok(pflow_field_fit(net, planar_data(), n, dim, &config, &report));
  double after = mean_cosine(net, &config.perturb);
  ck_assert_msg(before < 0.5, "cosine %g before", before);
  ck_assert_msg(after > 0.9, "cosine %g after", after);
  ck_assert_msg(report.last_loss < 0.4 * report.first_loss, "loss %g after %g",
                report.last_loss, report.first_loss);
  ck_assert_uint_eq(report.epochs, 300);
  ck_assert_uint_eq(report.steps, 900);
  ck_assert(report.seconds > 0.0);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- the loop ---- */

/* What pflow_field_fit is documented to do, with public calls. */
static void own_loop(pflow_net *net, const pflow_field_fit_config *config,
                     pflow_optim *optim, pflow_ema *ema) {
  pflow_field_step *step;
  pflow_rng order_rng, noise_rng;
  size_t order[n], batch = config->large_batch;
  float *rows = malloc(batch * dim * sizeof *rows);
  pflow_rng_init(&order_rng, config->seed, PFLOW_FIELD_ORDER_STREAM);
  pflow_rng_init(&noise_rng, config->seed, PFLOW_FIELD_NOISE_STREAM);
  ck_ok(pflow_field_step_create(&step, net, config));
  for (size_t epoch = 0; epoch < config->epochs; epoch++) {
    pflow_rng_permutation(&order_rng, order, n);
    for (size_t first = 0; first + batch <= n; first += batch) {
      double loss;
      for (size_t i = 0; i < batch; i++)
        memcpy(rows + i * dim, planar_data() + order[first + i] * dim,
               dim * sizeof *rows);
      const pflow_sources sources = {rows, batch, dim};
      ck_ok(pflow_field_step_run(step, net, &sources, &noise_rng, &loss));
      ck_ok(pflow_optim_step(optim, pflow_net_params(net), pflow_net_grads(net)));
      ck_ok(pflow_ema_update(ema, pflow_net_params(net)));
    }
  }
  pflow_field_step_destroy(step);
  free(rows);
}

START_TEST(a_loop_of_ones_own_gives_the_same) {
  pflow_field_fit_config config = planar_config(4);
  config.large_batch = 70; /* the last 20 rows of an epoch are left out */
  pflow_net *net = planar_net(16, NULL);
  size_t size = pflow_net_param_size(net);
  pflow_optim *optim;
  pflow_ema *ema;
  ck_ok(pflow_optim_create_adam(&optim, size, &config.adam));
  ck_ok(pflow_ema_create(&ema, pflow_net_params(net), size, 0.9));
  own_loop(net, &config, optim, ema);
  float *plain = fitted(&config);
  ck_assert(same_params(plain, pflow_net_params(net)));
  config.ema_decay = 0.9;
  float *average = fitted(&config);
  ck_assert(same_params(average, pflow_ema_values(ema)));
  ck_assert(!same_params(average, plain));
  free(plain);
  free(average);
  pflow_ema_destroy(ema);
  pflow_optim_destroy(optim);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(seeds_and_pools) {
  pflow_field_fit_config config = planar_config(3);
  float *want = fitted(&config);
  for (size_t threads = 1; threads <= 3; threads++) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    float *got = fitted(&config);
    ck_assert_msg(same_params(got, want), "%zu threads", threads);
    free(got);
    pflow_pool_destroy(config.pool);
  }
  config.pool = NULL;
  config.seed++;
  float *other = fitted(&config);
  ck_assert(!same_params(other, want));
  free(other);
  free(want);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(few_rows_make_small_batches) {
  pflow_field_fit_config config = planar_config(2);
  pflow_field_fit_report report;
  pflow_net *net = planar_net(8, NULL);
  config.large_batch = 1024;
  config.small_batch = 128;
  ck_ok(pflow_field_fit(net, planar_data(), 10, dim, &config, &report));
  ck_assert_uint_eq(report.steps, 2);
  config.large_batch = 3;
  config.small_batch = 3;
  ck_ok(pflow_field_fit(net, planar_data(), 10, dim, &config, &report));
  ck_assert_uint_eq(report.steps, 6);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- callbacks ---- */

typedef struct listener {
  size_t calls, end_at;
  int result;
  double first, last;
} listener;

static int listen(const pflow_field_fit_progress *progress, void *user) {
  listener *self = user;
  self->calls++;
  ck_assert_uint_eq(progress->epoch, self->calls);
  ck_assert_uint_eq(progress->epochs, 6);
  ck_assert(progress->seconds >= 0.0);
  if (self->calls == 1) self->first = progress->loss;
  self->last = progress->loss;
  return self->calls == self->end_at ? self->result : 0;
}

static pflow_err listened(listener *self, double ema_decay, float **params,
                          pflow_field_fit_report *report) {
  pflow_net *net = planar_net(16, NULL);
  pflow_field_fit_config config = planar_config(6);
  config.on_epoch = listen;
  config.user = self;
  config.ema_decay = ema_decay;
  pflow_err rc = pflow_field_fit(net, planar_data(), n, dim, &config, report);
  *params = copy_params(net);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  return rc;
}

START_TEST(every_epoch_is_reported) {
  listener self = {0};
  pflow_field_fit_report report;
  float *params;
  ck_ok(listened(&self, 0.0, &params, &report));
  ck_assert_uint_eq(self.calls, 6);
  ck_assert_double_eq(report.first_loss, self.first);
  ck_assert_double_eq(report.last_loss, self.last);
  free(params);
}
END_TEST

/* A stopped fit ends like one of as many epochs, with the average if there is one. */
START_TEST(a_callback_stops) {
  for (int average = 0; average < 2; average++) {
    listener self = {.end_at = 2, .result = 7};
    pflow_field_fit_report report;
    pflow_field_fit_config config = planar_config(2);
    config.ema_decay = average ? 0.9 : 0.0;
    float *params, *want = fitted(&config);
    ck_assert_int_eq(listened(&self, config.ema_decay, &params, &report), PFLOW_STOPPED);
    ck_assert_uint_eq(self.calls, 2);
    ck_assert_uint_eq(report.epochs, 2);
    ck_assert_uint_eq(report.steps, 6);
    ck_assert(same_params(params, want));
    free(params);
    free(want);
  }
}
END_TEST

START_TEST(a_callback_aborts) {
  listener self = {.end_at = 3, .result = -4};
  pflow_field_fit_report report;
  float *params;
  ck_fails(listened(&self, 0.0, &params, &report), PFLOW_ECALLBACK, "returned -4");
  ck_assert_uint_eq(self.calls, 3);
  ck_assert_uint_eq(report.epochs, 3);
  free(params);
}
END_TEST

/* ---- memory ---- */

static size_t count_fit(size_t epochs) {
  pflow_field_fit_config config = planar_config(epochs);
  size_t before = counting_calls();
  free(fitted(&config));
  return counting_calls() - before;
}

START_TEST(the_loop_allocates_nothing) {
  counting_install();
  size_t one = count_fit(1);
  ck_assert_uint_gt(one, 0);
  ck_assert_uint_eq(count_fit(5), one);
  counting_remove();
}
END_TEST

static pflow_err fit_once(void *user) {
  pflow_field_fit_config config = planar_config(1);
  config.ema_decay = 0.5;
  return pflow_field_fit(user, planar_data(), n, dim, &config, NULL);
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  pflow_net *net = planar_net(8, NULL);
  ck_assert_uint_gt(check_failures(fit_once, net), 8);
  pflow_net_destroy(net);
  failing_remove();
}
END_TEST

/* ---- bad input ---- */

START_TEST(a_loss_that_is_no_number_ends_the_fit) {
  pflow_net *net = planar_net(8, NULL);
  pflow_field_fit_config config = planar_config(50);
  pflow_field_fit_report report;
  config.adam.lr = 1e30;
  ck_fails(pflow_field_fit(net, planar_data(), n, dim, &config, &report), PFLOW_EDIVERGED,
           "the loss of step 2 (epoch 1)");
  ck_assert_uint_eq(report.steps, 1);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Fails for a step and for a fit with the same code and text. */
static void check_config(pflow_net *net, const pflow_field_fit_config *config,
                         const char *text) {
  pflow_field_step *step;
  ck_fails(pflow_field_step_create(&step, net, config), PFLOW_EINVAL, text);
  ck_assert_ptr_null(step);
  ck_fails(pflow_field_fit(net, planar_data(), n, dim, config, NULL), PFLOW_EINVAL, text);
}

START_TEST(bad_settings_are_named) {
  pflow_net *net = planar_net(8, NULL);
  pflow_field_fit_config config = planar_config(0);
  check_config(net, &config, "epochs is 0");
  config = planar_config(1);
  config.gamma = -0.5;
  check_config(net, &config, "gamma is -0.5");
  config.gamma = NAN;
  check_config(net, &config, "gamma is nan");
  config = planar_config(1);
  config.small_batch = 0;
  check_config(net, &config, "small_batch is 0");
  config.small_batch = 101;
  check_config(net, &config, "small_batch is 101, wants 1 to 100");
  config = planar_config(1);
  config.ema_decay = 1.0;
  check_config(net, &config, "ema_decay is 1");
  config = planar_config(1);
  config.perturb.sigma = -1.0;
  check_config(net, &config, "sigma is -1");
  config.struct_size = 1;
  check_config(net, &config, "struct_size is 1");
  config = planar_config(1);
  config.adam.lr = -1.0;
  ck_fails(pflow_field_fit(net, planar_data(), n, dim, &config, NULL), PFLOW_EINVAL,
           "-1");
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_data_are_named) {
  pflow_net *net = planar_net(8, NULL), *unbuilt, *odd;
  const float nan[4] = {0, 0, NAN, 0};
  ck_ok(pflow_net_create(&unbuilt, NULL));
  ck_ok(pflow_net_create(&odd, NULL));
  ck_ok(pflow_net_add_linear(odd, 5, 1));
  ck_ok(pflow_net_build(odd, (size_t[]){3}, 1));
  ck_fails(pflow_field_fit(NULL, planar_data(), n, dim, NULL, NULL), PFLOW_ENULL,
           "net is NULL");
  ck_fails(pflow_field_fit(net, NULL, n, dim, NULL, NULL), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_field_fit(net, planar_data(), 0, dim, NULL, NULL), PFLOW_EINVAL,
           "0 rows of 2");
  ck_fails(pflow_field_fit(net, planar_data(), n, 0, NULL, NULL), PFLOW_EINVAL,
           "rows of 0");
  ck_fails(pflow_field_fit(net, planar_data(), n, 3, NULL, NULL), PFLOW_ESHAPE,
           "rows of 3 values want 4 inputs, the network has 3");
  ck_fails(pflow_field_fit(net, planar_data(), SIZE_MAX / 4, dim, NULL, NULL),
           PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_field_fit(net, nan, 2, dim, NULL, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_fails(pflow_field_fit(unbuilt, planar_data(), n, dim, NULL, NULL), PFLOW_ESTATE,
           "built");
  ck_fails(pflow_field_fit(odd, planar_data(), n, dim, NULL, NULL), PFLOW_ESHAPE,
           "3 inputs and 5 outputs");
  pflow_net_destroy(net);
  pflow_net_destroy(unbuilt);
  pflow_net_destroy(odd);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("field_fit",
                   TESTS(a_network_learns_the_field, a_loop_of_ones_own_gives_the_same,
                         seeds_and_pools, few_rows_make_small_batches,
                         every_epoch_is_reported, a_callback_stops, a_callback_aborts,
                         the_loop_allocates_nothing, failing_allocations_leave_nothing,
                         a_loss_that_is_no_number_ends_the_fit, bad_settings_are_named,
                         bad_data_are_named));
}
