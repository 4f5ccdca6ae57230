/*
 * neighbours.c - nearest rows, with their numbers and distances.
 */
#include "pflow/neighbours.h"

#include "eval/rows.h"
#include "eval/search.h"

typedef struct lists {
  size_t k;
  size_t *rows;
  double *squared;
} lists;

static void put(size_t query, const pf_neighbour *nearest, void *user) {
  const lists *self = user;
  for (size_t i = 0; i < self->k; i++) {
    if (self->rows) self->rows[query * self->k + i] = nearest[i].row;
    if (self->squared) self->squared[query * self->k + i] = nearest[i].distance;
  }
}

static pflow_err check_k(size_t k, size_t most) {
  if (k < 1 || k > most)
    return pf_fail(PFLOW_EINVAL, "k is %zu, wants 1 to %zu (known rows)", k, most);
  return PFLOW_OK;
}

static pflow_err search(const pf_search_job *job, size_t *rows, double *squared) {
  size_t places;
  pf_try(pf_mul(&places, job->n, job->k, "nearest neighbours"));
  lists self = {job->k, rows, squared};
  return pf_search(job, put, &self);
}

pflow_err pflow_neighbours(const pflow_features *known, const float *x, size_t n,
                           size_t k, size_t *rows, double *squared, pflow_pool *pool) {
  pf_need(known);
  pf_need(known->x);
  pf_need(x);
  pf_try(pf_check_rows_shared(pool, known->x, known->n, known->dim, "known rows"));
  pf_try(pf_check_rows_shared(pool, x, n, known->dim, "rows"));
  pf_try(check_k(k, known->n));
  pf_search_job job = {.known = known->x,
                       .known_n = known->n,
                       .dim = known->dim,
                       .x = x,
                       .n = n,
                       .k = k,
                       .pool = pool};
  return search(&job, rows, squared);
}

static pflow_err check_chosen(const size_t *chosen, size_t count, size_t n) {
  if (count == 0) return pf_fail(PFLOW_EINVAL, "0 rows are chosen, wants at least 1");
  for (size_t i = 0; i < count; i++)
    if (chosen[i] >= n)
      return pf_fail(PFLOW_EINVAL, "chosen row %zu is %zu, wants 0 to %zu", i, chosen[i],
                     n - 1);
  return PFLOW_OK;
}

pflow_err pflow_neighbours_within(const pflow_features *known, const size_t *chosen,
                                  size_t count, size_t k, size_t *rows, double *squared,
                                  pflow_pool *pool) {
  pf_need(known);
  pf_need(known->x);
  pf_try(pf_check_rows_shared(pool, known->x, known->n, known->dim, "known rows"));
  pf_try(check_k(k, known->n - 1));
  if (chosen) pf_try(check_chosen(chosen, count, known->n));
  pf_search_job job = {.known = known->x,
                       .known_n = known->n,
                       .dim = known->dim,
                       .chosen = chosen,
                       .n = chosen ? count : known->n,
                       .k = k,
                       .pool = pool};
  return search(&job, rows, squared);
}
