/*
 * npy_values.c - the types of value that .npy files hold, as float or int32_t.
 */
#include <string.h>

#include "data/npy_file.h"

/* ---- floats ---- */

/* Exact: every half is a float. */
static float half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff, bits;
  float value = (float)rest * 0x1p-24f; /* below 2^-14 halves are evenly spaced */
  memcpy(&bits, &value, sizeof bits);
  if (rest >= 0x7c00) /* infinity and NaN */
    bits = rest << 13 | 0x7f800000;
  else if (rest >= 0x0400)
    bits = (rest << 13) + (112u << 23);
  bits |= sign;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static pflow_err convert_halves(const pf_npy *self, void *out, size_t index,
                                const unsigned char *bytes, size_t n) {
  (void)self;
  (void)index;
  float *values = out;
  for (size_t i = 0; i < n; i++) {
    uint16_t half;
    memcpy(&half, bytes + i * sizeof half, sizeof half);
    values[i] = half_to_float(half);
  }
  return PFLOW_OK;
}

static pflow_err convert_doubles(const pf_npy *self, void *out, size_t index,
                                 const unsigned char *bytes, size_t n) {
  (void)self;
  (void)index;
  float *values = out;
  for (size_t i = 0; i < n; i++) {
    double value;
    memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] = (float)value;
  }
  return PFLOW_OK;
}

/* ---- labels ---- */

static bool is_signed(const pf_npy_type *type) {
  return type->descr[1] == 'i';
}

/* A little-endian integer, its sign carried up to 64 bits. */
static uint64_t decode_integer(const unsigned char *bytes, const pf_npy_type *type) {
  uint64_t value = 0;
  memcpy(&value, bytes, type->bytes);
  bool negative = is_signed(type) && bytes[type->bytes - 1] >= 128;
  if (negative && type->bytes < 8) value |= UINT64_MAX << 8 * type->bytes;
  return value;
}

static pflow_err convert_labels(const pf_npy *self, void *out, size_t index,
                                const unsigned char *bytes, size_t n) {
  const pf_npy_type *type = self->type;
  int32_t *labels = out;
  for (size_t i = 0; i < n; i++) {
    uint64_t value = decode_integer(bytes + i * type->bytes, type);
    if (value > INT32_MAX) {
      bool negative = is_signed(type) && value > INT64_MAX;
      return pf_fail(PFLOW_ELABEL, "%s: label %zu is %s%ju, wants 0 to %d",
                     self->file->path, index + i, negative ? "-" : "",
                     (uintmax_t)(negative ? -value : value), INT32_MAX);
    }
    labels[i] = (int32_t)value;
  }
  return PFLOW_OK;
}

/* ---- kinds ---- */

static const pf_npy_type floats[] = {{"<f2", "float16", 2, convert_halves},
                                     {"<f4", "float32", 4, NULL},
                                     {"<f8", "float64", 8, convert_doubles}};
static const pf_npy_type integers[] = {
    {"|i1", "int8", 1, convert_labels},   {"<i2", "int16", 2, convert_labels},
    {"<i4", "int32", 4, convert_labels},  {"<i8", "int64", 8, convert_labels},
    {"|u1", "uint8", 1, convert_labels},  {"<u2", "uint16", 2, convert_labels},
    {"<u4", "uint32", 4, convert_labels}, {"<u8", "uint64", 8, convert_labels}};

const pf_npy_kind pf_npy_floats = {"values", "little-endian float16, float32 or float64",
                                   "x.astype('float32')", floats, 3};
const pf_npy_kind pf_npy_labels = {"labels", "little-endian integers",
                                   "y.astype('int64')", integers, 8};
