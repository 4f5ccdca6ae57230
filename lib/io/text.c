/*
 * text.c - names, numbers and UTF-8 of archives.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/archive.h"

/* Bytes after a leading one, and the smallest and largest code point they may give. */
typedef struct utf8_form {
  unsigned char mask, lead;
  int more;
  uint32_t least, most;
} utf8_form;

static const utf8_form forms[] = {
    {0x80, 0x00, 0, 0x0, 0x7F},
    {0xE0, 0xC0, 1, 0x80, 0x7FF},
    {0xF0, 0xE0, 2, 0x800, 0xFFFF},
    {0xF8, 0xF0, 3, 0x10000, 0x10FFFF},
};

static const utf8_form *form_of(unsigned char lead) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if ((lead & forms[i].mask) == forms[i].lead) return &forms[i];
  return NULL;
}

/* Length of the character at text, 0 if it is none; a NUL is never part of a longer one.
 */
static size_t utf8_length(const unsigned char *text) {
  const utf8_form *form = form_of(text[0]);
  if (!form) return 0;
  uint32_t point = text[0] & (unsigned char)~form->mask;
  for (int i = 1; i <= form->more; i++) {
    if ((text[i] & 0xC0) != 0x80) return 0;
    point = point << 6 | (text[i] & 0x3Fu);
  }
  bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < form->least || point > form->most || surrogate) return 0;
  return (size_t)form->more + 1;
}

bool pf_is_utf8(const char *text) {
  const unsigned char *next = (const unsigned char *)text;
  while (*next) {
    size_t length = utf8_length(next);
    if (length == 0) return false;
    next += length;
  }
  return true;
}

bool pf_parse_u64(const char *text, uint64_t *value) {
  uint64_t sum = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    if (__builtin_mul_overflow(sum, (uint64_t)10, &sum)) return false;
    if (__builtin_add_overflow(sum, (uint64_t)(*text - '0'), &sum)) return false;
  }
  *value = sum;
  return true;
}

const char *pf_shape_text(char text[pf_shape_text_size], const size_t *shape,
                          size_t ndim) {
  size_t length = 0;
  for (size_t i = 0; i < ndim && i < PFLOW_MAX_DIMS; i++)
    length += (size_t)snprintf(text + length, pf_shape_text_size - length, "%s%zu",
                               i == 0 ? "[" : ", ", shape[i]);
  snprintf(text + length, pf_shape_text_size - length, "]");
  return text;
}

pflow_err pf_join(char joined[pf_name_max + 1], const char *prefix, const char *name) {
  size_t length = strlen(prefix), more = strlen(name);
  if (length > pf_name_max || length + more > pf_name_max)
    return pf_fail(PFLOW_EINVAL, "a prefix of %zu bytes with '%s' is over %d bytes",
                   length, name, pf_name_max);
  memcpy(joined, prefix, length);
  memcpy(joined + length, name, more + 1);
  return PFLOW_OK;
}

pflow_err pflow_archive_put_u64(pflow_archive *archive, const char *key, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  return pflow_archive_put_text(archive, key, text);
}

pflow_err pflow_archive_get_u64(const pflow_archive *archive, const char *key,
                                uint64_t *value) {
  pf_need(value);
  const char *text;
  pf_try(pflow_archive_get_text(archive, key, &text));
  if (pf_parse_u64(text, value)) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: text '%s' is '%s', wants an unsigned number",
                 archive->source, key, text);
}
