/*
 * codes.c - rows as codes of one bit or one byte a value, and what a search by them
 * finds.
 *
 * Codes are decoded to float rows, so that the search for nearest rows serves them too.
 */
#include <math.h>

#include "eval/rows.h"
#include "eval/search.h"
#include "eval/sorted.h"
#include "pflow/measures.h"

enum { most_seen = 1 << 16, row_grain = 256, steps = 255 };

/* What is known of a column. */
typedef struct column {
  float low, high, median;
} column;

typedef struct coding {
  const pflow_features *known;
  pflow_code code;
  const float *x;
  float *decoded;
  column *columns; /* dim */
  float *seen;     /* dim x count: values of each column, for their median */
  size_t count, step;
} coding;

static int find_medians(size_t begin, size_t end, void *user) {
  const coding *self = user;
  const pflow_features *known = self->known;
  for (size_t k = begin; k < end; k++) {
    float *seen = self->seen + k * self->count;
    for (size_t i = 0; i < self->count; i++)
      seen[i] = known->x[i * self->step * known->dim + k];
    self->columns[k].median = pf_select(seen, self->count, (self->count - 1) / 2);
  }
  return 0;
}

static pflow_err learn_medians(coding *self, pflow_pool *pool) {
  const size_t n = self->known->n, dim = self->known->dim;
  size_t size;
  self->step = (n + most_seen - 1) / most_seen;
  self->count = (n + self->step - 1) / self->step;
  pf_try(pf_mul(&size, self->count, dim, "columns"));
  pf_try(pf_alloc(&self->seen, size, sizeof *self->seen));
  const pflow_err rc = pflow_parallel_for(pool, dim, 1, find_medians, self);
  pflow_free(self->seen);
  return rc;
}

static void learn_ranges(coding *self) {
  const pflow_features *known = self->known;
  for (size_t k = 0; k < known->dim; k++)
    self->columns[k].low = self->columns[k].high = known->x[k];
  for (size_t i = 1; i < known->n; i++) {
    const float *row = known->x + i * known->dim;
    for (size_t k = 0; k < known->dim; k++) {
      column *to = &self->columns[k];
      to->low = row[k] < to->low ? row[k] : to->low;
      to->high = row[k] > to->high ? row[k] : to->high;
    }
  }
}

/* The value of the nearest of the steps. */
static float nearest_step(const column *of, float value) {
  const double width = ((double)of->high - (double)of->low) / steps;
  if (width == 0.0) return of->low;
  const double place = ((double)value - (double)of->low) / width;
  return (float)(of->low + width * fmin(fmax(floor(place + 0.5), 0.0), steps));
}

static int decode_rows(size_t begin, size_t end, void *user) {
  const coding *self = user;
  const size_t dim = self->known->dim;
  for (size_t i = begin; i < end; i++) {
    for (size_t k = 0; k < dim; k++) {
      const float value = self->x[i * dim + k];
      const column *of = &self->columns[k];
      self->decoded[i * dim + k] = self->code == PFLOW_CODE_BYTE ? nearest_step(of, value)
                                   : value > of->median          ? 1.0f
                                                                 : 0.0f;
    }
  }
  return 0;
}

static pflow_err learn(coding *self, pflow_pool *pool) {
  pf_try(pf_alloc(&self->columns, self->known->dim, sizeof *self->columns));
  if (self->code == PFLOW_CODE_BIT) return learn_medians(self, pool);
  learn_ranges(self);
  return PFLOW_OK;
}

static pflow_err decode(coding *self, const float *x, size_t n, float *decoded,
                        pflow_pool *pool) {
  self->x = x;
  self->decoded = decoded;
  return pflow_parallel_for(pool, n, row_grain, decode_rows, self);
}

static pflow_err check(const pflow_features *known, pflow_code code, const float *x,
                       size_t n, pflow_pool *pool) {
  if (!known || !known->x) return pf_fail(PFLOW_ENULL, "codes: known rows are NULL");
  if (!x) return pf_fail(PFLOW_ENULL, "codes: x is NULL");
  if (code != PFLOW_CODE_BIT && code != PFLOW_CODE_BYTE)
    return pf_fail(PFLOW_EINVAL, "code is %d, wants %d or %d", (int)code, PFLOW_CODE_BIT,
                   PFLOW_CODE_BYTE);
  pf_try(pf_check_rows_shared(pool, known->x, known->n, known->dim, "known rows"));
  return pf_check_rows_shared(pool, x, n, known->dim, "rows");
}

pflow_err pflow_code_rows(const pflow_features *known, pflow_code code, const float *x,
                          size_t n, float *decoded, pflow_pool *pool) {
  pf_try(check(known, code, x, n, pool));
  pf_need(decoded);
  coding self = {.known = known, .code = code};
  pflow_err rc = learn(&self, pool);
  if (rc >= 0) rc = decode(&self, x, n, decoded, pool);
  pflow_free(self.columns);
  return rc;
}

/* ---- recall ---- */

typedef struct tally {
  const size_t *truth;
  size_t k;
  double *recalls; /* or NULL */
  double sum;
} tally;

static void compare(size_t query, const pf_neighbour *nearest, void *user) {
  tally *self = user;
  const size_t *truth = self->truth + query * self->k;
  size_t found = 0;
  for (size_t i = 0; i < self->k; i++)
    for (size_t j = 0; j < self->k; j++)
      found += truth[i] == nearest[j].row;
  const double share = (double)found / (double)self->k;
  if (self->recalls) self->recalls[query] = share;
  self->sum += share;
}

static pflow_err check_truth(const size_t *truth, size_t n, size_t k, size_t known) {
  size_t size;
  pf_try(pf_mul(&size, n, k, "true neighbours"));
  if (k < 1 || k > known)
    return pf_fail(PFLOW_EINVAL, "k is %zu, wants 1 to %zu (known rows)", k, known);
  for (size_t i = 0; i < size; i++)
    if (truth[i] >= known)
      return pf_fail(PFLOW_EINVAL, "true neighbour %zu of row %zu is %zu, wants 0 to %zu",
                     i % k, i / k, truth[i], known - 1);
  return PFLOW_OK;
}

/* Codes of the known rows, then of the queries. */
static pflow_err search(coding *self, const float *x, size_t n, float *decoded, tally *to,
                        pflow_pool *pool) {
  const pflow_features *known = self->known;
  pf_try(learn(self, pool));
  float *queries = decoded + known->n * known->dim;
  pf_try(decode(self, known->x, known->n, decoded, pool));
  pf_try(decode(self, x, n, queries, pool));
  const pf_search_job job = {.known = decoded,
                             .known_n = known->n,
                             .dim = known->dim,
                             .x = queries,
                             .n = n,
                             .k = to->k,
                             .pool = pool};
  return pf_search(&job, compare, to);
}

pflow_err pflow_code_recall(const size_t *truth, size_t k, const pflow_features *known,
                            pflow_code code, const float *x, size_t n, double *recall,
                            double *recalls, pflow_pool *pool) {
  pf_need(truth);
  pf_need(recall);
  pf_try(check(known, code, x, n, pool));
  pf_try(check_truth(truth, n, k, known->n));
  size_t size;
  float *decoded;
  pf_try(pf_add(&size, known->n, n, "coded rows"));
  pf_try(pf_mul(&size, size, known->dim, "coded rows"));
  pf_try(pf_alloc(&decoded, size, sizeof *decoded));
  coding self = {.known = known, .code = code};
  tally to = {.truth = truth, .k = k, .recalls = recalls};
  const pflow_err rc = search(&self, x, n, decoded, &to, pool);
  if (rc >= 0) *recall = to.sum / (double)n;
  pflow_free(self.columns);
  pflow_free(decoded);
  return rc;
}
