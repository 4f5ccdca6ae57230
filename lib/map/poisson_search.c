/*
 * poisson_search.c - chooses what a Poisson map's config leaves open.
 *
 * Every combination of candidates is fitted to some of the rows and judged on others. One
 * solve serves all strengths: it halts at the height of each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "map/checkpoint.h"
#include "map/dims.h"
#include "map/poisson.h"
#include "pflow/measures.h"

#define split_stream UINT64_C(0x706d00000001) /* of the seed: who is held out */

enum { most_held = 2000, most_known = 10000, most_values = 4 };

_Static_assert(most_values *most_values *most_values <= pf_most_trials,
               "a checkpoint has room for all trials");

/* What is tried for one setting. */
typedef struct candidates {
  size_t n;
  double value[most_values];
} candidates;

static void add(candidates *list, double value) {
  for (size_t i = 0; i < list->n; i++)
    if (list->value[i] == value) return;
  list->value[list->n++] = value;
}

static candidates one_or(double given, const double *values, size_t n) {
  candidates list = {0};
  if (given != PFLOW_MAP_AUTO) {
    add(&list, given);
    return list;
  }
  for (size_t i = 0; i < n; i++)
    add(&list, values[i]);
  return list;
}

static double components(const double *variances, size_t dim, double share) {
  return (double)pf_dims_clamp((double)pf_dims_of_share(variances, dim, share), dim);
}

/* Dimensions worth trying: by the variances, and by the distances of neighbours. */
static pflow_err find_dims(const pflow_map *map, const pf_trial_rows *rows,
                           const double *variances, candidates *list) {
  pflow_intrinsic intrinsic;
  pflow_intrinsic_config neighbours;
  const pflow_features known = {rows->known_x, rows->known, rows->dim};
  *list = (candidates){0};
  if (map->config.dims) {
    add(list, (double)map->config.dims);
    return PFLOW_OK;
  }
  add(list, components(variances, rows->dim, 0.90));
  add(list, components(variances, rows->dim, 0.95));
  /* Rows that are all alike have no such dimension; the variances are enough then. */
  pflow_intrinsic_config_init(&neighbours);
  neighbours.pool = map->config.pool;
  const pflow_err rc = pflow_intrinsic_dim(&known, &neighbours, &intrinsic);
  if (rc >= 0) add(list, (double)pf_dims_clamp(intrinsic.two_nn + 1.0, rows->dim));
  return rc == PFLOW_EINVAL ? PFLOW_OK : rc;
}

/* ---- the split ---- */

static void gather(const pf_map_rows *rows, const size_t *chosen, size_t n, float *x,
                   int32_t *labels) {
  for (size_t i = 0; i < n; i++) {
    memcpy(x + i * rows->dim, rows->x + chosen[i] * rows->dim, rows->dim * sizeof *x);
    if (rows->labels) labels[i] = rows->labels[chosen[i]];
  }
}

static int by_number(const void *a, const void *b) {
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* Puts each label's rank among the labels there are in its place: what follows has room
 * for every class up to the largest. */
static pflow_err rank_labels(int32_t *labels, size_t n) {
  int32_t *sorted;
  size_t classes = 0;
  pf_try(pf_alloc(&sorted, n, sizeof *sorted));
  memcpy(sorted, labels, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_number);
  for (size_t i = 0; i < n; i++)
    if (classes == 0 || sorted[i] != sorted[classes - 1]) sorted[classes++] = sorted[i];
  for (size_t i = 0; i < n; i++) {
    const int32_t *found =
        bsearch(&labels[i], sorted, classes, sizeof *sorted, by_number);
    labels[i] = (int32_t)(found - sorted);
  }
  pflow_free(sorted);
  return PFLOW_OK;
}

/* A shuffled sample: the first rows of it are held out. */
static pflow_err split(const pf_map_rows *rows, uint64_t seed, pf_trial_rows *to) {
  const size_t held = rows->n / 5 < most_held ? rows->n / 5 : most_held;
  const size_t left = rows->n - held, known = left < most_known ? left : most_known;
  const size_t both = held + known;
  size_t *chosen, floats;
  pflow_rng rng;
  pf_try(pf_mul(&floats, both, rows->dim, "map: rows of a search"));
  pf_try(pf_alloc(&to->x, floats, sizeof *to->x));
  pf_try(pf_alloc(&to->labels, both, sizeof *to->labels));
  pf_try(pf_alloc(&chosen, rows->n, sizeof *chosen));
  pflow_rng_init(&rng, seed, split_stream);
  pflow_rng_permutation(&rng, chosen, rows->n);
  gather(rows, chosen, both, to->x, to->labels);
  pflow_free(chosen);
  to->held = held;
  to->known = known;
  to->dim = rows->dim;
  to->known_x = to->x + held * rows->dim;
  to->has_labels = rows->labels != NULL;
  return to->has_labels ? rank_labels(to->labels, both) : PFLOW_OK;
}

/* ---- the search ---- */

typedef struct search {
  pflow_map *map;
  pf_checkpoint *checkpoint;
  pf_trial *trial;
  candidates dims, aug_dim, start, strength;
  size_t done, total;
  bool found;
  pf_trial_score best;
  double floor; /* its trial's */
  pf_poisson_choice choice;
} search;

/* The objective's score, and of equal ones the share of neighbours kept. */
static bool is_better(const pf_trial_score *score, const pf_trial_score *than) {
  if (score->score != than->score) return score->score > than->score;
  return score->kept > than->kept;
}

static void remember(search *self, const pf_trial_score *score, double floor) {
  self->best = *score;
  self->floor = floor;
}

/* Until there is one that may be chosen, the best is the one that keeps most neighbours.
 */
static void judge(search *self, const pf_poisson_choice *settings,
                  const pf_trial_scores *scores) {
  for (size_t i = 0; i < self->strength.n; i++) {
    const pf_trial_score *at = &scores->at[i];
    if (!self->found && at->kept > self->best.kept) remember(self, at, scores->floor);
    if (!at->valid || (self->found && !is_better(at, &self->best))) continue;
    self->found = true;
    remember(self, at, scores->floor);
    self->choice = *settings;
    self->choice.strength = self->strength.value[i];
  }
}

/* A trial that the checkpoint has is not run again, nor written: the file may have more,
 * a training. */
static pflow_err try_one(search *self, const pf_poisson_choice *settings) {
  pf_checkpoint *checkpoint = self->checkpoint;
  pf_trial_scores *scores = &checkpoint->scores[self->done];
  const bool is_new = self->done >= checkpoint->done;
  if (is_new) {
    pf_try(pf_trial_run(self->trial, settings, self->strength.value, self->strength.n,
                        scores));
    checkpoint->done++;
  }
  judge(self, settings, scores);
  self->map->info.trials += self->strength.n;
  pflow_err rc = pf_map_report(self->map, "search", ++self->done, self->total);
  return is_new ? pf_checkpoint_write(checkpoint, NULL, rc) : rc;
}

static candidates aug_dims_for(const search *self, double dims) {
  return one_or(self->map->config.aug_dim, (double[]){1.0, dims, 128.0}, 3);
}

static pflow_err try_dims(search *self, double dims) {
  const candidates aug_dim = aug_dims_for(self, dims);
  for (size_t a = 0; a < aug_dim.n; a++) {
    for (size_t c = 0; c < self->start.n; c++) {
      const pf_poisson_choice settings = {(size_t)dims, aug_dim.value[a],
                                          self->start.value[c], 1.0};
      pflow_err rc = try_one(self, &settings);
      if (rc != PFLOW_OK) return rc;
    }
  }
  return PFLOW_OK;
}

static pflow_err try_all(search *self) {
  for (size_t k = 0; k < self->dims.n; k++)
    self->total += aug_dims_for(self, self->dims.value[k]).n * self->start.n;
  for (size_t k = 0; k < self->dims.n; k++) {
    pflow_err rc = try_dims(self, self->dims.value[k]);
    if (rc != PFLOW_OK) return rc;
  }
  return PFLOW_OK;
}

/* What stands if nothing serves the objective: the first candidates, as far as the flow
 * goes, with the verdict beside them. */
static void conclude(search *self) {
  pflow_map_info *info = &self->map->info;
  const pf_trial_score *before = pf_trial_before(self->trial);
  const bool better = self->found && pf_trial_is_better(self->trial, self->best.score);
  info->score_before = before->score;
  info->score_after = self->best.score;
  info->uniformity_before = before->uniformity;
  info->ideal_before = before->ideal;
  info->uniformity_after = self->best.uniformity;
  info->ideal_after = self->best.ideal;
  info->kept = self->best.kept;
  info->least_kept = self->floor;
  info->leave_alone = !better;
  if (self->found) return;
  const double dims = self->dims.value[0];
  self->choice = (pf_poisson_choice){(size_t)dims, aug_dims_for(self, dims).value[0],
                                     self->start.value[0],
                                     self->strength.value[self->strength.n - 1]};
}

static pflow_err run(search *self, const pf_trial_rows *rows) {
  const pflow_map_config *config = &self->map->config;
  self->start = one_or(config->start, (double[]){1.0, 3.0, 6.0, 10.0}, 4);
  self->strength = one_or(config->strength, (double[]){0.25, 0.5, 0.75, 1.0}, 4);
  pflow_err rc = pf_map_report(self->map, "components", 0, 1);
  if (rc != PFLOW_OK) return rc;
  pf_try(pf_trial_create(&self->trial, self->map, rows));
  pf_try(find_dims(self->map, rows, pf_trial_variances(self->trial), &self->dims));
  const size_t known = self->checkpoint->done;
  rc = try_all(self);
  if (rc != PFLOW_OK) return rc;
  conclude(self);
  /* What follows can be stopped, and the pause between two checkpoints may be long. */
  return self->checkpoint->done > known ? pf_checkpoint_keep(self->checkpoint) : PFLOW_OK;
}

/* All settings were given: nothing to search. */
static bool is_settled(const pflow_map_config *config, pf_poisson_choice *choice) {
  *choice =
      (pf_poisson_choice){config->dims, config->aug_dim, config->start, config->strength};
  return config->dims && config->aug_dim != PFLOW_MAP_AUTO &&
         config->start != PFLOW_MAP_AUTO && config->strength != PFLOW_MAP_AUTO;
}

pflow_err pf_poisson_search(pflow_map *map, const pf_map_rows *rows,
                            pf_checkpoint *checkpoint, pf_poisson_choice *choice) {
  if (is_settled(&map->config, choice)) return PFLOW_OK;
  if (rows->n < 100)
    return pf_fail(PFLOW_EINVAL,
                   "map: %zu rows are too few to choose settings by, wants 100 or more",
                   rows->n);
  search self = {.map = map, .checkpoint = checkpoint, .best = {.kept = -1.0}};
  pf_trial_rows held = {0};
  pflow_err rc = split(rows, map->config.seed, &held);
  if (rc == PFLOW_OK) rc = run(&self, &held);
  if (rc == PFLOW_OK) *choice = self.choice;
  pf_trial_destroy(self.trial);
  pflow_free(held.x);
  pflow_free(held.labels);
  return rc;
}
