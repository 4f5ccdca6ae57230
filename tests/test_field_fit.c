/*
 * test_field_fit.c - learning a field: one step, the loop, what it learns, bad input.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

enum { n = 300, dim = 2, width = dim + 1 };

/* Points around three centres in the plane. */
static const float *data(void) {
  static const float centre[3][dim] = {{1.0f, 0.0f}, {-0.5f, 0.9f}, {-0.5f, -0.9f}};
  static float x[n * dim];
  pflow_rng rng;
  pflow_rng_init(&rng, 21, 0);
  pflow_rng_normal(&rng, x, n * dim, 0.0, 0.1);
  for (size_t i = 0; i < n * dim; i++)
    x[i] += centre[i / dim % 3][i % dim];
  return x;
}

/* Two hidden layers; the pool is the network's. */
static pflow_net *make_net(size_t hidden, pflow_pool *pool) {
  pflow_net_config config;
  pflow_net *net;
  pflow_net_config_init(&config);
  config.pool = pool;
  ck_ok(pflow_net_create(&net, &config));
  for (int i = 0; i < 2; i++) {
    ck_ok(pflow_net_add_linear(net, hidden, 1));
    ck_ok(pflow_net_add_silu(net));
  }
  ck_ok(pflow_net_add_linear(net, width, 1));
  ck_ok(pflow_net_build(net, (size_t[]){width}, 1));
  return net;
}

/* Distances from about 0.1 to 1. */
static pflow_field_fit_config make_config(size_t epochs) {
  pflow_field_fit_config config;
  pflow_field_fit_config_init(&config);
  config.perturb.sigma = 0.1;
  config.perturb.tau = 0.1;
  config.perturb.m_max = 20.0;
  config.gamma = 0.1;
  config.epochs = epochs;
  config.large_batch = 100;
  config.small_batch = 64;
  config.seed = 5;
  return config;
}

static float *copy_params(const pflow_net *net) {
  size_t bytes = pflow_net_param_size(net) * sizeof(float);
  float *copy = malloc(bytes);
  memcpy(copy, pflow_net_const_params(net), bytes);
  return copy;
}

/* The weights after a fit of a fresh network. */
static float *fitted(const pflow_field_fit_config *config) {
  pflow_net *net = make_net(16, config->pool);
  ck_ok(pflow_field_fit(net, data(), n, dim, config, NULL));
  float *params = copy_params(net);
  pflow_net_destroy(net);
  return params;
}

/* Compares with the weights of a network of 16 hidden units. */
static bool same_params(const float *a, const float *b) {
  pflow_net *net = make_net(16, NULL);
  size_t bytes = pflow_net_param_size(net) * sizeof(float);
  pflow_net_destroy(net);
  return memcmp(a, b, bytes) == 0;
}

/* ---- what it learns ---- */

/* Mean cosine between the network's field and the exact one at new training points. */
static double mean_cosine(const pflow_net *net, const pflow_perturb_config *perturb) {
  static float y[n * width], exact[n * width], learned[n * width];
  const pflow_sources sources = {data(), n, dim};
  pflow_rng rng;
  pflow_rng_init(&rng, 99, 0);
  ck_ok(pflow_perturb(perturb, data(), n, dim, &rng, y, NULL));
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
  pflow_net *net = make_net(64, NULL);
  pflow_field_fit_config config = make_config(300);
  pflow_field_fit_report report;
  double before = mean_cosine(net, &config.perturb);
  ck_ok(pflow_field_fit(net, data(), n, dim, &config, &report));
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

/* ---- one step ---- */

static double step_loss(pflow_field_step *step, pflow_net *net) {
  const pflow_sources sources = {data(), n, dim};
  pflow_rng rng;
  double loss;
  pflow_rng_init(&rng, 1, 2);
  ck_ok(pflow_field_step_run(step, net, &sources, &rng, &loss));
  return loss;
}

START_TEST(the_step_leaves_the_gradient) {
  pflow_net *net = make_net(8, NULL);
  pflow_field_fit_config config = make_config(1);
  pflow_field_step *step;
  ck_ok(pflow_field_step_create(&step, net, &config));
  size_t size = pflow_net_param_size(net);
  float *params = pflow_net_params(net), *gradient = malloc(size * sizeof *gradient);
  double largest = 0.0, worst = 0.0;
  step_loss(step, net);
  memcpy(gradient, pflow_net_grads(net), size * sizeof *gradient);
  for (size_t i = 0; i < size; i++) {
    const float h = 0x1p-7f, kept = params[i];
    params[i] = kept + h;
    double above = step_loss(step, net);
    params[i] = kept - h;
    double slope = (above - step_loss(step, net)) / (2.0 * (double)h);
    params[i] = kept;
    largest = fmax(largest, fabs(slope));
    worst = fmax(worst, fabs(slope - gradient[i]));
  }
  ck_assert_msg(worst < 1e-3 * largest, "off by %g of %g", worst, largest);
  step_loss(step, net); /* a second run does not add to the first */
  ck_assert_mem_eq(pflow_net_grads(net), gradient, size * sizeof *gradient);
  free(gradient);
  pflow_field_step_destroy(step);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* The loss from public pieces: perturb, target, predict, mean squared error. */
START_TEST(the_step_is_made_of_public_pieces) {
  pflow_net *net = make_net(8, NULL);
  pflow_net_work *work;
  pflow_field_fit_config config = make_config(1);
  pflow_field_step *step;
  static float y[64 * width], target[64 * width], output[64 * width];
  const pflow_sources sources = {data(), n, dim};
  pflow_rng rng;
  double want;
  pflow_rng_init(&rng, 1, 2);
  ck_ok(pflow_net_work_create(&work, net, 64, PFLOW_INFERENCE));
  ck_ok(pflow_perturb(&config.perturb, data(), 64, dim, &rng, y, NULL));
  ck_ok(pflow_poisson_target(&sources, y, 64, config.gamma, target, NULL));
  ck_ok(pflow_net_predict(net, work, y, 64, output));
  ck_ok(pflow_loss_mse(output, target, 64, width, &want, NULL));
  ck_ok(pflow_field_step_create(&step, net, &config));
  ck_assert_double_eq_tol(step_loss(step, net), want, 1e-6 * want);
  pflow_field_step_destroy(step);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_step_takes_fewer_sources) {
  pflow_net *net = make_net(8, NULL);
  pflow_field_fit_config config = make_config(1);
  pflow_field_step *step;
  pflow_rng rng, want;
  double loss;
  float y[5 * width];
  pflow_rng_init(&rng, 1, 2);
  want = rng;
  ck_ok(pflow_field_step_create(&step, net, &config));
  ck_ok(pflow_field_step_run(step, net, &(pflow_sources){data(), 5, dim}, &rng, &loss));
  ck_ok(pflow_perturb(&config.perturb, data(), 5, dim, &want, y, NULL));
  ck_assert_uint_eq(rng.position, want.position);
  pflow_field_step_destroy(step);
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
        memcpy(rows + i * dim, data() + order[first + i] * dim, dim * sizeof *rows);
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
  pflow_field_fit_config config = make_config(4);
  config.large_batch = 70; /* the last 20 rows of an epoch are left out */
  pflow_net *net = make_net(16, NULL);
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
  pflow_field_fit_config config = make_config(3);
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
  pflow_field_fit_config config = make_config(2);
  pflow_field_fit_report report;
  pflow_net *net = make_net(8, NULL);
  config.large_batch = 1024;
  config.small_batch = 128;
  ck_ok(pflow_field_fit(net, data(), 10, dim, &config, &report));
  ck_assert_uint_eq(report.steps, 2);
  config.large_batch = 3;
  config.small_batch = 3;
  ck_ok(pflow_field_fit(net, data(), 10, dim, &config, &report));
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
  pflow_net *net = make_net(16, NULL);
  pflow_field_fit_config config = make_config(6);
  config.on_epoch = listen;
  config.user = self;
  config.ema_decay = ema_decay;
  pflow_err rc = pflow_field_fit(net, data(), n, dim, &config, report);
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
    pflow_field_fit_config config = make_config(2);
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

static size_t allocations;

static void *count_allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  allocations++;
  return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void count_release(void *block, size_t size, void *user) {
  (void)size;
  (void)user;
  free(block);
}

static size_t count_fit(size_t epochs) {
  pflow_field_fit_config config = make_config(epochs);
  allocations = 0;
  free(fitted(&config));
  return allocations;
}

START_TEST(the_loop_allocates_nothing) {
  const pflow_allocator counting = {count_allocate, count_release, NULL};
  ck_ok(pflow_set_allocator(&counting));
  size_t one = count_fit(1);
  ck_assert_uint_gt(one, 0);
  ck_assert_uint_eq(count_fit(5), one);
  ck_ok(pflow_set_allocator(NULL));
}
END_TEST

static pflow_err fit_once(void *user) {
  pflow_field_fit_config config = make_config(1);
  config.ema_decay = 0.5;
  return pflow_field_fit(user, data(), n, dim, &config, NULL);
}

static pflow_err make_post_net(void *user) {
  pflow_net *net;
  pflow_err rc = pflow_field_net_create(&net, *(size_t *)user, NULL);
  if (rc < 0) ck_assert_ptr_null(net);
  pflow_net_destroy(net);
  return rc;
}

static pflow_err make_step(void *user) {
  pflow_field_step *step;
  pflow_err rc = pflow_field_step_create(&step, user, NULL);
  if (rc < 0) ck_assert_ptr_null(step);
  pflow_field_step_destroy(step);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  size_t four = 4;
  failing_install();
  pflow_net *net = make_net(8, NULL);
  ck_assert_uint_gt(check_failures(fit_once, net), 8);
  ck_assert_uint_gt(check_failures(make_step, net), 4);
  pflow_net_destroy(net);
  ck_assert_uint_gt(check_failures(make_post_net, &four), 4);
  failing_remove();
}
END_TEST

/* ---- the post's network, and bad input ---- */

START_TEST(the_post_network) {
  static const char *const kinds[] = {"linear", "relu", "linear", "relu", "linear"};
  pflow_net *net;
  ck_ok(pflow_field_net_create(&net, 7, NULL));
  ck_assert_uint_eq(pflow_net_layers(net), 5);
  for (size_t i = 0; i < 5; i++) {
    pflow_layer_info info;
    ck_ok(pflow_net_layer_info(net, i, &info));
    ck_assert_str_eq(info.kind, kinds[i]);
    ck_assert_uint_eq(info.out.dim[0], 8);
  }
  ck_assert_uint_eq(pflow_net_param_size(net), 3 * (8 * 8 + 8));
  pflow_net_destroy(net);
  ck_fails(pflow_field_net_create(NULL, 7, NULL), PFLOW_ENULL, "net is NULL");
  ck_fails(pflow_field_net_create(&net, 0, NULL), PFLOW_EINVAL, "rows of 0 values");
  ck_fails(pflow_field_net_create(&net, SIZE_MAX, NULL), PFLOW_EOVERFLOW, "+ 1");
  ck_assert_ptr_null(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_loss_that_is_no_number_ends_the_fit) {
  pflow_net *net = make_net(8, NULL);
  pflow_field_fit_config config = make_config(50);
  pflow_field_fit_report report;
  config.adam.lr = 1e30;
  ck_fails(pflow_field_fit(net, data(), n, dim, &config, &report), PFLOW_EDIVERGED,
           "the loss of step 1 (epoch 0)");
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
  ck_fails(pflow_field_fit(net, data(), n, dim, config, NULL), PFLOW_EINVAL, text);
}

START_TEST(bad_settings_are_named) {
  pflow_net *net = make_net(8, NULL);
  pflow_field_fit_config config = make_config(0);
  check_config(net, &config, "epochs is 0");
  config = make_config(1);
  config.gamma = -0.5;
  check_config(net, &config, "gamma is -0.5");
  config.gamma = NAN;
  check_config(net, &config, "gamma is nan");
  config = make_config(1);
  config.small_batch = 0;
  check_config(net, &config, "small_batch is 0");
  config.small_batch = 101;
  check_config(net, &config, "small_batch is 101, wants 1 to 100");
  config = make_config(1);
  config.ema_decay = 1.0;
  check_config(net, &config, "ema_decay is 1");
  config = make_config(1);
  config.perturb.sigma = -1.0;
  check_config(net, &config, "sigma is -1");
  config.struct_size = 1;
  check_config(net, &config, "struct_size is 1");
  config = make_config(1);
  config.adam.lr = -1.0;
  ck_fails(pflow_field_fit(net, data(), n, dim, &config, NULL), PFLOW_EINVAL, "-1");
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_data_are_named) {
  pflow_net *net = make_net(8, NULL), *unbuilt, *odd;
  const float nan[4] = {0, 0, NAN, 0};
  ck_ok(pflow_net_create(&unbuilt, NULL));
  ck_ok(pflow_net_create(&odd, NULL));
  ck_ok(pflow_net_add_linear(odd, 5, 1));
  ck_ok(pflow_net_build(odd, (size_t[]){3}, 1));
  ck_fails(pflow_field_fit(NULL, data(), n, dim, NULL, NULL), PFLOW_ENULL, "net is NULL");
  ck_fails(pflow_field_fit(net, NULL, n, dim, NULL, NULL), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_field_fit(net, data(), 0, dim, NULL, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_field_fit(net, data(), n, 0, NULL, NULL), PFLOW_EINVAL, "rows of 0");
  ck_fails(pflow_field_fit(net, data(), n, 3, NULL, NULL), PFLOW_ESHAPE,
           "3 values, the network has 3 inputs");
  ck_fails(pflow_field_fit(net, data(), SIZE_MAX / 4, dim, NULL, NULL), PFLOW_EOVERFLOW,
           "*");
  ck_fails(pflow_field_fit(net, nan, 2, dim, NULL, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_fails(pflow_field_fit(unbuilt, data(), n, dim, NULL, NULL), PFLOW_ESTATE, "built");
  ck_fails(pflow_field_fit(odd, data(), n, dim, NULL, NULL), PFLOW_ESHAPE,
           "3 inputs and 5 outputs");
  pflow_net_destroy(net);
  pflow_net_destroy(unbuilt);
  pflow_net_destroy(odd);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_steps_are_named) {
  pflow_net *net = make_net(8, NULL), *other = make_net(8, NULL);
  pflow_field_step *step;
  pflow_rng rng;
  double loss;
  const pflow_sources good = {data(), n, dim}, wide = {data(), n, 3};
  const pflow_sources none = {data(), 0, dim}, missing = {NULL, n, dim};
  pflow_rng_init(&rng, 0, 0);
  ck_fails(pflow_field_step_create(NULL, net, NULL), PFLOW_ENULL, "step is NULL");
  ck_fails(pflow_field_step_create(&step, NULL, NULL), PFLOW_ENULL, "net is NULL");
  ck_ok(pflow_field_step_create(&step, net, NULL));
  ck_fails(pflow_field_step_run(NULL, net, &good, &rng, &loss), PFLOW_ENULL, "step is");
  ck_fails(pflow_field_step_run(step, NULL, &good, &rng, &loss), PFLOW_ENULL, "net is");
  ck_fails(pflow_field_step_run(step, net, NULL, &rng, &loss), PFLOW_ENULL, "sources is");
  ck_fails(pflow_field_step_run(step, net, &missing, &rng, &loss), PFLOW_ENULL, "->x");
  ck_fails(pflow_field_step_run(step, net, &good, NULL, &loss), PFLOW_ENULL, "rng is");
  ck_fails(pflow_field_step_run(step, net, &good, &rng, NULL), PFLOW_ENULL, "loss is");
  ck_fails(pflow_field_step_run(step, net, &wide, &rng, &loss), PFLOW_ESHAPE,
           "sources of 3 values, the network wants 2");
  ck_fails(pflow_field_step_run(step, net, &none, &rng, &loss), PFLOW_EINVAL, "0 rows");
  ck_fails(pflow_field_step_run(step, other, &good, &rng, &loss), PFLOW_ESTATE, "");
  pflow_field_step_destroy(step);
  pflow_field_step_destroy(NULL);
  pflow_net_destroy(net);
  pflow_net_destroy(other);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("field_fit",
                   TESTS(a_network_learns_the_field, the_step_leaves_the_gradient,
                         the_step_is_made_of_public_pieces, a_step_takes_fewer_sources,
                         a_loop_of_ones_own_gives_the_same, seeds_and_pools,
                         few_rows_make_small_batches, every_epoch_is_reported,
                         a_callback_stops, a_callback_aborts, the_loop_allocates_nothing,
                         failing_allocations_leave_nothing, the_post_network,
                         a_loss_that_is_no_number_ends_the_fit, bad_settings_are_named,
                         bad_data_are_named, bad_steps_are_named));
}
