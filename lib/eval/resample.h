/*
 * resample.h - what the tests of paired scores share.
 */
#ifndef LIBPFLOW_RESAMPLE_H
#define LIBPFLOW_RESAMPLE_H

#include "base/base.h"
#include "pflow/stats.h"

typedef struct pf_pairs {
  size_t n;
  double *differences; /* n */
  double *means;       /* one a resample */
  pflow_resample_config config;
} pf_pairs;

/* Checks everything, and takes memory that pf_pairs_free gives back in any case. */
pflow_err pf_pairs_create(pf_pairs *pairs, const double *a, const double *b, size_t n,
                          const pflow_resample_config *config);
void pf_pairs_free(pf_pairs *pairs);

/* Words 4 i .. 4 i + 3 of a resample. */
void pf_resample_words(const pf_pairs *pairs, size_t resample, size_t i,
                       uint32_t words[4]);

#endif
