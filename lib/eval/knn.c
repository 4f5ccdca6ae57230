/*
 * knn.c - the majority vote of the nearest rows.
 */
#include "eval/rows.h"
#include "eval/search.h"
#include "pflow/eval.h"

typedef struct ballot {
  const pflow_labelled *train;
  size_t k;
  size_t *votes; /* one a class, zeros between queries */
  int32_t *labels;
} ballot;

/* Most frequent label, the smallest on a tie. */
static void vote(size_t query, const pf_neighbour *nearest, void *user) {
  const ballot *self = user;
  const int32_t *labels = self->train->labels;
  for (size_t i = 0; i < self->k; i++)
    self->votes[labels[nearest[i].row]]++;
  int32_t best = labels[nearest[0].row];
  for (size_t i = 1; i < self->k; i++) {
    int32_t label = labels[nearest[i].row];
    size_t count = self->votes[label], most = self->votes[best];
    if (count > most || (count == most && label < best)) best = label;
  }
  for (size_t i = 0; i < self->k; i++)
    self->votes[labels[nearest[i].row]] = 0;
  self->labels[query] = best;
}

static pflow_err check_train(const pflow_labelled *train, size_t k, pflow_pool *pool) {
  pf_try(pf_check_rows_shared(pool, train->x, train->n, train->dim, "train rows"));
  pf_try(pf_check_labels(train->labels, train->n, train->classes, "train labels"));
  if (k < 1 || k > train->n)
    return pf_fail(PFLOW_EINVAL, "k is %zu, wants 1 to %zu (train rows)", k, train->n);
  return PFLOW_OK;
}

pflow_err pflow_knn_predict(const pflow_labelled *train, const float *x, size_t n,
                            size_t k, int32_t *labels, pflow_pool *pool) {
  pf_need(train);
  pf_need(train->x);
  pf_need(train->labels);
  pf_need(x);
  pf_need(labels);
  pf_try(check_train(train, k, pool));
  pf_try(pf_check_rows_shared(pool, x, n, train->dim, "rows"));
  ballot self = {.train = train, .k = k, .labels = labels};
  pf_try(pf_alloc(&self.votes, train->classes, sizeof *self.votes));
  pf_search_job job = {.known = train->x,
                       .known_n = train->n,
                       .dim = train->dim,
                       .x = x,
                       .n = n,
                       .k = k,
                       .pool = pool};
  pflow_err rc = pf_search(&job, vote, &self);
  pflow_free(self.votes);
  return rc;
}
