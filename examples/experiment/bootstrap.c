#include "bootstrap.h"

#include <stdlib.h>

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

/* The mean over the rows that were drawn and over seeds drawn with replacement. */
static double drawn_mean(const nest *of, const size_t *rows, pflow_rng *rng) {
  double sum = 0.0;
  for (size_t i = 0; i < of->seeds; i++) {
    const double *difference = of->difference[pflow_rng_below(rng, of->seeds)];
    for (size_t k = 0; k < of->n; k++)
      sum += difference[rows[k]];
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

static double resampled_mean(const resampling *self, size_t draw, size_t *rows) {
  const size_t n = self->encoders[0].n;
  double sum = 0.0;
  pflow_rng rng;
  pflow_rng_init(&rng, self->seed, draw);
  for (size_t k = 0; k < n; k++)
    rows[k] = pflow_rng_below(&rng, n);
  for (size_t e = 0; e < self->count; e++)
    sum += drawn_mean(&self->encoders[pflow_rng_below(&rng, self->count)], rows, &rng);
  return sum / (double)self->count;
}

static int resample(size_t begin, size_t end, void *user) {
  resampling *self = user;
  size_t *rows = must_alloc(self->encoders[0].n, sizeof *rows);
  for (size_t i = begin; i < end; i++)
    self->mean[i] = resampled_mean(self, i, rows);
  pflow_free(rows);
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
    if (encoders[e].n != encoders[0].n)
      fail("encoders with scores of %zu and %zu rows", encoders[0].n, encoders[e].n);
    found.mean += whole_mean(&encoders[e]) / (double)count;
  }
  must(pflow_parallel_for(pool, resamples, 50, resample, &self));
  qsort(self.mean, resamples, sizeof *self.mean, by_value);
  found.low = self.mean[resamples / 40];
  found.high = self.mean[resamples - 1 - resamples / 40];
  return found;
}
