/*
 * golden.c - a minimal .npy reader (little-endian f4, f8, i4; C order) and comparisons.
 */
#include "support/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "cannot open %s", path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  ck_assert(bytes && fread(bytes, 1, *size, file) == *size);
  bytes[*size] = 0;
  fclose(file);
  return bytes;
}

static void read_shape(golden *array, const char *header) {
  const char *at = strstr(header, "'shape': (") + strlen("'shape': (");
  array->size = 1;
  for (array->ndim = 0; *at != ')'; array->ndim++) {
    char *end;
    array->shape[array->ndim] = strtoul(at, &end, 10);
    array->size *= array->shape[array->ndim];
    at = end;
    while (*at == ',' || *at == ' ')
      at++;
  }
}

static double read_value(const char *bytes, const char *type, size_t index) {
  float f4;
  double f8;
  int32_t i4;
  if (strcmp(type, "<f4") == 0) {
    memcpy(&f4, bytes + index * 4, 4);
    return f4;
  }
  if (strcmp(type, "<f8") == 0) {
    memcpy(&f8, bytes + index * 8, 8);
    return f8;
  }
  ck_assert_str_eq(type, "<i4");
  memcpy(&i4, bytes + index * 4, 4);
  return i4;
}

void golden_path(char path[512], const char *folder, const char *name) {
  snprintf(path, 512, "%s/%s/%s.npy", GOLDEN_DIR, folder, name);
}

golden golden_load(const char *folder, const char *name) {
  char path[512], type[4] = "";
  golden_path(path, folder, name);
  size_t bytes;
  char *file = read_file(path, &bytes);
  ck_assert(bytes > 10 && memcmp(file, "\x93NUMPY\x01", 7) == 0);
  size_t header = (unsigned char)file[8] + 256u * (unsigned char)file[9];
  const char *descr = strstr(file + 10, "'descr': '");
  ck_assert(descr && strstr(file + 10, "'fortran_order': False"));
  memcpy(type, descr + strlen("'descr': '"), 3);
  golden array = {0};
  read_shape(&array, file + 10);
  array.f64 = malloc(array.size * sizeof *array.f64);
  array.f32 = malloc(array.size * sizeof *array.f32);
  array.i32 = malloc(array.size * sizeof *array.i32);
  ck_assert(array.f64 && array.f32 && array.i32);
  for (size_t i = 0; i < array.size; i++) {
    double value = read_value(file + 10 + header, type, i);
    array.f64[i] = value;
    array.f32[i] = (float)value;
    array.i32[i] = fabs(value) < 1e9 ? (int32_t)value : 0;
  }
  free(file);
  return array;
}

void golden_free(golden *array) {
  free(array->f64);
  free(array->f32);
  free(array->i32);
}

double check_close_f64(const char *what, const double *got, const double *want, size_t n,
                       double tolerance) {
  double scale = 1e-30, worst = 0.0;
  size_t place = 0;
  for (size_t i = 0; i < n; i++) {
    scale = fmax(scale, fabs(want[i]));
    double error = fabs(got[i] - want[i]);
    if (!isnan(worst) && !(error <= worst)) {
      worst = error;
      place = i;
    }
  }
  ck_assert_msg(worst <= tolerance * scale,
                "%s: value %zu is %.9g, wants %.9g (error %.3g of the largest, at most "
                "%.3g)",
                what, place, got[place], want[place], worst / scale, tolerance);
  return worst / scale;
}

double check_close(const char *what, const float *got, const golden *want,
                   double tolerance) {
  double *wide = malloc(want->size * sizeof *wide);
  ck_assert(wide != NULL);
  for (size_t i = 0; i < want->size; i++)
    wide[i] = got[i];
  double error = check_close_f64(what, wide, want->f64, want->size, tolerance);
  free(wide);
  return error;
}
