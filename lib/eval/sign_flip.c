/*
 * sign_flip.c - permutation test of paired differences by flipped signs.
 */
#include <math.h>

#include "eval/resample.h"

enum { resample_grain = 8, word_bits = 32 };

/* Sums that differ by less than this share of the sum of absolute values are equal but
 * for rounding. */
static const double rounding = 1e-12;

/* Adds up to 32 differences, those with a bit set in `signs` flipped. */
static double flipped_sum(const double *differences, size_t count, uint32_t signs) {
  double sum = 0.0;
  for (size_t i = 0; i < count; i++)
    sum += signs >> i & 1 ? -differences[i] : differences[i];
  return sum;
}

static int draw_sums(size_t begin, size_t end, void *user) {
  const pf_pairs *pairs = user;
  for (size_t resample = begin; resample < end; resample++) {
    double sum = 0.0;
    uint32_t words[4];
    for (size_t i = 0; i < pairs->n; i += word_bits) {
      const size_t left = pairs->n - i, word = i / word_bits;
      if (word % 4 == 0) pf_resample_words(pairs, resample, word / 4, words);
      sum += flipped_sum(pairs->differences + i, left < word_bits ? left : word_bits,
                         words[word % 4]);
    }
    pairs->means[resample] = sum;
  }
  return 0;
}

/* Whether the patterns are few enough to try them all. */
static bool is_small(const pf_pairs *pairs) {
  return pairs->n < word_bits && (size_t)1 << pairs->n <= pairs->config.resamples;
}

static pflow_err find_p(pf_pairs *pairs, double *p_value) {
  double found = 0.0, size = 0.0;
  for (size_t i = 0; i < pairs->n; i++) {
    found += pairs->differences[i];
    size += fabs(pairs->differences[i]);
  }
  const double least = fabs(found) - rounding * size;
  size_t far = 0, patterns = pairs->config.resamples;
  if (is_small(pairs)) {
    patterns = (size_t)1 << pairs->n;
    for (size_t signs = 0; signs < patterns; signs++)
      pairs->means[signs] = flipped_sum(pairs->differences, pairs->n, (uint32_t)signs);
  } else {
    pf_try(pflow_parallel_for(pairs->config.pool, patterns, resample_grain, draw_sums,
                              pairs));
  }
  for (size_t i = 0; i < patterns; i++)
    far += fabs(pairs->means[i]) >= least;
  const size_t found_too = is_small(pairs) ? 0 : 1;
  *p_value = (double)(far + found_too) / (double)(patterns + found_too);
  return PFLOW_OK;
}

pflow_err pflow_sign_flip_test(const double *a, const double *b, size_t n,
                               const pflow_resample_config *config, double *p_value) {
  pf_need(a);
  pf_need(p_value);
  pf_pairs pairs;
  pflow_err rc = pf_pairs_create(&pairs, a, b, n, config);
  if (rc >= 0) rc = find_p(&pairs, p_value);
  pf_pairs_free(&pairs);
  return rc;
}
