#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "compare/entrant.h"
#include "compare/measures.h"

const char roster_usual[] =
    "none,center,l2,whiten,zca,abtt,rotate,quantile,poisson-exact,poisson-network";

static const char known_names[] =
    "none, center, l2, whiten, zca, abtt, rotate, quantile, poisson-exact, "
    "poisson-network, poisson-post or a .safetensors file";

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

/* "poisson-exact" and the like; a plain "poisson" is the exact one. */
static int find_method(entrant *self, const char *word) {
  const char *field = strncmp(word, "poisson-", 8) == 0 ? word + 8 : NULL;
  if (field && pflow_map_field_find(field, &self->field) == PFLOW_OK) {
    self->method = PFLOW_MAP_POISSON;
    return status_ok;
  }
  if (!field && pflow_map_method_find(word, &self->method) == PFLOW_OK) return status_ok;
  return say_misused("--methods wants %s, got \"%s\"", known_names, word);
}

static int read_strength(entrant *self, const char *text) {
  char *end;
  self->strength = strtod(text, &end);
  if (self->method == PFLOW_MAP_POISSON && self->field != PFLOW_MAP_POST && *text &&
      *end == 0 && self->strength >= 0.0 && self->strength <= 1.0)
    return status_ok;
  return say_misused("--methods: a strength from 0 to 1 may follow poisson-exact@ and "
                     "poisson-network@, got \"%s\"",
                     self->name);
}

static int read_name(entrant *self, size_t seeds) {
  char word[entrant_name];
  snprintf(word, sizeof word, "%s", self->name);
  char *at = strchr(word, '@');
  if (at) *at = 0;
  try_status(find_method(self, word));
  if (at) try_status(read_strength(self, at + 1));
  const bool seeded =
      self->method == PFLOW_MAP_POISSON || self->method == PFLOW_MAP_ROTATE;
  self->repeats = seeded ? seeds : 1;
  return status_ok;
}

static int add(roster *self, const char *word, size_t length, size_t seeds) {
  if (self->count == most_entrants)
    return say_misused("--methods takes at most %d", most_entrants);
  entrant *next = &self->entrants[self->count++];
  *next = (entrant){.strength = PFLOW_MAP_AUTO, .repeats = 1};
  char *text = say_alloc(length + 1, 1);
  if (!text) return status_failed;
  memcpy(text, word, length);
  if (ends_with(text, ".safetensors")) {
    const char *slash = strrchr(text, '/');
    snprintf(next->name, sizeof next->name, "%s", slash ? slash + 1 : text);
    next->file = text;
    return status_ok;
  }
  snprintf(next->name, sizeof next->name, "%s", text);
  pflow_free(text);
  return read_name(next, seeds);
}

/* Whether "none" is one of the words. */
static bool has_none(const char *list) {
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
    if (strcspn(at, ",") == 4 && strncmp(at, "none", 4) == 0) return true;
  return false;
}

/* "none" first, whatever its place in the list. */
static void none_first(roster *self) {
  for (size_t i = 1; i < self->count; i++) {
    if (self->entrants[i].file || self->entrants[i].method != PFLOW_MAP_NONE) continue;
    const entrant none = self->entrants[i];
    memmove(self->entrants + 1, self->entrants, i * sizeof none);
    self->entrants[0] = none;
    return;
  }
}

int roster_read(roster *self, const char *list, size_t seeds) {
  *self = (roster){0};
  if (!has_none(list)) try_status(add(self, "none", 4, seeds));
  for (const char *at = list;; at++) {
    const size_t length = strcspn(at, ",");
    try_status(add(self, at, length, seeds));
    for (size_t i = 0; i + 1 < self->count; i++)
      if (strcmp(self->entrants[i].name, self->entrants[self->count - 1].name) == 0)
        return say_misused("--methods has %s twice", self->entrants[i].name);
    at += length;
    if (*at == 0) break;
  }
  none_first(self);
  return status_ok;
}

static void entrant_free(entrant *self) {
  pflow_map_destroy(self->map);
  pflow_free(self->mapped);
  pflow_free(self->values);
  pflow_free(self->file);
  for (size_t c = 0; c < column_count; c++)
    pflow_free(self->scores[c]);
}

void roster_free(roster *self) {
  for (size_t i = 0; i < self->count; i++)
    entrant_free(&self->entrants[i]);
}

size_t roster_steps(const roster *self) {
  size_t fits = 0;
  for (size_t i = 0; i < self->count; i++)
    fits += self->entrants[i].repeats;
  return fits * (measure_steps + 2);
}
