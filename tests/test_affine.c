/*
 * test_affine.c - affine transforms: centring, principal components, whitening, rotation.
 */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/toy.h"

static const pflow_affine_kind kinds[] = {PFLOW_AFFINE_CENTER, PFLOW_AFFINE_PCA,
                                          PFLOW_AFFINE_PCA_WHITEN,
                                          PFLOW_AFFINE_ZCA_WHITEN, PFLOW_AFFINE_ROTATE};

/* Correlated normal rows of falling variance with a mean far from 0. */
static float *make_rows(size_t n, size_t dim, uint64_t seed) {
  float *x = normal_values(n * dim, seed);
  for (size_t i = 0; i < n; i++) {
    float *row = x + i * dim;
    for (size_t k = 0; k < dim; k++)
      row[k] *= 3.0f / (float)(k + 1);
    for (size_t k = 1; k < dim; k++)
      row[k] += 0.5f * row[k - 1];
    for (size_t k = 0; k < dim; k++)
      row[k] += 50.0f + (float)k;
  }
  return x;
}

static pflow_affine *fit(pflow_affine_kind kind, const float *x, size_t n, size_t dim,
                         size_t out_dim, double eps, uint64_t seed) {
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.out_dim = out_dim;
  config.eps = eps;
  config.seed = seed;
  pflow_affine *affine;
  ck_ok(pflow_affine_fit(&affine, kind, x, n, dim, &config));
  ck_assert_uint_eq(pflow_affine_in_dim(affine), dim);
  ck_assert_uint_eq(pflow_affine_out_dim(affine), out_dim ? out_dim : dim);
  return affine;
}

static float *apply(const pflow_affine *affine, const float *x, size_t n) {
  float *y = pflow_alloc(n * pflow_affine_out_dim(affine), sizeof *y);
  ck_assert_ptr_nonnull(y);
  ck_ok(pflow_affine_apply(affine, x, n, y));
  return y;
}

/* Sample mean of column i, and covariance of columns i and k. */
static double mean_of(const float *x, size_t n, size_t dim, size_t i) {
  double sum = 0.0;
  for (size_t row = 0; row < n; row++)
    sum += x[row * dim + i];
  return sum / (double)n;
}

static double covariance(const float *x, size_t n, size_t dim, size_t i, size_t k) {
  double mean_i = mean_of(x, n, dim, i), mean_k = mean_of(x, n, dim, k), sum = 0.0;
  for (size_t row = 0; row < n; row++)
    sum += (x[row * dim + i] - mean_i) * (x[row * dim + k] - mean_k);
  return sum / (double)(n - 1);
}

/* The means of y are 0 and its covariance is diagonal, with these values. */
static void check_moments(const float *y, size_t n, size_t dim, const double *variances,
                          double tolerance) {
  for (size_t i = 0; i < dim; i++) {
    double mean = mean_of(y, n, dim, i);
    ck_assert_msg(fabs(mean) < tolerance, "mean %zu is %g", i, mean);
    for (size_t k = 0; k <= i; k++) {
      double want = i != k ? 0.0 : variances ? variances[i] : 1.0;
      double got = covariance(y, n, dim, i, k);
      ck_assert_msg(fabs(got - want) < tolerance, "covariance %zu, %zu: %.9g, wants %.9g",
                    i, k, got, want);
    }
  }
}

START_TEST(center_removes_the_mean) {
  const size_t n = 300, dim = 5;
  float *x = make_rows(n, dim, 1);
  pflow_affine *affine = fit(PFLOW_AFFINE_CENTER, x, n, dim, 0, 1e-6, 0);
  float *y = apply(affine, x, n);
  ck_assert_ptr_null(pflow_affine_variances(affine));
  for (size_t k = 0; k < dim; k++) {
    ck_assert(fabs(mean_of(y, n, dim, k)) < 1e-7);
    double shift = mean_of(x, n, dim, k);
    for (size_t i = 0; i < n; i++)
      ck_assert(fabs(y[i * dim + k] - (x[i * dim + k] - shift)) < 1e-6);
  }
  pflow_free(y);
  pflow_affine_destroy(affine);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(pca_has_the_sample_variances) {
  const size_t n = 400, dim = 21; /* more than one panel of outputs */
  float *x = make_rows(n, dim, 2);
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA, x, n, dim, 0, 1e-6, 0);
  const double *variances = pflow_affine_variances(affine);
  double total = 0.0;
  for (size_t k = 0; k < dim; k++) {
    ck_assert(k == 0 || variances[k] <= variances[k - 1]);
    total += variances[k] - covariance(x, n, dim, k, k);
  }
  ck_assert(fabs(total) < 1e-10); /* the trace is kept */
  float *y = apply(affine, x, n);
  check_moments(y, n, dim, variances, 1e-6);
  pflow_free(y);
  pflow_affine_destroy(affine);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(pca_finds_known_axes) {
  /* Along (3, 4) / 5 with lengths +-10, across it with +-2; mean (7, -1). */
  const float x[] = {13, 7, 1, -9, 5.4f, 0.2f, 8.6f, -2.2f};
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA, x, 4, 2, 0, 1e-6, 0);
  const double *variances = pflow_affine_variances(affine);
  ck_assert(fabs(variances[0] - 200.0 / 3.0) < 1e-5);
  ck_assert(fabs(variances[1] - 8.0 / 3.0) < 1e-5);
  /* The largest entry of an axis is positive: (0.6, 0.8) and (0.8, -0.6). */
  const float want[] = {10, 0, -10, 0, 0, -2, 0, 2};
  float *y = apply(affine, x, 4);
  for (size_t i = 0; i < 8; i++)
    ck_assert_msg(fabs(y[i] - want[i]) < 1e-5, "%zu: %g, wants %g", i, (double)y[i],
                  (double)want[i]);
  pflow_free(y);
  pflow_affine_destroy(affine);
}
END_TEST

START_TEST(whitened_rows_have_unit_covariance) {
  const size_t n = 500, dim = 18;
  float *x = make_rows(n, dim, 3);
  for (size_t k = 2; k < 4; k++) {
    pflow_affine *affine = fit(kinds[k], x, n, dim, 0, 0.0, 0);
    float *y = apply(affine, x, n);
    check_moments(y, n, dim, NULL, 1e-6);
    pflow_free(y);
    pflow_affine_destroy(affine);
  }
  pflow_free(x);
}
END_TEST

START_TEST(eps_raises_the_variances) {
  const size_t n = 200, dim = 4;
  const double eps = 0.3;
  float *x = make_rows(n, dim, 4);
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA_WHITEN, x, n, dim, 0, eps, 0);
  const double *variances = pflow_affine_variances(affine);
  double want[4];
  for (size_t k = 0; k < dim; k++)
    want[k] = variances[k] / (variances[k] + eps * variances[0]);
  float *y = apply(affine, x, n);
  check_moments(y, n, dim, want, 1e-6);
  pflow_free(y);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

/* Column k of M is the image of a step of `length` along input k. */
static void read_matrix(const pflow_affine *affine, const float *origin, double length,
                        double *matrix) {
  size_t in = pflow_affine_in_dim(affine), out = pflow_affine_out_dim(affine);
  float *x = malloc((in + 1) * in * sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < (in + 1) * in; i++)
    x[i] = origin[i % in] + (i / in == i % in ? (float)length : 0.0f);
  float *y = apply(affine, x, in + 1);
  for (size_t i = 0; i < out; i++)
    for (size_t k = 0; k < in; k++)
      matrix[i * in + k] = ((double)y[k * out + i] - (double)y[in * out + i]) / length;
  pflow_free(y);
  free(x);
}

START_TEST(zca_matrix_is_symmetric_and_near_the_axes) {
  const size_t n = 300, dim = 7;
  float *x = make_rows(n, dim, 5), origin[7];
  double matrix[49];
  for (size_t k = 0; k < dim; k++)
    origin[k] = (float)mean_of(x, n, dim, k);
  pflow_affine *affine = fit(PFLOW_AFFINE_ZCA_WHITEN, x, n, dim, 0, 0.0, 0);
  read_matrix(affine, origin, 1.0, matrix);
  for (size_t i = 0; i < dim; i++) {
    ck_assert(matrix[i * dim + i] > 0.0);
    for (size_t k = 0; k < i; k++)
      ck_assert(fabs(matrix[i * dim + k] - matrix[k * dim + i]) < 1e-5);
  }
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

START_TEST(out_dim_keeps_the_first_components) {
  const size_t n = 150, dim = 20, out = 17;
  float *x = make_rows(n, dim, 6);
  for (size_t k = 1; k < 3; k++) {
    pflow_affine *all = fit(kinds[k], x, n, dim, 0, 1e-6, 0);
    pflow_affine *some = fit(kinds[k], x, n, dim, out, 1e-6, 0);
    float *whole = apply(all, x, n), *part = apply(some, x, n);
    for (size_t i = 0; i < n; i++)
      ck_assert(memcmp(part + i * out, whole + i * dim, out * sizeof *part) == 0);
    ck_assert(pflow_affine_variances(some)[dim - 1] ==
              pflow_affine_variances(all)[dim - 1]);
    pflow_free(part);
    pflow_free(whole);
    pflow_affine_destroy(some);
    pflow_affine_destroy(all);
  }
  pflow_free(x);
}
END_TEST

START_TEST(constant_columns_need_eps) {
  const size_t n = 100, dim = 3;
  float *x = make_rows(n, dim, 7);
  for (size_t i = 0; i < n; i++)
    x[i * dim + 1] = 0.1f;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  for (size_t k = 2; k < 4; k++) {
    pflow_affine *affine = fit(kinds[k], x, n, dim, 0, 1e-6, 0);
    ck_assert(pflow_affine_variances(affine)[2] == 0.0);
    float *y = apply(affine, x, n);
    double scatter = 0.0;
    for (size_t i = 0; i < dim; i++)
      scatter += covariance(y, n, dim, i, i);
    ck_assert(fabs(scatter - 2.0) < 1e-4);
    pflow_free(y);
    pflow_affine_destroy(affine);
    config.eps = 0.0;
    ck_fails(pflow_affine_fit(&affine, kinds[k], x, n, dim, &config), PFLOW_EINVAL,
             "component 2");
    ck_assert_ptr_null(affine);
  }
  pflow_affine *kept = fit(PFLOW_AFFINE_PCA_WHITEN, x, n, dim, 2, 0.0, 0);
  pflow_affine_destroy(kept);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(fewer_rows_than_columns) {
  const size_t n = 5, dim = 12;
  float *x = normal_values(n * dim, 8);
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA, x, n, dim, 0, 1e-6, 0);
  const double *variances = pflow_affine_variances(affine);
  float *y = apply(affine, x, n);
  check_moments(y, n, dim, variances, 1e-6);
  for (size_t k = 0; k < dim; k++)
    ck_assert(k < 4 ? variances[k] > 0.1 : variances[k] >= 0.0 && variances[k] < 1e-13);
  pflow_free(y);
  pflow_affine_destroy(affine);
  affine = fit(PFLOW_AFFINE_PCA_WHITEN, x, n, dim, 4, 0.0, 0);
  y = apply(affine, x, n);
  check_moments(y, n, 4, NULL, 1e-6);
  pflow_free(y);
  pflow_affine_destroy(affine);
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.eps = 0.0;
  ck_fails(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA_WHITEN, x, n, dim, &config),
           PFLOW_EINVAL, "component 4");
  pflow_free(x);
}
END_TEST

/* ---- rotation ---- */

static double determinant(double *a, size_t dim) {
  double product = 1.0;
  for (size_t i = 0; i < dim; i++) {
    size_t pivot = i;
    for (size_t k = i + 1; k < dim; k++)
      if (fabs(a[k * dim + i]) > fabs(a[pivot * dim + i])) pivot = k;
    for (size_t k = 0; k < dim && pivot != i; k++) {
      double old = a[i * dim + k];
      a[i * dim + k] = a[pivot * dim + k];
      a[pivot * dim + k] = old;
    }
    product *= pivot == i ? a[i * dim + i] : -a[i * dim + i];
    for (size_t row = i + 1; row < dim; row++) {
      double factor = a[row * dim + i] / a[i * dim + i];
      for (size_t k = i; k < dim; k++)
        a[row * dim + k] -= factor * a[i * dim + k];
    }
  }
  return product;
}

START_TEST(rotation_keeps_distances) {
  const size_t n = 40, dim = 33;
  float *x = normal_values(n * dim, 9);
  pflow_affine *affine = fit(PFLOW_AFFINE_ROTATE, x, n, dim, 0, 1e-6, 5);
  ck_assert_ptr_null(pflow_affine_variances(affine));
  float *y = apply(affine, x, n);
  double moved = 0.0;
  for (size_t i = 1; i < n; i++) {
    double before = 0.0, after = 0.0, norm_before = 0.0, norm_after = 0.0;
    for (size_t k = 0; k < dim; k++) {
      before += pow((double)x[i * dim + k] - x[k], 2.0);
      after += pow((double)y[i * dim + k] - y[k], 2.0);
      norm_before += pow(x[i * dim + k], 2.0);
      norm_after += pow(y[i * dim + k], 2.0);
      moved = worst_of(moved, fabs(y[i * dim + k] - x[i * dim + k]));
    }
    ck_assert(fabs(after / before - 1.0) < 1e-6);
    ck_assert(fabs(norm_after / norm_before - 1.0) < 1e-6); /* no shift */
  }
  ck_assert(moved > 1.0);
  pflow_free(y);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

START_TEST(rotation_is_orthogonal) {
  const size_t dim = 50;
  float *x = normal_values(2 * dim, 10), origin[50] = {0};
  double *m = malloc(dim * dim * sizeof *m);
  ck_assert_ptr_nonnull(m);
  pflow_affine *affine = fit(PFLOW_AFFINE_ROTATE, x, 2, dim, 0, 1e-6, 11);
  read_matrix(affine, origin, 1.0, m);
  for (size_t i = 0; i < dim; i++) {
    for (size_t k = 0; k < dim; k++) {
      double product = 0.0;
      for (size_t j = 0; j < dim; j++)
        product += m[i * dim + j] * m[k * dim + j];
      ck_assert(fabs(product - (i == k)) < 1e-6);
    }
  }
  free(m);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

/*
 * Entries of a Haar matrix have mean 0, mean square 1/dim and mean fourth power
 * 3 / (dim (dim + 2)); the trace has mean 0 and variance 1; both signs of the determinant
 * are as likely.
 */
START_TEST(rotation_is_haar) {
  enum { dim = 4, draws = 4000 };
  const float x[2 * dim] = {0}, origin[dim] = {0};
  double mean[dim * dim] = {0}, square[dim * dim] = {0}, fourth[dim * dim] = {0};
  double trace = 0.0, trace_square = 0.0, proper = 0.0;
  for (uint64_t seed = 0; seed < draws; seed++) {
    double m[dim * dim], sum = 0.0;
    pflow_affine *affine = fit(PFLOW_AFFINE_ROTATE, x, 2, dim, 0, 1e-6, seed);
    read_matrix(affine, origin, 1.0, m);
    pflow_affine_destroy(affine);
    for (size_t i = 0; i < dim * dim; i++) {
      mean[i] += m[i] / draws;
      square[i] += m[i] * m[i] / draws;
      fourth[i] += pow(m[i], 4.0) / draws;
      if (i % (dim + 1) == 0) sum += m[i];
    }
    trace += sum / draws;
    trace_square += sum * sum / draws;
    double det = determinant(m, dim);
    ck_assert(fabs(fabs(det) - 1.0) < 1e-5);
    proper += det > 0.0 ? 1.0 / draws : 0.0;
  }
  /* Five standard deviations each. */
  const double root = 5.0 / sqrt(draws);
  for (size_t i = 0; i < dim * dim; i++) {
    ck_assert(fabs(mean[i]) < root * 0.5);
    ck_assert(fabs(square[i] - 0.25) < root * 0.25);
    ck_assert(fabs(fourth[i] - 0.125) < root * 0.2);
  }
  ck_assert(fabs(trace) < root && fabs(trace_square - 1.0) < root * sqrt(2.0));
  ck_assert(fabs(proper - 0.5) < root * 0.5);
}
END_TEST

/* ---- applying ---- */

START_TEST(rows_do_not_depend_on_each_other) {
  const size_t n = 100, dim = 19;
  float *x = make_rows(n, dim, 12);
  for (size_t k = 0; k < 5; k++) {
    pflow_affine *affine = fit(kinds[k], x, n, dim, 0, 1e-6, 1);
    float *all = apply(affine, x, n);
    for (size_t i = 0; i < n; i += 7) {
      float *one = apply(affine, x + i * dim, 1);
      ck_assert(memcmp(one, all + i * dim, dim * sizeof *one) == 0);
      pflow_free(one);
    }
    pflow_free(all);
    pflow_affine_destroy(affine);
  }
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

typedef struct shared_job {
  const pflow_affine *affine;
  const float *x, *want;
  size_t n;
  bool same;
} shared_job;

static void *apply_often(void *user) {
  shared_job *job = user;
  size_t bytes = job->n * pflow_affine_out_dim(job->affine) * sizeof(float);
  float *y = malloc(bytes);
  job->same = y != NULL;
  for (size_t round = 0; round < 20 && job->same; round++) {
    memset(y, 0, bytes);
    job->same = pflow_affine_apply(job->affine, job->x, job->n, y) == PFLOW_OK &&
                memcmp(y, job->want, bytes) == 0;
  }
  free(y);
  return NULL;
}

START_TEST(threads_share_a_transform) {
  const size_t n = 200, dim = 30;
  float *x = make_rows(n, dim, 13);
  pflow_affine *affine = fit(PFLOW_AFFINE_ZCA_WHITEN, x, n, dim, 0, 1e-6, 0);
  float *want = apply(affine, x, n);
  shared_job jobs[4];
  pthread_t threads[4];
  for (size_t i = 0; i < 4; i++) {
    jobs[i] = (shared_job){affine, x, want, n, false};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, apply_often, &jobs[i]), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert(jobs[i].same);
  }
  pflow_free(want);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

START_TEST(results_do_not_depend_on_the_pool) {
  const size_t n = 200, dim = 30;
  float *x = make_rows(n, dim, 14), *want = NULL;
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_affine_config config;
    pflow_affine *affine;
    pflow_affine_config_init(&config);
    ck_ok(pflow_pool_create(&config.pool, threads));
    ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA, x, n, dim, &config));
    float *y = apply(affine, x, n);
    if (!want) want = apply(affine, x, n);
    ck_assert_mem_eq(y, want, n * dim * sizeof *y);
    pflow_free(y);
    pflow_affine_destroy(affine);
    pflow_pool_destroy(config.pool);
  }
  pflow_free(want);
  pflow_free(x);
}
END_TEST

int main(void) {
  return run_tests(
      "map",
      TESTS(center_removes_the_mean, pca_has_the_sample_variances, pca_finds_known_axes,
            whitened_rows_have_unit_covariance, eps_raises_the_variances,
            zca_matrix_is_symmetric_and_near_the_axes, out_dim_keeps_the_first_components,
            constant_columns_need_eps, fewer_rows_than_columns, rotation_keeps_distances,
            rotation_is_orthogonal, rotation_is_haar, rows_do_not_depend_on_each_other,
            threads_share_a_transform, results_do_not_depend_on_the_pool));
}
