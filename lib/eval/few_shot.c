/*
 * few_shot.c - nearest centroids of a few rows of each class.
 */
#include <math.h>
#include <string.h>

#include "eval/rows.h"
#include "kernels/table.h"
#include "pflow/probes.h"
#include "pflow/random.h"

enum { row_grain = 256 };

typedef struct game {
  const pflow_labelled *train, *test;
  const pf_kernels *kernels;
  size_t *rows, *begins; /* train rows sorted by class, and where each class begins */
  size_t *drawn;         /* shots */
  double *sum;           /* dim */
  float *centroids;      /* classes x dim */
  size_t *right;         /* one a test row: episodes in which it was right */
} game;

static size_t class_size(const game *self, size_t c) {
  return self->begins[c + 1] - self->begins[c];
}

static void sort_by_class(const game *self) {
  const pflow_labelled *train = self->train;
  size_t *begins = self->begins;
  for (size_t i = 0; i < train->n; i++)
    begins[train->labels[i] + 1]++;
  for (size_t c = 0; c < train->classes; c++)
    begins[c + 1] += begins[c];
  for (size_t i = 0; i < train->n; i++)
    self->rows[begins[train->labels[i]]++] = i;
  for (size_t c = train->classes; c > 0; c--)
    begins[c] = begins[c - 1];
  begins[0] = 0;
}

static bool is_among(const size_t *values, size_t n, size_t value) {
  for (size_t i = 0; i < n; i++)
    if (values[i] == value) return true;
  return false;
}

/* Draws `take` of n numbers, each set equally likely (Floyd; Bentley 1987). */
static void draw(pflow_rng *rng, size_t n, size_t take, size_t *drawn) {
  for (size_t i = 0; i < take; i++) {
    const size_t last = n - take + i;
    const size_t place = (size_t)pflow_rng_below(rng, last + 1);
    drawn[i] = is_among(drawn, i, place) ? last : place;
  }
}

/* The mean of the rows drawn, rounded to float. */
static void set_centroid(const game *self, size_t c, size_t take) {
  const size_t dim = self->train->dim;
  memset(self->sum, 0, dim * sizeof *self->sum);
  for (size_t i = 0; i < take; i++) {
    const size_t row = self->rows[self->begins[c] + self->drawn[i]];
    for (size_t k = 0; k < dim; k++)
      self->sum[k] += self->train->x[row * dim + k];
  }
  for (size_t k = 0; k < dim; k++)
    self->centroids[c * dim + k] = (float)(self->sum[k] / (double)take);
}

static void draw_centroids(const game *self, size_t shots, pflow_rng *rng) {
  for (size_t c = 0; c < self->train->classes; c++) {
    const size_t size = class_size(self, c), take = size < shots ? size : shots;
    if (size == 0) continue;
    draw(rng, size, take, self->drawn);
    set_centroid(self, c, take);
  }
}

static int judge_rows(size_t begin, size_t end, void *user) {
  const game *self = user;
  const pflow_labelled *test = self->test;
  for (size_t i = begin; i < end; i++) {
    double least = INFINITY;
    size_t best = 0;
    for (size_t c = 0; c < test->classes; c++) {
      if (class_size(self, c) == 0) continue;
      const double distance = self->kernels->neighbours.distance(
          test->x + i * test->dim, self->centroids + c * test->dim, test->dim);
      if (distance >= least) continue;
      least = distance;
      best = c;
    }
    self->right[i] += best == (size_t)test->labels[i];
  }
  return 0;
}

static size_t total(const size_t *counts, size_t n) {
  size_t sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += counts[i];
  return sum;
}

static pflow_err play(game *self, const pflow_few_shot_config *config,
                      pflow_few_shot *result) {
  const size_t n = self->test->n;
  double sum = 0.0, squares = 0.0;
  sort_by_class(self);
  for (size_t episode = 0, before = 0; episode < config->episodes; episode++) {
    pflow_rng rng;
    pflow_rng_init(&rng, config->seed, episode);
    draw_centroids(self, config->shots, &rng);
    pf_try(pflow_parallel_for(config->pool, n, row_grain, judge_rows, self));
    const size_t after = total(self->right, n);
    const double share = (double)(after - before) / (double)n;
    before = after;
    sum += share;
    squares += share * share;
  }
  const double episodes = (double)config->episodes, mean = sum / episodes;
  *result = (pflow_few_shot){.accuracy = mean};
  if (config->episodes > 1)
    result->deviation =
        sqrt(fmax(squares - episodes * mean * mean, 0.0) / (episodes - 1.0));
  return PFLOW_OK;
}

static pflow_err allocate(game *self, size_t shots) {
  const pflow_labelled *train = self->train;
  size_t size;
  pf_try(pf_mul(&size, train->classes, train->dim, "centroids"));
  pf_try(pf_alloc(&self->rows, train->n, sizeof *self->rows));
  pf_try(pf_alloc(&self->begins, train->classes + 1, sizeof *self->begins));
  pf_try(pf_alloc(&self->drawn, shots, sizeof *self->drawn));
  pf_try(pf_alloc(&self->sum, train->dim, sizeof *self->sum));
  pf_try(pf_alloc(&self->centroids, size, sizeof *self->centroids));
  return pf_alloc(&self->right, self->test->n, sizeof *self->right);
}

static void game_free(game *self) {
  pflow_free(self->right);
  pflow_free(self->centroids);
  pflow_free(self->sum);
  pflow_free(self->drawn);
  pflow_free(self->begins);
  pflow_free(self->rows);
}

static pflow_err read_config(pflow_few_shot_config *config,
                             const pflow_few_shot_config *given) {
  pflow_few_shot_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_few_shot_config"));
  pf_try(pf_check_setting(config->shots >= 1, "shots", (double)config->shots, ">= 1"));
  return pf_check_setting(config->episodes >= 1, "episodes", (double)config->episodes,
                          ">= 1");
}

pflow_err pflow_few_shot_accuracy(const pflow_labelled *train, const pflow_labelled *test,
                                  const pflow_few_shot_config *config,
                                  pflow_few_shot *result, double *scores) {
  pf_need(result);
  pflow_few_shot_config full;
  pf_try(read_config(&full, config));
  pf_try(pf_check_train_test(train, test, full.pool));
  if (full.shots > train->n) full.shots = train->n;
  game self = {.train = train, .test = test, .kernels = pf_kernels_get()};
  pflow_err rc = allocate(&self, full.shots);
  if (rc >= 0) rc = play(&self, &full, result);
  for (size_t i = 0; rc >= 0 && scores && i < test->n; i++)
    scores[i] = (double)self.right[i] / (double)full.episodes;
  game_free(&self);
  return rc;
}
