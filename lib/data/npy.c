/*
 * npy.c - NumPy's .npy arrays as tensors and labels.
 *
 * The size of the file must be exactly what its header says before memory is taken.
 */
#include <string.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"
#include "data/npy_header.h"
#include "pflow/data.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "values are copied as they lie in the file, which is little-endian");

typedef struct npy_type {
  const char *descr;
  size_t bytes;
  bool is_signed;
} npy_type;

typedef struct npy_reader {
  const char *path;
  int file;
  size_t left; /* bytes of the file that were not read yet */
  pf_npy_header header;
  const npy_type *type;
} npy_reader;

/* ---- reading the head ---- */

static pflow_err reader_take(npy_reader *self, void *out, size_t size) {
  if (size > self->left)
    return pf_fail(PFLOW_ETRUNCATED, "%s: ends %zu bytes too early", self->path,
                   size - self->left);
  self->left -= size;
  return pf_reader_take(self->file, out, size, self->path);
}

/* Checks magic and version; gives the length of the dictionary. */
static pflow_err read_preamble(npy_reader *self, size_t *length) {
  static const unsigned char magic[6] = "\x93NUMPY";
  unsigned char head[8], bytes[4] = {0};
  size_t begin = self->left < sizeof magic ? self->left : sizeof magic;
  pf_try(reader_take(self, head, begin));
  if (memcmp(head, magic, begin) != 0)
    return pf_fail(PFLOW_EFORMAT, "%s: not a .npy file", self->path);
  pf_try(reader_take(self, head + begin, sizeof head - begin));
  unsigned major = head[6], minor = head[7];
  if (major < 1 || major > 3 || minor != 0)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: version %u.%u of the .npy format", self->path,
                   major, minor);
  pf_try(reader_take(self, bytes, major == 1 ? 2 : 4));
  *length =
      bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
  return PFLOW_OK;
}

static pflow_err read_header(npy_reader *self) {
  size_t length, limit = 65535;
  pf_try(read_preamble(self, &length));
  if (length > self->left)
    return pf_fail(PFLOW_ETRUNCATED, "%s: a header of %zu bytes, but only %zu follow",
                   self->path, length, self->left);
  if (length > limit)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: a header of %zu bytes, at most %zu are read",
                   self->path, length, limit);
  char *text;
  pf_try(pf_alloc(&text, length, 1));
  pflow_err rc = reader_take(self, text, length);
  if (rc >= 0) rc = pf_npy_header_parse(&self->header, text, length, self->path);
  pflow_free(text);
  return rc;
}

/* Finds the type among those that can be read, and checks the rest of the header. */
static pflow_err check_kind(npy_reader *self, const npy_type *types, size_t count,
                            const char *wants) {
  const pf_npy_header *header = &self->header;
  for (size_t i = 0; i < count && !self->type; i++)
    if (strcmp(types[i].descr, header->descr) == 0) self->type = &types[i];
  if (!self->type)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: values of type '%s', wants %s", self->path,
                   header->descr, wants);
  if (header->fortran_order)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: in Fortran order, wants C order", self->path);
  if (header->ndim == 0 || header->size == 0)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: %s", self->path,
                   header->ndim == 0 ? "0 dimensions" : "an array of 0 values");
  return PFLOW_OK;
}

static pflow_err check_length(const npy_reader *self) {
  size_t wants;
  pf_try(pf_mul(&wants, self->header.size, self->type->bytes, self->path));
  if (self->left == wants) return PFLOW_OK;
  return pf_fail(self->left < wants ? PFLOW_ETRUNCATED : PFLOW_ETOOLARGE,
                 "%s: %zu bytes of values, its header wants %zu", self->path, self->left,
                 wants);
}

/* ---- reading values ---- */

/* Turns n values into the values index, index + 1, ... of out. */
typedef pflow_err (*convert_fn)(const npy_reader *self, void *out, size_t index,
                                const unsigned char *bytes, size_t n);

static pflow_err read_values(npy_reader *self, void *out, convert_fn convert) {
  enum { piece = 4096 };
  unsigned char bytes[piece * sizeof(double)];
  size_t n;
  for (size_t done = 0; done < self->header.size; done += n) {
    n = self->header.size - done < piece ? self->header.size - done : piece;
    pf_try(reader_take(self, bytes, n * self->type->bytes));
    pf_try(convert(self, out, done, bytes, n));
  }
  return PFLOW_OK;
}

static pflow_err convert_floats(const npy_reader *self, void *out, size_t index,
                                const unsigned char *bytes, size_t n) {
  float *values = (float *)out + index;
  if (self->type->bytes == sizeof *values) {
    memcpy(values, bytes, n * sizeof *values);
    return PFLOW_OK;
  }
  for (size_t i = 0; i < n; i++) {
    double value;
    memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] = (float)value;
  }
  return PFLOW_OK;
}

/* A little-endian integer, its sign carried up to 64 bits. */
static uint64_t decode_integer(const unsigned char *bytes, const npy_type *type) {
  uint64_t value = 0;
  memcpy(&value, bytes, type->bytes);
  bool negative = type->is_signed && bytes[type->bytes - 1] >= 128;
  if (negative && type->bytes < 8) value |= UINT64_MAX << 8 * type->bytes;
  return value;
}

static pflow_err convert_labels(const npy_reader *self, void *out, size_t index,
                                const unsigned char *bytes, size_t n) {
  int32_t *labels = (int32_t *)out + index;
  for (size_t i = 0; i < n; i++) {
    uint64_t value = decode_integer(bytes + i * self->type->bytes, self->type);
    if (value > INT32_MAX) {
      bool negative = self->type->is_signed && value > INT64_MAX;
      return pf_fail(PFLOW_ELABEL, "%s: label %zu is %s%ju, wants 0 to %d", self->path,
                     index + i, negative ? "-" : "",
                     (uintmax_t)(negative ? -value : value), INT32_MAX);
    }
    labels[i] = (int32_t)value;
  }
  return PFLOW_OK;
}

static pflow_err read_tensor(npy_reader *self, pflow_tensor **tensor) {
  static const npy_type types[] = {{"<f4", 4, true}, {"<f8", 8, true}};
  pf_try(read_header(self));
  pf_try(check_kind(self, types, 2, "little-endian float32 or float64"));
  pf_try(check_length(self));
  pf_try(pflow_tensor_create(tensor, self->header.shape, self->header.ndim));
  pflow_err rc = read_values(self, pflow_tensor_values(*tensor), convert_floats);
  if (rc >= 0) return PFLOW_OK;
  pflow_tensor_destroy(*tensor);
  *tensor = NULL;
  return rc;
}

pflow_err pflow_npy_load(pflow_tensor **tensor, const char *path) {
  pf_need(tensor);
  *tensor = NULL;
  pf_need(path);
  npy_reader reader = {.path = path};
  pf_try(pf_reader_open(&reader.file, &reader.left, path));
  pflow_err rc = read_tensor(&reader, tensor);
  close(reader.file);
  return rc;
}

static pflow_err read_labels(npy_reader *self, int32_t **labels) {
  static const npy_type types[] = {
      {"|i1", 1, true},  {"<i2", 2, true},  {"<i4", 4, true},  {"<i8", 8, true},
      {"|u1", 1, false}, {"<u2", 2, false}, {"<u4", 4, false}, {"<u8", 8, false}};
  pf_try(read_header(self));
  pf_try(check_kind(self, types, 8, "little-endian integers"));
  if (self->header.ndim != 1)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: labels of %zu dimensions, wants 1",
                   self->path, self->header.ndim);
  pf_try(check_length(self));
  pf_try(pf_alloc(labels, self->header.size, sizeof **labels));
  pflow_err rc = read_values(self, *labels, convert_labels);
  if (rc >= 0) return PFLOW_OK;
  pflow_free(*labels);
  *labels = NULL;
  return rc;
}

pflow_err pflow_npy_load_labels(int32_t **labels, size_t *n, const char *path) {
  pf_need(labels);
  *labels = NULL;
  pf_need(n);
  *n = 0;
  pf_need(path);
  npy_reader reader = {.path = path};
  pf_try(pf_reader_open(&reader.file, &reader.left, path));
  pflow_err rc = read_labels(&reader, labels);
  if (rc >= 0) *n = reader.header.size;
  close(reader.file);
  return rc;
}

/* ---- writing ---- */

static pflow_err save(const char *path, const char *descr, const size_t *shape,
                      size_t ndim, const void *values, size_t bytes) {
  char head[pf_npy_head_room];
  size_t size = pf_npy_header_format(head, descr, shape, ndim);
  pf_writer writer;
  pf_try(pf_writer_open(&writer, path));
  pflow_err rc = pf_writer_put(&writer, head, size);
  if (rc >= 0) rc = pf_writer_put(&writer, values, bytes);
  return pf_writer_close(&writer, rc);
}

pflow_err pflow_npy_save(const char *path, const pflow_tensor *tensor) {
  pf_need(path);
  pf_need(tensor);
  size_t shape[PFLOW_MAX_DIMS], ndim = pflow_tensor_ndim(tensor);
  for (size_t i = 0; i < ndim; i++)
    shape[i] = pflow_tensor_dim(tensor, i);
  return save(path, "<f4", shape, ndim, pflow_tensor_const_values(tensor),
              pflow_tensor_size(tensor) * sizeof(float));
}

pflow_err pflow_npy_save_labels(const char *path, const int32_t *labels, size_t n) {
  pf_need(path);
  pf_need(labels);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "%s: 0 labels to save", path);
  return save(path, "<i4", &n, 1, labels, n * sizeof *labels);
}
