/*
 * perturb.c - random augmented points around data rows (PFGM, algorithm 2).
 */
#include "field/perturb.h"

#include <math.h>

#include "field/points.h"
#include "kernels/table.h"
#include "pflow/tensor.h"

/* Rows of one piece of parallel work. */
enum { row_grain = 16 };

pflow_err pf_perturb_config_read(pflow_perturb_config *full,
                                 const pflow_perturb_config *given) {
  pflow_perturb_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_perturb_config"));
  pf_try(pf_check_setting(full->sigma > 0.0 && full->sigma < INFINITY, "perturb: sigma",
                          full->sigma, "a finite value > 0"));
  pf_try(pf_check_setting(full->tau >= 0.0 && full->tau < INFINITY, "perturb: tau",
                          full->tau, "a finite value >= 0"));
  pf_try(pf_check_setting(full->m_max >= 0.0 && full->m_max < INFINITY, "perturb: m_max",
                          full->m_max, "a finite value >= 0"));
  double widest = full->sigma * pow(1.0 + full->tau, full->m_max);
  return pf_check_setting(widest < 1e15, "perturb: sigma (1 + tau)^m_max", widest,
                          "a value below 1e15");
}

pflow_err pflow_perturb_rule_m(double norm, size_t dim, double sigma, double tau,
                               double *m_max) {
  pf_need(m_max);
  *m_max = 0.0;
  pf_try(pf_check_setting(norm > 0.0 && norm < INFINITY, "rule of M: norm", norm,
                          "a finite value > 0"));
  pf_try(pf_check_setting(dim > 0, "rule of M: dim", (double)dim, "a value > 0"));
  pf_try(pf_check_setting(sigma > 0.0 && sigma < INFINITY, "rule of M: sigma", sigma,
                          "a finite value > 0"));
  pf_try(pf_check_setting(tau > 0.0 && tau < INFINITY, "rule of M: tau", tau,
                          "a finite value > 0"));
  double log_ratio = 2.0 * log(norm / sigma) - log(2.0 * sqrt((double)dim));
  double value = floor(0.75 * log_ratio / log1p(tau)) + 1.0;
  if (!(value >= 0.0 && value < INFINITY))
    return pf_fail(PFLOW_EINVAL, "rule of M: norm %g with sigma %g and tau %g gives M %g",
                   norm, sigma, tau, value);
  *m_max = value;
  return PFLOW_OK;
}

/* y may be draw->unit. */
static void put_together(const float *x, size_t dim, double growth,
                         const pflow_perturb_draw *draw, float *y) {
  double length = draw->noise_norm * growth;
  for (size_t k = 0; k < dim; k++)
    y[k] = (float)(x[k] + length * draw->unit[k]);
  y[dim] = (float)(draw->abs_z * growth);
}

pflow_err pflow_perturb_apply(const float *x, size_t dim, double tau,
                              const pflow_perturb_draw *draw, float *y) {
  pf_need(x);
  pf_need(draw);
  pf_need(draw->unit);
  pf_need(y);
  pf_try(pf_check_setting(dim > 0, "perturb: dim", (double)dim, "a value > 0"));
  pf_try(pf_check_setting(tau >= 0.0, "perturb: tau", tau, "a value >= 0"));
  double growth = pow(1.0 + tau, draw->m);
  pf_try(pf_check_setting(isfinite(growth), "perturb: (1 + tau)^m", growth,
                          "a finite value"));
  pf_try(pf_check_setting(draw->abs_z >= 0.0 && draw->abs_z < INFINITY, "perturb: abs_z",
                          draw->abs_z, "a finite value >= 0"));
  pf_try(pf_check_setting(draw->noise_norm >= 0.0 && draw->noise_norm < INFINITY,
                          "perturb: noise_norm", draw->noise_norm,
                          "a finite value >= 0"));
  put_together(x, dim, growth, draw, y);
  return PFLOW_OK;
}

/*
 * Words that one row draws: a normal and a double, two words each, and two times dim
 * normals, rounded up to even. A multiple of 4, so rows share no block of the generator.
 */
static uint64_t row_words(size_t dim) {
  return 4 + 2 * ((uint64_t)dim + dim % 2);
}

/* Four sums side by side: an addition need not wait for the one before. */
static double sum_of_squares(const float *values, size_t n) {
  double sum[4] = {0.0};
  size_t k = 0;
  for (; k + 4 <= n; k += 4)
    for (size_t i = 0; i < 4; i++)
      sum[i] += (double)values[k + i] * values[k + i];
  for (; k < n; k++)
    sum[0] += (double)values[k] * values[k];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void draw_normals(pflow_rng *rng, float *out, size_t n) {
  pf_kernels_get()->normal.draw(rng, out, n);
  rng->position += n + n % 2;
}

/* Length of dim normals, drawn an even number at a time to keep their words together. */
static double normal_length(pflow_rng *rng, size_t dim) {
  float piece[256];
  const size_t size = sizeof piece / sizeof *piece;
  double sum = 0.0;
  for (size_t k = 0; k < dim; k += size) {
    size_t count = dim - k < size ? dim - k : size;
    draw_normals(rng, piece, count);
    sum += sum_of_squares(piece, count);
  }
  return sqrt(sum);
}

/* As pflow_rng_sphere: no row of normals is 0. */
static void draw_unit(pflow_rng *rng, float *unit, size_t dim) {
  draw_normals(rng, unit, dim);
  double scale = 1.0 / sqrt(sum_of_squares(unit, dim));
  for (size_t k = 0; k < dim; k++)
    unit[k] = (float)(unit[k] * scale);
}

typedef struct perturb_job {
  const pflow_perturb_config *config;
  const float *x;
  size_t dim;
  pflow_rng rng; /* in front of row 0 */
  float *y;
} perturb_job;

/* Draws row i; the unit vector goes where the point is to be. */
static void draw_row(const perturb_job *job, size_t i, pflow_perturb_draw *draw,
                     float *unit) {
  const pflow_perturb_config *config = job->config;
  pflow_rng rng = job->rng;
  rng.position += i * row_words(job->dim);
  float z;
  pflow_rng_normal(&rng, &z, 1, 0.0, 1.0);
  draw->abs_z = config->sigma * fabs((double)z);
  bool narrow = config->restrict_m && draw->abs_z < 0.5 * config->sigma;
  draw->m = pflow_rng_double(&rng) * config->m_max * (narrow ? 0.7 : 1.0);
  draw->noise_norm = config->sigma * normal_length(&rng, job->dim);
  draw_unit(&rng, unit, job->dim);
  draw->unit = unit;
}

static int perturb_rows(size_t begin, size_t end, void *user) {
  const perturb_job *job = user;
  for (size_t i = begin; i < end; i++) {
    float *y = job->y + i * (job->dim + 1);
    pflow_perturb_draw draw;
    draw_row(job, i, &draw, y);
    double growth = pow(1.0 + job->config->tau, draw.m);
    put_together(job->x + i * job->dim, job->dim, growth, &draw, y);
  }
  return 0;
}

pflow_err pflow_perturb(const pflow_perturb_config *config, const float *x, size_t n,
                        size_t dim, pflow_rng *rng, float *y, pflow_pool *pool) {
  pf_need(x);
  pf_need(rng);
  pf_need(y);
  pflow_perturb_config full;
  pf_try(pf_perturb_config_read(&full, config));
  size_t size;
  pf_try(pf_points_size(&size, n, dim, "perturb"));
  pf_try(pflow_check_finite(x, n, dim, "perturb: x"));
  perturb_job job = {.config = &full, .x = x, .dim = dim, .rng = *rng, .y = y};
  pf_try(pflow_parallel_for(pool, n, row_grain, perturb_rows, &job));
  rng->position += n * row_words(dim);
  return PFLOW_OK;
}
