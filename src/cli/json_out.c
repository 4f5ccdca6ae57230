#include "cli/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

static bool incomplete;

static json_t *noted(json_t *made) {
  if (!made) incomplete = true;
  return made;
}

json_t *json_out_object(void) {
  return noted(json_object());
}

json_t *json_out_array(void) {
  return noted(json_array());
}

void put_json(json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value) != 0) incomplete = true;
}

void add_json(json_t *array, json_t *value) {
  if (json_array_append_new(array, value) != 0) incomplete = true;
}

void put_real(json_t *object, const char *key, double value) {
  put_json(object, key, isfinite(value) ? json_real(value) : json_null());
}

void put_size(json_t *object, const char *key, size_t value) {
  put_json(object, key, json_integer((json_int_t)value));
}

void put_seed(json_t *object, const char *key, uint64_t value) {
  put_json(object, key, json_integer((json_int_t)value));
}

void put_bool(json_t *object, const char *key, int value) {
  put_json(object, key, json_boolean(value));
}

static json_t *plain_text(const char *value) {
  char plain[4096];
  snprintf(plain, sizeof plain, "%s", value);
  for (char *at = plain; *at; at++)
    if ((unsigned char)*at > 126) *at = '?';
  return json_string(plain);
}

void put_text(json_t *object, const char *key, const char *value) {
  json_t *text = value ? json_string(value) : json_null();
  put_json(object, key, text ? text : plain_text(value));
}

/* Its text, to be freed; NULL where memory ran out. json_dumps would leave a key out
 * then, without a word (jansson 2.14). */
static char *text_of(const json_t *object) {
  const size_t flags = JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9);
  const size_t size = json_dumpb(object, NULL, 0, flags);
  char *text = size > 0 ? malloc(size + 1) : NULL;
  if (!text) return NULL;
  text[size] = 0;
  if (json_dumpb(object, text, size, flags) == size) return text;
  free(text);
  return NULL;
}

int json_out_print(json_t *object) {
  char *text = incomplete ? NULL : text_of(object);
  json_decref(object);
  if (!text) return say_failed("out of memory for the result");
  puts(text);
  free(text);
  return say_flush();
}
