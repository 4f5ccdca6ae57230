/*
 * trial.h - settings of a Poisson map tried on rows held out: how well they serve the
 * map's objective, at several strengths.
 */
#ifndef LIBPFLOW_TRIAL_H
#define LIBPFLOW_TRIAL_H

#include "map/poisson.h"

/* Held-out rows first, then those that stand for the fitted ones. */
typedef struct pf_trial_rows {
  float *x;
  int32_t *labels;
  size_t held, known, dim;
  const float *known_x;
  bool has_labels;
} pf_trial_rows;

enum { pf_trial_strengths = 8 };

/* What came of the held-out rows. */
typedef struct pf_trial_score {
  double score; /* the objective's: larger is better */
  double uniformity, ideal;
  double kept; /* share of the 10 nearest neighbours; 0: not reached */
  bool valid;  /* it may be chosen */
} pf_trial_score;

/* At each strength. */
typedef struct pf_trial_scores {
  pf_trial_score at[pf_trial_strengths];
  double floor; /* NEIGHBOURS: the least that is to be kept; else 0 */
} pf_trial_scores;

typedef struct pf_trial pf_trial;

/* Measures the rows as they are, and finds their principal coordinates. The rows are
 * borrowed. On error destroy has to be called all the same. */
pflow_err pf_trial_create(pf_trial **trial, const pflow_map *map,
                          const pf_trial_rows *rows);
void pf_trial_destroy(pf_trial *trial);

/* Of the known rows' principal coordinates, largest first; as many as a row has values.
 */
const double *pf_trial_variances(const pf_trial *trial);

/* Settings at n rising strengths. Ones that cannot be had (start above stop, a flow that
 * fails) are not valid. */
pflow_err pf_trial_run(pf_trial *trial, const pf_poisson_choice *settings,
                       const double *strength, size_t n, pf_trial_scores *scores);

/* The rows as they are, and whether a score beats theirs by more than chance. */
const pf_trial_score *pf_trial_before(const pf_trial *trial);
bool pf_trial_is_better(const pf_trial *trial, double score);

#endif
