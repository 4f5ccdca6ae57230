#include "bootstrap.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"

enum { resamples = 1000, most_groups = 1000 };

size_t group_means(double *scores, size_t n) {
  const size_t groups = n < most_groups ? n : most_groups;
  for (size_t g = 0; g < groups; g++) {
    double sum = 0.0;
    size_t rows = 0;
    for (size_t i = g; i < n; i += groups, rows++)
      sum += scores[i];
    scores[g] = sum / (double)rows;
  }
  return groups;
}

/* The difference of every row, averaged over seeds drawn with replacement. */
static double drawn_mean(const nest *of, pflow_rng *rng, size_t *times_drawn) {
  double sum = 0.0;
  memset(times_drawn, 0, of->seeds * sizeof *times_drawn);
  for (size_t s = 0; s < of->seeds; s++)
    times_drawn[pflow_rng_below(rng, of->seeds)]++;
  for (size_t i = 0; i < of->n; i++) {
    const size_t row = pflow_rng_below(rng, of->n);
    for (size_t s = 0; s < of->seeds; s++)
      sum += (double)times_drawn[s] * of->difference[s][row];
  }
  return sum / (double)(of->seeds * of->n);
}

static double whole_mean(const nest *of) {
  double sum = 0.0;
  for (size_t s = 0; s < of->seeds; s++)
    for (size_t i = 0; i < of->n; i++)
      sum += of->difference[s][i];
  return sum / (double)(of->seeds * of->n);
}

typedef struct resampling {
  const nest *encoders;
  size_t count;
  uint64_t seed;
  double mean[resamples];
} resampling;

enum { most_seeds = 64 };

static int resample(size_t begin, size_t end, void *user) {
  resampling *self = user;
  for (size_t i = begin; i < end; i++) {
    size_t times_drawn[most_seeds];
    double sum = 0.0;
    pflow_rng rng;
    pflow_rng_init(&rng, self->seed, i);
    for (size_t e = 0; e < self->count; e++)
      sum += drawn_mean(&self->encoders[pflow_rng_below(&rng, self->count)], &rng,
                        times_drawn);
    self->mean[i] = sum / (double)self->count;
  }
  return 0;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

pflow_interval nested_bootstrap(const nest *encoders, size_t count, uint64_t seed,
                                pflow_pool *pool) {
  resampling self = {.encoders = encoders, .count = count, .seed = seed};
  pflow_interval found = {0};
  for (size_t e = 0; e < count; e++) {
    if (encoders[e].seeds > most_seeds) fail("more than %d flow seeds", most_seeds);
    found.mean += whole_mean(&encoders[e]) / (double)count;
  }
  must(pflow_parallel_for(pool, resamples, 1, resample, &self));
  qsort(self.mean, resamples, sizeof *self.mean, by_value);
  found.low = self.mean[resamples / 40];
  found.high = self.mean[resamples - 1 - resamples / 40];
  return found;
}
