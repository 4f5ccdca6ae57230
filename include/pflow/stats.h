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

PFLOW_END_DECLS

#endif
