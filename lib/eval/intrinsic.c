/*
 * intrinsic.c - intrinsic dimension from distances to the nearest rows.
 *
 * Distances are squared ones: their logarithms are twice those wanted.
 */
#include <math.h>

#include "eval/rows.h"
#include "eval/sample.h"
#include "eval/sorted.h"
#include "pflow/measures.h"

/* Rows whose ratio of distances is used, from the smallest on (Facco et al. 2017). */
static const double kept_share = 0.9;

typedef struct estimate {
  size_t asked, k;
  size_t *chosen;
  double *squared; /* asked x k */
  double *sorted;  /* asked */
} estimate;

static double median_nearest(const estimate *self) {
  for (size_t i = 0; i < self->asked; i++)
    self->sorted[i] = sqrt(self->squared[i * self->k]);
  pf_sort(self->sorted, self->asked);
  return pf_quantile(self->sorted, self->asked, 0.5);
}

/* Logarithms of the ratios of rows without a duplicate, sorted; returns how many. */
static size_t sort_ratios(const estimate *self) {
  size_t count = 0;
  for (size_t i = 0; i < self->asked; i++) {
    const double *squared = self->squared + i * self->k;
    if (squared[0] > 0.0)
      self->sorted[count++] = 0.5 * (log(squared[1]) - log(squared[0]));
  }
  pf_sort(self->sorted, count);
  return count;
}

/* Slope through the origin of -ln(1 - F) against ln m. */
static double fit_slope(const double *sorted, size_t count) {
  const size_t kept = (size_t)(kept_share * (double)count);
  double products = 0.0, squares = 0.0;
  for (size_t i = 0; i < kept; i++) {
    products -= sorted[i] * log1p(-(double)(i + 1) / (double)count);
    squares += sorted[i] * sorted[i];
  }
  return products / squares;
}

static double average_likelihood(const estimate *self, size_t count) {
  double sum = 0.0;
  for (size_t i = 0; i < self->asked; i++) {
    const double *squared = self->squared + i * self->k;
    if (!(squared[0] > 0.0)) continue;
    const double farthest = log(squared[self->k - 1]);
    for (size_t j = 0; j + 1 < self->k; j++)
      sum += 0.5 * (farthest - log(squared[j]));
  }
  return (double)count * (double)(self->k - 1) / sum;
}

static pflow_err describe(const estimate *self, pflow_intrinsic *intrinsic) {
  pflow_intrinsic found = {.rows = self->asked};
  found.nearest = median_nearest(self);
  const size_t count = sort_ratios(self);
  found.duplicates = self->asked - count;
  if (count < 2)
    return pf_fail(PFLOW_EINVAL, "too few distinct rows: %zu of %zu have a duplicate",
                   found.duplicates, self->asked);
  found.two_nn = fit_slope(self->sorted, count);
  found.mle = average_likelihood(self, count);
  if (!isfinite(found.two_nn) || !isfinite(found.mle))
    return pf_fail(PFLOW_EINVAL, "the nearest rows of %zu rows are equally far", count);
  *intrinsic = found;
  return PFLOW_OK;
}

static pflow_err read_config(pflow_intrinsic_config *config,
                             const pflow_intrinsic_config *given) {
  pflow_intrinsic_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_intrinsic_config"));
  pf_try(pf_check_setting(config->k >= 2, "k", (double)config->k, ">= 2"));
  return pf_check_setting(config->max_rows >= 1, "max_rows", (double)config->max_rows,
                          ">= 1");
}

static pflow_err allocate(estimate *self) {
  size_t size;
  pf_try(pf_mul(&size, self->asked, self->k, "distances of neighbours"));
  pf_try(pf_alloc(&self->chosen, self->asked, sizeof *self->chosen));
  pf_try(pf_alloc(&self->squared, size, sizeof *self->squared));
  return pf_alloc(&self->sorted, self->asked, sizeof *self->sorted);
}

static pflow_err run(estimate *self, const pflow_features *rows,
                     const pflow_intrinsic_config *config, pflow_intrinsic *intrinsic) {
  pf_try(allocate(self));
  pf_sample(rows->n, self->asked, config->seed, 0, self->chosen);
  pf_try(pflow_neighbours_within(rows, self->chosen, self->asked, self->k, NULL,
                                 self->squared, config->pool));
  return describe(self, intrinsic);
}

pflow_err pflow_intrinsic_dim(const pflow_features *rows,
                              const pflow_intrinsic_config *config,
                              pflow_intrinsic *intrinsic) {
  pf_need(rows);
  pf_need(rows->x);
  pf_need(intrinsic);
  pflow_intrinsic_config full;
  pf_try(read_config(&full, config));
  estimate self = {.asked = rows->n < full.max_rows ? rows->n : full.max_rows,
                   .k = full.k};
  const pflow_err rc = run(&self, rows, &full, intrinsic);
  pflow_free(self.sorted);
  pflow_free(self.squared);
  pflow_free(self.chosen);
  return rc;
}
