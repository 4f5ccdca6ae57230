/*
 * test_ode.c - fixed steps, reference flows, callbacks and bad input.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/counting.h"
#include "support/golden.h"
#include "support/problems.h"
#include "support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static pflow_ode_config fixed_steps(pflow_ode_method method, size_t steps) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = method;
  config.steps = steps;
  config.adaptive = 0;
  return config;
}

enum { flow_dim = 17, flow_rows = 64 };

typedef struct network {
  golden w[3], b[3];
} network;

static void layer(const network *net, int index, const double *in, double *out) {
  for (int i = 0; i < flow_dim; i++) {
    out[i] = net->b[index].f64[i];
    for (int j = 0; j < flow_dim; j++)
      out[i] += net->w[index].f64[i * flow_dim + j] * in[j];
  }
}

/* y + 0.1 * mlp(y) divided by its product with y. */
static int radial_flow(const pflow_ode_rows *rows, float *dy, void *user) {
  for (size_t r = 0; r < rows->n; r++) {
    double y[flow_dim], in[flow_dim], out[flow_dim], along = 0.0;
    for (int i = 0; i < flow_dim; i++)
      in[i] = y[i] = rows->y[r * flow_dim + (size_t)i];
    for (int k = 0; k < 3; k++) {
      layer(user, k, in, out);
      for (int i = 0; i < flow_dim; i++)
        in[i] = k < 2 ? fmax(out[i], 0.0) : y[i] + 0.1 * out[i];
    }
    for (int i = 0; i < flow_dim; i++)
      along += in[i] * y[i];
    for (int i = 0; i < flow_dim; i++)
      dy[r * flow_dim + (size_t)i] = (float)(in[i] / along);
  }
  return 0;
}

static void check_flow(network *net, const pflow_ode_config *config, const char *name) {
  golden y0 = golden_load("flow_radial", "y0"), want = golden_load("flow_radial", name);
  ck_ok(pflow_ode_solve(config, radial_flow, net, 0.0, 1.0, y0.f32, flow_rows, flow_dim,
                        NULL));
  check_close(name, y0.f32, &want, 1e-5);
  golden_free(&y0);
  golden_free(&want);
}

START_TEST(reference_flow) {
  network net;
  const char *const names[] = {"w0", "w1", "w2", "b0", "b1", "b2"};
  for (int k = 0; k < 3; k++) {
    net.w[k] = golden_load("flow_radial", names[k]);
    net.b[k] = golden_load("flow_radial", names[k + 3]);
  }
  pflow_ode_config config = fixed_steps(PFLOW_ODE_EULER, 100);
  check_flow(&net, &config, "euler_100x0p01_f64");
  config = fixed_steps(PFLOW_ODE_RK4, 100);
  check_flow(&net, &config, "rk4_100x0p01_f64");
  config.steps = 20;
  check_flow(&net, &config, "rk4_20x0p05_f64");
  config.steps = 400;
  check_flow(&net, &config, "reference_s1_f64");
  pflow_ode_config_init(&config);
  config.method = PFLOW_ODE_DOPRI5;
  config.rtol = 1e-7;
  config.atol = 1e-8;
  check_flow(&net, &config, "reference_s1_f64");
  for (int k = 0; k < 3; k++) {
    golden_free(&net.w[k]);
    golden_free(&net.b[k]);
  }
}
END_TEST

/* Many tiny steps: the state must not lose them to the rounding of y. */
static int tiny_slope(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++)
    dy[r] = 1.0f;
  return 0;
}

START_TEST(small_steps_are_not_lost) {
  float y = 1000.0f;
  pflow_ode_config config = fixed_steps(PFLOW_ODE_EULER, 100000);
  ck_ok(pflow_ode_solve(&config, tiny_slope, NULL, 0.0, 1.0, &y, 1, 1, NULL));
  ck_assert(y == 1001.0f);
}
END_TEST

/* What an observer saw, and when it should say something else than 0. */
typedef struct watcher {
  size_t calls, answer_at;
  int answer;
  double s0, s1, steps, worst_s, last_s;
  float last_y;
} watcher;

static int watch(const pflow_ode_rows *rows, size_t step, void *user) {
  watcher *self = user;
  ck_assert_uint_eq(step, self->calls);
  double want = self->s0 + (self->s1 - self->s0) / self->steps * (double)step;
  for (size_t r = 0; r < rows->n; r++) {
    ck_assert_uint_eq(rows->row[r], r);
    self->worst_s = worst_of(self->worst_s, fabs(rows->s[r] - want));
    self->last_s = rows->s[r];
    self->last_y = rows->y[r * rows->dim];
  }
  return self->calls++ == self->answer_at ? self->answer : 0;
}

START_TEST(observer_sees_every_step) {
  const double ends[][2] = {{0.0, 1.0}, {0.3, -0.1}, {-0.3, 7e5}};
  for (size_t i = 0; i < COUNT(ends); i++) {
    float y[3] = {1, 2, 3};
    watcher self = {.s0 = ends[i][0], .s1 = ends[i][1], .steps = 1000};
    pflow_ode_config config = fixed_steps(PFLOW_ODE_HEUN, 1000);
    config.observer = watch;
    config.observer_user = &self;
    ck_ok(pflow_ode_solve(&config, tiny_slope, NULL, ends[i][0], ends[i][1], y, 3, 1,
                          NULL));
    ck_assert_uint_eq(self.calls, 1001);
    ck_assert(self.worst_s <= 4e-16 * fmax(fabs(self.s0), fabs(self.s1)));
    ck_assert(self.last_s == ends[i][1]);
    ck_assert(self.last_y == y[2]);
  }
}
END_TEST

START_TEST(observer_can_stop_and_abort) {
  for (int answer = -7; answer <= 1; answer += 8) {
    int status[4] = {9, 9, 9, 9};
    float y[4] = {1, 1, 1, 1};
    watcher self = {.s1 = 1, .steps = 10, .answer_at = 4, .answer = answer};
    pflow_ode_stats stats;
    pflow_ode_config config = fixed_steps(PFLOW_ODE_RK4, 10);
    config.observer = watch;
    config.observer_user = &self;
    config.row_status = status;
    config.block_rows = 3;
    pflow_err rc = pflow_ode_solve(&config, tiny_slope, NULL, 0, 1, y, 4, 1, &stats);
    ck_assert_int_eq(rc, answer > 0 ? PFLOW_STOPPED : PFLOW_ECALLBACK);
    if (answer < 0) ck_assert_str_eq(pflow_errmsg(), "the observer returned -7");
    ck_assert(y[2] == 1.4f && y[2] == self.last_y && y[3] == 1.0f);
    ck_assert_int_eq(status[0], PFLOW_STOPPED);
    ck_assert_int_eq(status[3], PFLOW_STOPPED);
    ck_assert_uint_eq(stats.accepted, 12);
    ck_assert_uint_eq(stats.arrived, 0);
  }
}
END_TEST

/* Says `answer` (or NaN for 0) for row 2 from y = 0.5 on. */
static int wall(const pflow_ode_rows *rows, float *dy, void *user) {
  const int answer = *(const int *)user;
  for (size_t r = 0; r < rows->n; r++) {
    bool outside = rows->row[r] == 2 && rows->y[r] >= 0.5f;
    if (outside && answer != 0) return answer;
    dy[r] = outside ? NAN : 1.0f;
  }
  return 0;
}

START_TEST(rhs_can_stop_abort_and_fail) {
  const int answers[] = {1, -3, 0};
  const pflow_err codes[] = {PFLOW_STOPPED, PFLOW_ECALLBACK, PFLOW_ENONFINITE};
  for (int i = 0; i < 3; i++) {
    int status[4], answer = answers[i];
    float y[4] = {0, 0, 0, 0};
    pflow_ode_stats stats;
    pflow_ode_config config = fixed_steps(PFLOW_ODE_RK4, 4);
    config.row_status = status;
    pflow_err rc = pflow_ode_solve(&config, wall, &answer, 0, 1, y, 4, 1, &stats);
    ck_assert_int_eq(rc, codes[i]);
    ck_assert(y[0] == 0.25f && y[2] == 0.25f); /* the step to 0.5 did not end */
    ck_assert_int_eq(status[0], PFLOW_STOPPED);
    ck_assert_int_eq(status[2], answer == 0 ? PFLOW_ENONFINITE : PFLOW_STOPPED);
    ck_assert_uint_eq(stats.failed, answer == 0);
    ck_assert_uint_eq(stats.accepted, 4);
  }
  ck_assert_ptr_nonnull(strstr(pflow_errmsg(), "row 2: the derivative at s = 0.5"));
}
END_TEST

static int huge_slope(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < rows->n; r++)
    dy[r] = rows->row[r] == 1 ? 3e38f : 1.0f;
  return 0;
}

START_TEST(overflow_of_the_state_is_named) {
  float y[2] = {0, 0};
  pflow_ode_config config = fixed_steps(PFLOW_ODE_EULER, 2);
  ck_fails(pflow_ode_solve(&config, huge_slope, NULL, 0, 4, y, 2, 1, NULL),
           PFLOW_ENONFINITE, "row 1: the state at s = 2");
  ck_assert(y[0] == 0.0f && y[1] == 0.0f);
}
END_TEST

/* The last stage of an fsal method is not evaluated where nobody needs it. */
START_TEST(evaluations_are_counted) {
  const uint64_t stages[] = {1, 2, 2, 4, 3, 6};
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    float y[5] = {0};
    pflow_ode_stats stats;
    pflow_ode_config config = fixed_steps((pflow_ode_method)method, 10);
    config.block_rows = 2;
    ck_ok(pflow_ode_solve(&config, tiny_slope, NULL, 0, 2, y, 5, 1, &stats));
    ck_assert_uint_eq(stats.evaluations, 50 * stages[method]);
    ck_assert_uint_eq(stats.calls, 30 * stages[method]);
    ck_assert_uint_eq(stats.accepted, 50);
    ck_assert_uint_eq(stats.rejected, 0);
    ck_assert_uint_eq(stats.arrived, 5);
    ck_assert(fabs(stats.h_smallest - 0.2) < 1e-15 &&
              fabs(stats.h_largest - 0.2) < 1e-15);
  }
}
END_TEST

START_TEST(blocks_do_not_change_fixed_bits) {
  float y[3][14];
  const size_t blocks[] = {1, 3, 4096};
  for (int k = 0; k < 3; k++) {
    pflow_ode_config config = fixed_steps(PFLOW_ODE_RK4, 50);
    config.block_rows = blocks[k];
    for (size_t i = 0; i < COUNT(y[k]); i++)
      y[k][i] = 0.01f + 0.004f * (float)i;
    ck_ok(pflow_ode_solve(&config, bell, NULL, -4, 1, y[k], 7, 2, NULL));
    ck_assert_mem_eq(y[k], y[0], sizeof y[0]);
  }
}
END_TEST

START_TEST(nowhere_to_go) {
  float y[2] = {1, 2};
  int status[2] = {9, 9};
  pflow_ode_stats stats;
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    watcher self = {.s0 = 3, .s1 = 3, .steps = 1};
    pflow_ode_config config;
    pflow_ode_config_init(&config);
    config.method = (pflow_ode_method)method;
    config.row_status = status;
    config.observer = watch;
    config.observer_user = &self;
    ck_ok(pflow_ode_solve(&config, tiny_slope, NULL, 3, 3, y, 2, 1, &stats));
    ck_assert(y[0] == 1 && y[1] == 2 && status[0] == PFLOW_OK && status[1] == PFLOW_OK);
    ck_assert(stats.arrived == 2 && stats.evaluations == 0 && stats.h_smallest == 0);
    ck_assert_uint_eq(self.calls, 1);
  }
}
END_TEST

START_TEST(bad_arguments_are_named) {
  float y[4] = {0, 1, NAN, 3};
  const size_t huge = SIZE_MAX / 2;
  ck_fails(pflow_ode_solve(NULL, NULL, NULL, 0, 1, y, 2, 2, NULL), PFLOW_ENULL, "rhs");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, 1, NULL, 2, 2, NULL), PFLOW_ENULL, "y");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, 1, y, 0, 2, NULL), PFLOW_EINVAL,
           "n is 0");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, 1, y, 2, 0, NULL), PFLOW_EINVAL,
           "dim is 0");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, 1, y, huge, 3, NULL), PFLOW_EOVERFLOW,
           "n * dim");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, NAN, 1, y, 2, 2, NULL), PFLOW_EINVAL,
           "s0 is nan");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, -INFINITY, y, 2, 2, NULL), PFLOW_EINVAL,
           "s1 is -inf");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, -1e308, 1e308, y, 2, 2, NULL), PFLOW_EINVAL,
           "s1 - s0 is inf");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 0, 1, y, 2, 2, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_fails(pflow_ode_solve(NULL, bell, NULL, 1, 1, y, 2, 2, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_assert(y[0] == 0 && y[1] == 1 && y[3] == 3);
}
END_TEST

/* A solve with `size` bytes of the config replaced must fail with a message. */
static void check_replaced(pflow_ode_config *config, void *field, const void *value,
                           size_t size, const char *text) {
  unsigned char saved[16];
  float y[2] = {1, 1};
  memcpy(saved, field, size);
  memcpy(field, value, size);
  ck_fails(pflow_ode_solve(config, bell, NULL, 0, 1, y, 2, 1, NULL), PFLOW_EINVAL, text);
  memcpy(field, saved, size);
  ck_assert(y[0] == 1 && y[1] == 1);
}

#define check_setting(config, field, value, text)                                        \
  check_replaced(&(config), &(config).field, (value), sizeof *(value), text)

START_TEST(bad_settings_are_named) {
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  check_setting(config, struct_size, &(size_t){3}, "struct_size is 3");
  check_setting(config, method, &(int){6}, "method is 6");
  check_setting(config, method, &(int){-1}, "method is -1");
  check_setting(config, steps, &(size_t){0}, "steps is 0");
  check_setting(config, max_steps, &(size_t){0}, "max_steps is 0");
  check_setting(config, block_rows, &(size_t){0}, "block_rows is 0");
  check_setting(config, adaptive, &(int){2}, "adaptive is 2");
  check_setting(config, rtol, &(double){-1e-9}, "rtol is -1e-09");
  check_setting(config, atol, &(double){0}, "atol is 0");
  const double bad[] = {NAN, INFINITY, -2};
  const char *const texts[] = {"is nan", "is inf", "is -2"};
  for (int i = 0; i < 3; i++) {
    check_setting(config, rtol, &bad[i], texts[i]);
    check_setting(config, atol, &bad[i], texts[i]);
    check_setting(config, h_first, &bad[i], texts[i]);
    check_setting(config, h_min, &bad[i], texts[i]);
    check_setting(config, h_max, &bad[i], texts[i]);
  }
  config.h_min = 0.5;
  check_setting(config, h_max, &(double){0.25}, "h_max is 0.25, wants >= h_min");
  pflow_ode_tableau wrong = *pflow_ode_tableau_get(PFLOW_ODE_HEUN);
  wrong.c = (double[]){0, 0.5};
  const pflow_ode_tableau *pointer = &wrong;
  check_setting(config, tableau, &pointer, "heun: c of stage 1");
}
END_TEST

/* A program built against a shorter struct: what it does not have is the default. */
/* A solver made once gives the bits of solves, whatever it ran before, and allocates
 * nothing. */
START_TEST(a_solver_is_used_again) {
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    pflow_ode_config config;
    pflow_ode_config_init(&config);
    config.method = (pflow_ode_method)method;
    config.concurrent = method % 2;
    config.block_rows = 2;
    config.steps = 7;
    float want[5] = {1, 2, 3, 4, 5}, got[5] = {5, 4, 3, 2, 1};
    pflow_ode_stats stats, again;
    pflow_ode *ode;
    ck_ok(pflow_ode_solve(&config, bell, NULL, 0, 1, want, 5, 1, &stats));
    counting_install();
    ck_ok(pflow_ode_create(&ode, 5, 1, &config));
    const size_t before = counting_calls();
    ck_ok(pflow_ode_run(ode, bell, NULL, 0, 0.5, got, 3, NULL));
    ck_ok(pflow_ode_run(ode, bell, NULL, 1, 1, got, 5, NULL));
    for (size_t i = 0; i < 5; i++)
      got[i] = (float)(i + 1);
    ck_ok(pflow_ode_run(ode, bell, NULL, 0, 1, got, 5, &again));
    ck_assert_uint_eq(counting_calls(), before);
    ck_assert(memcmp(want, got, sizeof want) == 0);
    ck_assert(memcmp(&stats, &again, sizeof stats) == 0);
    ck_fails(pflow_ode_run(ode, bell, NULL, 0, 1, got, 6, NULL), PFLOW_ESHAPE,
             "6 rows, made for 5");
    pflow_ode_destroy(ode);
    counting_remove();
  }
  pflow_ode *ode;
  ck_fails(pflow_ode_create(&ode, 0, 1, NULL), PFLOW_EINVAL, "max_rows is 0");
  ck_fails(pflow_ode_create(&ode, 1, 0, NULL), PFLOW_EINVAL, "dim is 0");
  ck_assert_ptr_null(ode);
}
END_TEST

START_TEST(older_config_is_read) {
  float y = 1.0f / 17.0f, other = y;
  pflow_ode_config config = fixed_steps(PFLOW_ODE_RK4, 30);
  ck_ok(pflow_ode_solve(&config, bell, NULL, -4, 0, &other, 1, 1, NULL));
  config.struct_size = offsetof(pflow_ode_config, rtol);
  config.rtol = config.atol = NAN;
  config.block_rows = 0;
  ck_ok(pflow_ode_solve(&config, bell, NULL, -4, 0, &y, 1, 1, NULL));
  ck_assert(y == other);
}
END_TEST

int main(void) {
  return run_tests("ode",
                   TESTS(reference_flow, small_steps_are_not_lost,
                         observer_sees_every_step, observer_can_stop_and_abort,
                         rhs_can_stop_abort_and_fail, overflow_of_the_state_is_named,
                         evaluations_are_counted, blocks_do_not_change_fixed_bits,
                         nowhere_to_go, bad_arguments_are_named, bad_settings_are_named,
                         a_solver_is_used_again, older_config_is_read));
}
