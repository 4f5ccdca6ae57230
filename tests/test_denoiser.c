/*
 * test_denoiser.c - the learned field: what it learns, against closed forms and the exact
 * field; the loop, callbacks, going on, memory, bad settings and data.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/denoising.h"
#include "support/failing.h"
#include "support/suite.h"

enum { n = denoising_rows, dim = denoising_dim };

/* ---- what it learns ---- */

/* E[s | x] of a source at noise of that squared width. */
typedef void (*closed_form)(const float *x, double square, double *xhat);

enum { many = 4000, tested = 500, most_dim = 3 };

/* Root of the summed squared error over that of the field, at one width. */
static double error_at(const pflow_denoiser *denoiser, const float *s, double width,
                       closed_form form) {
  static float x[tested * most_dim], got[tested * most_dim];
  static double r[tested];
  const size_t d = pflow_denoiser_dim(denoiser);
  const double aug_dim = pflow_denoiser_settings(denoiser)->aug_dim;
  pflow_denoiser_work *work;
  pflow_rng rng;
  double errors = 0.0, field = 0.0;
  pflow_rng_init(&rng, 77, 0);
  for (size_t i = 0; i < tested; i++)
    r[i] = width * sqrt(aug_dim);
  ck_ok(pflow_kernel_draw(&(pflow_kernel_rows){s, r, tested, d, aug_dim}, &rng, x, NULL));
  ck_ok(pflow_denoiser_work_create(&work, denoiser, 100));
  ck_ok(pflow_denoiser_mean(denoiser, work, x, r, tested, got));
  for (size_t i = 0; i < tested; i++) {
    double want[most_dim];
    form(x + i * d, width * width, want);
    for (size_t k = 0; k < d; k++) {
      const double error = got[i * d + k] - want[k], f = x[i * d + k] - want[k];
      errors += error * error;
      field += f * f;
    }
  }
  pflow_denoiser_work_destroy(work);
  return sqrt(errors / field);
}

/* D -> infinity; widths 0.2 to 20. */
static pflow_denoiser *learn(const float *x, size_t d) {
  pflow_denoiser_config config = denoising_config(4000);
  pflow_denoiser_report report;
  pflow_denoiser *denoiser;
  config.aug_dim = 1e30;
  config.r_min = 0.2 * 1e15;
  config.r_max = 20.0 * 1e15;
  config.width = 32;
  config.batch = 256;
  config.lr = 5e-3;
  config.ema_decay = 0.998;
  ck_ok(pflow_denoiser_create(&denoiser, d, &config));
  ck_ok(pflow_denoiser_fit(denoiser, x, many, &report));
  ck_assert_uint_eq(report.steps, 4000);
  ck_assert_msg(report.last_loss < 0.95 * report.first_loss, "loss %g after %g",
                report.last_loss, report.first_loss);
  ck_assert(report.seconds > 0.0);
  return denoiser;
}

static void check_learned(const char *what, const float *x, size_t d, closed_form form) {
  static const double widths[] = {0.2, 0.4, 0.8, 1.5, 5.0, 20.0};
  pflow_denoiser *denoiser = learn(x, d);
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    const double error = error_at(denoiser, x, widths[i], form);
    ck_assert_msg(error < 0.05, "%s: error %g at width %g", what, error, widths[i]);
  }
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

/* s = (a, 0.8 a + 0.1 b, 0.3 c): normal, of full covariance, around (0.2, -0.1, 0). */
static const double middle[3] = {0.2, -0.1, 0.0};

static void normal_form(const float *x, double square, double *xhat) {
  const double a = 0.36, b = 0.8 * 0.36, c = 0.64 * 0.36 + 0.01;
  const double da = a + square, dc = c + square, det = da * dc - b * b;
  const double y0 = x[0] - middle[0], y1 = x[1] - middle[1];
  const double z0 = (dc * y0 - b * y1) / det, z1 = (da * y1 - b * y0) / det;
  xhat[0] = middle[0] + a * z0 + b * z1;
  xhat[1] = middle[1] + b * z0 + c * z1;
  xhat[2] = middle[2] + 0.09 / (0.09 + square) * (x[2] - middle[2]);
}

START_TEST(a_normal_source_has_a_closed_form) {
  static float x[many * 3];
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_normal(&rng, x, many * 3, 0.0, 1.0);
  for (size_t i = 0; i < many; i++) {
    float *row = x + 3 * i;
    const float a = 0.6f * row[0];
    row[0] = a + (float)middle[0];
    row[1] = 0.8f * a + 0.1f * row[1] + (float)middle[1];
    row[2] = 0.3f * row[2];
  }
  check_learned("normal", x, 3, normal_form);
}
END_TEST

/* Normal clusters of deviation 0.2 around (1, 0) and (-1, 0), three rows to one. */
static void clusters_form(const float *x, double square, double *xhat) {
  const double s2 = 0.04, shrink = s2 / (s2 + square);
  const double odds = 3.0 * exp(2.0 * x[0] / (s2 + square)), p = odds / (1.0 + odds);
  const double center = isinf(odds) ? 1.0 : 2.0 * p - 1.0;
  xhat[0] = center + shrink * (x[0] - center);
  xhat[1] = shrink * x[1];
}

START_TEST(clusters_have_a_closed_form) {
  static float x[many * 2];
  pflow_rng rng;
  pflow_rng_init(&rng, 2, 0);
  pflow_rng_normal(&rng, x, many * 2, 0.0, 0.2);
  for (size_t i = 0; i < many; i++)
    x[2 * i] += i % 4 ? 1.0f : -1.0f;
  check_learned("clusters", x, 2, clusters_form);
}
END_TEST

/* Few dimensions: heavy tails, rows far outside. */
START_TEST(it_learns_the_exact_field_of_any_dimension) {
  static const double aug_dims[] = {1.0, 3.0, 64.0};
  pflow_denoiser_error_at errors[5];
  pflow_denoiser_probe probe;
  pflow_denoiser_probe_init(&probe);
  probe.x = denoising_data();
  probe.n = n;
  probe.heights = 5;
  for (size_t i = 0; i < 3; i++) {
    pflow_denoiser_config config = denoising_config(4000);
    pflow_exact_config exact_config;
    pflow_exact *exact;
    pflow_exact_config_init(&exact_config);
    config.aug_dim = exact_config.aug_dim = aug_dims[i];
    config.r_min = 0.5 * sqrt(config.aug_dim);
    config.r_max = 100.0 * config.r_min;
    config.width = 32;
    config.batch = 256;
    config.lr = 5e-3;
    config.ema_decay = 0.998;
    ck_ok(pflow_exact_create(&exact, &(pflow_sources){denoising_data(), n, dim},
                             &exact_config));
    pflow_denoiser *denoiser = denoising_fitted(&config);
    ck_ok(pflow_denoiser_error(denoiser, exact, &probe, errors));
    for (size_t h = 0; h < 5; h++)
      ck_assert_msg(errors[h].median < 0.1 && errors[h].cosine_median > 0.99,
                    "D %g, height %g: error %g, cosine %g", aug_dims[i], errors[h].r,
                    errors[h].median, errors[h].cosine_median);
    pflow_denoiser_destroy(denoiser);
    pflow_exact_destroy(exact);
  }
}
END_TEST

/* ---- the loop ---- */

START_TEST(seeds_and_pools) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser *want = denoising_fitted(&config);
  float *answers = denoising_answers(want);
  for (size_t threads = 1; threads <= 5; threads++) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    pflow_denoiser *got = denoising_fitted(&config);
    check_same_answers(got, want);
    pflow_denoiser_destroy(got);
    pflow_pool_destroy(config.pool);
  }
  config.pool = NULL;
  config.seed++;
  pflow_denoiser *other = denoising_fitted(&config);
  float *others = denoising_answers(other);
  ck_assert(memcmp(answers, others, 10 * sizeof *others) != 0);
  free(others);
  free(answers);
  pflow_denoiser_destroy(other);
  pflow_denoiser_destroy(want);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

typedef struct listener {
  size_t calls, end_at;
  int result;
  const pflow_denoiser *denoiser;
  float *answers; /* at the call that ended the fit */
} listener;

static int listen(const pflow_denoiser_progress *progress, void *user) {
  listener *self = user;
  self->calls++;
  ck_assert_uint_eq(progress->step, pflow_denoiser_steps(self->denoiser));
  ck_assert_uint_eq(progress->steps, 20);
  ck_assert(progress->loss > 0.0 && progress->lr > 0.0 && progress->seconds >= 0.0);
  if (progress->step != self->end_at) return 0;
  self->answers = denoising_answers(self->denoiser);
  return self->result;
}

/* Ended by the callback at step 7 and gone on with: as if it had not been. */
static void check_going_on(int result, pflow_err code) {
  listener self = {.end_at = 7, .result = result};
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser_report report;
  pflow_denoiser *want = denoising_fitted(&config), *got;
  config.on_step = listen;
  config.user = &self;
  ck_ok(pflow_denoiser_create(&got, dim, &config));
  self.denoiser = got;
  ck_assert_int_eq(pflow_denoiser_fit(got, denoising_data(), n, &report), code);
  ck_assert_uint_eq(self.calls, 7);
  ck_assert_uint_eq(report.steps, 7);
  float *answers = denoising_answers(got);
  ck_assert_mem_eq(answers, self.answers, 10 * sizeof *answers);
  ck_fails(pflow_denoiser_fit(got, denoising_data(), n - 1, &report), PFLOW_EINVAL,
           "began with other rows");
  ck_assert_uint_eq(report.steps, 7);
  ck_ok(pflow_denoiser_fit(got, denoising_data(), n, &report));
  ck_assert_uint_eq(self.calls, 20);
  ck_assert_uint_eq(report.steps, 20);
  check_same_answers(got, want);
  free(answers);
  free(self.answers);
  pflow_denoiser_destroy(got);
  pflow_denoiser_destroy(want);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(a_callback_ends_a_fit_that_can_go_on) {
  check_going_on(3, PFLOW_STOPPED);
  check_going_on(-3, PFLOW_ECALLBACK);
}
END_TEST

/* ---- memory ---- */

static size_t count_fit(size_t steps) {
  pflow_denoiser_config config = denoising_config(steps);
  size_t before = counting_calls();
  pflow_denoiser_destroy(denoising_fitted(&config));
  return counting_calls() - before;
}

START_TEST(the_loop_allocates_nothing) {
  counting_install();
  const size_t one = count_fit(1);
  ck_assert_uint_gt(one, 0);
  ck_assert_uint_eq(count_fit(9), one);
  counting_remove();
}
END_TEST

static pflow_err create_and_fit(void *user) {
  const pflow_denoiser_config *config = user;
  pflow_denoiser *denoiser;
  pflow_err rc = pflow_denoiser_create(&denoiser, dim, config);
  if (rc >= 0) rc = pflow_denoiser_fit(denoiser, denoising_data(), n, NULL);
  pflow_denoiser_destroy(denoiser);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  pflow_denoiser_config config = denoising_config(2);
  failing_install();
  ck_assert_uint_gt(check_failures(create_and_fit, &config), 15);
  failing_remove();
}
END_TEST

/* ---- bad input ---- */

static void check_config(const pflow_denoiser_config *config, const char *text) {
  pflow_denoiser *denoiser;
  ck_fails(pflow_denoiser_create(&denoiser, dim, config), PFLOW_EINVAL, text);
  ck_assert_ptr_null(denoiser);
}

#define check_setting(name, value, text)                                                 \
  do {                                                                                   \
    pflow_denoiser_config bad = denoising_config(1);                                     \
    bad.name = (value);                                                                  \
    check_config(&bad, text);                                                            \
  } while (0)

START_TEST(bad_settings_are_named) {
  pflow_denoiser *denoiser;
  pflow_denoiser_config config = denoising_config(1);
  check_config(NULL, "aug_dim is 0");
  check_setting(struct_size, 1, "struct_size is 1");
  check_setting(aug_dim, 0.5, "aug_dim is 0.5");
  check_setting(aug_dim, NAN, "aug_dim is nan");
  check_setting(r_min, 0.0, "r_min is 0");
  check_setting(r_min, NAN, "r_min is nan");
  check_setting(r_max, 0.01, "r_max 0.01");
  check_setting(r_max, INFINITY, "r_max inf");
  check_setting(width, 0, "width is 0");
  check_setting(width, 1 << 17, "width is 131072");
  check_setting(layers, 0, "layers is 0");
  check_setting(layers, 65, "layers is 65");
  check_setting(steps, 0, "steps is 0");
  check_setting(batch, 0, "batch is 0");
  check_setting(lr, 0.0, "lr is 0");
  check_setting(lr, INFINITY, "lr is inf");
  check_setting(ema_decay, 1.0, "ema_decay is 1");
  check_setting(ema_decay, -0.1, "ema_decay is -0.1");
  ck_fails(pflow_denoiser_create(&denoiser, 0, &config), PFLOW_EINVAL, "dim is 0");
  ck_fails(pflow_denoiser_create(NULL, dim, &config), PFLOW_ENULL, "denoiser is NULL");
  pflow_denoiser_destroy(NULL);
  ck_assert_uint_eq(pflow_denoiser_dim(NULL), 0);
  ck_assert_uint_eq(pflow_denoiser_steps(NULL), 0);
  ck_assert_ptr_null(pflow_denoiser_settings(NULL));
}
END_TEST

START_TEST(bad_data_are_named) {
  static const float same[12] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
  const float bad[6] = {0, 0, 0, 0, NAN, 0}, huge[6] = {0, 0, 0, 1e8f, 0, 0};
  const pflow_denoiser_config config = denoising_config(1);
  pflow_denoiser_report report = {9, 9, 9, 9};
  pflow_denoiser *d;
  ck_ok(pflow_denoiser_create(&d, dim, &config));
  ck_assert_uint_eq(pflow_denoiser_dim(d), dim);
  ck_assert_double_eq(pflow_denoiser_settings(d)->r_max, config.r_max);
  ck_fails(pflow_denoiser_fit(NULL, same, 4, NULL), PFLOW_ENULL, "denoiser is NULL");
  ck_fails(pflow_denoiser_fit(d, NULL, 4, NULL), PFLOW_ENULL, "x is NULL");
  ck_fails(pflow_denoiser_fit(d, same, 0, &report), PFLOW_EINVAL, "0 rows");
  ck_assert_uint_eq(report.steps, 0);
  ck_fails(pflow_denoiser_fit(d, same, SIZE_MAX / 4, NULL), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_denoiser_fit(d, bad, 2, NULL), PFLOW_ENONFINITE, "row 1, column 1");
  ck_fails(pflow_denoiser_fit(d, same, 4, NULL), PFLOW_EINVAL,
           "distance from their mean");
  ck_fails(pflow_denoiser_fit(d, huge, 2, NULL), PFLOW_EINVAL, "1e-6 to 1e6");
  ck_assert_uint_eq(pflow_denoiser_steps(d), 0);
  ck_ok(pflow_denoiser_fit(d, denoising_data(), n, NULL));
  ck_fails(pflow_denoiser_fit(d, denoising_data(), n, NULL), PFLOW_ESTATE, "already");
  pflow_denoiser_destroy(d);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_loss_that_is_no_number_ends_the_fit) {
  pflow_denoiser_config config = denoising_config(50);
  pflow_denoiser *denoiser;
  config.lr = 1e36;
  ck_ok(pflow_denoiser_create(&denoiser, dim, &config));
  ck_fails(pflow_denoiser_fit(denoiser, denoising_data(), n, NULL), PFLOW_EDIVERGED,
           "has a loss of");
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests_and_long(
      "denoiser",
      TESTS(clusters_have_a_closed_form, seeds_and_pools,
            a_callback_ends_a_fit_that_can_go_on, the_loop_allocates_nothing,
            failing_allocations_leave_nothing, bad_settings_are_named, bad_data_are_named,
            a_loss_that_is_no_number_ends_the_fit),
      TESTS(a_normal_source_has_a_closed_form,
            it_learns_the_exact_field_of_any_dimension));
}
