/*
 * bootstrap.c - percentile interval of a mean difference of pairs.
 */
#include "eval/resample.h"
#include "eval/sorted.h"

enum { resample_grain = 8 };

/* Mean of n pairs drawn with replacement. A word times n has the place in its upper half;
 * the places are equally likely but for n / 2^32 of their share. */
static double draw_mean(const pf_pairs *pairs, size_t resample) {
  double sum = 0.0;
  for (size_t i = 0; i < pairs->n; i += 4) {
    uint32_t words[4];
    const size_t count = pairs->n - i < 4 ? pairs->n - i : 4;
    pf_resample_words(pairs, resample, i / 4, words);
    for (size_t w = 0; w < count; w++)
      sum += pairs->differences[(uint64_t)words[w] * pairs->n >> 32];
  }
  return sum / (double)pairs->n;
}

static int draw_means(size_t begin, size_t end, void *user) {
  const pf_pairs *pairs = user;
  for (size_t i = begin; i < end; i++)
    pairs->means[i] = draw_mean(pairs, i);
  return 0;
}

static pflow_err find_interval(pf_pairs *pairs, pflow_interval *interval) {
  const size_t count = pairs->config.resamples;
  const double level = pairs->config.level;
  double sum = 0.0;
  pf_try(
      pflow_parallel_for(pairs->config.pool, count, resample_grain, draw_means, pairs));
  pf_sort(pairs->means, count);
  for (size_t i = 0; i < pairs->n; i++)
    sum += pairs->differences[i];
  interval->mean = sum / (double)pairs->n;
  interval->low = pf_quantile(pairs->means, count, 0.5 * (1.0 - level));
  interval->high = pf_quantile(pairs->means, count, 0.5 * (1.0 + level));
  return PFLOW_OK;
}

pflow_err pflow_bootstrap_paired(const double *a, const double *b, size_t n,
                                 const pflow_resample_config *config,
                                 pflow_interval *difference) {
  pf_need(a);
  pf_need(difference);
  pf_pairs pairs;
  pflow_err rc = pf_pairs_create(&pairs, a, b, n, config);
  if (rc >= 0) rc = find_interval(&pairs, difference);
  pf_pairs_free(&pairs);
  return rc;
}
