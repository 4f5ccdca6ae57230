/*
 * test_denoiser_use.c - using a learned field: rows and their bits, flows, threads, the
 * printed error beside one of the test's own, bad arguments.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/denoising.h"
#include "support/failing.h"
#include "support/suite.h"
#include "support/values.h"

enum { n = denoising_rows, dim = denoising_dim };

/* Fitted for a moment: enough to have an answer of its own. */
static pflow_denoiser *quick(pflow_pool *pool) {
  pflow_denoiser_config config = denoising_config(60);
  config.pool = pool;
  return denoising_fitted(&config);
}

static pflow_denoiser_work *work_for(const pflow_denoiser *denoiser, size_t rows) {
  pflow_denoiser_work *work;
  ck_ok(pflow_denoiser_work_create(&work, denoiser, rows));
  return work;
}

/* n rows at widths from far below to far above those learned, some far outside. */
static void make_queries(float *x, double *r) {
  for (size_t i = 0; i < n; i++) {
    r[i] = pow(10.0, -4.0 + 8.0 * (double)i / n);
    for (size_t k = 0; k < dim; k++)
      x[i * dim + k] = denoising_data()[i * dim + k] * (i % 7 ? 1.0f : 1e4f);
  }
}

/* ---- rows ---- */

START_TEST(rows_do_not_see_each_other) {
  static const size_t rooms[] = {1, 3, 16, 17, 100, 1000};
  static float x[n * dim], want[n * dim], got[n * dim];
  static double r[n];
  pflow_denoiser *denoiser = quick(NULL);
  make_queries(x, r);
  pflow_denoiser_work *work = work_for(denoiser, n);
  const size_t blocks = pflow_live_blocks();
  ck_ok(pflow_denoiser_mean(denoiser, work, x, r, n, want));
  for (size_t i = 0; i < n * dim; i++)
    ck_assert(isfinite(want[i]) && fabsf(want[i]) < 1e3f);
  for (size_t i = 0; i < n; i++)
    ck_ok(pflow_denoiser_mean(denoiser, work, x + i * dim, r + i, 1, got + i * dim));
  ck_assert_mem_eq(got, want, sizeof want);
  ck_ok(pflow_denoiser_mean(denoiser, work, x, r, 0, got));
  ck_assert_uint_eq(pflow_live_blocks(), blocks);
  pflow_denoiser_work_destroy(work);
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    work = work_for(denoiser, rooms[i]);
    memcpy(got, x, sizeof x); /* in place */
    ck_ok(pflow_denoiser_mean(denoiser, work, got, r, n, got));
    ck_assert_mem_eq(got, want, sizeof want);
    pflow_denoiser_work_destroy(work);
  }
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* The first answer of all is that for a normal source, whatever the height. */
START_TEST(an_axis_without_variance) {
  static float x[n * dim], xhat[n * dim];
  static double r[n];
  pflow_denoiser_config config = denoising_config(1);
  pflow_denoiser *denoiser;
  memcpy(x, denoising_data(), sizeof x);
  for (size_t i = 0; i < n; i++) {
    x[i * dim + 1] = 0.25f;
    r[i] = 1.0;
  }
  ck_ok(pflow_denoiser_create(&denoiser, dim, &config));
  ck_ok(pflow_denoiser_fit(denoiser, x, n, NULL));
  pflow_denoiser_work *work = work_for(denoiser, n);
  ck_ok(pflow_denoiser_mean(denoiser, work, denoising_data(), r, n, xhat));
  for (size_t i = 0; i < n; i++)
    ck_assert_double_eq_tol(xhat[i * dim + 1], 0.25, 1e-6);
  pflow_denoiser_work_destroy(work);
  pflow_denoiser_destroy(denoiser);
}
END_TEST

typedef struct concurrent {
  const pflow_denoiser *denoiser;
  const float *x;
  const double *r;
  float *xhat;
} concurrent;

static int call_for_rows(size_t begin, size_t end, void *user) {
  const concurrent *c = user;
  pflow_denoiser_work *work;
  pflow_err rc = pflow_denoiser_work_create(&work, c->denoiser, 5);
  if (rc >= 0)
    rc = pflow_denoiser_mean(c->denoiser, work, c->x + begin * dim, c->r + begin,
                             end - begin, c->xhat + begin * dim);
  pflow_denoiser_work_destroy(work);
  return rc;
}

START_TEST(calls_at_the_same_time) {
  static float x[n * dim], want[n * dim], got[n * dim];
  static double r[n];
  pflow_pool *outer, *inner;
  ck_ok(pflow_pool_create(&outer, 5));
  ck_ok(pflow_pool_create(&inner, 2));
  pflow_denoiser *denoiser = quick(inner);
  pflow_denoiser_work *work = work_for(denoiser, n);
  make_queries(x, r);
  ck_ok(pflow_denoiser_mean(denoiser, work, x, r, n, want));
  concurrent c = {denoiser, x, r, got};
  ck_ok(pflow_parallel_for(outer, n, 11, call_for_rows, &c));
  ck_assert_mem_eq(got, want, sizeof want);
  pflow_denoiser_work_destroy(work);
  pflow_denoiser_destroy(denoiser);
  pflow_pool_destroy(inner);
  pflow_pool_destroy(outer);
}
END_TEST

/* ---- flows ---- */

/* The derivative is x - xhat; NaN for a row that is not finite, and for no other. */
START_TEST(the_right_hand_side) {
  static float x[n * dim], xhat[n * dim], dx[n * dim];
  static double r[n], s[n];
  static size_t row[n];
  pflow_denoiser *denoiser = quick(NULL);
  pflow_denoiser_flow *flow;
  pflow_denoiser_work *work = work_for(denoiser, n);
  make_queries(x, r);
  for (size_t i = 0; i < n; i++) {
    row[i] = i;
    s[i] = log(r[i]);
    r[i] = exp(s[i]);
  }
  ck_ok(pflow_denoiser_flow_create(&flow, denoiser, 1));
  ck_ok(pflow_denoiser_mean(denoiser, work, x, r, n, xhat));
  x[7 * dim] = INFINITY;
  x[9 * dim + 2] = NAN;
  ck_ok((pflow_err)pflow_denoiser_rhs(&(pflow_ode_rows){n, dim, s, x, row}, dx, flow));
  for (size_t i = 0; i < n * dim; i++) {
    const double want = (double)x[i] - xhat[i];
    if (i / dim == 7 || i / dim == 9)
      ck_assert(isnan(dx[i]));
    else
      ck_assert_double_eq_tol(dx[i], want, 1e-6 * (1.0 + fabs((double)x[i])));
  }
  pflow_denoiser_flow_destroy(flow);
  pflow_denoiser_work_destroy(work);
  pflow_denoiser_destroy(denoiser);
}
END_TEST

static void solve(const pflow_denoiser *denoiser, float *y, bool back, size_t calls,
                  pflow_pool *pool) {
  const double low = log(0.5), high = log(20.0);
  pflow_denoiser_flow *flow;
  pflow_ode_config oc;
  pflow_ode_config_init(&oc);
  oc.method = PFLOW_ODE_DOPRI5;
  oc.rtol = oc.atol = 1e-6;
  oc.block_rows = 20;
  oc.concurrent = pool != NULL;
  oc.pool = pool;
  ck_ok(pflow_denoiser_flow_create(&flow, denoiser, calls));
  ck_ok(pflow_ode_solve(&oc, pflow_denoiser_rhs, flow, back ? high : low,
                        back ? low : high, y, n, dim, NULL));
  pflow_denoiser_flow_destroy(flow);
}

/* More calls at a time than workspaces, too. */
START_TEST(a_flow_and_its_inverse) {
  static float want[n * dim], got[n * dim];
  pflow_denoiser *denoiser = quick(NULL);
  memcpy(want, denoising_data(), sizeof want);
  solve(denoiser, want, false, 1, NULL);
  for (size_t threads = 1; threads <= 5; threads++) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    memcpy(got, denoising_data(), sizeof got);
    solve(denoiser, got, false, threads < 3 ? threads : 2, pool);
    ck_assert_mem_eq(got, want, sizeof want);
    pflow_pool_destroy(pool);
  }
  solve(denoiser, got, true, 1, NULL);
  double moved = 0.0;
  for (size_t i = 0; i < n * dim; i++) {
    ck_assert_double_eq_tol(got[i], denoising_data()[i], 1e-4);
    moved = fmax(moved, fabs((double)want[i] - got[i]));
  }
  ck_assert_double_gt(moved, 1.0);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- the error ---- */

/* xhat by its definition, all in double. */
static void exact_mean(const float *x, double r, size_t leave_out, double *xhat) {
  const double power = 0.5 * (dim + 6.0);
  double total = 0.0;
  for (size_t k = 0; k < dim; k++)
    xhat[k] = 0.0;
  for (size_t j = 0; j < n; j++) {
    double q = r * r;
    const float *s = denoising_data() + j * dim;
    for (size_t k = 0; k < dim; k++)
      q += ((double)x[k] - s[k]) * ((double)x[k] - s[k]);
    const double weight = j == leave_out ? 0.0 : pow(q, -power);
    total += weight;
    for (size_t k = 0; k < dim; k++)
      xhat[k] += weight * s[k];
  }
  for (size_t k = 0; k < dim; k++)
    xhat[k] /= total;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One row's relative error and cosine; its sums of squares are added up. */
static void compare_row(const float *x, const float *xhat, const double *truth,
                        double *relative, double *cosine, double sums[2]) {
  double aa = 0.0, ab = 0.0, bb = 0.0, error = 0.0;
  for (size_t k = 0; k < dim; k++) {
    const double a = (double)x[k] - xhat[k], b = x[k] - truth[k];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    error += (a - b) * (a - b);
  }
  *relative = sqrt(error / bb);
  *cosine = ab / sqrt(aa * bb);
  sums[0] += error;
  sums[1] += bb;
}

enum { probed = 101, heights = 5 };

/* What pflow_denoiser_error is documented to do at one height. */
static pflow_denoiser_error_at own_error(const pflow_denoiser *denoiser, double r,
                                         pflow_rng *rng, const size_t *leave_out) {
  static float x[probed * dim], xhat[probed * dim];
  double heights_of[probed], relative[probed], cosine[probed], sums[2] = {0};
  for (size_t i = 0; i < probed; i++)
    heights_of[i] = r;
  pflow_denoiser_work *work = work_for(denoiser, probed);
  ck_ok(pflow_kernel_draw(
      &(pflow_kernel_rows){denoising_data(), heights_of, probed, dim, 6.0}, rng, x,
      NULL));
  ck_ok(pflow_denoiser_mean(denoiser, work, x, heights_of, probed, xhat));
  for (size_t i = 0; i < probed; i++) {
    double truth[dim];
    exact_mean(x + i * dim, r, leave_out ? leave_out[i] : n, truth);
    compare_row(x + i * dim, xhat + i * dim, truth, &relative[i], &cosine[i], sums);
  }
  pflow_denoiser_work_destroy(work);
  qsort(relative, probed, sizeof *relative, by_value);
  qsort(cosine, probed, sizeof *cosine, by_value);
  return (pflow_denoiser_error_at){
      r, relative[50], relative[90], sqrt(sums[0] / sums[1]), cosine[50], cosine[10]};
}

static pflow_exact *exact_field(double aug_dim, size_t values) {
  pflow_exact_config config;
  pflow_exact *exact;
  pflow_exact_config_init(&config);
  config.aug_dim = aug_dim;
  ck_ok(
      pflow_exact_create(&exact, &(pflow_sources){denoising_data(), n, values}, &config));
  return exact;
}

static void check_error(const size_t *leave_out) {
  pflow_denoiser *denoiser = quick(NULL);
  pflow_exact *exact = exact_field(6.0, dim);
  pflow_denoiser_error_at got[heights];
  pflow_denoiser_probe probe;
  pflow_rng rng;
  pflow_denoiser_probe_init(&probe);
  probe.x = denoising_data();
  probe.n = probed;
  probe.leave_out = leave_out;
  probe.heights = heights;
  probe.seed = 31;
  pflow_rng_init(&rng, 31, PFLOW_DENOISER_PROBE_STREAM);
  ck_ok(pflow_denoiser_error(denoiser, exact, &probe, got));
  for (size_t i = 0; i < heights; i++) {
    const double r = 0.1 * sqrt(6.0) * pow(100.0, (double)i / (heights - 1));
    pflow_denoiser_error_at want = own_error(denoiser, r, &rng, leave_out);
    ck_assert_double_eq_tol(got[i].r, want.r, 1e-12 * want.r);
    ck_assert_double_eq_tol(got[i].median, want.median, 1e-4 * want.median);
    ck_assert_double_eq_tol(got[i].upper, want.upper, 1e-4 * want.upper);
    ck_assert_double_eq_tol(got[i].total, want.total, 1e-4 * want.total);
    ck_assert_double_eq_tol(got[i].cosine_median, want.cosine_median, 1e-5);
    ck_assert_double_eq_tol(got[i].cosine_low, want.cosine_low, 1e-5);
  }
  pflow_exact_destroy(exact);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(the_error_is_what_it_says) {
  size_t leave_out[probed];
  for (size_t i = 0; i < probed; i++)
    leave_out[i] = i % 9 ? i : PFLOW_NO_SOURCE;
  check_error(NULL);
  check_error(leave_out);
}
END_TEST

/* ---- bad arguments, memory ---- */

START_TEST(bad_arguments_are_named) {
  static float x[2 * dim], out[2 * dim];
  double r[2] = {1.0, -1.0}, s[2] = {0.0, 0.0};
  const size_t row[2] = {0, 1};
  const pflow_ode_rows rows = {2, dim, s, x, row}, wide = {2, dim + 1, s, x, row};
  pflow_denoiser_config config = denoising_config(1);
  pflow_denoiser *denoiser = quick(NULL), *fresh;
  ck_ok(pflow_denoiser_create(&fresh, dim, &config));
  pflow_denoiser_work *work = work_for(denoiser, 1), *others = work_for(fresh, 1), *none;
  pflow_denoiser_flow *flow;
  ck_fails(pflow_denoiser_work_create(NULL, fresh, 1), PFLOW_ENULL, "work is NULL");
  ck_fails(pflow_denoiser_work_create(&none, NULL, 1), PFLOW_ENULL, "denoiser is NULL");
  ck_fails(pflow_denoiser_work_create(&none, fresh, 0), PFLOW_EINVAL, "for 0 rows");
  ck_fails(pflow_denoiser_work_create(&none, fresh, SIZE_MAX / 2), PFLOW_EOVERFLOW,
           "workspace");
  ck_assert_ptr_null(none);
  ck_fails(pflow_denoiser_mean(NULL, work, x, r, 2, out), PFLOW_ENULL,
           "denoiser is NULL");
  ck_fails(pflow_denoiser_mean(denoiser, NULL, x, r, 2, out), PFLOW_ENULL,
           "work is NULL");
  ck_fails(pflow_denoiser_mean(denoiser, work, NULL, r, 2, out), PFLOW_ENULL,
           "x is NULL");
  ck_fails(pflow_denoiser_mean(denoiser, work, x, NULL, 2, out), PFLOW_ENULL,
           "r is NULL");
  ck_fails(pflow_denoiser_mean(denoiser, work, x, r, 2, NULL), PFLOW_ENULL,
           "xhat is NULL");
  ck_fails(pflow_denoiser_mean(denoiser, work, x, r, 2, out), PFLOW_EINVAL,
           "height of row 1 is -1");
  r[1] = 1.0;
  ck_fails(pflow_denoiser_mean(denoiser, others, x, r, 2, out), PFLOW_ESTATE, "another");
  ck_fails(pflow_denoiser_mean(fresh, others, x, r, 2, out), PFLOW_ESTATE,
           "before a fit");
  x[dim] = NAN;
  ck_fails(pflow_denoiser_mean(denoiser, work, x, r, 2, out), PFLOW_ENONFINITE, "row 1");
  ck_fails(pflow_denoiser_flow_create(&flow, denoiser, 0), PFLOW_EINVAL,
           "concurrent is 0");
  ck_fails(pflow_denoiser_flow_create(&flow, NULL, 1), PFLOW_ENULL, "denoiser is NULL");
  ck_fails(pflow_denoiser_flow_create(NULL, denoiser, 1), PFLOW_ENULL, "flow is NULL");
  ck_ok(pflow_denoiser_flow_create(&flow, denoiser, 1));
  ck_fails((pflow_err)pflow_denoiser_rhs(&wide, out, flow), PFLOW_ESHAPE, "rows of 4");
  ck_fails((pflow_err)pflow_denoiser_rhs(NULL, out, flow), PFLOW_ENULL, "rows is NULL");
  ck_fails((pflow_err)pflow_denoiser_rhs(&rows, NULL, flow), PFLOW_ENULL, "dx is NULL");
  ck_fails((pflow_err)pflow_denoiser_rhs(&rows, out, NULL), PFLOW_ENULL, "self is NULL");
  pflow_denoiser_flow_destroy(flow);
  pflow_denoiser_flow_destroy(NULL);
  pflow_denoiser_work_destroy(others);
  pflow_denoiser_work_destroy(work);
  pflow_denoiser_destroy(fresh);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_probes_are_named) {
  pflow_denoiser_config config = denoising_config(1);
  pflow_denoiser *denoiser = quick(NULL), *fresh;
  pflow_exact *exact = exact_field(6.0, dim), *other = exact_field(7.0, dim),
              *narrow = exact_field(6.0, 2);
  pflow_denoiser_error_at errors[7];
  pflow_denoiser_probe probe;
  const size_t no_such[2] = {0, n};
  const float bad[dim] = {0, INFINITY, 0};
  ck_ok(pflow_denoiser_create(&fresh, dim, &config));
  pflow_denoiser_probe_init(&probe);
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_ENULL,
           "probe->x");
  probe.x = denoising_data();
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EINVAL,
           "0 rows at 7 heights");
  probe.n = 2;
  ck_fails(pflow_denoiser_error(NULL, exact, &probe, errors), PFLOW_ENULL, "denoiser is");
  ck_fails(pflow_denoiser_error(denoiser, NULL, &probe, errors), PFLOW_ENULL, "exact is");
  ck_fails(pflow_denoiser_error(denoiser, exact, NULL, errors), PFLOW_ENULL, "probe is");
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, NULL), PFLOW_ENULL, "errors is");
  ck_fails(pflow_denoiser_error(fresh, exact, &probe, errors), PFLOW_ESTATE, "a fit");
  ck_fails(pflow_denoiser_error(denoiser, other, &probe, errors), PFLOW_EINVAL,
           "aug_dim is 6, that of the exact field 7");
  ck_fails(pflow_denoiser_error(denoiser, narrow, &probe, errors), PFLOW_ESHAPE,
           "sources of 2");
  probe.leave_out = no_such;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EINVAL,
           "leaves out source 400 of 400");
  probe.leave_out = NULL;
  probe.heights = 1;
  ck_ok(pflow_denoiser_error(denoiser, exact, &probe, errors));
  ck_assert_double_eq_tol(errors[0].r, 0.1 * sqrt(6.0), 1e-12);
  probe.r_min = 2.0;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EINVAL,
           "heights from 2 to 0");
  probe.r_max = INFINITY;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EINVAL,
           "heights from 2 to inf");
  probe.r_max = 8.0;
  probe.heights = 3;
  ck_ok(pflow_denoiser_error(denoiser, exact, &probe, errors));
  for (size_t i = 0; i < 3; i++)
    ck_assert_double_eq_tol(errors[i].r, pow(2.0, (double)i + 1.0), 1e-12);
  probe.n = SIZE_MAX / 4;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EOVERFLOW,
           "rows");
  probe.n = 1;
  probe.x = bad;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_ENONFINITE,
           "column 1");
  probe.struct_size = 3;
  ck_fails(pflow_denoiser_error(denoiser, exact, &probe, errors), PFLOW_EINVAL,
           "struct_size");
  pflow_exact_destroy(narrow);
  pflow_exact_destroy(other);
  pflow_exact_destroy(exact);
  pflow_denoiser_destroy(fresh);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

typedef struct fields {
  const pflow_denoiser *denoiser;
  const pflow_exact *exact;
} fields;

static pflow_err make_work(void *user) {
  const fields *f = user;
  pflow_denoiser_work *work;
  pflow_err rc = pflow_denoiser_work_create(&work, f->denoiser, 10);
  pflow_denoiser_work_destroy(work);
  return rc;
}

static pflow_err make_flow(void *user) {
  const fields *f = user;
  pflow_denoiser_flow *flow;
  pflow_err rc = pflow_denoiser_flow_create(&flow, f->denoiser, 3);
  pflow_denoiser_flow_destroy(flow);
  return rc;
}

static pflow_err find_error(void *user) {
  const fields *f = user;
  pflow_denoiser_error_at errors[7];
  pflow_denoiser_probe probe;
  pflow_denoiser_probe_init(&probe);
  probe.x = denoising_data();
  probe.n = 5;
  return pflow_denoiser_error(f->denoiser, f->exact, &probe, errors);
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  pflow_denoiser *denoiser = quick(NULL);
  pflow_exact *exact = exact_field(6.0, dim);
  fields f = {denoiser, exact};
  check_failures(make_work, &f);
  check_failures(make_flow, &f);
  check_failures(find_error, &f);
  pflow_exact_destroy(exact);
  pflow_denoiser_destroy(denoiser);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("denoiser_use",
                   TESTS(rows_do_not_see_each_other, an_axis_without_variance,
                         calls_at_the_same_time, the_right_hand_side,
                         a_flow_and_its_inverse, the_error_is_what_it_says,
                         bad_arguments_are_named, bad_probes_are_named,
                         failing_allocations_leave_nothing));
}
