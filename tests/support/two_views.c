/*
 * two_views.c - the losses on two views as sums in double over all pairs.
 */
#include "support/two_views.h"

#include <math.h>

#include "support/suite.h"
#include "support/values.h"

static void unit_rows(float *x, size_t n, size_t dim) {
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++)
      sum += (double)x[i * dim + k] * x[i * dim + k];
    for (size_t k = 0; k < dim; k++)
      x[i * dim + k] = (float)(x[i * dim + k] / sqrt(sum));
  }
}

two_views two_views_make(size_t n, size_t dim, float length) {
  two_views made = {n,    dim, normal_values(n * dim, 3), normal_values(n * dim, 4),
                    NULL, NULL};
  made.dx = pflow_alloc(n * dim, sizeof(float));
  made.dy = pflow_alloc(n * dim, sizeof(float));
  for (size_t i = 0; i < n * dim; i++)
    made.y[i] = made.x[i] + 0.5f * made.y[i];
  if (length == 1.0f) unit_rows(made.x, n, dim);
  if (length == 1.0f) unit_rows(made.y, n, dim);
  for (size_t i = 0; length != 1.0f && i < n * dim; i++) {
    made.x[i] *= length / sqrtf((float)dim);
    made.y[i] *= length / sqrtf((float)dim);
  }
  return made;
}

void two_views_free(two_views *v) {
  pflow_free(v->x);
  pflow_free(v->y);
  pflow_free(v->dx);
  pflow_free(v->dy);
}

/* ---- the definitions ---- */

static double distance(const double *a, const double *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sqrt(sum);
}

static double product(const double *a, const double *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += a[k] * b[k];
  return sum;
}

static double uniformity(const double *x, size_t n, size_t dim, double t) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      sum += exp(-t * pow(distance(x + i * dim, x + j * dim, dim), 2));
  return log(sum / (0.5 * (double)n * (double)(n - 1)));
}

static double alignment(const double *x, const double *y, size_t n, size_t dim,
                        double alpha) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += pow(distance(x + i * dim, y + i * dim, dim), alpha);
  return sum / (double)n;
}

/* p: alpha, t, lambda */
static double align_uniform(const double *x, const double *y, size_t n, size_t dim,
                            const double *p) {
  return alignment(x, y, n, dim, p[0]) +
         0.5 * p[2] * (uniformity(x, n, dim, p[1]) + uniformity(y, n, dim, p[1]));
}

static double one_sided(const double *x, const double *y, size_t n, size_t dim,
                        double tau) {
  double total = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double positive = product(x + i * dim, y + i * dim, dim) / tau;
    double sum = 1.0;
    for (size_t j = 0; j < n; j++)
      if (j != i) sum += exp(product(x + i * dim, x + j * dim, dim) / tau - positive);
    total += log(sum);
  }
  return total / (double)n;
}

/* p: tau, symmetric */
static double infonce(const double *x, const double *y, size_t n, size_t dim,
                      const double *p) {
  const double there = one_sided(x, y, n, dim, p[0]);
  return p[1] == 0.0 ? there : 0.5 * (there + one_sided(y, x, n, dim, p[0]));
}

/* p: alpha, beta, lambda */
static double l2_contrast(const double *x, const double *y, size_t n, size_t dim,
                          const double *p) {
  const double lambda = p[2] < 0.0 ? 1.0 / (double)(n - 1) : p[2];
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      if (j != i) sum += pow(distance(x + i * dim, x + j * dim, dim), p[1]);
  return alignment(x, y, n, dim, p[0]) - lambda * sum / (double)n;
}

/* ---- the library's ---- */

static pflow_err call_align_uniform(pflow_contrast_work *work, const two_views *v,
                                    const double *p, double *loss, float *dx, float *dy) {
  pflow_align_uniform_config config;
  pflow_align_uniform_config_init(&config);
  config.alpha = p[0];
  config.t = p[1];
  config.lambda = p[2];
  return pflow_loss_align_uniform(work, v->x, v->y, v->n, v->dim, &config, loss, dx, dy);
}

static pflow_err call_infonce(pflow_contrast_work *work, const two_views *v,
                              const double *p, double *loss, float *dx, float *dy) {
  pflow_infonce_config config;
  pflow_infonce_config_init(&config);
  config.tau = p[0];
  config.symmetric = p[1] != 0.0;
  return pflow_loss_infonce(work, v->x, v->y, v->n, v->dim, &config, loss, dx, dy);
}

static pflow_err call_l2_contrast(pflow_contrast_work *work, const two_views *v,
                                  const double *p, double *loss, float *dx, float *dy) {
  pflow_l2_contrast_config config;
  pflow_l2_contrast_config_init(&config);
  config.alpha = p[0];
  config.beta = p[1];
  config.lambda = p[2];
  return pflow_loss_l2_contrast(work, v->x, v->y, v->n, v->dim, &config, loss, dx, dy);
}

const loss_case loss_cases[loss_case_count] = {
    {"align_uniform", align_uniform, call_align_uniform, {2, 2, 1}},
    {"align_uniform", align_uniform, call_align_uniform, {1, 0.5, 3}},
    {"align_uniform", align_uniform, call_align_uniform, {1.5, 4, 0.3}},
    {"align_uniform", align_uniform, call_align_uniform, {3.7, 2, 0}},
    {"infonce", infonce, call_infonce, {0.5, 0}},
    {"infonce", infonce, call_infonce, {0.1, 1}},
    {"infonce", infonce, call_infonce, {2, 1}},
    {"infonce", infonce, call_infonce, {0.05, 0}},
    {"l2_contrast", l2_contrast, call_l2_contrast, {2, 1, -1}},
    {"l2_contrast", l2_contrast, call_l2_contrast, {1, 2, 0.01}},
    {"l2_contrast", l2_contrast, call_l2_contrast, {1.5, 1.3, 0.2}},
    {"l2_contrast", l2_contrast, call_l2_contrast, {3, 2.5, -1}},
};
pflow_contrast_work *loss_case_work(pflow_pool *pool) {
  pflow_contrast_work *work;
  ck_ok(pflow_contrast_work_create(&work, loss_case_rows, pool));
  return work;
}
