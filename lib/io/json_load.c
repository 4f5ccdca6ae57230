#include "io/json_load.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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
 * grows at lengths of 2^k - 1: at 3 * 2^k the string's end is far from all of them, and
 * only lost behind hundreds of other characters.
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

/* Places and ends are those of the text. */
static json_t *fail(json_error_t *error, const source *self) {
  const size_t place = error->position > 0 ? (size_t)error->position : 0;
  const size_t head = head_of(self), end = head + self->length;
  if (place < head) *error->text = 0;
  const bool goes_on = json_error_code(error) == json_error_end_of_input_expected;
  if (place > end && *error->text && !goes_on)
    snprintf(error->text, sizeof error->text, "it ends too early");
  error->position = (int)(place <= head ? 0 : (place < end ? place : end) - head);
  return NULL;
}

/* The text's value, from an array that has to be of the pad and of nothing else. */
static json_t *take(json_t *array, json_error_t *error, const source *self) {
  json_t *value = json_array_get(array, 1);
  const bool whole = json_string_length(json_array_get(array, 0)) == self->pad;
  const bool sound =
      json_array_size(array) == 2 && (json_is_object(value) || json_is_array(value));
  if (whole && sound) {
    json_incref(value);
  } else {
    value = NULL;
    error->position = 0;
    snprintf(error->text, sizeof error->text, "%s",
             whole ? "one object or array is expected" : "");
  }
  json_decref(array);
  return value;
}

json_t *pf_json_load(const char *text, size_t length, json_error_t *error) {
  *error = (json_error_t){.text = ""};
  if (length > SIZE_MAX / 16) return NULL;
  source self = {.text = text, .length = length, .pad = pad_for(length)};
  if (!has_memory_for(self.pad)) return NULL;
  json_t *array = json_load_callback(give, &self, JSON_REJECT_DUPLICATES, error);
  return array ? take(array, error, &self) : fail(error, &self);
}
