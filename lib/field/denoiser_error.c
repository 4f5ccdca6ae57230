/*
 * denoiser_error.c - the learned field beside the exact one, height by height.
 */
#include <math.h>
#include <stdlib.h>

#include "field/denoiser.h"
#include "field/exact.h"
#include "pflow/tensor.h"

enum { work_rows = 512 };

/* One call. */
typedef struct comparison {
  const pflow_denoiser *denoiser;
  const pflow_exact *exact;
  pflow_denoiser_probe probe;
  pflow_rng rng;
  pflow_denoiser_work *work;
  float *moved, *learned, *truth; /* n x dim */
  double *r, *relative, *cosine;  /* n */
} comparison;

static pflow_err read_heights(comparison *self) {
  pflow_denoiser_probe *probe = &self->probe;
  if (probe->r_min == 0.0 && probe->r_max == 0.0) {
    probe->r_min = self->denoiser->config.r_min;
    probe->r_max = self->denoiser->config.r_max;
  }
  if (probe->r_min > 0.0 && probe->r_min <= probe->r_max && isfinite(probe->r_max))
    return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "denoiser error: heights from %g to %g", probe->r_min,
                 probe->r_max);
}

static pflow_err read_probe(comparison *self, const pflow_denoiser_probe *given) {
  pflow_denoiser_probe *probe = &self->probe;
  size_t size;
  pflow_denoiser_probe_init(probe);
  pf_try(pf_config_read(probe, sizeof *probe, given, "pflow_denoiser_probe"));
  pf_need(probe->x);
  if (probe->n == 0 || probe->heights == 0)
    return pf_fail(PFLOW_EINVAL, "denoiser error: %zu rows at %zu heights", probe->n,
                   probe->heights);
  pf_try(read_heights(self));
  if (self->exact->dim != self->denoiser->dim)
    return pf_fail(PFLOW_ESHAPE, "denoiser error: rows of %zu values, sources of %zu",
                   self->denoiser->dim, self->exact->dim);
  const double aug_dim = 2.0 * self->exact->power - (double)self->exact->dim;
  const double wants = self->denoiser->config.aug_dim;
  if (fabs(aug_dim - wants) > 1e-6 * wants)
    return pf_fail(PFLOW_EINVAL,
                   "denoiser error: aug_dim is %g, that of the exact field %g", wants,
                   aug_dim);
  pf_try(pf_mul(&size, probe->n, self->denoiser->dim, "denoiser error: rows"));
  pf_try(pf_mul(&size, size, sizeof(float), "denoiser error: rows"));
  return pflow_check_finite(probe->x, probe->n, self->denoiser->dim, "denoiser error: x");
}

static pflow_err open(comparison *self) {
  const size_t n = self->probe.n, size = n * self->denoiser->dim;
  pf_try(pf_alloc(&self->moved, size, sizeof *self->moved));
  pf_try(pf_alloc(&self->learned, size, sizeof *self->learned));
  pf_try(pf_alloc(&self->truth, size, sizeof *self->truth));
  pf_try(pf_alloc(&self->r, n, sizeof *self->r));
  pf_try(pf_alloc(&self->relative, n, sizeof *self->relative));
  pf_try(pf_alloc(&self->cosine, n, sizeof *self->cosine));
  pflow_rng_init(&self->rng, self->probe.seed, PFLOW_DENOISER_PROBE_STREAM);
  return pflow_denoiser_work_create(&self->work, self->denoiser,
                                    n < work_rows ? n : work_rows);
}

static void close(comparison *self) {
  pflow_denoiser_work_destroy(self->work);
  pflow_free(self->cosine);
  pflow_free(self->relative);
  pflow_free(self->r);
  pflow_free(self->truth);
  pflow_free(self->learned);
  pflow_free(self->moved);
}

/* Squares and products of one row's fields. */
typedef struct row_sums {
  double error, truth, learned, product;
} row_sums;

static row_sums sum_row(const comparison *self, size_t row) {
  const size_t dim = self->denoiser->dim, at = row * dim;
  row_sums sums = {0};
  for (size_t k = at; k < at + dim; k++) {
    const double a = (double)self->moved[k] - self->learned[k];
    const double b = (double)self->moved[k] - self->truth[k];
    sums.error += (a - b) * (a - b);
    sums.truth += b * b;
    sums.learned += a * a;
    sums.product += a * b;
  }
  return sums;
}

static double divide(double a, double b) {
  return a == 0.0 ? 0.0 : a / b;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The value that a share of the sorted values is below. */
static double quantile(const double *values, size_t n, double share) {
  return values[(size_t)(share * (double)(n - 1) + 0.5)];
}

static void summarize(comparison *self, pflow_denoiser_error_at *to) {
  const size_t n = self->probe.n;
  double error = 0.0, truth = 0.0;
  for (size_t i = 0; i < n; i++) {
    const row_sums sums = sum_row(self, i);
    error += sums.error;
    truth += sums.truth;
    self->relative[i] = sqrt(divide(sums.error, sums.truth));
    self->cosine[i] = divide(sums.product, sqrt(sums.truth * sums.learned));
  }
  qsort(self->relative, n, sizeof *self->relative, by_value);
  qsort(self->cosine, n, sizeof *self->cosine, by_value);
  to->median = quantile(self->relative, n, 0.5);
  to->upper = quantile(self->relative, n, 0.9);
  to->total = sqrt(divide(error, truth));
  to->cosine_median = quantile(self->cosine, n, 0.5);
  to->cosine_low = quantile(self->cosine, n, 0.1);
}

static double height(const comparison *self, size_t index) {
  const double parts = self->probe.heights > 1 ? (double)(self->probe.heights - 1) : 1.0;
  const double low = log(self->probe.r_min), high = log(self->probe.r_max);
  return exp(low + (high - low) * (double)index / parts);
}

static pflow_err compare_at(comparison *self, double r, pflow_denoiser_error_at *to) {
  const pflow_denoiser *denoiser = self->denoiser;
  const pflow_denoiser_probe *probe = &self->probe;
  to->r = r;
  for (size_t i = 0; i < probe->n; i++)
    self->r[i] = r;
  pf_try(pflow_kernel_draw(&(pflow_kernel_rows){probe->x, self->r, probe->n,
                                                denoiser->dim, denoiser->config.aug_dim},
                           &self->rng, self->moved, denoiser->config.pool));
  pf_try(pflow_exact_mean(
      self->exact,
      &(pflow_exact_queries){self->moved, self->r, probe->leave_out, probe->n},
      self->truth));
  pf_try(pflow_denoiser_mean(denoiser, self->work, self->moved, self->r, probe->n,
                             self->learned));
  summarize(self, to);
  return PFLOW_OK;
}

pflow_err pflow_denoiser_error(const pflow_denoiser *denoiser, const pflow_exact *exact,
                               const pflow_denoiser_probe *probe,
                               pflow_denoiser_error_at *errors) {
  pf_need(denoiser);
  pf_need(exact);
  pf_need(probe);
  pf_need(errors);
  comparison self = {.denoiser = denoiser, .exact = exact};
  pf_try(read_probe(&self, probe));
  pflow_err rc = open(&self);
  for (size_t i = 0; rc >= 0 && i < self.probe.heights; i++)
    rc = compare_at(&self, height(&self, i), &errors[i]);
  close(&self);
  return rc;
}
