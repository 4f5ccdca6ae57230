/*
 * eval_reference.c - what became of the neighbours that rows had before.
 */
#include <math.h>

#include "cli/say.h"
#include "eval.h"

enum { most_queries = 1000 };

static int measure_kept(const eval_data *data, eval_measures *to) {
  const pflow_features before = input_features(&data->reference);
  size_t *near = say_alloc(before.n, data->k * sizeof *near);
  if (!near) return status_failed;
  pflow_err rc =
      pflow_neighbours_within(&before, NULL, 0, data->k, near, NULL, data->pool);
  if (rc >= 0) rc = pflow_overlap(near, data->near, before.n, data->k, &to->kept, NULL);
  pflow_free(near);
  return say_result(rc);
}

static int measure_ranks(const eval_data *data, eval_measures *to) {
  const pflow_features before = input_features(&data->reference),
                       after = input_features(&data->rows);
  pflow_ranks ranks = {NAN, NAN, 0};
  pflow_ranks_config config;
  pflow_ranks_config_init(&config);
  config.k = data->k;
  config.seed = data->seed;
  config.pool = data->pool;
  const int status =
      eval_took(pflow_rank_preservation(&before, &after, &config, &ranks, NULL),
                "trustworthiness and continuity");
  to->trustworthiness = ranks.trustworthiness;
  to->continuity = ranks.continuity;
  return status;
}

/* ---- codes ---- */

/* Known rows and queries, before and after. */
typedef struct search_data {
  input known_before, known, queries_before, queries;
  size_t k, *truth;
} search_data;

static void free_search(search_data *self) {
  input_free(&self->known_before);
  input_free(&self->known);
  input_free(&self->queries_before);
  input_free(&self->queries);
  pflow_free(self->truth);
}

static int split(const eval_data *data, search_data *self) {
  const size_t n = data->rows.n, fifth = n / 5;
  const size_t asked = fifth < most_queries ? fifth : most_queries, known = n - asked;
  size_t *order = say_alloc(n, sizeof *order);
  if (!order) return status_failed;
  pflow_rng rng;
  pflow_rng_init(&rng, data->seed, UINT64_C(0x636c690000000002));
  pflow_rng_permutation(&rng, order, n);
  int status = input_pick(&self->known, &data->rows, order + asked, known);
  if (status == status_ok) status = input_pick(&self->queries, &data->rows, order, asked);
  if (status == status_ok)
    status = input_pick(&self->known_before, &data->reference, order + asked, known);
  if (status == status_ok)
    status = input_pick(&self->queries_before, &data->reference, order, asked);
  pflow_free(order);
  return status;
}

static int find_truth(const eval_data *data, search_data *self) {
  const pflow_features known = input_features(&self->known_before);
  self->k = known.n < eval_k ? known.n : eval_k;
  self->truth = say_alloc(self->queries.n, self->k * sizeof *self->truth);
  if (!self->truth) return status_failed;
  try_library(pflow_neighbours(&known, self->queries_before.x, self->queries.n, self->k,
                               self->truth, NULL, data->pool));
  return status_ok;
}

static int search_codes(const eval_data *data, search_data *self, eval_measures *to) {
  try_status(split(data, self));
  try_status(find_truth(data, self));
  const pflow_features known = input_features(&self->known);
  const input *queries = &self->queries;
  to->queries = queries->n;
  try_library(pflow_code_recall(self->truth, self->k, &known, PFLOW_CODE_BIT, queries->x,
                                queries->n, &to->recall_bit, NULL, data->pool));
  try_library(pflow_code_recall(self->truth, self->k, &known, PFLOW_CODE_BYTE, queries->x,
                                queries->n, &to->recall_byte, NULL, data->pool));
  return status_ok;
}

int eval_reference(const eval_data *data, eval_measures *to) {
  search_data search = {0};
  try_status(measure_kept(data, to));
  try_status(measure_ranks(data, to));
  if (data->rows.n < 5) return status_ok; /* no fifth to ask with */
  const int status = search_codes(data, &search, to);
  free_search(&search);
  return status;
}
