#include "io/json_load.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What jansson is given: ["xxx...x",TEXT] */
typedef struct source {
  const char *text;
  size_t length;
  size_t pad;   /* number of x */
  size_t place; /* the next byte to give */
} source;

enum { before_pad = 2, behind_pad = 2 };

/*
 * No shorter than the text, as then no token of it needs a larger buffer. The buffer
 * grows where 2^j - 1 bytes are in it, for any j. A pad of 3 * 2^k begins to lose at
 * 2^(k+1) - 1 and has 2^k bytes more to try it again, so its end, without which jansson
 * would read on behind the buffer, is lost only if each of these tries fails; a loss in
 * the midst is seen by its length.
 */
static size_t pad_for(size_t length) {
  size_t pad = 3 << 9;
  while (pad < length)
    pad *= 2;
  return pad;
}

static char byte_at(const source *self, size_t place) {
  if (place < before_pad) return "[\""[place];
  place -= before_pad;
  if (place < self->pad) return 'x';
  place -= self->pad;
  if (place < behind_pad) return "\","[place];
  place -= behind_pad;
  return place < self->length ? self->text[place] : ']';
}

static size_t head_of(const source *self) {
  return before_pad + self->pad + behind_pad;
}

static size_t give(void *buffer, size_t size, void *user) {
  source *self = user;
  char *to = buffer;
  const size_t left = head_of(self) + self->length + 1 - self->place;
  const size_t n = size < left ? size : left;
  for (size_t i = 0; i < n; i++)
    to[i] = byte_at(self, self->place++);
  return n;
}

/* Whether the buffers for the pad are to be had, the old and the new one and the string:
 * a pad that lost its end would still be copied from behind the buffer. */
static bool has_memory_for(size_t pad) {
  void *volatile block = malloc(4 * pad); /* volatile: no compiler may leave it out */
  const bool has = block != NULL;
  free(block);
  return has;
}

static const char behind_value[] = "end of file expected behind the value";

/* Says what is wrong with the text behind so many bytes of it, in place of jansson. */
static void say(json_error_t *error, size_t place, const char *what) {
  error->position = (int)place;
  snprintf(error->text, sizeof error->text, "%s", what);
}

/* The first place from this one on that is no space, or the length. */
static size_t skip_spaces(const source *self, size_t place) {
  while (place < self->length && memchr(" \t\r\n", self->text[place], 4))
    place++;
  return place;
}

/* The place of what comes behind the text's object or array, or the length. */
static size_t place_of_more(const source *self) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = skip_spaces(self, 0); i < self->length; i++) {
    const char c = self->text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') i++;
    if (in_string) continue;
    if (c == '{' || c == '[') depth++;
    if ((c == '}' || c == ']') && --depth == 0) return skip_spaces(self, i + 1);
  }
  return self->length;
}

/* jansson's lexer takes a string for no token when it finds no memory to keep it in; of
 * others that it refuses it has said more. */
static bool was_not_kept(const json_error_t *error, const source *self, size_t at) {
  static const char value[] = "invalid token", key[] = "string or '}' expected";
  return at > 0 && byte_at(self, at - 1) == '"' &&
         (strncmp(error->text, value, sizeof value - 1) == 0 ||
          strncmp(error->text, key, sizeof key - 1) == 0);
}

/* Places and ends are those of the text. */
static json_t *fail(json_error_t *error, const source *self) {
  const size_t head = head_of(self), end = self->length;
  const size_t at = error->position > 0 ? (size_t)error->position : 0;
  const size_t place = at > head ? at - head : 0, more = place_of_more(self);
  error->position = (int)(place < end ? place : end);
  if (at < head || was_not_kept(error, self, at)) *error->text = 0;
  if (!*error->text) return NULL;
  if (more < end && place > more)
    say(error, more + 1, behind_value);
  else if (place > end)
    say(error, end, "it ends too early");
  return NULL;
}

/* The text's value, from an array that has to be of the pad and of nothing else. */
static json_t *take(json_t *array, json_error_t *error, const source *self) {
  json_t *value = json_incref(json_array_get(array, 1));
  const bool whole = json_string_length(json_array_get(array, 0)) == self->pad;
  const bool alone = json_array_size(array) == 2;
  json_decref(array);
  if (whole && alone) return value;
  json_decref(value);
  if (whole)
    say(error, place_of_more(self) + 1, behind_value);
  else
    say(error, 0, "");
  return NULL;
}

/* A text that is empty is left to jansson. */
static bool has_other_value(const source *self) {
  const size_t place = skip_spaces(self, 0);
  return place < self->length && self->text[place] != '{' && self->text[place] != '[';
}

json_t *pf_json_load(const char *text, size_t length, json_error_t *error) {
  *error = (json_error_t){.text = ""};
  source self = {.text = text, .length = length};
  if (length > INT_MAX / 4) {
    say(error, 0, "it is too long");
  } else if (has_other_value(&self)) {
    say(error, skip_spaces(&self, 0) + 1, "one object or array is expected");
  } else if (has_memory_for(self.pad = pad_for(length))) {
    json_t *array = json_load_callback(give, &self, JSON_REJECT_DUPLICATES, error);
    return array ? take(array, error, &self) : fail(error, &self);
  }
  return NULL;
}
