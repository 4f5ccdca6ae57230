#include "cli/input.h"

#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/say.h"

enum { block_rows = 4096 };

/* Knuth 1997, section 3.4.2, algorithm S. */
void input_choose(size_t *chosen, size_t n, size_t of, uint64_t seed) {
  pflow_rng rng;
  pflow_rng_init(&rng, seed, UINT64_C(0x636c690000000001));
  for (size_t at = 0, done = 0; done < n; at++)
    if (pflow_rng_below(&rng, of - at) < n - done) chosen[done++] = at;
}

void input_free(input *self) {
  pflow_free(self->x);
  pflow_free(self->chosen);
  pflow_free(self->labels);
  *self = (input){0};
}

static int read_all(const input *self, const pflow_rows *rows) {
  for (size_t i = 0, count; i < self->n; i += count) {
    count = self->n - i < block_rows ? self->n - i : block_rows;
    try_library(pflow_rows_read_finite(rows, i, count, self->x + i * self->dim));
    try_status(interrupt_status());
  }
  return status_ok;
}

static int read_chosen(const input *self, const pflow_rows *rows) {
  for (size_t i = 0; i < self->n; i++) {
    try_library(
        pflow_rows_read_finite(rows, self->chosen[i], 1, self->x + i * self->dim));
    try_status(interrupt_status());
  }
  return status_ok;
}

/* With n, and which rows are wanted, set. */
static int read_rows(input *self, const pflow_rows *rows) {
  self->dim = pflow_rows_dim(rows);
  if (self->dim > SIZE_MAX / sizeof *self->x)
    return say_failed("%s: %zu columns are too many", self->path, self->dim);
  self->x = say_alloc(self->n, self->dim * sizeof *self->x);
  if (!self->x) return status_failed;
  return self->chosen ? read_chosen(self, rows) : read_all(self, rows);
}

static int load(input *self, const pflow_rows *rows, size_t max_rows, uint64_t seed) {
  self->of = pflow_rows_count(rows);
  self->n = max_rows && max_rows < self->of ? max_rows : self->of;
  if (self->n < self->of) {
    self->chosen = say_alloc(self->n, sizeof *self->chosen);
    if (!self->chosen) return status_failed;
    input_choose(self->chosen, self->n, self->of, seed);
  }
  return read_rows(self, rows);
}

int input_load(input *self, const char *path, size_t max_rows, uint64_t seed) {
  pflow_rows *rows;
  *self = (input){.path = path};
  try_library(pflow_rows_open(&rows, path));
  const int status = load(self, rows, max_rows, seed);
  pflow_rows_close(rows);
  if (status != status_ok) input_free(self);
  return status;
}

static int load_like(input *self, const pflow_rows *rows, const input *other) {
  self->of = pflow_rows_count(rows);
  self->n = other->n;
  if (self->of != other->of)
    return say_failed("%s has %zu row%s, %s has %zu", self->path, self->of,
                      plural(self->of), other->path, other->of);
  if (other->chosen) {
    self->chosen = say_alloc(self->n, sizeof *self->chosen);
    if (!self->chosen) return status_failed;
    memcpy(self->chosen, other->chosen, self->n * sizeof *self->chosen);
  }
  return read_rows(self, rows);
}

int input_load_like(input *self, const char *path, const input *other) {
  pflow_rows *rows;
  *self = (input){.path = path};
  try_library(pflow_rows_open(&rows, path));
  const int status = load_like(self, rows, other);
  pflow_rows_close(rows);
  if (status != status_ok) input_free(self);
  return status;
}

int input_load_labels(input *self, const char *path) {
  int32_t *labels;
  size_t count;
  try_library(pflow_labels_load(&labels, &count, path));
  self->labels = labels;
  self->labels_path = path;
  if (count != self->of)
    return say_failed("%s has %zu label%s, %s has %zu row%s", path, count, plural(count),
                      self->path, self->of, plural(self->of));
  for (size_t i = 0; i < self->n; i++) {
    labels[i] = labels[self->chosen ? self->chosen[i] : i];
    if ((size_t)labels[i] >= self->classes) self->classes = (size_t)labels[i] + 1;
  }
  return status_ok;
}

static int compare_labels(const void *a, const void *b) {
  const int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
  return (left > right) - (left < right);
}

/* Keeps one of each; returns how many there are. */
static size_t sort_distinct(int32_t *values, size_t n) {
  size_t kept = 0;
  qsort(values, n, sizeof *values, compare_labels);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || values[i] != values[kept - 1]) values[kept++] = values[i];
  return kept;
}

static void number_labels(input *self, const int32_t *values, size_t count) {
  for (size_t i = 0; i < self->n; i++) {
    const int32_t *at =
        bsearch(&self->labels[i], values, count, sizeof *values, compare_labels);
    self->labels[i] = (int32_t)(at - values);
  }
  self->classes = count;
}

/* A label that no row of self has can only be answered wrongly. */
static int check_known(const input *self, const input *other) {
  unsigned char *known = say_alloc(self->classes, 1);
  if (!known) return status_failed;
  for (size_t i = 0; i < self->n; i++)
    known[self->labels[i]] = 1;
  size_t unknown = 0;
  for (size_t i = 0; i < other->n; i++)
    unknown += !known[other->labels[i]];
  pflow_free(known);
  if (unknown == other->n)
    return say_failed("%s has no label that %s has", other->labels_path,
                      self->labels_path);
  if (unknown > 0)
    say_note("%s: %zu of %zu labels are none of %s", other->labels_path, unknown,
             other->n, self->labels_path);
  return status_ok;
}

int input_number_labels(input *self, input *other) {
  const size_t more = other ? other->n : 0;
  int32_t *values = say_alloc(self->n + more, sizeof *values);
  if (!values) return status_failed;
  memcpy(values, self->labels, self->n * sizeof *values);
  if (other) memcpy(values + self->n, other->labels, more * sizeof *values);
  const size_t count = sort_distinct(values, self->n + more);
  number_labels(self, values, count);
  if (other) number_labels(other, values, count);
  pflow_free(values);
  return other ? check_known(self, other) : status_ok;
}

static int pick(input *self, const input *from, const size_t *chosen) {
  self->x = say_alloc(self->n, self->dim * sizeof *self->x);
  if (!self->x) return status_failed;
  if (from->labels) {
    self->labels = say_alloc(self->n, sizeof *self->labels);
    if (!self->labels) return status_failed;
  }
  for (size_t i = 0; i < self->n; i++) {
    memcpy(self->x + i * self->dim, from->x + chosen[i] * self->dim,
           self->dim * sizeof *self->x);
    if (from->labels) self->labels[i] = from->labels[chosen[i]];
  }
  return status_ok;
}

int input_pick(input *self, const input *from, const size_t *chosen, size_t n) {
  *self = (input){.path = from->path,
                  .n = n,
                  .dim = from->dim,
                  .of = from->of,
                  .classes = from->classes};
  const int status = pick(self, from, chosen);
  if (status != status_ok) input_free(self);
  return status;
}

int input_check_dim(const input *self, const input *other) {
  if (self->dim == other->dim) return status_ok;
  return say_failed("%s has %zu column%s, %s has %zu", self->path, self->dim,
                    plural(self->dim), other->path, other->dim);
}

pflow_features input_features(const input *self) {
  return (pflow_features){self->x, self->n, self->dim};
}

pflow_labelled input_labelled(const input *self) {
  return (pflow_labelled){self->x, self->labels, self->n, self->dim, self->classes};
}
