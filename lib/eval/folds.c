/*
 * folds.c - stratified folds of labelled rows.
 */
#include "eval/folds.h"

#include <string.h>

#include "eval/sample.h"
#include "pflow/random.h"

/* A random order of the numbers in `rows` (Fisher and Yates). */
static void shuffle(size_t *rows, size_t n, uint64_t seed) {
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 1);
  for (size_t i = n; i > 1; i--) {
    const size_t j = (size_t)pflow_rng_below(&rng, i), last = rows[i - 1];
    rows[i - 1] = rows[j];
    rows[j] = last;
  }
}

void pf_folds_deal(const pflow_labelled *from, size_t take, size_t count, uint64_t seed,
                   size_t *rows, size_t *folds, size_t *scratch) {
  size_t *places = scratch; /* of each class's next row among rows sorted by class */
  pf_sample(from->n, take, seed, 0, rows);
  shuffle(rows, take, seed);
  for (size_t c = 0; c <= from->classes; c++)
    places[c] = 0;
  for (size_t i = 0; i < take; i++)
    places[from->labels[rows[i]] + 1]++;
  for (size_t c = 0; c < from->classes; c++)
    places[c + 1] += places[c];
  for (size_t i = 0; i < take; i++)
    folds[i] = places[from->labels[rows[i]]]++ % count;
}

size_t pf_folds_split(const pflow_labelled *from, size_t take, const size_t *rows,
                      const size_t *folds, size_t fold, float *x, int32_t *labels) {
  const size_t dim = from->dim;
  size_t outside = 0, to = 0;
  for (size_t inside = 0; inside < 2; inside++) {
    for (size_t i = 0; i < take; i++) {
      if ((folds[i] == fold) != inside) continue;
      memcpy(x + to * dim, from->x + rows[i] * dim, dim * sizeof *x);
      labels[to++] = from->labels[rows[i]];
    }
    if (!inside) outside = to;
  }
  return outside;
}
