/*
 * npy_file.c - the head of a .npy file, and values by their place.
 *
 * The size of the file must be exactly what its header says before memory is taken.
 */
#include "data/npy_file.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "values are copied as they lie in the file, which is little-endian");

/* ---- the head ---- */

/* The next bytes of the head, which may end before the file does. */
static pflow_err take_next(pf_npy *self, void *out, size_t size) {
  pf_try(pf_reader_take(self->file, self->begin, out, size));
  self->begin += size;
  return PFLOW_OK;
}

/* Checks magic and version; gives the length of the dictionary. */
static pflow_err read_preamble(pf_npy *self, size_t *length) {
  static const unsigned char magic[6] = "\x93NUMPY";
  const char *path = self->file->path;
  unsigned char head[8], bytes[4] = {0};
  size_t size = self->file->size, start = size < sizeof magic ? size : sizeof magic;
  pf_try(take_next(self, head, start));
  if (memcmp(head, magic, start) != 0)
    return pf_fail(PFLOW_EFORMAT, "%s: not a .npy file", path);
  pf_try(take_next(self, head + start, sizeof head - start));
  unsigned major = head[6], minor = head[7];
  if (major < 1 || major > 3 || minor != 0)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: version %u.%u of the .npy format", path,
                   major, minor);
  pf_try(take_next(self, bytes, major == 1 ? 2 : 4));
  *length =
      bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
  return PFLOW_OK;
}

static pflow_err read_header(pf_npy *self) {
  const char *path = self->file->path;
  size_t length, limit = 65535;
  pf_try(read_preamble(self, &length));
  size_t left = self->file->size - self->begin;
  if (length > left)
    return pf_fail(PFLOW_ETRUNCATED, "%s: a header of %zu bytes, but only %zu follow",
                   path, length, left);
  if (length > limit)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: a header of %zu bytes, at most %zu are read",
                   path, length, limit);
  char *text;
  pf_try(pf_alloc(&text, length, 1));
  pflow_err rc = take_next(self, text, length);
  if (rc >= 0) rc = pf_npy_header_parse(&self->header, text, length, path);
  pflow_free(text);
  return rc;
}

/* Whether a type is numbers that NumPy turns into any others: ">f4", "|b1". */
static bool is_plain_number(const char *descr) {
  return descr[0] && strchr("<>|=", descr[0]) && descr[1] && strchr("biuf", descr[1]);
}

/* Finds the type among those that can be read. */
static pflow_err find_type(pf_npy *self) {
  const pf_npy_kind *kind = self->kind;
  for (size_t i = 0; i < kind->count; i++)
    if (strcmp(kind->types[i].descr, self->header.descr) == 0) {
      self->type = &kind->types[i];
      return PFLOW_OK;
    }
  const bool mends = is_plain_number(self->header.descr);
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: values of type '%s', wants %s%s%s",
                 self->file->path, self->header.descr, kind->wants,
                 mends ? "; in NumPy save " : "", mends ? kind->remedy : "");
}

/* Before the type: labels in the place of rows are of other dimensions above all. */
static pflow_err check_ndim(const pf_npy *self, size_t ndim) {
  const pf_npy_header *header = &self->header;
  if (header->ndim > 0 && (ndim == 0 || header->ndim == ndim)) return PFLOW_OK;
  return pf_fail(PFLOW_EUNSUPPORTED, "%s: %s of %zu dimension%s, wants %zu",
                 self->file->path, self->kind->name, header->ndim,
                 header->ndim == 1 ? "" : "s", ndim > 0 ? ndim : 1);
}

static pflow_err check_shape(const pf_npy *self) {
  const pf_npy_header *header = &self->header;
  const char *path = self->file->path;
  if (header->fortran_order)
    return pf_fail(
        PFLOW_EUNSUPPORTED,
        "%s: in Fortran order, wants C order; in NumPy save numpy.ascontiguousarray(%c)",
        path, self->kind->remedy[0]);
  if (header->size == 0)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: an array of 0 values", path);
  return PFLOW_OK;
}

static pflow_err check_length(const pf_npy *self) {
  size_t wants, has = self->file->size - self->begin;
  pf_try(pf_mul(&wants, self->header.size, self->type->bytes, self->file->path));
  if (has == wants) return PFLOW_OK;
  return pf_fail(has < wants ? PFLOW_ETRUNCATED : PFLOW_ETOOLARGE,
                 "%s: %zu bytes of values, its header wants %zu", self->file->path, has,
                 wants);
}

pflow_err pf_npy_open(pf_npy *self, const pf_reader *file, const pf_npy_kind *kind,
                      size_t ndim) {
  *self = (pf_npy){.file = file, .kind = kind};
  pf_try(read_header(self));
  pf_try(check_ndim(self, ndim));
  pf_try(find_type(self));
  pf_try(check_shape(self));
  return check_length(self);
}

pflow_err pf_npy_put_head(pf_writer *writer, const char *descr, const size_t *shape,
                          size_t ndim) {
  char head[pf_npy_head_room];
  return pf_writer_put(writer, head, pf_npy_header_format(head, descr, shape, ndim));
}

/* ---- values ---- */

static pflow_err take_values(const pf_npy *self, size_t begin, size_t n, void *out) {
  size_t width = self->type->bytes;
  return pf_reader_take(self->file, self->begin + begin * width, out, n * width);
}

pflow_err pf_npy_read(const pf_npy *self, size_t begin, size_t n, void *out) {
  enum { piece = 4096, most_bytes = 8, out_bytes = 4 };
  pf_npy_convert_fn convert = self->type->convert;
  if (!convert) return take_values(self, begin, n, out);
  unsigned char bytes[piece * most_bytes];
  char *to = out;
  size_t m;
  for (size_t done = 0; done < n; done += m) {
    m = n - done < piece ? n - done : piece;
    pf_try(take_values(self, begin + done, m, bytes));
    pf_try(convert(self, to + done * out_bytes, begin + done, bytes, m));
  }
  return PFLOW_OK;
}
