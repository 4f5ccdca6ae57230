/*
 * resample.c - what the tests of paired scores share.
 */
#include "eval/resample.h"

#include <math.h>

#include "pflow/random.h"

static pflow_err read_config(pflow_resample_config *config,
                             const pflow_resample_config *given) {
  pflow_resample_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_resample_config"));
  pf_try(pf_check_setting(config->resamples >= 1, "resamples", (double)config->resamples,
                          ">= 1"));
  return pf_check_setting(config->level > 0.0 && config->level < 1.0, "level",
                          config->level, "> 0 and < 1");
}

static pflow_err check_scores(const double *scores, size_t n, const char *what) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(scores[i]))
      return pf_fail(PFLOW_ENONFINITE, "%s: score %zu is %g", what, i, scores[i]);
  return PFLOW_OK;
}

static pflow_err set_differences(pf_pairs *pairs, const double *a, const double *b) {
  for (size_t i = 0; i < pairs->n; i++)
    pairs->differences[i] = a[i] - (b ? b[i] : 0.0);
  return check_scores(pairs->differences, pairs->n, "differences");
}

pflow_err pf_pairs_create(pf_pairs *pairs, const double *a, const double *b, size_t n,
                          const pflow_resample_config *config) {
  *pairs = (pf_pairs){.n = n};
  pf_try(read_config(&pairs->config, config));
  if (n < 1 || n > UINT32_MAX)
    return pf_fail(PFLOW_EINVAL, "%zu pairs, wants 1 to %u", n, UINT32_MAX);
  pf_try(check_scores(a, n, "first scores"));
  if (b) pf_try(check_scores(b, n, "second scores"));
  pf_try(pf_alloc(&pairs->differences, n, sizeof *pairs->differences));
  pf_try(pf_alloc(&pairs->means, pairs->config.resamples, sizeof *pairs->means));
  return set_differences(pairs, a, b);
}

void pf_pairs_free(pf_pairs *pairs) {
  pflow_free(pairs->means);
  pflow_free(pairs->differences);
}

void pf_resample_words(const pf_pairs *pairs, size_t resample, size_t i,
                       uint32_t words[4]) {
  const uint64_t stream = resample, seed = pairs->config.seed;
  const uint32_t counter[4] = {(uint32_t)i, (uint32_t)((uint64_t)i >> 32),
                               (uint32_t)stream, (uint32_t)(stream >> 32)};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  pflow_philox(counter, key, words);
}
