/*
 * ranks.c - trustworthiness and continuity: the ranks of neighbours that came or went.
 *
 * A rank is one more than the number of rows that are nearer, as measured in double by
 * the kernel that the search for neighbours uses, ties by number: so a row outside a list
 * of k neighbours has a rank above k.
 */
#include "eval/rows.h"
#include "eval/sample.h"
#include "kernels/table.h"
#include "pflow/measures.h"

enum { row_grain = 4 };

/* A row that is a neighbour on the other side only. */
typedef struct intruder {
  size_t row, nearer;
  double distance;
} intruder;

/* One side: its rows, the lists of neighbours in it and on the other side. */
typedef struct side {
  const pflow_features *at;
  const pf_kernels *kernels;
  const size_t *chosen, *own, *other; /* asked, and asked x k */
  size_t k;
  intruder *intruders; /* scratch, asked x k */
  double *scores;      /* asked */
} side;

static bool is_listed(const size_t *rows, size_t k, size_t row) {
  for (size_t i = 0; i < k; i++)
    if (rows[i] == row) return true;
  return false;
}

static double distance(const side *self, size_t a, size_t b) {
  const size_t dim = self->at->dim;
  return self->kernels->neighbours.distance(self->at->x + a * dim, self->at->x + b * dim,
                                            dim);
}

static size_t list_intruders(const side *self, size_t i, intruder *to) {
  const size_t *own = self->own + i * self->k, *other = self->other + i * self->k;
  size_t count = 0;
  for (size_t j = 0; j < self->k; j++)
    if (!is_listed(own, self->k, other[j]))
      to[count++] = (intruder){other[j], 0, distance(self, self->chosen[i], other[j])};
  return count;
}

/* Counts for each intruder the rows that are nearer to row `asked`. */
static void rank(const side *self, size_t asked, intruder *intruders, size_t count) {
  for (size_t row = 0; row < self->at->n; row++) {
    if (row == asked) continue;
    const double far = distance(self, asked, row);
    for (size_t j = 0; j < count; j++) {
      const intruder *to = &intruders[j];
      intruders[j].nearer += far < to->distance || (far == to->distance && row < to->row);
    }
  }
}

static int score_rows(size_t begin, size_t end, void *user) {
  const side *self = user;
  const double n = (double)self->at->n, k = (double)self->k;
  for (size_t i = begin; i < end; i++) {
    intruder *intruders = self->intruders + i * self->k;
    const size_t count = list_intruders(self, i, intruders);
    double sum = 0.0;
    if (count > 0) rank(self, self->chosen[i], intruders, count);
    for (size_t j = 0; j < count; j++)
      sum += (double)intruders[j].nearer + 1.0 - k;
    self->scores[i] = 1.0 - 2.0 * sum / (k * (2.0 * n - 3.0 * k - 1.0));
  }
  return 0;
}

/* All that a call allocates. */
typedef struct work {
  size_t asked, k;
  size_t *chosen, *before, *after; /* asked, and lists of neighbours */
  intruder *intruders;
  double *scores; /* 2 x asked */
} work;

static pflow_err allocate(work *self) {
  size_t size;
  pf_try(pf_mul(&size, self->asked, self->k, "lists of neighbours"));
  pf_try(pf_alloc(&self->chosen, self->asked, sizeof *self->chosen));
  pf_try(pf_alloc(&self->before, size, sizeof *self->before));
  pf_try(pf_alloc(&self->after, size, sizeof *self->after));
  pf_try(pf_alloc(&self->intruders, size, sizeof *self->intruders));
  return pf_alloc(&self->scores, self->asked, 2 * sizeof *self->scores);
}

static void work_free(work *self) {
  pflow_free(self->scores);
  pflow_free(self->intruders);
  pflow_free(self->after);
  pflow_free(self->before);
  pflow_free(self->chosen);
}

static pflow_err score_side(const work *self, const pflow_features *at, const size_t *own,
                            const size_t *other, double *scores, pflow_pool *pool) {
  side one = {at,    pf_kernels_get(), self->chosen,    own,
              other, self->k,          self->intruders, scores};
  return pflow_parallel_for(pool, self->asked, row_grain, score_rows, &one);
}

static pflow_err score_all(work *self, const pflow_features *before,
                           const pflow_features *after,
                           const pflow_ranks_config *config) {
  pflow_pool *pool = config->pool;
  pf_try(allocate(self));
  pf_sample(before->n, self->asked, config->seed, 0, self->chosen);
  pf_try(pflow_neighbours_within(before, self->chosen, self->asked, self->k, self->before,
                                 NULL, pool));
  pf_try(pflow_neighbours_within(after, self->chosen, self->asked, self->k, self->after,
                                 NULL, pool));
  pf_try(score_side(self, before, self->before, self->after, self->scores, pool));
  return score_side(self, after, self->after, self->before, self->scores + self->asked,
                    pool);
}

static void report(const work *self, pflow_ranks *ranks, double *scores) {
  *ranks = (pflow_ranks){.rows = self->asked};
  for (size_t i = 0; i < self->asked; i++) {
    ranks->trustworthiness += self->scores[i];
    ranks->continuity += self->scores[self->asked + i];
  }
  ranks->trustworthiness /= (double)self->asked;
  ranks->continuity /= (double)self->asked;
  for (size_t i = 0; scores && i < 2 * self->asked; i++)
    scores[i] = self->scores[i];
}

static pflow_err read_config(pflow_ranks_config *config, const pflow_ranks_config *given,
                             size_t n) {
  pflow_ranks_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_ranks_config"));
  pf_try(pf_check_setting(config->max_rows >= 1, "max_rows", (double)config->max_rows,
                          ">= 1"));
  if (config->k < 1 || config->k >= n - n / 2)
    return pf_fail(PFLOW_EINVAL, "k is %zu, wants >= 1 and below half of %zu rows",
                   config->k, n);
  return PFLOW_OK;
}

pflow_err pflow_rank_preservation(const pflow_features *before,
                                  const pflow_features *after,
                                  const pflow_ranks_config *config, pflow_ranks *ranks,
                                  double *scores) {
  pf_need(before);
  pf_need(before->x);
  pf_need(after);
  pf_need(after->x);
  pf_need(ranks);
  if (before->n != after->n)
    return pf_fail(PFLOW_ESHAPE, "%zu rows before, %zu after", before->n, after->n);
  pflow_ranks_config full;
  pf_try(read_config(&full, config, before->n));
  work self = {.asked = before->n < full.max_rows ? before->n : full.max_rows,
               .k = full.k};
  const pflow_err rc = score_all(&self, before, after, &full);
  if (rc >= 0) report(&self, ranks, scores);
  work_free(&self);
  return rc;
}
