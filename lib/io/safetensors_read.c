/*
 * safetensors_read.c - a safetensors file, hostile until checked, as an archive.
 *
 * The file's bytes stay in one block; once the header has been read the values move to
 * the front of it, which aligns them, and the tensors borrow them from there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "io/description.h"
#include "pflow/file.h"

/* Where a tensor says its values are, counted from the first byte of values. */
typedef struct span {
  const char *name; /* borrowed from the header */
  size_t ndim, shape[PFLOW_MAX_DIMS];
  size_t begin, end;
} span;

/* What a file is that begins with no length of a header, if that can be told. */
static const char *other_format(const unsigned char bytes[8]) {
  if (memcmp(bytes, "\x93NUMPY", 6) == 0) return "a .npy file";
  if (memcmp(bytes, "PK\x03\x04", 4) == 0) return "a zip file";
  return NULL;
}

static pflow_err not_ours(const unsigned char bytes[8], uint64_t length,
                          const char *source) {
  const char *other = other_format(bytes);
  if (other)
    return pf_fail(PFLOW_EFORMAT, "%s: %s, not a safetensors file", source, other);
  return pf_fail(PFLOW_EFORMAT,
                 "%s: not a safetensors file: a header of %ju bytes, at most %zu", source,
                 (uintmax_t)length, PFLOW_ARCHIVE_MAX_HEADER);
}

static pflow_err read_length(size_t *length, const unsigned char *bytes, size_t size,
                             const char *source) {
  uint64_t value = 0;
  if (size < 8)
    return pf_fail(PFLOW_ETRUNCATED,
                   "%s: not a safetensors file: %zu bytes, a header length takes 8",
                   source, size);
  for (size_t i = 0; i < 8; i++)
    value |= (uint64_t)bytes[i] << 8 * i;
  if (value > PFLOW_ARCHIVE_MAX_HEADER) return not_ours(bytes, value, source);
  if (value > size - 8)
    return pf_fail(PFLOW_ETRUNCATED, "%s: a header of %ju bytes, %zu are left", source,
                   (uintmax_t)value, size - 8);
  *length = (size_t)value;
  return PFLOW_OK;
}

static size_t most_bytes(void) {
  const size_t limit = pf_file_limit(PFLOW_ARCHIVE_MAX_BYTES);
  return limit < PFLOW_ARCHIVE_MAX_BYTES ? limit : PFLOW_ARCHIVE_MAX_BYTES;
}

static pflow_err read_json(json_t **root, const unsigned char *text, size_t length,
                           const char *source) {
  if (length == 0 || text[0] != '{')
    return pf_fail(PFLOW_EFORMAT, "%s: the header does not begin with '{'", source);
  return pf_json_parse(root, (const char *)text, length, source, "header");
}

static pflow_err check_name(const char *name, const char *source) {
  size_t length = strlen(name);
  if (length <= pf_name_max) return PFLOW_OK;
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: a name of %zu bytes, at most %d", source,
                 length, pf_name_max);
}

static pflow_err check_count(size_t count, const char *what, const char *source) {
  if (count <= PFLOW_ARCHIVE_MAX_ITEMS) return PFLOW_OK;
  return pf_fail(PFLOW_ETOOLARGE, "%s: %zu %s, at most %zu", source, count, what,
                 PFLOW_ARCHIVE_MAX_ITEMS);
}

static pflow_err read_texts(pflow_archive *archive, json_t *map) {
  const char *key;
  json_t *value;
  if (!json_is_object(map))
    return pf_fail(PFLOW_EFORMAT, "%s: __metadata__ is not an object", archive->source);
  pf_try(check_count(json_object_size(map), "texts", archive->source));
  json_object_foreach(map, key, value) {
    pf_try(check_name(key, archive->source));
    if (!json_is_string(value))
      return pf_fail(PFLOW_EFORMAT, "%s: metadata '%s' is not a string", archive->source,
                     key);
    pf_try(pf_items_add(&archive->texts, key, NULL, json_string_value(value)));
  }
  return PFLOW_OK;
}

/* Number `index` of the list `what` of a tensor. */
static pflow_err read_number(size_t *number, const json_t *list, const char *what,
                             size_t index, const char *tensor, const char *source) {
  const json_t *value = json_array_get(list, index);
  if (!json_is_integer(value))
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s': %s %zu is not an integer", source,
                   tensor, what, index);
  if (json_integer_value(value) < 0)
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s': %s %zu is %" JSON_INTEGER_FORMAT,
                   source, tensor, what, index, json_integer_value(value));
  *number = (size_t)json_integer_value(value);
  return PFLOW_OK;
}

static pflow_err read_dtype(const json_t *entry, const char *name, const char *source) {
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  if (!dtype) return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' has no dtype", source, name);
  if (strcmp(dtype, "F32") != 0)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: tensor '%s' has dtype %s, only F32 is read",
                   source, name, dtype);
  return PFLOW_OK;
}

static pflow_err read_shape(span *out, const json_t *entry, const char *source) {
  const json_t *shape = json_object_get(entry, "shape");
  if (!json_is_array(shape))
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' has no shape", source, out->name);
  out->ndim = json_array_size(shape);
  if (out->ndim < 1 || out->ndim > PFLOW_MAX_DIMS)
    return pf_fail(PFLOW_EUNSUPPORTED,
                   "%s: tensor '%s' has %zu dimensions, wants 1 to %d", source, out->name,
                   out->ndim, PFLOW_MAX_DIMS);
  for (size_t i = 0; i < out->ndim; i++) {
    pf_try(read_number(&out->shape[i], shape, "dimension", i, out->name, source));
    if (out->shape[i] == 0)
      return pf_fail(PFLOW_EUNSUPPORTED, "%s: tensor '%s': dimension %zu is 0", source,
                     out->name, i);
  }
  return PFLOW_OK;
}

static pflow_err read_offsets(span *out, const json_t *entry, const char *source) {
  const json_t *offsets = json_object_get(entry, "data_offsets");
  if (!json_is_array(offsets) || json_array_size(offsets) != 2)
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' has no pair of data_offsets", source,
                   out->name);
  pf_try(read_number(&out->begin, offsets, "offset", 0, out->name, source));
  pf_try(read_number(&out->end, offsets, "offset", 1, out->name, source));
  if (out->begin > out->end)
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' begins at byte %zu and ends at %zu",
                   source, out->name, out->begin, out->end);
  return PFLOW_OK;
}

/* A shape whose product overflows does not fill any number of bytes either. */
static pflow_err check_size(const span *self, const char *source) {
  size_t bytes = sizeof(float), span_bytes = self->end - self->begin;
  bool fits = true;
  for (size_t i = 0; i < self->ndim && fits; i++)
    fits = !__builtin_mul_overflow(bytes, self->shape[i], &bytes);
  if (fits && bytes == span_bytes) return PFLOW_OK;
  char shape[pf_shape_text_size];
  return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' of shape %s does not fill its %zu bytes",
                 source, self->name, pf_shape_text(shape, self->shape, self->ndim),
                 span_bytes);
}

static pflow_err read_span(span *out, const char *name, const json_t *entry,
                           const char *source) {
  out->name = name;
  pf_try(check_name(name, source));
  if (!json_is_object(entry))
    return pf_fail(PFLOW_EFORMAT, "%s: tensor '%s' is not an object", source, name);
  pf_try(read_dtype(entry, name, source));
  pf_try(read_shape(out, entry, source));
  pf_try(read_offsets(out, entry, source));
  return check_size(out, source);
}

static int by_begin(const void *a, const void *b) {
  size_t left = ((const span *)a)->begin, right = ((const span *)b)->begin;
  return (left > right) - (left < right);
}

/* Whether `size` bytes of values are covered, each once, by spans in order. */
static pflow_err check_cover(const span *spans, size_t count, size_t size,
                             const char *source) {
  size_t next = 0;
  for (size_t i = 0; i < count; next = spans[i++].end) {
    const span *self = &spans[i];
    if (self->begin < next)
      return pf_fail(PFLOW_EFORMAT,
                     "%s: tensor '%s' begins at byte %zu, '%s' ends at %zu", source,
                     self->name, self->begin, spans[i - 1].name, next);
    if (self->begin > next)
      return pf_fail(PFLOW_EFORMAT,
                     "%s: bytes %zu to %zu in front of tensor '%s' are idle", source,
                     next, self->begin, self->name);
    if (self->end > size)
      return pf_fail(PFLOW_ETRUNCATED, "%s: tensor '%s' ends at byte %zu of %zu", source,
                     self->name, self->end, size);
  }
  if (next == size) return PFLOW_OK;
  return pf_fail(PFLOW_ETOOLARGE, "%s: %zu bytes of values, the tensors take %zu", source,
                 size, next);
}

/* Texts into the archive, tensors into spans in the order of their values. */
static pflow_err read_entries(pflow_archive *archive, json_t *root, span *spans,
                              size_t *count) {
  const char *name;
  json_t *entry;
  json_object_foreach(root, name, entry) {
    if (strcmp(name, "__metadata__") == 0)
      pf_try(read_texts(archive, entry));
    else
      pf_try(read_span(&spans[(*count)++], name, entry, archive->source));
  }
  qsort(spans, *count, sizeof *spans, by_begin);
  return PFLOW_OK;
}

/* Moves the values to the front of the archive's block and makes the tensors. */
static pflow_err place_tensors(pflow_archive *archive, const span *spans, size_t count,
                               size_t first) {
  unsigned char *values = archive->values;
  memmove(values, values + first, archive->value_bytes);
  for (size_t i = 0; i < count; i++) {
    pflow_tensor *tensor;
    void *start = values + spans[i].begin;
    pf_try(pflow_tensor_wrap(&tensor, start, spans[i].shape, spans[i].ndim));
    pf_try(pf_items_add(&archive->tensors, spans[i].name, tensor, NULL));
  }
  return PFLOW_OK;
}

/* Reads what root tells of `size` bytes of values, and checks it. Spans are to be freed
 * whatever comes of it. */
static pflow_err read_root(pflow_archive *archive, json_t *root, size_t size,
                           span **spans, size_t *count) {
  const size_t texts = json_object_get(root, "__metadata__") != NULL;
  const size_t tensors = json_object_size(root) - texts;
  *spans = NULL;
  *count = 0;
  pf_try(check_count(tensors, "tensors", archive->source));
  pf_try(pf_alloc(spans, tensors, sizeof **spans));
  pf_try(read_entries(archive, root, *spans, count));
  return check_cover(*spans, *count, size, archive->source);
}

static pflow_err read_block(pflow_archive *archive, size_t size) {
  const unsigned char *bytes = archive->values;
  size_t length, count;
  json_t *root;
  span *spans;
  pf_try(read_length(&length, bytes, size, archive->source));
  pf_try(read_json(&root, bytes + 8, length, archive->source));
  archive->value_bytes = size - 8 - length;
  pflow_err rc = read_root(archive, root, archive->value_bytes, &spans, &count);
  if (rc >= 0) rc = place_tensors(archive, spans, count, length + 8);
  pflow_free(spans);
  json_decref(root);
  return rc;
}

/* The archive of a file's bytes, which become its own, also on failure. */
static pflow_err archive_of(pflow_archive **archive, unsigned char *bytes, size_t size,
                            const char *source) {
  pflow_archive *made;
  pflow_err rc = pf_archive_new(&made, source);
  if (rc < 0) {
    pflow_free(bytes);
    return rc;
  }
  made->values = bytes;
  rc = read_block(made, size);
  if (rc < 0)
    pflow_archive_destroy(made);
  else
    *archive = made;
  return rc;
}

pflow_err pflow_archive_load(pflow_archive **archive, const char *path) {
  pf_need(archive);
  *archive = NULL;
  pf_need(path);
  unsigned char *bytes;
  size_t size;
  pf_try(pflow_file_read(&bytes, &size, path, most_bytes()));
  return archive_of(archive, bytes, size, path);
}

/* The texts of a file that is open, by its header, whose tensors must fill the file. */
static pflow_err read_file_texts(pflow_archive *archive, const pf_reader *file) {
  unsigned char head[8], *text;
  size_t length, count;
  json_t *root = NULL;
  span *spans;
  const size_t size = file->size;
  pf_try(pf_reader_take(file, 0, head, size < sizeof head ? size : sizeof head));
  pf_try(read_length(&length, head, size, file->path));
  pf_try(pf_check_file_limit(length, 1, file->path));
  pf_try(pf_alloc(&text, length, 1));
  pflow_err rc = pf_reader_take(file, sizeof head, text, length);
  if (rc >= 0) rc = read_json(&root, text, length, file->path);
  pflow_free(text);
  pf_try(rc);
  rc = read_root(archive, root, size - 8 - length, &spans, &count);
  pflow_free(spans);
  json_decref(root);
  return rc;
}

pflow_err pflow_archive_load_texts(pflow_archive **archive, const char *path) {
  pf_need(archive);
  *archive = NULL;
  pf_need(path);
  pf_reader file;
  pflow_archive *made;
  pf_try(pf_reader_open(&file, path));
  pflow_err rc = pf_archive_new(&made, path);
  if (rc >= 0) {
    rc = read_file_texts(made, &file);
    if (rc < 0)
      pflow_archive_destroy(made);
    else
      *archive = made;
  }
  pf_reader_close(&file);
  return rc;
}

pflow_err pflow_archive_parse(pflow_archive **archive, const void *bytes, size_t size,
                              const char *name) {
  pf_need(archive);
  *archive = NULL;
  pf_need(bytes);
  pf_need(name);
  const size_t most = most_bytes();
  if (size > most)
    return pf_fail(PFLOW_ETOOLARGE, "%s: %zu bytes, at most %zu", name, size, most);
  unsigned char *copy;
  pf_try(pf_alloc(&copy, size, 1));
  memcpy(copy, bytes, size);
  return archive_of(archive, copy, size, name);
}
