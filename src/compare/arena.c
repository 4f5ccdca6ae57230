#include "compare/arena.h"

#include <stdio.h>

#include "cli/interrupt.h"
#include "cli/say.h"

static int check_rows(const input *rows) {
  if (rows->n >= arena_least_rows) return status_ok;
  return say_failed("%s: too few rows to compare on: %zu, wants %d or more", rows->path,
                    rows->n, arena_least_rows);
}

static int find_neighbours(arena *self) {
  const pflow_features train = input_features(&self->train);
  self->nearest = say_alloc(self->test.n, arena_neighbours * sizeof *self->nearest);
  if (!self->nearest) return status_failed;
  return say_result(pflow_neighbours(&train, self->test.x, self->test.n, arena_neighbours,
                                     self->nearest, NULL, self->pool));
}

static bool are_equal(const float *a, const float *b, size_t dim) {
  for (size_t k = 0; k < dim; k++)
    if (a[k] != b[k]) return false;
  return true;
}

/* An equal row is among the nearest ones. */
static void count_shared(arena *self) {
  const size_t dim = self->train.dim;
  for (size_t i = 0; i < self->test.n; i++) {
    const size_t *near = self->nearest + i * arena_neighbours;
    bool shared = false;
    for (size_t j = 0; j < arena_neighbours && !shared; j++)
      shared = are_equal(self->test.x + i * dim, self->train.x + near[j] * dim, dim);
    self->shared += shared;
  }
}

int arena_load(arena *self, const arena_files *files) {
  try_status(input_load(&self->train, files->in, files->max_rows, self->seed));
  try_status(input_load_labels(&self->train, files->labels));
  try_status(input_load(&self->test, files->test, files->max_test, self->seed));
  try_status(input_load_labels(&self->test, files->test_labels));
  try_status(input_check_dim(&self->test, &self->train));
  try_status(check_rows(&self->train));
  try_status(check_rows(&self->test));
  try_status(input_number_labels(&self->train, &self->test));
  self->classes = self->train.classes;
  if (self->classes < 2)
    return say_failed("%s has one class only, two are needed", files->labels);
  try_status(find_neighbours(self));
  count_shared(self);
  return status_ok;
}

void arena_free(arena *self) {
  input_free(&self->train);
  input_free(&self->test);
  pflow_free(self->nearest);
}

int arena_step(arena *self, const char *method, const char *what) {
  char note[96];
  snprintf(note, sizeof note, "%s: %s", method, what);
  progress_show(self->bar, self->done++, note);
  return interrupt_status();
}
