/*
 * npy_header.c - the dictionary at the head of a .npy file: a subset of Python literals,
 * read strictly.
 */
#include "data/npy_header.h"

#include <stdio.h>
#include <string.h>

typedef struct scanner {
  const char *begin, *at, *end;
  const char *path;
} scanner;

static pflow_err wanted(const scanner *self, const char *what) {
  return pf_fail(PFLOW_EFORMAT, "%s: header wants %s at character %td", self->path, what,
                 self->at - self->begin);
}

static void skip_spaces(scanner *self) {
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\n'))
    self->at++;
}

/* Moves past spaces, then past c if it is next. */
static bool take(scanner *self, char c) {
  skip_spaces(self);
  if (self->at == self->end || *self->at != c) return false;
  self->at++;
  return true;
}

/* A string in single or double quotes, without escapes. */
static pflow_err read_string(scanner *self, char *out, size_t room) {
  bool single = take(self, '\'');
  if (!single && !take(self, '"')) return wanted(self, "a string");
  size_t length = 0;
  char quote = single ? '\'' : '"';
  for (; self->at < self->end && *self->at != quote; self->at++) {
    if (*self->at < ' ' || *self->at > '~' || *self->at == '\\' || length + 1 == room)
      return wanted(self, "a short plain string");
    out[length++] = *self->at;
  }
  out[length] = 0;
  return take(self, quote) ? PFLOW_OK : wanted(self, "the end of the string");
}

static pflow_err read_bool(scanner *self, bool *value) {
  static const char *const words[] = {"False", "True"};
  skip_spaces(self);
  for (size_t i = 0; i < 2; i++) {
    size_t length = strlen(words[i]);
    if ((size_t)(self->end - self->at) < length) continue;
    if (memcmp(self->at, words[i], length) != 0) continue;
    self->at += length;
    *value = i == 1;
    return PFLOW_OK;
  }
  return wanted(self, "True or False");
}

static bool is_digit(const scanner *self) {
  return self->at < self->end && *self->at >= '0' && *self->at <= '9';
}

static pflow_err read_number(scanner *self, size_t *value) {
  skip_spaces(self);
  if (!is_digit(self)) return wanted(self, "a number");
  for (*value = 0; is_digit(self); self->at++) {
    pf_try(pf_mul(value, *value, 10, self->path));
    pf_try(pf_add(value, *value, (size_t)(*self->at - '0'), self->path));
  }
  return PFLOW_OK;
}

/* A tuple of numbers; one number is a tuple only with a comma after it. */
static pflow_err read_shape(scanner *self, pf_npy_header *header) {
  if (!take(self, '(')) return wanted(self, "'('");
  bool comma = true;
  header->size = 1;
  for (header->ndim = 0; !take(self, ')'); header->ndim++) {
    if (!comma) return wanted(self, "',' or ')'");
    if (header->ndim == PFLOW_MAX_DIMS)
      return pf_fail(PFLOW_EUNSUPPORTED, "%s: more than %d dimensions", self->path,
                     PFLOW_MAX_DIMS);
    size_t *length = &header->shape[header->ndim];
    pf_try(read_number(self, length));
    pf_try(pf_mul(&header->size, header->size, *length, self->path));
    comma = take(self, ',');
  }
  return header->ndim == 1 && !comma ? wanted(self, "a tuple") : PFLOW_OK;
}

static pflow_err read_descr(scanner *self, pf_npy_header *header) {
  if (take(self, '['))
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: values of a structured type", self->path);
  return read_string(self, header->descr, sizeof header->descr);
}

/* One "key: value"; bits of `seen` tell which keys there were. */
static pflow_err read_entry(scanner *self, pf_npy_header *header, unsigned *seen) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  char key[32];
  pf_try(read_string(self, key, sizeof key));
  if (!take(self, ':')) return wanted(self, "':'");
  unsigned index = 0;
  while (index < 3 && strcmp(key, keys[index]) != 0)
    index++;
  if (index == 3)
    return pf_fail(PFLOW_EFORMAT, "%s: unknown key '%s' in the header", self->path, key);
  if (*seen & 1u << index)
    return pf_fail(PFLOW_EFORMAT, "%s: two keys '%s' in the header", self->path, key);
  *seen |= 1u << index;
  if (index == 0) return read_descr(self, header);
  if (index == 1) return read_bool(self, &header->fortran_order);
  return read_shape(self, header);
}

pflow_err pf_npy_header_parse(pf_npy_header *header, const char *text, size_t size,
                              const char *path) {
  scanner self = {text, text, text + size, path};
  unsigned seen = 0;
  bool comma = true;
  if (!take(&self, '{')) return wanted(&self, "'{'");
  while (!take(&self, '}')) {
    if (!comma) return wanted(&self, "',' or '}'");
    pf_try(read_entry(&self, header, &seen));
    comma = take(&self, ',');
  }
  if (seen != 7u) return wanted(&self, "'descr', 'fortran_order' and 'shape'");
  skip_spaces(&self);
  return self.at == self.end ? PFLOW_OK : wanted(&self, "nothing more");
}

size_t pf_npy_header_format(char out[pf_npy_head_room], const char *descr,
                            const size_t *shape, size_t ndim) {
  enum { start = 10 };
  char *text = out + start;
  size_t room = pf_npy_head_room - start;
  int used =
      snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (size_t i = 0; i < ndim; i++)
    used +=
        snprintf(text + used, room - (size_t)used, i == 0 ? "%zu" : ", %zu", shape[i]);
  used += snprintf(text + used, room - (size_t)used, ndim == 1 ? ",), }" : "), }");
  size_t total = (start + (size_t)used + 1 + 63) / 64 * 64, length = total - start;
  memset(text + used, ' ', length - (size_t)used - 1);
  text[length - 1] = '\n';
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (char)(length % 256);
  out[9] = (char)(length / 256);
  return total;
}
