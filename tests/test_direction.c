/*
 * test_direction.c - the exact field of sources and the training target.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/direction.h"
#include "support/counting.h"
#include "support/golden.h"
#include "support/levels.h"
#include "support/suite.h"

/* ---- reference: the definition in double, weights in log space ---- */

static double squared_distance(const pflow_sources *sources, size_t j, const float *y) {
  double sum = (double)y[sources->dim] * y[sources->dim];
  for (size_t k = 0; k < sources->dim; k++) {
    double difference = (double)sources->x[j * sources->dim + k] - y[k];
    sum += difference * difference;
  }
  return sum;
}

/* E at one point. */
static void reference(const pflow_sources *sources, const float *y, double *e) {
  size_t dim = sources->dim;
  double *log_weight = malloc(sources->n * sizeof *log_weight);
  double largest = -INFINITY, total = 0.0;
  for (size_t j = 0; j < sources->n; j++) {
    log_weight[j] = -0.5 * (double)(dim + 1) * log(squared_distance(sources, j, y));
    largest = fmax(largest, log_weight[j]);
  }
  for (size_t k = 0; k <= dim; k++)
    e[k] = 0.0;
  for (size_t j = 0; j < sources->n; j++) {
    double weight = exp(log_weight[j] - largest);
    total += weight;
    for (size_t k = 0; k < dim; k++)
      e[k] += weight * ((double)sources->x[j * dim + k] - y[k]);
  }
  for (size_t k = 0; k < dim; k++)
    e[k] /= total;
  e[dim] = -(double)y[dim];
  free(log_weight);
}

static double norm(const double *e, size_t n) {
  double sum = 0.0;
  for (size_t k = 0; k < n; k++)
    sum += e[k] * e[k];
  return sqrt(sum);
}

/* The largest ||got - E|| / ||E|| over q points. */
static double largest_error(const pflow_sources *sources, const float *y, size_t q,
                            const float *got) {
  size_t width = sources->dim + 1;
  double *e = malloc(width * sizeof *e), worst = 0.0;
  for (size_t i = 0; i < q; i++) {
    reference(sources, y + i * width, e);
    double length = norm(e, width);
    for (size_t k = 0; k < width; k++)
      e[k] -= got[i * width + k];
    worst = worst_of(worst, norm(e, width) / length);
  }
  free(e);
  return worst;
}

/* ---- golden vectors ---- */

typedef struct setting {
  const char *folder;
  double gamma;
} setting;

static const setting settings[] = {{"poisson_target/seed_sphere128", 0.3},
                                   {"poisson_target/clustered128", 0.3},
                                   {"poisson_target/pfgm_far_m291", 5.0},
                                   {"poisson_target/plane2", 0.1},
                                   {"poisson_target/one_source", 0.3}};

/* Every row on its own scale, so that small fields are seen beside large ones. */
static void check_rows(const setting *of, const float *got, const golden *want,
                       double tolerance) {
  size_t width = want->shape[1];
  for (size_t i = 0; i < want->shape[0]; i++) {
    double error = 0.0;
    for (size_t k = 0; k < width; k++)
      error += pow(got[i * width + k] - want->f64[i * width + k], 2);
    double length = norm(want->f64 + i * width, width);
    ck_assert_msg(sqrt(error) <= tolerance * length, "%s: row %zu is off by %g of %g",
                  of->folder, i, sqrt(error), length);
  }
}

static void check_setting(const setting *of) {
  golden x = golden_load(of->folder, "sources");
  golden y = golden_load(of->folder, "perturbed");
  golden direction = golden_load(of->folder, "direction_f64");
  golden target = golden_load(of->folder, "target_f64");
  const pflow_sources sources = {x.f32, x.shape[0], x.shape[1]};
  float *got = malloc(y.size * sizeof *got);
  ck_ok(pflow_poisson_direction(&sources, y.f32, y.shape[0], got, NULL));
  check_rows(of, got, &direction, 1e-5);
  ck_ok(pflow_poisson_target(&sources, y.f32, y.shape[0], of->gamma, got, NULL));
  check_rows(of, got, &target, 1e-5);
  free(got);
  golden *all[] = {&x, &y, &direction, &target};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    golden_free(all[i]);
}

START_TEST(golden_fields_and_targets) {
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    check_setting(&settings[i]);
}
END_TEST

/* ---- closed forms ---- */

START_TEST(one_source_pulls_straight) {
  const float x[3] = {1.0f, -2.0f, 0.5f}, y[4] = {3.0f, 1.0f, -1.0f, 2.0f};
  const float want[4] = {-2.0f, -3.0f, 1.5f, -2.0f};
  float e[4];
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 1, 3}, y, 1, e, NULL));
  ck_assert_mem_eq(e, want, sizeof e);
  /* ||E||^2 = 19.25; the target has length sqrt(3) ||E|| / (||E|| + gamma). */
  ck_ok(pflow_poisson_target(&(pflow_sources){x, 1, 3}, y, 1, 0.5, e, NULL));
  for (size_t k = 0; k < 4; k++)
    ck_assert_double_eq_tol(e[k], want[k] * sqrt(3.0) / (sqrt(19.25) + 0.5), 1e-6);
}
END_TEST

/* On the line through -1 and 1 the weights are 1/(1 + t)^2 and 1/(1 - t)^2. */
START_TEST(two_sources_in_one_dimension) {
  const float x[2] = {-1.0f, 1.0f};
  for (double t = -0.875; t < 1.0; t += 0.125) {
    const float y[2] = {(float)t, 0.0f};
    float e[2];
    ck_ok(pflow_poisson_direction(&(pflow_sources){x, 2, 1}, y, 1, e, NULL));
    double left = pow(1.0 + t, -2), right = pow(1.0 - t, -2);
    double want = (right - left) / (right + left) - t;
    ck_assert_double_eq_tol(e[0], want, 1e-7);
    ck_assert(e[1] == 0.0f);
  }
}
END_TEST

START_TEST(a_source_itself_has_no_field) {
  float x[6] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f}, y[3] = {0.3f, 0.4f, 0.0f}, e[3];
  const float zero[3] = {0};
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 3, 2}, y, 1, e, NULL));
  ck_assert_mem_eq(e, zero, sizeof e);
  ck_ok(pflow_poisson_target(&(pflow_sources){x, 3, 2}, y, 1, 0.0, e, NULL));
  ck_assert_mem_eq(e, zero, sizeof e);
  y[2] = 1e-6f; /* straight above it the field points straight down */
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 3, 2}, y, 1, e, NULL));
  ck_assert_double_eq_tol(e[2], -1e-6, 1e-12);
  ck_assert_double_lt(hypot(e[0], e[1]), 1e-9);
}
END_TEST

/* A source met only in a later block still counts as the nearest. */
START_TEST(a_late_source_itself_has_no_field) {
  enum { n = 3000 };
  static float x[n * 2];
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_normal(&rng, x, n * 2, 0.0, 1.0);
  const float y[3] = {x[2 * n - 2], x[2 * n - 1], 0.0f}, zero[3] = {0};
  float e[3];
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, n, 2}, y, 1, e, NULL));
  ck_assert_mem_eq(e, zero, sizeof e);
}
END_TEST

/* Far away all sources weigh the same: E = mean - y. */
START_TEST(far_field_points_to_the_mean) {
  enum { n = 700, dim = 9 };
  static float x[n * dim];
  float y[dim + 1] = {0}, e[dim + 1];
  double mean[dim] = {0};
  pflow_rng rng;
  pflow_rng_init(&rng, 2, 0);
  pflow_rng_uniform(&rng, x, n * dim, 0.0, 1.0);
  for (size_t i = 0; i < n * dim; i++)
    mean[i % dim] += x[i] / (double)n;
  y[dim] = 1e5f;
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, n, dim}, y, 1, e, NULL));
  for (size_t k = 0; k < dim; k++)
    ck_assert_double_eq_tol(e[k], mean[k], 1e-6);
  ck_assert(e[dim] == -1e5f);
}
END_TEST

/* ---- brute force ---- */

typedef struct shape {
  size_t n, dim, q;
  double spread; /* of the sources around a point of norm about 1 */
  double away;   /* of the points from sources */
} shape;

static float *random_sources(const shape *of, pflow_rng *rng) {
  float *x = malloc(of->n * of->dim * sizeof *x), *center = malloc(of->dim * sizeof *x);
  pflow_rng_sphere(rng, center, 1, of->dim);
  pflow_rng_normal(rng, x, of->n * of->dim, 0.0, of->spread);
  for (size_t i = 0; i < of->n * of->dim; i++)
    x[i] += center[i % of->dim];
  free(center);
  return x;
}

/* Points beside random sources. */
static float *random_points(const shape *of, const float *x, pflow_rng *rng) {
  size_t width = of->dim + 1;
  float *y = malloc(of->q * width * sizeof *y);
  pflow_rng_normal(rng, y, of->q * width, 0.0, of->away);
  for (size_t i = 0; i < of->q; i++) {
    const float *near = x + pflow_rng_below(rng, of->n) * of->dim;
    for (size_t k = 0; k < of->dim; k++)
      y[i * width + k] += near[k];
    y[i * width + of->dim] = fabsf(y[i * width + of->dim]);
  }
  return y;
}

static double shape_error(const shape *of) {
  pflow_rng rng;
  pflow_rng_init(&rng, of->n, of->dim);
  float *x = random_sources(of, &rng), *y = random_points(of, x, &rng);
  float *e = malloc(of->q * (of->dim + 1) * sizeof *e);
  const pflow_sources sources = {x, of->n, of->dim};
  ck_ok(pflow_poisson_direction(&sources, y, of->q, e, NULL));
  double error = largest_error(&sources, y, of->q, e);
  free(x);
  free(y);
  free(e);
  return error;
}

START_TEST(any_shape_matches_brute_force) {
  const shape shapes[] = {
      {1, 1, 1, 1.0, 0.1},        {2, 1, 9, 1.0, 0.1},        {3, 2, 17, 1.0, 0.1},
      {5, 3, 8, 1.0, 1.0},        {511, 4, 7, 1.0, 0.1},      {512, 5, 3, 1.0, 0.1},
      {513, 6, 3, 1.0, 1.0},      {1024, 31, 20, 1.0, 0.1},   {1027, 32, 9, 0.1, 0.1},
      {1500, 33, 5, 0.1, 1.0},    {700, 127, 10, 0.1, 5.0},   {700, 129, 10, 0.02, 0.2},
      {300, 256, 5, 0.02, 0.5},   {300, 257, 5, 0.1, 3.0},    {200, 1000, 5, 0.02, 2.0},
      {50, 4099, 3, 0.01, 1.0},   {600, 128, 16, 1e-4, 1e-3}, {600, 9, 16, 1e-4, 1e-5},
      {20000, 9, 10, 1.0, 0.3},   {20000, 9, 10, 1.0, 30.0},  {5000, 128, 8, 1.0, 5.0},
      {30000, 2, 10, 1.0, 100.0}, {600, 16, 8, 1e-12, 1e-12}, {600, 16, 8, 1e12, 1e12}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    double error = shape_error(&shapes[i]);
    ck_assert_msg(error <= 1e-5, "%zu sources in %zu dimensions: error %g", shapes[i].n,
                  shapes[i].dim, error);
  }
}
END_TEST

/* ---- points, pools, and values that are no numbers ---- */

enum { q = 77, n = 900, dim = 21 };
typedef struct problem {
  float x[n * dim], y[q * (dim + 1)];
  pflow_sources sources;
} problem;

static const problem *make_problem(void) {
  static problem made;
  pflow_rng rng;
  pflow_rng_init(&rng, 5, 0);
  pflow_rng_normal(&rng, made.x, n * dim, 0.0, 1.0);
  pflow_rng_normal(&rng, made.y, q * (dim + 1), 0.0, 1.0);
  made.sources = (pflow_sources){made.x, n, dim};
  return &made;
}

START_TEST(points_do_not_see_each_other) {
  const problem *p = make_problem();
  static float all[q * (dim + 1)], one[dim + 1];
  ck_ok(pflow_poisson_target(&p->sources, p->y, q, 0.3, all, NULL));
  for (size_t i = 0; i < q; i++) {
    const float *point = p->y + i * (dim + 1);
    ck_ok(pflow_poisson_target(&p->sources, point, 1, 0.3, one, NULL));
    ck_assert_mem_eq(one, all + i * (dim + 1), sizeof one);
  }
}
END_TEST

START_TEST(pools_do_not_change_fields) {
  const problem *p = make_problem();
  static float want[q * (dim + 1)], got[q * (dim + 1)];
  counting_install();
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    const size_t before = counting_calls();
    ck_ok(pflow_poisson_direction(&p->sources, p->y, q, threads == 1 ? want : got, pool));
    ck_assert_uint_eq(counting_calls(), before); /* so the header says */
    if (threads > 1) ck_assert_mem_eq(got, want, sizeof want);
    pflow_pool_destroy(pool);
  }
  counting_remove();
}
END_TEST

/* Points at, near and far from the source of their number; many are nearer to another. */
START_TEST(a_start_from_the_near_source_changes_nothing) {
  enum { sources = 150, points = 70, width = 41 };
  const float sizes[] = {0.0f, 0.01f, 0.3f, 3.0f, 1e25f};
  static float y[points * width], want[points * width], got[points * width];
  float *x = normal_values((size_t)sources * (width - 1), 11);
  float *noise = normal_values(points * width, 12);
  const pflow_sources all = {x, sources, width - 1};
  for (size_t i = 0; i < points; i++)
    for (size_t k = 0; k < width; k++)
      y[i * width + k] = (k + 1 < width ? x[i * (width - 1) + k] : 0.0f) +
                         sizes[i % 5] * noise[i * width + k];
  for (int broken = 0; broken <= 1; broken++) {
    if (broken) x[20 * (width - 1) + 30] = NAN;
    ck_ok(pflow_poisson_target(&all, y, points, 0.3, want, NULL));
    ck_ok(pf_poisson_target_near(&all, y, points, 0.3, got, NULL));
    for (size_t i = 0; i < points * width; i++)
      ck_assert(isnan(want[i]) ? isnan(got[i]) : fabsf(got[i] - want[i]) <= 1e-5f);
  }
  pflow_free(x);
  pflow_free(noise);
}
END_TEST

START_TEST(nan_is_not_lost) {
  float x[8] = {0, 0, 1, 0, 0, 1, 1, 1}, y[6] = {0.2f, 0.3f, 0.1f, NAN, 0, 0}, e[6];
  const float far[5] = {1e30f}; /* no float holds the square of this distance */
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 4, 2}, y, 2, e, NULL));
  ck_assert(isfinite(e[0]) && isfinite(e[1]) && isnan(e[3]));
  x[2] = NAN;
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 4, 2}, y, 1, e, NULL));
  ck_assert(isnan(e[0]));
  x[2] = 1;
  y[0] = INFINITY;
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 4, 2}, y, 1, e, NULL));
  ck_assert(isnan(e[0]));
  ck_ok(pflow_poisson_direction(&(pflow_sources){x, 2, 4}, far, 1, e, NULL));
  ck_assert(isnan(e[0]));
}
END_TEST

START_TEST(bad_input_is_named) {
  float x[4] = {0}, y[3] = {0}, e[3];
  const pflow_sources good = {x, 2, 2}, none = {x, 0, 2}, flat = {x, 2, 0};
  const pflow_sources missing = {NULL, 2, 2}, huge = {x, 1, SIZE_MAX};
  ck_fails(pflow_poisson_direction(NULL, y, 1, e, NULL), PFLOW_ENULL, "sources is NULL");
  ck_fails(pflow_poisson_direction(&missing, y, 1, e, NULL), PFLOW_ENULL, "sources->x");
  ck_fails(pflow_poisson_direction(&good, NULL, 1, e, NULL), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_poisson_direction(&good, y, 1, NULL, NULL), PFLOW_ENULL, "e is NULL");
  ck_fails(pflow_poisson_direction(&none, y, 1, e, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_poisson_direction(&flat, y, 1, e, NULL), PFLOW_EINVAL, "2 rows of 0");
  ck_fails(pflow_poisson_direction(&good, y, 0, e, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_poisson_direction(&huge, y, 1, e, NULL), PFLOW_EOVERFLOW, "+ 1");
  ck_fails(pflow_poisson_direction(&good, y, SIZE_MAX, e, NULL), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_poisson_target(NULL, y, 1, 1, e, NULL), PFLOW_ENULL, "sources is NULL");
  ck_fails(pflow_poisson_target(&missing, y, 1, 1, e, NULL), PFLOW_ENULL, "sources->x");
  ck_fails(pflow_poisson_target(&good, NULL, 1, 1, e, NULL), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_poisson_target(&good, y, 1, 1, NULL, NULL), PFLOW_ENULL, "target");
  ck_fails(pflow_poisson_target(&none, y, 1, 1, e, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_poisson_target(&good, y, 1, -1, e, NULL), PFLOW_EINVAL, "gamma is -1");
  ck_fails(pflow_poisson_target(&good, y, 1, NAN, e, NULL), PFLOW_EINVAL, "gamma is nan");
}
END_TEST

int main(void) {
  return run_tests("direction",
                   TESTS(golden_fields_and_targets, one_source_pulls_straight,
                         two_sources_in_one_dimension, a_source_itself_has_no_field,
                         a_late_source_itself_has_no_field, far_field_points_to_the_mean,
                         any_shape_matches_brute_force, points_do_not_see_each_other,
                         pools_do_not_change_fields,
                         a_start_from_the_near_source_changes_nothing, nan_is_not_lost,
                         bad_input_is_named));
}
