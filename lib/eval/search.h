/*
 * search.h - the exact search for the k nearest known rows of each query.
 */
#ifndef LIBPFLOW_SEARCH_H
#define LIBPFLOW_SEARCH_H

#include "base/base.h"
#include "eval/nearest.h"
#include "pflow/threads.h"

/* All rows are finite, of dim values; k is at most the number of rows that a query may
 * find. */
typedef struct pf_search_job {
  const float *known; /* known_n rows */
  size_t known_n, dim;
  const float *x;       /* n queries; NULL: known rows, each leaving itself out */
  const size_t *chosen; /* in that case their numbers; NULL: all in order */
  size_t n, k;
  pflow_pool *pool;
} pf_search_job;

/* Takes the k nearest rows of a query, nearest first. */
typedef void (*pf_search_fn)(size_t query, const pf_neighbour *nearest, void *user);

/* Calls take for each query in order, on the calling thread. */
pflow_err pf_search(const pf_search_job *job, pf_search_fn take, void *user);

#endif
