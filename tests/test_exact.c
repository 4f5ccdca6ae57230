/*
 * test_exact.c - the exact field in any number of augmented dimensions, against sums in
 * double and closed forms.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/levels.h"
#include "support/suite.h"

/* ---- the reference: sums in double, weights in logarithms ---- */

typedef struct problem {
  size_t n, dim, q;
  double aug_dim, sums; /* sums: their relative error */
  float *x, *y;         /* sources; queries */
  double *r;
  size_t *leave_out; /* or NULL */
} problem;

static double squared_distance(const float *a, const float *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
  return sum;
}

/* Logarithms of the weights relative to the nearest source that is not left out. */
static void log_weights(const problem *p, size_t i, double *weight) {
  const double r2 = p->r[i] * p->r[i], power = 0.5 * ((double)p->dim + p->aug_dim);
  double least = INFINITY;
  for (size_t j = 0; j < p->n; j++) {
    weight[j] = squared_distance(p->y + i * p->dim, p->x + j * p->dim, p->dim);
    if (p->leave_out && p->leave_out[i] == j) weight[j] = INFINITY;
    least = fmin(least, weight[j]);
  }
  for (size_t j = 0; j < p->n; j++)
    weight[j] = -power * log1p((weight[j] - least) / (least + r2));
}

/* xhat of query i, and the weighted rms distance of the sources from it. */
static double reference(const problem *p, size_t i, double *xhat) {
  double *weight = malloc(p->n * sizeof *weight), total = 0.0, spread = 0.0;
  log_weights(p, i, weight);
  memset(xhat, 0, p->dim * sizeof *xhat);
  for (size_t j = 0; j < p->n; j++) {
    weight[j] = exp(weight[j]);
    total += weight[j];
    for (size_t k = 0; k < p->dim; k++)
      xhat[k] += weight[j] * p->x[j * p->dim + k];
  }
  for (size_t k = 0; k < p->dim; k++)
    xhat[k] /= total;
  for (size_t j = 0; j < p->n; j++)
    for (size_t k = 0; k < p->dim; k++)
      spread += weight[j] / total * pow(p->x[j * p->dim + k] - xhat[k], 2);
  free(weight);
  return sqrt(spread);
}

static pflow_exact *make_exact(const problem *p, pflow_pool *pool) {
  pflow_exact_config config;
  pflow_exact *exact;
  pflow_exact_config_init(&config);
  config.aug_dim = p->aug_dim;
  config.pool = pool;
  ck_ok(pflow_exact_create(&exact, &(pflow_sources){p->x, p->n, p->dim}, &config));
  return exact;
}

static float *mean_of(const problem *p, pflow_pool *pool) {
  pflow_exact *exact = make_exact(p, pool);
  float *xhat = malloc(p->q * p->dim * sizeof *xhat);
  const pflow_exact_queries queries = {p->y, p->r, p->leave_out, p->q};
  ck_ok(pflow_exact_mean(exact, &queries, xhat));
  pflow_exact_destroy(exact);
  return xhat;
}

/*
 * Off by no more than the header says: weights by (N + D) / 2 * 4e-7 d^2 / (d^2 + r^2),
 * twice the typical, and sums by p->sums of their size.
 */
static void check_rows(const problem *p, const float *got, const char *what) {
  double *want = malloc(p->dim * sizeof *want);
  const double power = 0.5 * ((double)p->dim + p->aug_dim);
  for (size_t i = 0; i < p->q; i++) {
    const double spread = reference(p, i, want);
    double error = 0.0, size = 0.0, nearest = INFINITY;
    for (size_t j = 0; j < p->n; j++)
      if (!p->leave_out || p->leave_out[i] != j)
        nearest =
            fmin(nearest, squared_distance(p->y + i * p->dim, p->x + j * p->dim, p->dim));
    for (size_t k = 0; k < p->dim; k++) {
      error += pow(got[i * p->dim + k] - want[k], 2);
      size += want[k] * want[k];
    }
    /* sources that count are about as far as the nearest and the spread together */
    const double far = nearest + spread * spread;
    const double weights = 1e-6 + power * 4e-7 * far / (far + p->r[i] * p->r[i]);
    ck_assert_msg(sqrt(error) <= weights * spread + p->sums * (sqrt(size) + spread),
                  "%s: %zu sources, dim %zu, D %g, row %zu at height %g: off by %g of "
                  "spread %g, size %g",
                  what, p->n, p->dim, p->aug_dim, i, p->r[i], sqrt(error), spread,
                  sqrt(size));
  }
  free(want);
}

/* ---- problems ---- */

/* Sources around `clusters` centres at `away` from the origin, queries beside them. */
static problem make_problem(size_t n, size_t dim, size_t q, double aug_dim, double away,
                            double spread) {
  problem p = {.n = n, .dim = dim, .q = q, .aug_dim = aug_dim, .sums = 1.3e-6};
  p.x = malloc(n * dim * sizeof *p.x);
  p.y = malloc(q * dim * sizeof *p.y);
  p.r = malloc(q * sizeof *p.r);
  float *noise = normal_values(n * dim + q * dim, n + dim);
  for (size_t i = 0; i < n * dim; i++)
    p.x[i] = (float)((i / dim % 2 ? away : 1.5 * away) + spread * noise[i]);
  for (size_t i = 0; i < q * dim; i++)
    p.y[i] =
        (float)(p.x[i / dim * 7 % n * dim + i % dim] + 0.7 * spread * noise[n * dim + i]);
  for (size_t i = 0; i < q; i++)
    p.r[i] = spread;
  pflow_free(noise);
  return p;
}

/* Runs of sources far from each other: few groups of them count for any one query. */
static problem make_far_problem(size_t n, size_t dim, size_t q, double aug_dim) {
  enum { run = 20, runs = 7 };
  problem p = make_problem(n, dim, q, aug_dim, 0, 1);
  for (size_t i = 0; i < n * dim; i++)
    p.x[i] += 40.0f * (float)(i / dim / run % runs);
  for (size_t i = 0; i < q * dim; i++)
    p.y[i] += 40.0f * (float)(i / dim % runs);
  for (size_t i = 0; i < q; i++)
    p.r[i] = 0.1;
  return p;
}

static void free_problem(problem *p) {
  free(p->x);
  free(p->y);
  free(p->r);
  free(p->leave_out);
}

static void check_problem(problem *p, const char *what) {
  const double heights[] = {1e-3, 0.3, 1.0, 30.0, 1e6};
  const double unit = p->r[0] * sqrt((double)p->dim);
  for (size_t h = 0; h < sizeof heights / sizeof *heights; h++) {
    for (size_t i = 0; i < p->q; i++)
      p->r[i] = heights[h] * unit * (p->aug_dim > 100.0 ? sqrt(p->aug_dim) : 1.0);
    float *got = mean_of(p, NULL);
    check_rows(p, got, what);
    free(got);
  }
  free_problem(p);
}

typedef struct shape {
  size_t n, dim, q;
  double aug_dim, away, spread;
} shape;

START_TEST(any_shape_matches_brute_force) {
  const shape shapes[] = {{1, 1, 1, 1, 0, 1},          {2, 1, 9, 1, 0, 1},
                          {3, 2, 17, 1.5, 0, 1},       {14, 3, 33, 1, 0, 1},
                          {15, 4, 64, 128, 0, 1},      {126, 5, 65, 1e6, 0, 1},
                          {127, 13, 16, 1, 0, 1},      {500, 14, 3, 1.5, 0, 1},
                          {700, 15, 7, 128, 1, 0.1},   {4032, 16, 5, 1, 0, 1},
                          {4033, 17, 5, 1, 0, 1},      {9000, 9, 70, 1.5, 1, 0.2},
                          {300, 127, 10, 1, 0, 1},     {300, 128, 10, 1e6, 0, 1},
                          {300, 129, 10, 128, 0, 1},   {200, 256, 5, 1.5, 1, 0.1},
                          {60, 511, 5, 1, 0, 1},       {60, 1024, 5, 1, 0, 1},
                          {40, 4096, 3, 128, 0, 1},    {400, 128, 16, 1, 1, 1e-4},
                          {400, 9, 16, 1e6, 1, 1e-5},  {300, 3, 9, 1, 100, 1e-3},
                          {300, 64, 9, 1, 1e12, 1e11}, {300, 8, 9, 1, 0, 1e-15},
                          {300, 8, 9, 1, 0, 1e25},     {300, 8, 9, 1, 1, 0.1},
                          {300, 8, 9, 1, 1e-25, 1e-26}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape *s = &shapes[i];
    problem p = make_problem(s->n, s->dim, s->q, s->aug_dim, s->away, s->spread);
    check_problem(&p, "shape");
  }
}
END_TEST

START_TEST(queries_on_sources_and_duplicates) {
  problem p = make_problem(200, 12, 40, 1, 1, 0.1);
  for (size_t j = 0; j < p.n; j++) /* every source twenty times */
    memcpy(p.x + j * p.dim, p.x + j % 10 * p.dim, p.dim * sizeof *p.x);
  for (size_t i = 0; i < p.q; i++)
    memcpy(p.y + i * p.dim, p.x + i * p.dim, p.dim * sizeof *p.x);
  check_problem(&p, "duplicates");
}
END_TEST

START_TEST(a_source_does_not_see_itself) {
  problem p = make_problem(4100, 6, 130, 1, 0, 1);
  p.leave_out = malloc(p.q * sizeof *p.leave_out);
  for (size_t i = 0; i < p.q; i++) {
    const size_t own = i * 31 % p.n;
    memcpy(p.y + i * p.dim, p.x + own * p.dim, p.dim * sizeof *p.x);
    p.leave_out[i] = i % 5 == 4 ? PFLOW_NO_SOURCE : own;
  }
  p.leave_out[0] = 4099; /* the last of the last part */
  memcpy(p.y, p.x + 4099 * p.dim, p.dim * sizeof *p.x);
  check_problem(&p, "leave one out");
}
END_TEST

/*
 * The only source of the second part is left out; all others are far away and weigh the
 * same, so that roundings add up.
 */
START_TEST(others_far_away) {
  problem p = make_problem(4033, 3, 1, 1, 0, 1e-3);
  for (size_t j = 0; j < p.n; j++)
    p.x[j * p.dim] += j + 1 < p.n ? 1e6f : 0.0f;
  memcpy(p.y, p.x + 4032 * p.dim, p.dim * sizeof *p.x);
  p.leave_out = malloc(sizeof *p.leave_out);
  p.leave_out[0] = 4032;
  p.sums = 6e-6;
  check_problem(&p, "far away");
}
END_TEST

/* ---- closed forms ---- */

/* With one source x - s grows like r: d(x - s) / d ln r = x - s. */
START_TEST(one_source_gives_straight_rays) {
  enum { dim = 5, rows = 7 };
  const float source[dim] = {1.0f, -2.0f, 0.25f, 0.0f, 3.0f};
  float start[rows * dim], y[rows * dim];
  pflow_exact *exact;
  pflow_ode_config oc;
  ck_ok(pflow_exact_create(&exact, &(pflow_sources){source, 1, dim}, NULL));
  pflow_exact_flow flow = {exact, NULL};
  for (size_t i = 0; i < rows * dim; i++)
    start[i] = y[i] = source[i % dim] + 0.1f * (float)(i % 11) - 0.4f;
  pflow_ode_config_init(&oc);
  oc.method = PFLOW_ODE_DOPRI5;
  oc.rtol = 1e-7;
  ck_ok(pflow_ode_solve(&oc, pflow_exact_rhs, &flow, log(0.5), log(20.0), y, rows, dim,
                        NULL));
  for (size_t i = 0; i < rows * dim; i++) {
    const double want = source[i % dim] + 40.0 * ((double)start[i] - source[i % dim]);
    ck_assert_double_eq_tol(y[i], want, 1e-5 * (1.0 + fabs(want)));
  }
  pflow_exact_destroy(exact);
}
END_TEST

/* D = 1 is the field of pflow_poisson_direction: E_x = xhat - x. */
START_TEST(one_augmented_dimension_is_the_poisson_field) {
  enum { n = 900, dim = 20, q = 30 };
  problem p = make_problem(n, dim, q, 1, 0, 1);
  float *got = mean_of(&p, NULL), y[q * (dim + 1)], e[q * (dim + 1)];
  ck_ok(pflow_points_augment(p.y, q, dim, p.r[0], y));
  ck_ok(pflow_poisson_direction(&(pflow_sources){p.x, n, dim}, y, q, e, NULL));
  for (size_t i = 0; i < q; i++)
    for (size_t k = 0; k < dim; k++)
      ck_assert_double_eq_tol(got[i * dim + k] - (double)p.y[i * dim + k],
                              e[i * (dim + 1) + k], 1e-5);
  free(got);
  free_problem(&p);
}
END_TEST

static double largest_change(const float *a, const float *b, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double change = fabs((double)a[i] - b[i]);
    ck_assert_double_finite(change); /* fmax passes NaN over */
    most = fmax(most, change);
  }
  return most;
}

/* A flow out and back, each row a source that does not see itself. */
START_TEST(the_flow_and_its_inverse) {
  enum { n = 300, dim = 8 };
  problem p = make_problem(n, dim, n, 1, 0, 1);
  memcpy(p.y, p.x, n * dim * sizeof *p.x);
  p.leave_out = malloc(n * sizeof *p.leave_out);
  for (size_t i = 0; i < n; i++)
    p.leave_out[i] = i;
  pflow_exact *exact = make_exact(&p, NULL);
  pflow_exact_flow flow = {exact, p.leave_out};
  pflow_ode_config oc;
  pflow_ode_config_init(&oc);
  oc.method = PFLOW_ODE_DOPRI5;
  oc.rtol = 1e-6;
  oc.atol = 1e-6;
  oc.block_rows = 77;
  ck_ok(pflow_ode_solve(&oc, pflow_exact_rhs, &flow, log(1.0), log(10.0), p.y, n, dim,
                        NULL));
  const double moved = largest_change(p.y, p.x, n * dim);
  ck_ok(pflow_ode_solve(&oc, pflow_exact_rhs, &flow, log(10.0), log(1.0), p.y, n, dim,
                        NULL));
  ck_assert_double_gt(moved, 1.0);
  ck_assert_double_lt(largest_change(p.y, p.x, n * dim), 2e-3);
  pflow_exact_destroy(exact);
  free_problem(&p);
}
END_TEST

/* ---- bits, memory, errors ---- */

START_TEST(pools_and_neighbours_do_not_change_rows) {
  const size_t sizes[] = {1, 5, 16, 17, 64, 65, 300};
  problem p = make_far_problem(9000, 10, 300, 1.5);
  pflow_pool *pool;
  ck_ok(pflow_pool_create(&pool, 1));
  float *want = mean_of(&p, pool);
  pflow_pool_destroy(pool);
  for (size_t threads = 2; threads <= 5; threads++) {
    ck_ok(pflow_pool_create(&pool, threads));
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      p.q = sizes[s];
      float *got = mean_of(&p, pool);
      ck_assert_mem_eq(got, want, p.q * p.dim * sizeof *got);
      free(got);
    }
    pflow_pool_destroy(pool);
  }
  free(want);
  free_problem(&p);
}
END_TEST

typedef struct concurrent {
  const pflow_exact *exact;
  const problem *p;
  float *xhat;
} concurrent;

static int call_for_rows(size_t begin, size_t end, void *user) {
  const concurrent *c = user;
  const size_t dim = c->p->dim;
  return pflow_exact_mean(
      c->exact,
      &(pflow_exact_queries){c->p->y + begin * dim, c->p->r + begin, NULL, end - begin},
      c->xhat + begin * dim);
}

START_TEST(calls_at_the_same_time) {
  problem p = make_far_problem(9000, 7, 300, 1);
  pflow_pool *outer, *inner;
  ck_ok(pflow_pool_create(&outer, 7));
  ck_ok(pflow_pool_create(&inner, 2));
  float *want = mean_of(&p, NULL), *got = malloc(p.q * p.dim * sizeof *got);
  concurrent c = {make_exact(&p, inner), &p, got};
  const size_t blocks = pflow_live_blocks();
  ck_ok(pflow_parallel_for(outer, p.q, 11, call_for_rows, &c));
  ck_assert_uint_eq(pflow_live_blocks(), blocks);
  ck_assert_mem_eq(got, want, p.q * p.dim * sizeof *got);
  pflow_exact_destroy((pflow_exact *)c.exact);
  pflow_pool_destroy(inner);
  pflow_pool_destroy(outer);
  free(want);
  free(got);
  free_problem(&p);
}
END_TEST

START_TEST(evaluation_allocates_nothing) {
  problem p = make_far_problem(900, 7, 30, 1);
  counting_install();
  pflow_exact *exact = make_exact(&p, NULL);
  float *xhat = malloc(p.q * p.dim * sizeof *xhat);
  const size_t before = counting_calls();
  ck_assert_uint_gt(before, 0);
  ck_ok(pflow_exact_mean(exact, &(pflow_exact_queries){p.y, p.r, NULL, p.q}, xhat));
  ck_assert_uint_eq(counting_calls(), before);
  pflow_exact_destroy(exact);
  counting_remove();
  free(xhat);
  free_problem(&p);
}
END_TEST

static pflow_err make_and_destroy(void *user) {
  const problem *p = user;
  pflow_exact *exact;
  pflow_err rc = pflow_exact_create(&exact, &(pflow_sources){p->x, p->n, p->dim}, NULL);
  pflow_exact_destroy(exact);
  return rc;
}

START_TEST(memory_that_fails) {
  problem p = make_problem(20, 3, 1, 1, 0, 1);
  failing_install();
  check_failures(make_and_destroy, &p);
  failing_remove();
  free_problem(&p);
}
END_TEST

START_TEST(bad_input_is_named) {
  float x[4] = {0, 1, 2, 3}, y[4] = {0}, out[4];
  double r[2] = {1.0, 1.0};
  size_t leave_out[2] = {PFLOW_NO_SOURCE, 2};
  const pflow_sources two = {x, 2, 2}, one = {x, 1, 2}, none = {x, 0, 2},
                      flat = {x, 2, 0};
  const pflow_sources missing = {NULL, 2, 2}, huge = {x, SIZE_MAX, 2};
  pflow_exact_config config;
  pflow_exact *exact, *single;
  pflow_exact_config_init(&config);
  ck_fails(pflow_exact_create(NULL, &two, NULL), PFLOW_ENULL, "exact is NULL");
  ck_fails(pflow_exact_create(&exact, NULL, NULL), PFLOW_ENULL, "sources is NULL");
  ck_fails(pflow_exact_create(&exact, &missing, NULL), PFLOW_ENULL, "sources->x");
  ck_fails(pflow_exact_create(&exact, &none, NULL), PFLOW_EINVAL, "0 sources");
  ck_fails(pflow_exact_create(&exact, &flat, NULL), PFLOW_EINVAL, "of 0 values");
  ck_fails(pflow_exact_create(&exact, &huge, NULL), PFLOW_EOVERFLOW, "sources");
  config.aug_dim = 0.5;
  ck_fails(pflow_exact_create(&exact, &two, &config), PFLOW_EINVAL, "aug_dim is 0.5");
  config.aug_dim = NAN;
  ck_fails(pflow_exact_create(&exact, &two, &config), PFLOW_EINVAL, "aug_dim is nan");
  x[3] = NAN;
  ck_fails(pflow_exact_create(&exact, &two, NULL), PFLOW_ENONFINITE, "row 1");
  x[3] = 3;
  ck_ok(pflow_exact_create(&exact, &two, NULL));
  ck_ok(pflow_exact_create(&single, &one, NULL));
  pflow_exact_queries queries = {y, r, leave_out, 2};
  ck_fails(pflow_exact_mean(NULL, &queries, out), PFLOW_ENULL, "exact is NULL");
  ck_fails(pflow_exact_mean(exact, NULL, out), PFLOW_ENULL, "queries is NULL");
  ck_fails(pflow_exact_mean(exact, &queries, NULL), PFLOW_ENULL, "xhat is NULL");
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_EINVAL,
           "row 1 leaves out source 2 of 2");
  leave_out[1] = 0;
  ck_fails(pflow_exact_mean(single, &queries, out), PFLOW_EINVAL,
           "row 1 leaves out the only source");
  ck_ok(pflow_exact_mean(exact, &queries, out));
  y[3] = NAN;
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_ENONFINITE, "row 1");
  y[3] = 1e30f;
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_ENONFINITE, "row 1");
  r[0] = 0.0;
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_EINVAL, "height of row 0 is 0");
  queries.r = NULL;
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_ENULL, "queries->r");
  queries.x = NULL;
  ck_fails(pflow_exact_mean(exact, &queries, out), PFLOW_ENULL, "queries->x");
  queries = (pflow_exact_queries){y, r, NULL, 0};
  ck_ok(pflow_exact_mean(exact, &queries, out));
  pflow_exact_destroy(single);
  pflow_exact_destroy(exact);
  pflow_exact_destroy(NULL);
}
END_TEST

/* A row that is not finite gets NaN, the others what they would get alone. */
START_TEST(the_right_hand_side_marks_bad_rows) {
  /* of source 1: 5 + 1 to the -3/2 against 1 + 1 of source 0 */
  const double share = 1.0 / (1.0 + pow(3.0, 1.5));
  float x[4] = {0, 1, 2, 3}, y[4] = {0.5f, NAN, 1.0f, 1.0f}, dx[4], alone[2];
  const double s[2] = {0.0, 0.0};
  const size_t row[2] = {8, 3}, leave_out[9] = {9, 9, 9, 9, 9, 9, 9, 9, 0};
  const pflow_ode_rows rows = {2, 2, s, y, row}, wide = {2, 3, s, y, row};
  const pflow_ode_rows last = {1, 2, s + 1, y + 2, row + 1};
  pflow_exact *exact;
  ck_ok(pflow_exact_create(&exact, &(pflow_sources){x, 2, 2}, NULL));
  pflow_exact_flow flow = {exact, NULL};
  ck_ok((pflow_err)pflow_exact_rhs(&rows, dx, &flow));
  ck_ok((pflow_err)pflow_exact_rhs(&last, alone, &flow));
  ck_assert(isnan(dx[0]) && isnan(dx[1]));
  ck_assert_mem_eq(dx + 2, alone, sizeof alone);
  ck_assert_double_eq_tol(dx[2], 1.0 - 2.0 * share, 1e-6);
  ck_assert_double_eq_tol(dx[3], -2.0 * share, 1e-6);
  ck_fails((pflow_err)pflow_exact_rhs(&wide, dx, &flow), PFLOW_ESHAPE, "rows of 3");
  ck_fails((pflow_err)pflow_exact_rhs(&rows, dx, NULL), PFLOW_ENULL, "of is NULL");
  ck_fails((pflow_err)pflow_exact_rhs(&rows, NULL, &flow), PFLOW_ENULL, "dx is NULL");
  ck_fails((pflow_err)pflow_exact_rhs(NULL, dx, &flow), PFLOW_ENULL, "rows is NULL");
  flow.leave_out = leave_out;
  ck_fails((pflow_err)pflow_exact_rhs(&rows, dx, &flow), PFLOW_EINVAL,
           "row 3 leaves out");
  flow.exact = NULL;
  ck_fails((pflow_err)pflow_exact_rhs(&rows, dx, &flow), PFLOW_ENULL, "of->exact");
  pflow_exact_destroy(exact);
}
END_TEST

int main(void) {
  return run_tests(
      "exact",
      TESTS(any_shape_matches_brute_force, queries_on_sources_and_duplicates,
            a_source_does_not_see_itself, others_far_away, one_source_gives_straight_rays,
            one_augmented_dimension_is_the_poisson_field, the_flow_and_its_inverse,
            pools_and_neighbours_do_not_change_rows, calls_at_the_same_time,
            evaluation_allocates_nothing, memory_that_fails, bad_input_is_named,
            the_right_hand_side_marks_bad_rows));
}
