/*
 * test_lbfgs.c - L-BFGS on functions whose minimum is known, its limits and its settings.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/golden.h"
#include "support/objective.h"
#include "support/suite.h"

enum { max_size = 128 };

/* x . A x / 2 - b . x with A = D + v v^T, so that Sherman and Morrison give the minimum.
 */
typedef struct quadratic {
  double diagonal[max_size], vector[max_size], linear[max_size], minimum[max_size];
} quadratic;

static void make_quadratic(quadratic *self, size_t size, double condition) {
  pflow_rng rng;
  pflow_rng_init(&rng, 3, size);
  double vb = 0.0, vv = 0.0;
  for (size_t i = 0; i < size; i++) {
    self->diagonal[i] = pow(condition, (double)i / (double)size);
    self->vector[i] = pflow_rng_double(&rng) - 0.5;
    self->linear[i] = pflow_rng_double(&rng) - 0.5;
    vb += self->vector[i] * self->linear[i] / self->diagonal[i];
    vv += self->vector[i] * self->vector[i] / self->diagonal[i];
  }
  for (size_t i = 0; i < size; i++)
    self->minimum[i] =
        (self->linear[i] - self->vector[i] * vb / (1.0 + vv)) / self->diagonal[i];
}

static int quadratic_value(const double *x, size_t size, double *value, double *gradient,
                           void *user) {
  const quadratic *self = user;
  double along = 0.0;
  for (size_t i = 0; i < size; i++)
    along += self->vector[i] * x[i];
  *value = 0.0;
  for (size_t i = 0; i < size; i++) {
    double product = self->diagonal[i] * x[i] + self->vector[i] * along;
    *value += x[i] * (0.5 * product - self->linear[i]);
    gradient[i] = product - self->linear[i];
  }
  return 0;
}

START_TEST(quadratics_reach_the_exact_minimum) {
  const struct {
    size_t size;
    double condition;
    size_t iterations;
  } cases[] = {{1, 1.0, 3}, {20, 1.0, 8}, {20, 10.0, 40}, {100, 100.0, 150}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    quadratic problem;
    double x[max_size] = {0.0};
    make_quadratic(&problem, cases[k].size, cases[k].condition);
    pflow_lbfgs_config config = with_tolerance(1e-11);
    pflow_lbfgs_report report;
    ck_ok(pflow_lbfgs_minimize(quadratic_value, &problem, x, cases[k].size, &config,
                               &report));
    ck_assert_uint_le(report.iterations, cases[k].iterations);
    ck_assert_uint_le(report.evaluations, 2 * report.iterations + 2);
    check_close_f64("minimum", x, problem.minimum, cases[k].size, 1e-10);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(rosenbrock_is_minimised) {
  const size_t sizes[] = {2, 20};
  const size_t iterations[] = {45, 160};
  for (size_t k = 0; k < 2; k++) {
    double x[20], gradient[20], value;
    rosenbrock_start(x, sizes[k]);
    pflow_lbfgs_report report;
    ck_ok(pflow_lbfgs_minimize(rosenbrock, NULL, x, sizes[k], NULL, &report));
    ck_assert_uint_le(report.iterations, iterations[k]);
    ck_assert_double_le(report.grad_max, 1e-5);
    for (size_t i = 0; i < sizes[k]; i++)
      ck_assert_double_eq_tol(x[i], 1.0, 1e-5);
    rosenbrock(x, sizes[k], &value, gradient, NULL);
    ck_assert(value == report.value);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Multinomial logistic regression: rows of classes x (dim + 1), the intercept last. */
typedef struct logistic {
  golden rows, labels;
  size_t classes;
  double c;
} logistic;

static void add_row_loss(const logistic *self, size_t row, const double *weights,
                         double *value, double *gradient) {
  size_t dim = self->rows.shape[1];
  const double *x = self->rows.f64 + row * dim;
  double score[8] = {0.0}, sum = 0.0;
  for (size_t c = 0; c < self->classes; c++) {
    const double *w = weights + c * (dim + 1);
    score[c] = w[dim];
    for (size_t k = 0; k < dim; k++)
      score[c] += w[k] * x[k];
    sum += exp(score[c]);
  }
  size_t label = (size_t)self->labels.i32[row];
  *value += self->c * (log(sum) - score[label]);
  for (size_t c = 0; c < self->classes; c++) {
    double slope = self->c * (exp(score[c]) / sum - (c == label));
    for (size_t k = 0; k < dim; k++)
      gradient[c * (dim + 1) + k] += slope * x[k];
    gradient[c * (dim + 1) + dim] += slope;
  }
}

static int logistic_value(const double *weights, size_t size, double *value,
                          double *gradient, void *user) {
  const logistic *self = user;
  size_t dim = self->rows.shape[1];
  *value = 0.0;
  for (size_t i = 0; i < size; i++) {
    bool intercept = i % (dim + 1) == dim;
    gradient[i] = intercept ? 0.0 : weights[i];
    *value += 0.5 * gradient[i] * gradient[i];
  }
  for (size_t row = 0; row < self->rows.shape[0]; row++)
    add_row_loss(self, row, weights, value, gradient);
  return 0;
}

/* Goes on until gradients are rounding too, and notices that they are. */
static void check_end_of_descent(logistic *problem, double *x, size_t size) {
  pflow_lbfgs_config config = with_tolerance(0.0);
  pflow_lbfgs_report report;
  ck_assert_int_eq(
      pflow_lbfgs_minimize(logistic_value, problem, x, size, &config, &report),
      PFLOW_LIMIT);
  ck_assert_uint_lt(report.iterations, 500);
  ck_assert_double_le(report.grad_max, 1e-13 * problem->c * 600.0);
}

/*
 * scikit-learn stops a little above the minimum. The objective less |W|^2 / 2 is convex,
 * so its coefficients lie within sqrt(2 * excess) of the optimal ones.
 */
static void check_logistic(const char *folder) {
  golden coef = golden_load(folder, "coef_f64");
  golden best = golden_load(folder, "objective_f64"), c = golden_load(folder, "C_f64");
  logistic problem = {golden_load(folder, "x"), golden_load(folder, "labels"),
                      coef.shape[0], c.f64[0]};
  size_t dim = coef.shape[1], size = problem.classes * (dim + 1);
  double x[max_size] = {0.0}, square = 0.0;
  pflow_lbfgs_config config = with_tolerance(1e-8);
  pflow_lbfgs_report report;
  ck_ok(pflow_lbfgs_minimize(logistic_value, &problem, x, size, &config, &report));
  for (size_t i = 0; i < coef.size; i++)
    square += pow(x[i / dim * (dim + 1) + i % dim] - coef.f64[i], 2.0);
  double excess = best.f64[0] - report.value;
  ck_assert_double_ge(excess, -1e-12 * best.f64[0]);
  ck_assert_double_le(excess, 1e-6 * best.f64[0]);
  ck_assert_double_le(0.5 * square, excess + 1e-12 * best.f64[0]);
  ck_assert_uint_le(report.evaluations, report.iterations + 40);
  check_end_of_descent(&problem, x, size);
  golden *all[] = {&coef, &best, &c, &problem.rows, &problem.labels};
  for (size_t i = 0; i < 5; i++)
    golden_free(all[i]);
}

START_TEST(logistic_regression_agrees_with_scikit_learn) {
  check_logistic("logistic/C1");
  check_logistic("logistic/C100");
}
END_TEST

START_TEST(iterations_are_limited) {
  double x[2], value, gradient[2];
  double last = INFINITY;
  for (size_t i = 1; i < 20; i++) {
    ck_assert_int_eq(rosenbrock_iterate(x, 2, with_tolerance(1e-5), i), PFLOW_LIMIT);
    rosenbrock(x, 2, &value, gradient, NULL);
    ck_assert_double_lt(value, last);
    last = value;
  }
}
END_TEST

/* Rosenbrock's function above a large constant, which takes the small digits. */
static int lifted(const double *x, size_t size, double *value, double *gradient,
                  void *user) {
  rosenbrock(x, size, value, gradient, NULL);
  *value += *(double *)user;
  return 0;
}

/* A slope without an end. */
static int downhill(const double *x, size_t size, double *value, double *gradient,
                    void *user) {
  (void)size;
  (void)user;
  *value = -x[0];
  gradient[0] = -1.0;
  return 0;
}

START_TEST(descent_ends_when_rounding_does) {
  const double heights[] = {0.0, 1.0, 1e6};
  for (size_t k = 0; k < 3; k++) {
    double x[10], height = heights[k];
    rosenbrock_start(x, 10);
    pflow_lbfgs_config config = with_tolerance(1e-300);
    pflow_lbfgs_report report;
    pflow_err rc = pflow_lbfgs_minimize(lifted, &height, x, 10, &config, &report);
    if (rc != PFLOW_OK) ck_assert_int_eq(rc, PFLOW_LIMIT);
    ck_assert_uint_lt(report.iterations, 200);
    ck_assert_uint_lt(report.evaluations, 500);
    ck_assert_double_le(report.grad_max, 1e-11);
  }
}
END_TEST

START_TEST(descent_without_an_end_is_limited) {
  double x = 0.0;
  pflow_lbfgs_report report;
  ck_assert_int_eq(pflow_lbfgs_minimize(downhill, NULL, &x, 1, NULL, &report),
                   PFLOW_LIMIT);
  ck_assert(isfinite(x) && x > 1e9);
}
END_TEST

/* Two wells between saddles: curvature is negative on the way. */
static int wells(const double *x, size_t size, double *value, double *gradient,
                 void *user) {
  (void)user;
  *value = 0.0;
  for (size_t i = 0; i < size; i++) {
    *value += x[i] * x[i] * (x[i] * x[i] - 2.0);
    gradient[i] = 4.0 * x[i] * (x[i] * x[i] - 1.0);
  }
  return 0;
}

START_TEST(negative_curvature_is_survived) {
  for (size_t max_search = 3; max_search <= 30; max_search += 27) {
    double x[4] = {1e-3, -1e-3, 0.3, -1.7};
    pflow_lbfgs_config config = with_tolerance(1e-9);
    config.max_search = max_search;
    config.history = 2;
    ck_ok(pflow_lbfgs_minimize(wells, NULL, x, 4, &config, NULL));
    for (size_t i = 0; i < 4; i++)
      ck_assert_double_eq_tol(fabs(x[i]), 1.0, 1e-9);
  }
}
END_TEST

START_TEST(bad_input_is_named) {
  double x[2] = {0.0, 0.0};
  pflow_lbfgs_config config = with_tolerance(1e-5);
  ck_fails(pflow_lbfgs_minimize(NULL, NULL, x, 2, NULL, NULL), PFLOW_ENULL, "objective");
  ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, NULL, 2, NULL, NULL), PFLOW_ENULL,
           "x is NULL");
  ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, x, 0, NULL, NULL), PFLOW_EINVAL,
           "size is 0");
  ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, x, SIZE_MAX / 8, NULL, NULL),
           PFLOW_EOVERFLOW, "work space");
  config.struct_size = 0;
  ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, x, 2, &config, NULL), PFLOW_EINVAL,
           "struct_size is 0");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_settings_are_named) {
  double x[2] = {0.0, 0.0};
#define ck_setting(assignment, text)                                                     \
  do {                                                                                   \
    pflow_lbfgs_config config = with_tolerance(1e-5);                                    \
    config.assignment;                                                                   \
    ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, x, 2, &config, NULL), PFLOW_EINVAL,  \
             text);                                                                      \
  } while (0)
  ck_setting(history = 0, "history is 0");
  ck_setting(max_iters = 0, "max_iters is 0");
  ck_setting(max_search = 0, "max_search is 0");
  ck_setting(grad_tol = -1.0, "grad_tol is -1");
  ck_setting(grad_tol = NAN, "grad_tol is nan");
  ck_setting(grad_tol = INFINITY, "grad_tol is inf");
  ck_setting(armijo = 0.0, "armijo is 0");
  ck_setting(armijo = NAN, "armijo is nan");
  ck_setting(curvature = 1e-4, "curvature is 0.0001");
  ck_setting(curvature = 1.0, "curvature is 1");
#undef ck_setting
  pflow_lbfgs_config config = with_tolerance(1e-5);
  config.history = SIZE_MAX;
  ck_fails(pflow_lbfgs_minimize(rosenbrock, NULL, x, 2, &config, NULL), PFLOW_EOVERFLOW,
           "history");
}
END_TEST

static pflow_err minimize_rosenbrock(void *user) {
  (void)user;
  double x[2] = {-1.2, 1.0};
  return pflow_lbfgs_minimize(rosenbrock, NULL, x, 2, NULL, NULL);
}

START_TEST(failed_allocations_leave_nothing) {
  failing_install();
  check_failures(minimize_rosenbrock, NULL);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "lbfgs", TESTS(quadratics_reach_the_exact_minimum, rosenbrock_is_minimised,
                     logistic_regression_agrees_with_scikit_learn, iterations_are_limited,
                     descent_ends_when_rounding_does, descent_without_an_end_is_limited,
                     negative_curvature_is_survived, bad_input_is_named,
                     bad_settings_are_named, failed_allocations_leave_nothing));
}
