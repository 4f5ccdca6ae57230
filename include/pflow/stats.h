/*
 * pflow/stats.h - resampling statistics: paired bootstrap, sign-flip test, energy
 * distance.
 *
 * All calls refuse NULL, zero sizes and non-finite values (naming the place), and may run
 * in several threads at once. Random numbers are functions of the seed and of the number
 * of the resample: results have the same bits for every number of threads.
 */
#ifndef PFLOW_STATS_H
#define PFLOW_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/neighbours.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- paired scores ---- */

typedef struct pflow_resample_config {
  size_t struct_size;
  size_t resamples; /* default 2000 */
  double level;     /* of the interval, in (0, 1); default 0.95 */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
} pflow_resample_config;

static inline void pflow_resample_config_init(pflow_resample_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->resamples = 2000;
  config->level = 0.95;
}

typedef struct pflow_interval {
  double mean, low, high;
} pflow_interval;

/*
 * Mean of a_i - b_i over n pairs and its percentile bootstrap interval (Efron and
 * Tibshirani 1993, chapter 13): pairs are drawn n at a time with replacement, low and
 * high are the (1 -+ level) / 2 quantiles of their means. b NULL stands for zeros: the
 * interval of the mean of a. n is below 2^32. Costs n * resamples random words, about 40
 * ms for 10,000 pairs. Errors: PFLOW_EINVAL for a setting out of range, PFLOW_ENONFINITE.
 */
PFLOW_API pflow_err pflow_bootstrap_paired(const double *a, const double *b, size_t n,
                                           const pflow_resample_config *config,
                                           pflow_interval *difference);

/*
 * Two-sided p-value of the hypothesis that a_i - b_i is as likely as b_i - a_i (Fisher's
 * sign-flip permutation test): the share of sign patterns whose mean difference is at
 * least as far from 0 as the one found. All 2^n patterns where they are at most
 * `resamples`; else as many random ones, and the pattern found counts as one more, so p
 * >= 1 / (resamples + 1). b NULL stands for zeros; level is not read. Errors as above.
 */
PFLOW_API pflow_err pflow_sign_flip_test(const double *a, const double *b, size_t n,
                                         const pflow_resample_config *config,
                                         double *p_value);

/* ---- two samples ---- */

typedef struct pflow_energy_config {
  size_t struct_size;
  size_t max_rows;     /* of each set at most, a seeded sample; default 1000 */
  size_t permutations; /* of the test; default 0: none */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
} pflow_energy_config;

static inline void pflow_energy_config_init(pflow_energy_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->max_rows = 1000;
}

typedef struct pflow_energy {
  double distance;   /* 2 E|x - y| - E|x - x'| - E|y - y'|, >= 0 */
  double normalized; /* divided by 2 E|x - y|: in [0, 1]; 0 if all rows are equal */
  double p_value;    /* of equal distributions; NaN without permutations */
  size_t x_rows, y_rows;
} pflow_energy;

/*
 * Energy distance of two sets of rows (Szekely and Rizzo 2013, J. Stat. Plan. Inference
 * 143, 1249-1272, V-statistic: means over all pairs, a row with itself among them). It is
 * 0 for equal sets only, and about (E|x - x'|) (1 / x_rows + 1 / y_rows) for two samples
 * of one distribution. The p-value is the share of random splits of all rows into sets of
 * the same sizes, the one found among them, whose distance is at least as large.
 *
 * With m rows in all: m^2 distances, held as doubles (32 MB at the defaults), and up to
 * m^2 sums a permutation. Errors: PFLOW_ESHAPE if the two differ in dim, PFLOW_EINVAL for
 * a setting out of range.
 */
PFLOW_API pflow_err pflow_energy_distance(const pflow_features *x,
                                          const pflow_features *y,
                                          const pflow_energy_config *config,
                                          pflow_energy *energy);

PFLOW_END_DECLS

#endif
