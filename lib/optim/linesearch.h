/*
 * linesearch.h - a step along a descent direction that meets the strong Wolfe conditions.
 */
#ifndef LIBPFLOW_LINESEARCH_H
#define LIBPFLOW_LINESEARCH_H

#include "pflow/optim.h"

typedef struct pf_point {
  double *x, *gradient;
  double value;
} pf_point;

typedef struct pf_search {
  pflow_objective_fn objective;
  void *user;
  size_t size;
  double armijo, curvature;
  size_t max_evaluations; /* in one search */
  size_t evaluations;     /* in all searches */
  pf_point start, best, trial;
  double *direction;
  double best_step; /* 0: nothing better than start was met */
} pf_search;

double pf_dot(const double *a, const double *b, size_t size);

/* Smaller differences between objectives of about that value are taken for rounding. */
double pf_rounding(double value);

/* Evaluates the objective at point->x. The code of the callback's result. */
pflow_err pf_evaluate(pf_search *search, pf_point *point);

/*
 * Searches from start along direction, first at `step`. PFLOW_OK: best meets the strong
 * Wolfe conditions, or the approximate ones where the value changes by rounding only.
 * PFLOW_LIMIT: no such point was found. Otherwise the callback's code. In each case, if
 * best_step > 0, best is an improvement on start.
 */
pflow_err pf_search_run(pf_search *search, double step);

#endif
