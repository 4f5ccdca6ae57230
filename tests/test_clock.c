/*
 * test_clock.c - right-hand sides made of fields: closed forms, golden flows, the watch.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/suite.h"

enum { dim = 4 };

/* ---- fields ---- */

/* E = -y, which attracts everything to the origin. */
static pflow_err inward(const float *y, size_t n, float *e, void *work,
                        const void *self) {
  (void)work;
  (void)self;
  for (size_t i = 0; i < n * dim; i++)
    e[i] = -y[i];
  return PFLOW_OK;
}

/* E is the same vector everywhere. */
static pflow_err constant(const float *y, size_t n, float *e, void *work,
                          const void *self) {
  (void)y;
  (void)work;
  for (size_t i = 0; i < n; i++)
    memcpy(e + i * dim, self, dim * sizeof *e);
  return PFLOW_OK;
}

static pflow_field *make_field(pflow_err (*eval)(const float *, size_t, float *, void *,
                                                 const void *),
                               void *self) {
  const pflow_field_class class = {
      .struct_size = sizeof class, .kind = "toy", .eval = eval};
  pflow_field *field;
  ck_ok(pflow_field_create(&field, dim, &class, self));
  return field;
}

static pflow_clock *make_clock(const pflow_field *field, size_t n, pflow_clock_kind kind,
                               double max_speed) {
  pflow_clock_config config;
  pflow_clock *clock;
  pflow_clock_config_init(&config);
  config.kind = kind;
  config.max_speed = max_speed;
  ck_ok(pflow_clock_create(&clock, field, n, &config));
  return clock;
}

static void destroy_both(pflow_clock *clock, pflow_field *field) {
  pflow_clock_destroy(clock);
  pflow_field_destroy(field);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

/* The derivative of one row with a given index. */
static int derivative(pflow_clock *clock, size_t index, const float y[dim],
                      float dy[dim]) {
  const double s = 0.0;
  const pflow_ode_rows rows = {.n = 1, .dim = dim, .s = &s, .y = y, .row = &index};
  return pflow_clock_rhs(&rows, dy, clock);
}

static double dot(const float *a, const float *b, size_t n) {
  double sum = 0.0;
  for (size_t k = 0; k < n; k++)
    sum += (double)a[k] * b[k];
  return sum;
}

/* ---- closed forms for E = -y ---- */

static const float start[2][dim] = {{0.6f, -0.3f, 0.2f, 0.5f}, {-1.5f, 0.5f, 2.0f, 1.0f}};

/* Checks dy/ds = factor * y. */
static void check_factor(pflow_clock_kind kind, const float y[dim], double factor) {
  pflow_field *field = make_field(inward, NULL);
  pflow_clock *clock = make_clock(field, 1, kind, 100.0);
  float dy[dim];
  ck_assert_int_eq(derivative(clock, 0, y, dy), 0);
  for (size_t k = 0; k < dim; k++)
    ck_assert_double_eq_tol(dy[k], factor * y[k], 1e-6);
  destroy_both(clock, field);
}

START_TEST(right_hand_sides_have_closed_forms) {
  for (size_t i = 0; i < 2; i++) {
    double square = dot(start[i], start[i], dim), z = start[i][dim - 1];
    check_factor(PFLOW_CLOCK_RADIAL, start[i], 1.0 / square);
    check_factor(PFLOW_CLOCK_ARC, start[i], 1.0 / sqrt(square));
    check_factor(PFLOW_CLOCK_Z, start[i], 1.0 / z);
    check_factor(PFLOW_CLOCK_LOG_Z, start[i], 1.0);
  }
}
END_TEST

/* Flows `start` by RK4 and checks that row i is stretched by stretch[i]. */
static void check_flow(pflow_clock_kind kind, size_t row, double s0, double s1,
                       double stretch) {
  pflow_field *field = make_field(inward, NULL);
  pflow_clock *clock = make_clock(field, 1, kind, 100.0);
  pflow_ode_config config;
  float y[dim];
  memcpy(y, start[row], sizeof y);
  pflow_ode_config_init(&config);
  ck_ok(pflow_ode_solve(&config, pflow_clock_rhs, clock, s0, s1, y, 1, dim, NULL));
  for (size_t k = 0; k < dim; k++)
    ck_assert_double_eq_tol(y[k], stretch * start[row][k], 2e-6 * stretch);
  destroy_both(clock, field);
}

START_TEST(flows_have_closed_forms) {
  for (size_t i = 0; i < 2; i++) {
    double square = dot(start[i], start[i], dim), z = start[i][dim - 1];
    check_flow(PFLOW_CLOCK_RADIAL, i, 0.0, 1.0, sqrt((square + 2.0) / square));
    check_flow(PFLOW_CLOCK_RADIAL, i, 1.0, 1.0 - 0.25 * square, sqrt(0.5));
    check_flow(PFLOW_CLOCK_ARC, i, 0.0, 1.0, 1.0 + 1.0 / sqrt(square));
    check_flow(PFLOW_CLOCK_Z, i, z, 3.0 * z, 3.0);
    check_flow(PFLOW_CLOCK_LOG_Z, i, log(z), log(z) + 1.0, exp(1.0));
  }
}
END_TEST

/* ---- fields of sources ---- */

enum { points = 40, space = 6 };

/* Clustered sources, and points on the unit sphere of the plane z = 0. */
static pflow_field *make_cluster(size_t n, float *y) {
  static float x[300 * space], unit[points * space];
  pflow_field *field;
  pflow_rng rng;
  pflow_rng_init(&rng, 7, 0);
  pflow_rng_normal(&rng, x, n * space, 0.0, 0.1);
  ck_ok(pflow_field_create_sources(&field, &(pflow_sources){x, n, space}, NULL));
  pflow_rng_sphere(&rng, unit, points, space);
  for (size_t i = 0; i < points; i++) {
    memcpy(y + i * (space + 1), unit + i * space, space * sizeof *y);
    y[i * (space + 1) + space] = 0.0f;
  }
  return field;
}

START_TEST(radial_flows_grow_by_two) {
  for (size_t n = 1; n <= 300; n += 299) {
    float y[points * (space + 1)];
    pflow_field *field = make_cluster(n, y);
    pflow_clock *clock = make_clock(field, points, PFLOW_CLOCK_RADIAL, 100.0);
    pflow_ode_config config;
    pflow_clock_stats stats;
    pflow_ode_config_init(&config);
    ck_ok(pflow_ode_solve(&config, pflow_clock_rhs, clock, 0.0, 1.5, y, points, space + 1,
                          NULL));
    for (size_t i = 0; i < points; i++) {
      const float *row = y + i * (space + 1);
      ck_assert_double_eq_tol(dot(row, row, space + 1), 1.0 + 2.0 * 1.5, 4e-6);
    }
    ck_ok(pflow_clock_get_stats(clock, &stats));
    ck_assert_uint_eq(stats.evaluations, points * 4 * 100);
    ck_assert_uint_eq(stats.crossings, 0);
    ck_assert_uint_eq(stats.capped, 0);
    ck_assert(stats.smallest > 0.5 && stats.smallest <= 1.0);
    destroy_both(clock, field);
  }
}
END_TEST

/* dz/ds = 1, and dz/ds = z. */
START_TEST(z_clocks_keep_time) {
  for (int kind = PFLOW_CLOCK_Z; kind <= PFLOW_CLOCK_LOG_Z; kind++) {
    float y[points * (space + 1)];
    pflow_field *field = make_cluster(300, y);
    pflow_clock *clock = make_clock(field, points, (pflow_clock_kind)kind, 1e6);
    pflow_ode_config config;
    const double z0 = 0.5, z1 = 20.0;
    for (size_t i = 0; i < points; i++)
      y[i * (space + 1) + space] = (float)z0;
    pflow_ode_config_init(&config);
    bool log_clock = kind == PFLOW_CLOCK_LOG_Z;
    ck_ok(pflow_ode_solve(&config, pflow_clock_rhs, clock, log_clock ? log(z0) : z0,
                          log_clock ? log(z1) : z1, y, points, space + 1, NULL));
    for (size_t i = 0; i < points; i++)
      ck_assert_double_eq_tol(y[i * (space + 1) + space], z1, 1e-5 * z1);
    destroy_both(clock, field);
  }
}
END_TEST

/* ---- a golden flow: E = y + 0.1 mlp(y) ---- */

typedef struct mlp_field {
  pflow_net *net;
  pflow_net_work *work;
  size_t width;
} mlp_field;

static pflow_err mlp_eval(const float *y, size_t n, float *e, void *work,
                          const void *self) {
  (void)work;
  const mlp_field *field = self;
  pflow_err rc = pflow_net_predict(field->net, field->work, y, n, e);
  for (size_t i = 0; i < n * field->width; i++)
    e[i] = y[i] + 0.1f * e[i];
  return rc;
}

static void load_param(pflow_net *net, size_t index, const char *name) {
  golden values = golden_load("flow_radial", name);
  pflow_param param;
  ck_ok(pflow_net_param(net, index, &param));
  ck_assert_uint_eq(param.size, values.size);
  memcpy(param.value, values.f32, values.size * sizeof(float));
  golden_free(&values);
}

static mlp_field load_mlp(void) {
  static const char *const names[] = {"w0", "b0", "w1", "b1", "w2", "b2"};
  mlp_field field;
  ck_ok(pflow_field_net_create(&field.net, 16, NULL));
  for (size_t i = 0; i < 6; i++)
    load_param(field.net, i, names[i]);
  field.width = pflow_net_in_size(field.net);
  ck_ok(pflow_net_work_create(&field.work, field.net, 64, PFLOW_INFERENCE));
  return field;
}

static void check_golden_flow(const char *name, pflow_ode_method method, size_t steps,
                              double tolerance) {
  golden y = golden_load("flow_radial", "y0"), want = golden_load("flow_radial", name);
  mlp_field self = load_mlp();
  const pflow_field_class class = {
      .struct_size = sizeof class, .kind = "mlp", .eval = mlp_eval};
  pflow_field *field;
  ck_ok(pflow_field_create(&field, self.width, &class, &self));
  pflow_clock *clock = make_clock(field, y.shape[0], PFLOW_CLOCK_RADIAL, 100.0);
  pflow_ode_config config;
  pflow_ode_config_init(&config);
  config.method = method;
  config.steps = steps;
  ck_ok(pflow_ode_solve(&config, pflow_clock_rhs, clock, 0.0, 1.0, y.f32, y.shape[0],
                        y.shape[1], NULL));
  check_close(name, y.f32, &want, tolerance);
  pflow_net_work_destroy(self.work);
  pflow_net_destroy(self.net);
  destroy_both(clock, field);
  golden_free(&y);
  golden_free(&want);
}

START_TEST(golden_flows) {
  check_golden_flow("euler_100x0p01_f64", PFLOW_ODE_EULER, 100, 1e-5);
  check_golden_flow("rk4_100x0p01_f64", PFLOW_ODE_RK4, 100, 1e-5);
  check_golden_flow("rk4_20x0p05_f64", PFLOW_ODE_RK4, 20, 1e-5);
  check_golden_flow("reference_s1_f64", PFLOW_ODE_RK4, 100, 1e-5);
}
END_TEST

/* ---- the watch on denominators ---- */

/* E = (1, 0, 0, 0), so that E . y is the first coordinate. */
START_TEST(crossings_are_counted_by_row) {
  float e[dim] = {1, 0, 0, 0}, dy[dim];
  const struct {
    size_t row;
    float at;
    uint64_t crossings;
    size_t rows_crossed;
  } visits[] = {{0, 1, 0, 0},  {1, -1, 0, 0}, {0, 2, 0, 0}, {0, -1, 1, 1},
                {1, -3, 1, 1}, {0, 1, 2, 1},  {0, 0, 2, 1}, {0, 1, 2, 1},
                {1, 0, 2, 1},  {1, 2, 3, 2},  {2, 0, 3, 2}, {2, 5, 3, 2}};
  pflow_field *field = make_field(constant, e);
  pflow_clock *clock = make_clock(field, 3, PFLOW_CLOCK_RADIAL, 100.0);
  for (size_t i = 0; i < sizeof visits / sizeof *visits; i++) {
    const float y[dim] = {visits[i].at, 1, 0, 0};
    pflow_clock_stats stats;
    ck_assert_int_eq(derivative(clock, visits[i].row, y, dy), 0);
    ck_ok(pflow_clock_get_stats(clock, &stats));
    ck_assert_uint_eq(stats.evaluations, i + 1);
    ck_assert_uint_eq(stats.crossings, visits[i].crossings);
    ck_assert_uint_eq(stats.rows_crossed, visits[i].rows_crossed);
  }
  destroy_both(clock, field);
}
END_TEST

START_TEST(speeds_are_capped) {
  float e[dim] = {2, 0, 0, 0}, dy[dim];
  const struct {
    float at;
    double speed; /* of the first coordinate, with its sign */
    uint64_t capped;
  } visits[] = {{1.0f, 1.0, 0},  {0.5f, 2.0, 0},   {0.1f, 8.0, 1}, {-0.1f, -8.0, 2},
                {0.0f, -8.0, 3}, {0.125f, 8.0, 3}, {0.0f, 8.0, 4}};
  pflow_field *field = make_field(constant, e);
  pflow_clock *clock = make_clock(field, 1, PFLOW_CLOCK_RADIAL, 8.0);
  double smallest = 1.0;
  for (size_t i = 0; i < sizeof visits / sizeof *visits; i++) {
    const float y[dim] = {visits[i].at, 1, 0, 0};
    pflow_clock_stats stats;
    ck_assert_int_eq(derivative(clock, 0, y, dy), 0);
    ck_assert_double_eq_tol(dy[0], visits[i].speed, 1e-6);
    ck_assert(dy[1] == 0.0f && dy[2] == 0.0f && dy[3] == 0.0f);
    smallest = fmin(smallest, fabs(y[0]) / hypot(y[0], y[1]));
    ck_ok(pflow_clock_get_stats(clock, &stats));
    ck_assert_uint_eq(stats.capped, visits[i].capped);
    ck_assert_double_eq_tol(stats.smallest, smallest, 1e-7);
  }
  destroy_both(clock, field);
}
END_TEST

/* E_z = 0.01 beside a length of 1: ||dy/dz|| is 100, and z times that for ln z. */
START_TEST(z_clocks_cap_the_slope) {
  float e[dim] = {1, 0, 0, 0.01f}, dy[dim];
  const float y[dim] = {0, 0, 0, 3};
  for (int kind = PFLOW_CLOCK_Z; kind <= PFLOW_CLOCK_LOG_Z; kind++) {
    double z = kind == PFLOW_CLOCK_Z ? 1.0 : 3.0;
    for (size_t capped = 0; capped < 2; capped++) {
      pflow_field *field = make_field(constant, e);
      pflow_clock *clock =
          make_clock(field, 1, (pflow_clock_kind)kind, capped ? 10.0 : 1e3);
      pflow_clock_stats stats;
      ck_assert_int_eq(derivative(clock, 0, y, dy), 0);
      double length = capped ? 10.0 : sqrt(1.0001) / 0.01;
      ck_assert_double_eq_tol(sqrt(dot(dy, dy, dim)), z * length, 1e-4);
      ck_ok(pflow_clock_get_stats(clock, &stats));
      ck_assert_uint_eq(stats.capped, capped);
      ck_assert_double_eq_tol(stats.smallest, 0.01 / sqrt(1.0001), 1e-8);
      destroy_both(clock, field);
    }
  }
}
END_TEST

/* ---- fields that vanish or are no numbers ---- */

START_TEST(a_zero_field_stands_still_or_is_outside) {
  float e[dim] = {0}, dy[dim];
  const float zero[dim] = {0};
  pflow_field *field = make_field(constant, e);
  for (int kind = PFLOW_CLOCK_RADIAL; kind <= PFLOW_CLOCK_LOG_Z; kind++) {
    pflow_clock *clock = make_clock(field, 1, (pflow_clock_kind)kind, 100.0);
    int result = derivative(clock, 0, start[0], dy);
    if (kind <= PFLOW_CLOCK_ARC) {
      ck_assert_int_eq(result, 0);
      ck_assert_mem_eq(dy, zero, sizeof dy);
    } else {
      ck_assert_int_gt(result, 0);
    }
    pflow_clock_destroy(clock);
  }
  pflow_field_destroy(field);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_field_that_is_no_number_is_an_error) {
  float e[dim] = {0, NAN, 0, 0}, dy[dim], y[2 * dim] = {0, 0, 3, 4, 1, 1, 1, 1};
  pflow_field *field = make_field(constant, e);
  pflow_clock *clock = make_clock(field, 9, PFLOW_CLOCK_ARC, 100.0);
  ck_fails(derivative(clock, 7, y, dy), PFLOW_ENONFINITE,
           "toy field of row 7 is not finite at radius 5, z 4");
  e[1] = INFINITY;
  ck_fails(derivative(clock, 8, y, dy), PFLOW_ENONFINITE, "row 8");
  ck_fails(pflow_ode_solve(NULL, pflow_clock_rhs, clock, 0.0, 1.0, y, 2, dim, NULL),
           PFLOW_ECALLBACK,
           "the right-hand side returned -6: clock: the toy field of row 0");
  destroy_both(clock, field);
}
END_TEST

/* An error of the field itself is passed on. */
static pflow_err broken(const float *y, size_t n, float *e, void *work,
                        const void *self) {
  (void)y, (void)n, (void)e, (void)work, (void)self;
  return PFLOW_EIO;
}

START_TEST(a_broken_field_is_passed_on) {
  float dy[dim];
  pflow_field *field = make_field(broken, NULL);
  pflow_clock *clock = make_clock(field, 1, PFLOW_CLOCK_ARC, 100.0);
  ck_assert_int_eq(derivative(clock, 0, start[0], dy), PFLOW_EIO);
  destroy_both(clock, field);
}
END_TEST

/* More rows than the clock evaluates at a time. */
START_TEST(many_rows_at_once) {
  enum { n = 9001 };
  static float y[n * dim], dy[n * dim];
  static double s[n];
  static size_t row[n];
  pflow_rng rng;
  pflow_rng_init(&rng, 2, 0);
  pflow_rng_normal(&rng, y, n * dim, 0.0, 1.0);
  for (size_t i = 0; i < n; i++)
    row[i] = n - 1 - i;
  pflow_field *field = make_field(inward, NULL);
  pflow_clock *clock = make_clock(field, n, PFLOW_CLOCK_ARC, 100.0);
  const pflow_ode_rows rows = {.n = n, .dim = dim, .s = s, .y = y, .row = row};
  ck_assert_int_eq(pflow_clock_rhs(&rows, dy, clock), 0);
  for (size_t i = 0; i < n; i++) {
    const float *at = y + i * dim;
    ck_assert_double_eq_tol(dot(dy + i * dim, at, dim), sqrt(dot(at, at, dim)), 1e-5);
  }
  destroy_both(clock, field);
}
END_TEST

/* ---- bad input, and failing allocations ---- */

START_TEST(bad_clocks_are_named) {
  pflow_field *field = make_field(inward, NULL);
  pflow_clock *clock;
  pflow_clock_config config;
  pflow_clock_stats stats;
  pflow_clock_config_init(&config);
  ck_fails(pflow_clock_create(NULL, field, 1, &config), PFLOW_ENULL, "clock is NULL");
  ck_fails(pflow_clock_create(&clock, NULL, 1, &config), PFLOW_ENULL, "field is NULL");
  ck_fails(pflow_clock_create(&clock, field, 0, &config), PFLOW_EINVAL, "0 rows");
  const double speeds[] = {0.0, -1.0, NAN, INFINITY};
  const char *const texts[] = {"is 0", "is -1", "is nan", "is inf"};
  for (size_t i = 0; i < 4; i++) {
    config.max_speed = speeds[i];
    ck_fails(pflow_clock_create(&clock, field, 1, &config), PFLOW_EINVAL, texts[i]);
  }
  pflow_clock_config_init(&config);
  config.kind = (pflow_clock_kind)4;
  ck_fails(pflow_clock_create(&clock, field, 1, &config), PFLOW_EINVAL, "kind is 4");
  config.struct_size = 3;
  ck_fails(pflow_clock_create(&clock, field, 1, &config), PFLOW_EINVAL, "is 3");
  ck_assert_ptr_null(clock);
  ck_fails(pflow_clock_get_stats(NULL, &stats), PFLOW_ENULL, "clock is NULL");
  pflow_clock_destroy(NULL);
  pflow_field_destroy(field);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_rows_are_named) {
  pflow_field *field = make_field(inward, NULL);
  pflow_clock *clock;
  float dy[dim];
  const double s = 0.0;
  const size_t row = 0;
  const pflow_ode_rows wide = {.n = 1, .dim = 5, .s = &s, .y = start[0], .row = &row};
  ck_ok(pflow_clock_create(&clock, field, 3, NULL));
  ck_fails(pflow_clock_rhs(NULL, dy, clock), PFLOW_ENULL, "rows is NULL");
  ck_fails(pflow_clock_rhs(&wide, NULL, clock), PFLOW_ENULL, "dy is NULL");
  ck_fails(pflow_clock_rhs(&wide, dy, NULL), PFLOW_ENULL, "clock is NULL");
  ck_fails(pflow_clock_rhs(&wide, dy, clock), PFLOW_ESHAPE, "5 values, the field has 4");
  ck_fails(derivative(clock, 3, start[0], dy), PFLOW_EINVAL, "row 3, made for 3 rows");
  ck_fails(pflow_clock_get_stats(clock, NULL), PFLOW_ENULL, "stats is NULL");
  destroy_both(clock, field);
}
END_TEST

static pflow_err make_default_clock(void *user) {
  pflow_clock *clock;
  pflow_err rc = pflow_clock_create(&clock, user, 10, NULL);
  pflow_clock_destroy(clock);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  pflow_field *field = make_field(inward, NULL);
  ck_assert_uint_eq(check_failures(make_default_clock, field), 4);
  pflow_field_destroy(field);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "clock", TESTS(right_hand_sides_have_closed_forms, flows_have_closed_forms,
                     radial_flows_grow_by_two, z_clocks_keep_time, golden_flows,
                     crossings_are_counted_by_row, speeds_are_capped,
                     z_clocks_cap_the_slope, a_zero_field_stands_still_or_is_outside,
                     a_field_that_is_no_number_is_an_error, a_broken_field_is_passed_on,
                     many_rows_at_once, bad_clocks_are_named, bad_rows_are_named,
                     failing_allocations_leave_nothing));
}
