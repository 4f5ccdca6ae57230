/*
 * test_flow.c - small networks by panels, against float64, and solves in several threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/levels.h"
#include "support/suite.h"

/* A layer of one panel at one level: values against sums in double, and the same bits for
 * a row alone. */
static void check_linear(const pf_mlp_kernels *k, const char *level, size_t in,
                         size_t out) {
  float *w = normal_values(in * out, 1), *b = normal_values(out, 2);
  float *x = normal_values(in * pf_mlp_most_rows, 3);
  float *panel = normal_values((in + out) * pf_mlp_most_rows, 4);
  float *y = normal_values(out * pf_mlp_most_rows, 5), *lone = normal_values(out, 6);
  float *to = panel + in * k->rows;
  const pf_mlp_linear layer = {in, out, w, b, true};
  for (size_t n = 1; n <= k->rows; n += 5) {
    k->enter(n, in, x, panel);
    k->linear(&layer, n, panel, to);
    k->leave(n, out, to, y);
    for (size_t i = 0; i < n * out; i++) {
      double sum = b[i % out], size = fabs(sum) + 1.0;
      for (size_t q = 0; q < in; q++) {
        sum += (double)w[i % out * in + q] * x[i / out * in + q];
        size += fabs((double)w[i % out * in + q] * x[i / out * in + q]);
      }
      ck_assert_msg(fabs(fmax(sum, 0.0) - y[i]) <= 1e-6 * size, "%s: %zu to %zu", level,
                    in, out);
    }
    k->enter(1, in, x + (n - 1) * in, panel);
    k->linear(&layer, 1, panel, to);
    k->leave(1, out, to, lone);
    ck_assert_mem_eq(lone, y + (n - 1) * out, out * sizeof *lone);
  }
  float *all[] = {w, b, x, panel, y, lone};
  for (size_t i = 0; i < 6; i++)
    pflow_free(all[i]);
}

static void check_widths(const pf_kernels *kernels, const char *level) {
  for (size_t width = 1; width <= 40; width++)
    check_linear(&kernels->mlp, level, width, 41 - width);
  check_linear(&kernels->mlp, level, 129, 129);
  check_linear(&kernels->mlp, level, 257, 257);
}

START_TEST(layers_at_every_level) {
  for_levels(check_widths);
}
END_TEST

enum { rows = 300, dim = 20 };

/* What a flow gave. */
typedef struct flow {
  float y[rows * (dim + 1)];
  pflow_ode_stats ode;
  pflow_clock_stats clock;
} flow;

static void run_flow(const pflow_net *net, pflow_ode_method method, size_t threads,
                     flow *to) {
  float *x = normal_values((size_t)rows * dim, 8);
  pflow_ode_config config;
  pflow_clock_config clock_config;
  pflow_field *field;
  pflow_clock *clock;
  memset(to, 0, sizeof *to);
  pflow_ode_config_init(&config);
  pflow_clock_config_init(&clock_config);
  config.method = method;
  config.steps = 5;
  config.block_rows = 17;
  if (threads > 0) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    config.concurrent = 1;
    clock_config.concurrent = (threads + 1) / 2; /* some calls wait */
  }
  ck_ok(pflow_field_create_net(&field, net));
  ck_ok(pflow_clock_create(&clock, field, rows, &clock_config));
  ck_ok(pflow_points_augment(x, rows, dim, 0.0, to->y));
  ck_ok(pflow_ode_solve(&config, pflow_clock_rhs, clock, 0.0, 0.5, to->y, rows, dim + 1,
                        &to->ode));
  ck_ok(pflow_clock_get_stats(clock, &to->clock));
  pflow_clock_destroy(clock);
  pflow_field_destroy(field);
  pflow_pool_destroy(config.pool);
  pflow_free(x);
}

START_TEST(threads_do_not_change_a_flow) {
  static flow want, got;
  const size_t threads[] = {1, 2, 3, 5};
  pflow_net *net;
  ck_ok(pflow_field_net_create(&net, dim, NULL));
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    run_flow(net, (pflow_ode_method)method, 0, &want);
    for (size_t i = 0; i < 4; i++) {
      run_flow(net, (pflow_ode_method)method, threads[i], &got);
      ck_assert_mem_eq(&got, &want, sizeof want);
    }
  }
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Answers *user for rows 50 and 90 from s = 0.5 on. */
static int refuse(const pflow_ode_rows *at, float *dy, void *user) {
  for (size_t r = 0; r < at->n; r++) {
    dy[r] = 1.0f;
    if ((at->row[r] == 50 || at->row[r] == 90) && at->s[r] >= 0.5)
      return at->row[r] == 50 ? *(int *)user : -9;
  }
  return 0;
}

START_TEST(the_first_block_that_ends_is_told) {
  const int answers[] = {1, -3};
  for (size_t threads = 1; threads <= 5; threads += 2) {
    for (int k = 0; k < 2; k++) {
      float y[100] = {0.0f};
      int status[100], answer = answers[k];
      pflow_ode_config config;
      pflow_ode_config_init(&config);
      ck_ok(pflow_pool_create(&config.pool, threads));
      config.concurrent = 1;
      config.steps = 4;
      config.block_rows = 10;
      config.row_status = status;
      pflow_err rc = pflow_ode_solve(&config, refuse, &answer, 0, 1, y, 100, 1, NULL);
      ck_assert_int_eq(rc, k == 0 ? PFLOW_STOPPED : PFLOW_ECALLBACK);
      if (k == 1) ck_assert_str_eq(pflow_errmsg(), "the right-hand side returned -3");
      for (size_t i = 0; i < 50; i++)
        ck_assert(y[i] == 1.0f && status[i] == PFLOW_OK);
      ck_assert(y[50] == 0.25f && status[50] == PFLOW_STOPPED);
      pflow_pool_destroy(config.pool);
    }
  }
}
END_TEST

/* ---- a whole network ---- */

/* y = W x + b of one row in double; the next layer's weights. */
static const float *apply_linear(const float *w, size_t in, size_t out, const double *x,
                                 double *y) {
  for (size_t o = 0; o < out; o++) {
    y[o] = w[out * in + o];
    for (size_t k = 0; k < in; k++)
      y[o] += (double)w[o * in + k] * x[k];
  }
  return w + out * (in + 1);
}

/* The level is the process's, each in a test run of its own. */
START_TEST(a_network_is_what_it_is_in_double) {
  enum { n = 77, in = 33, hidden = 50, out = 7 };
  const size_t shape = in;
  pflow_net *net;
  pflow_net_work *work, *training;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_linear(net, hidden, 1));
  ck_ok(pflow_net_add_relu(net));
  ck_ok(pflow_net_add_linear(net, hidden, 1));
  ck_ok(pflow_net_add_silu(net));
  ck_ok(pflow_net_add_linear(net, out, 1));
  ck_ok(pflow_net_build(net, &shape, 1));
  ck_ok(pflow_net_work_create(&work, net, 20, PFLOW_INFERENCE));
  ck_ok(pflow_net_work_create(&training, net, n, PFLOW_TRAINING));
  float *x = normal_values(n * in, 21), y[n * out];
  const float *forward;
  ck_ok(pflow_net_predict(net, work, x, n, y));
  ck_ok(pflow_net_forward(net, training, x, n, &forward));
  if (strcmp(pflow_cpu_level(), "reference") != 0) ck_assert_mem_eq(forward, y, sizeof y);
  for (size_t r = 0; r < n; r++) {
    double a[hidden], b[hidden];
    const float *w = pflow_net_params(net);
    for (size_t k = 0; k < in; k++)
      a[k] = x[r * in + k];
    w = apply_linear(w, in, hidden, a, b);
    for (size_t k = 0; k < hidden; k++)
      b[k] = fmax(b[k], 0.0);
    w = apply_linear(w, hidden, hidden, b, a);
    for (size_t k = 0; k < hidden; k++)
      a[k] /= 1.0 + exp(-a[k]);
    apply_linear(w, hidden, out, a, b);
    for (size_t k = 0; k < out; k++) {
      ck_assert_double_eq_tol(y[r * out + k], b[k], 2e-6 * (1.0 + fabs(b[k])));
      ck_assert_double_eq_tol(forward[r * out + k], b[k], 2e-6 * (1.0 + fabs(b[k])));
    }
  }
  pflow_free(x);
  pflow_net_work_destroy(training);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
}
END_TEST

/* ---- observers of concurrent solves ---- */

typedef struct watch {
  int inside; /* plain, so that two observers at once are seen */
  size_t shown[100];
} watch;

static int watch_rows(const pflow_ode_rows *at, size_t step, void *user) {
  watch *self = user;
  ck_assert_int_eq(self->inside++, 0);
  for (size_t r = 0; r < at->n; r++) {
    ck_assert_uint_eq(self->shown[at->row[r]]++, step);
    ck_assert(fabs(at->s[r] - 0.25 * (double)step) < 1e-12 && at->y[r] == at->s[r]);
  }
  self->inside--;
  return 0;
}

static int one(const pflow_ode_rows *at, float *dy, void *user) {
  (void)user;
  for (size_t r = 0; r < at->n; r++)
    dy[r] = 1.0f;
  return 0;
}

START_TEST(observers_come_one_at_a_time) {
  for (size_t threads = 1; threads <= 5; threads += 2) {
    float y[100] = {0.0f};
    watch seen = {.inside = 0};
    pflow_ode_config config;
    pflow_ode_config_init(&config);
    ck_ok(pflow_pool_create(&config.pool, threads));
    config.concurrent = 1;
    config.steps = 4;
    config.block_rows = 7;
    config.observer = watch_rows;
    config.observer_user = &seen;
    ck_ok(pflow_ode_solve(&config, one, NULL, 0, 1, y, 100, 1, NULL));
    for (size_t r = 0; r < 100; r++)
      ck_assert_uint_eq(seen.shown[r], 5);
    pflow_pool_destroy(config.pool);
  }
}
END_TEST

/* ---- memory ---- */

static pflow_err solve_concurrently(void *user) {
  float y[100] = {0.0f};
  pflow_ode_config config = *(const pflow_ode_config *)user;
  return pflow_ode_solve(&config, one, NULL, 0, 1, y, 100, 1, NULL);
}

static pflow_err make_work(void *user) {
  pflow_net_work *work;
  pflow_err rc = pflow_net_work_create(&work, user, 100, PFLOW_INFERENCE);
  if (rc == PFLOW_OK) pflow_net_work_destroy(work);
  return rc;
}

START_TEST(failing_memory_leaves_nothing) {
  pflow_ode_config config;
  pflow_net *net;
  failing_install();
  pflow_ode_config_init(&config);
  ck_ok(pflow_pool_create(&config.pool, 3));
  ck_ok(pflow_field_net_create(&net, dim, NULL));
  config.concurrent = 1;
  config.block_rows = 7;
  for (int method = PFLOW_ODE_EULER; method <= PFLOW_ODE_DOPRI5; method++) {
    config.method = (pflow_ode_method)method;
    ck_assert_uint_gt(check_failures(solve_concurrently, &config), 3);
  }
  ck_assert_uint_ge(check_failures(make_work, net), 2);
  pflow_net_destroy(net);
  pflow_pool_destroy(config.pool);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "flow", TESTS(layers_at_every_level, threads_do_not_change_a_flow,
                    the_first_block_that_ends_is_told, a_network_is_what_it_is_in_double,
                    observers_come_one_at_a_time, failing_memory_leaves_nothing));
}
