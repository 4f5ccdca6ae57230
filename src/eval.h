/*
 * eval.h - what pflow eval measures.
 *
 * A measure that is not asked for, or that the rows do not have, is NaN.
 */
#ifndef PFLOW_EVAL_COMMAND_H
#define PFLOW_EVAL_COMMAND_H

#include <stdbool.h>

#include "cli/input.h"

enum { eval_k = 10 };

typedef struct eval_measures {
  /* of the rows */
  double uniformity, ideal, test_uniformity;
  double effective_rank, two_nn, mle, nearest;
  size_t mle_k; /* neighbours that mle goes by */
  double hubness, hubs, antihubs;
  /* of rows with labels */
  double alignment, knn, probe, probe_nll, one_shot, five_shot, nmi;
  size_t trained, tested; /* rows of probe and few-shot */
  bool held_out;          /* the latter are some of the rows themselves */
  /* against the rows of a reference */
  double kept, trustworthiness, continuity, recall_bit, recall_byte;
  size_t queries; /* of recall */
} eval_measures;

/* What is measured: rows, and where they are given test rows and a reference. */
typedef struct eval_data {
  input rows, test, reference; /* x NULL: not given */
  size_t k;                    /* neighbours, eval_k or fewer for a few rows */
  size_t *near;                /* rows.n x k, each row's nearest other rows */
  uint64_t seed;
  pflow_pool *pool;
} eval_data;

/* Each fills its part of the measures. Returns a status. */
int eval_geometry(const eval_data *data, eval_measures *to);
int eval_labels(const eval_data *data, eval_measures *to);
int eval_reference(const eval_data *data, eval_measures *to);

/*
 * The status of a call that measures: a measure that the rows do not have (PFLOW_EINVAL)
 * is only noted. An interrupt ends the work here.
 */
int eval_took(pflow_err rc, const char *measure);

/* The result, as a table or as JSON. Returns a status. */
int eval_print(const eval_data *data, const eval_measures *measured, bool json);

#endif
