/*
 * test_npy.c - .npy files: what NumPy wrote, what is written here, and broken ones.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/golden.h"
#include "support/npy.h"
#include "support/suite.h"

/* ---- files made by hand ---- */

static unsigned char file_bytes[70000];

static const char *write_npy(unsigned version, const char *dict, const void *values,
                             size_t bytes) {
  return npy_write("a.npy", version, dict, values, bytes);
}

/* Loading a.npy with this dictionary and 6 floats must fail so. */
static void check_dict_fails(const char *dict, pflow_err code, const char *text) {
  static const float zeros[6];
  pflow_tensor *tensor;
  const char *path = write_npy(1, dict, zeros, sizeof zeros);
  ck_fails(pflow_npy_load(&tensor, path), code, text);
  ck_assert_msg(strstr(pflow_errmsg(), "a.npy") != NULL, "\"%s\" names no file",
                pflow_errmsg());
  ck_assert_ptr_null(tensor);
}

static void check_values(const char *path, const float *values, const size_t *shape,
                         size_t ndim) {
  pflow_tensor *tensor;
  ck_ok(pflow_npy_load(&tensor, path));
  ck_assert_uint_eq(pflow_tensor_ndim(tensor), ndim);
  for (size_t i = 0; i < ndim; i++)
    ck_assert_uint_eq(pflow_tensor_dim(tensor, i), shape[i]);
  ck_assert(memcmp(pflow_tensor_const_values(tensor), values,
                   pflow_tensor_size(tensor) * sizeof *values) == 0);
  pflow_tensor_destroy(tensor);
}

/* ---- what can be read ---- */

START_TEST(numpy_files_are_read) {
  const char *files[][2] = {
      {"conv2d/rgb32", "x"}, {"adam", "trajectory"}, {"flow_radial", "rk4_20x0p05_f64"}};
  for (size_t i = 0; i < 3; i++) {
    char path[512];
    golden wants = golden_load(files[i][0], files[i][1]);
    golden_path(path, files[i][0], files[i][1]);
    check_values(path, wants.f32, wants.shape, wants.ndim);
    golden_free(&wants);
  }
}
END_TEST

START_TEST(versions_and_key_orders_are_read) {
  const float values[6] = {1, -2, 3.5f, 1e-40f, INFINITY, NAN};
  const size_t shape[2] = {2, 3};
  const char *dicts[] = {
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
      "{\"shape\":(2,3,),\"descr\":\"<f4\",\"fortran_order\":False}",
      "  { 'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '<f4' } \n \n",
  };
  temp_begin();
  for (unsigned version = 1; version <= 3; version++)
    for (size_t i = 0; i < 3; i++)
      check_values(write_npy(version, dicts[i], values, sizeof values), values, shape, 2);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(doubles_are_rounded) {
  const double wide[5] = {0.1, 1.0 + 0x1p-25, 1e300, -NAN, 1e-50};
  temp_begin();
  pflow_tensor *tensor;
  ck_ok(
      pflow_npy_load(&tensor, write_npy(1, npy_dict("<f8", "(5,)"), wide, sizeof wide)));
  const float *values = pflow_tensor_const_values(tensor);
  ck_assert(values[0] == 0.1f && values[1] == 1.0f && values[2] == INFINITY);
  ck_assert(isnan(values[3]) && values[4] == 0.0f);
  pflow_tensor_destroy(tensor);
  temp_end();
}
END_TEST

/* More than one block of the reader, with an incomplete last one. */
START_TEST(long_arrays_are_read) {
  static double wide[5000];
  static float narrow[5000];
  for (size_t i = 0; i < 5000; i++)
    narrow[i] = (float)(wide[i] = (double)i * 0.37);
  temp_begin();
  const size_t shape[1] = {5000};
  check_values(write_npy(1, npy_dict("<f8", "(5000,)"), wide, sizeof wide), narrow, shape,
               1);
  check_values(write_npy(2, npy_dict("<f4", "(5000,)"), narrow, sizeof narrow), narrow,
               shape, 1);
  temp_end();
}
END_TEST

/* ---- labels ---- */

static void check_labels(const char *descr, const void *bytes, size_t size,
                         const int32_t wants[2]) {
  int32_t *labels;
  size_t n;
  ck_ok(pflow_npy_load_labels(&labels, &n,
                              write_npy(1, npy_dict(descr, "(2,)"), bytes, size)));
  ck_assert_uint_eq(n, 2);
  ck_assert_int_eq(labels[0], wants[0]);
  ck_assert_int_eq(labels[1], wants[1]);
  pflow_free(labels);
}

START_TEST(labels_of_every_width_are_read) {
  temp_begin();
  check_labels("|i1", (int8_t[]){3, 127}, 2, (int32_t[]){3, 127});
  check_labels("|u1", (uint8_t[]){0, 255}, 2, (int32_t[]){0, 255});
  check_labels("<i2", (int16_t[]){258, 32767}, 4, (int32_t[]){258, 32767});
  check_labels("<u2", (uint16_t[]){9, 65535}, 4, (int32_t[]){9, 65535});
  check_labels("<i4", (int32_t[]){70000, INT32_MAX}, 8, (int32_t[]){70000, INT32_MAX});
  check_labels("<u4", (uint32_t[]){1, INT32_MAX}, 8, (int32_t[]){1, INT32_MAX});
  check_labels("<i8", (int64_t[]){5, INT32_MAX}, 16, (int32_t[]){5, INT32_MAX});
  check_labels("<u8", (uint64_t[]){0, INT32_MAX}, 16, (int32_t[]){0, INT32_MAX});
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static void check_label_fails(const char *descr, const void *bytes, size_t size,
                              const char *text) {
  int32_t *labels;
  size_t n = 9;
  const char *path = write_npy(1, npy_dict(descr, "(2,)"), bytes, size);
  ck_fails(pflow_npy_load_labels(&labels, &n, path), PFLOW_ELABEL, text);
  ck_assert_ptr_null(labels);
  ck_assert_uint_eq(n, 0);
}

START_TEST(labels_out_of_range_are_named) {
  temp_begin();
  check_label_fails("|i1", (int8_t[]){0, -1}, 2, "label 1 is -1,");
  check_label_fails("<i2", (int16_t[]){-300, 0}, 4, "label 0 is -300,");
  check_label_fails("<i4", (int32_t[]){0, INT32_MIN}, 8, "label 1 is -2147483648,");
  check_label_fails("<i8", (int64_t[]){0, INT64_MIN}, 16, "is -9223372036854775808,");
  check_label_fails("<i8", (int64_t[]){1ll << 31, 0}, 16, "label 0 is 2147483648,");
  check_label_fails("<u4", (uint32_t[]){UINT32_MAX, 0}, 8, "label 0 is 4294967295,");
  check_label_fails("<u8", (uint64_t[]){0, UINT64_MAX}, 16, "is 18446744073709551615,");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(labels_of_other_kinds_are_refused) {
  static const unsigned char zeros[16];
  const struct {
    const char *descr, *shape, *text;
    size_t bytes;
  } cases[] = {{"<f4", "(2,)", "'<f4', wants little-endian integers", 8},
               {">i4", "(2,)", "integers; in NumPy save y.astype('int64')", 8},
               {"|b1", "(2,)", "'|b1'", 2},
               {"<i4", "(2, 1)", "labels of 2 dimensions", 8},
               {"<i4", "()", "0 dimensions", 4},
               {"<i4", "(0,)", "0 values", 0}};
  temp_begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int32_t *labels;
    size_t n;
    const char *dict = npy_dict(cases[i].descr, cases[i].shape);
    const char *path = write_npy(1, dict, zeros, cases[i].bytes);
    ck_fails(pflow_npy_load_labels(&labels, &n, path), PFLOW_EUNSUPPORTED, cases[i].text);
    ck_assert_ptr_null(labels);
  }
  temp_end();
}
END_TEST

/* ---- broken files ---- */

START_TEST(bad_dictionaries_are_named) {
  const struct {
    const char *dict, *text;
  } cases[] = {
      {"", "'{' at character 0"},
      {"[1, 2]", "'{'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), ", "a string"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,", "a number"},
      {"{'descr': '<f4", "the end of the string"},
      {"{'descr': '<f4', 'fortran_order': False}", "'descr', 'fortran_order' and"},
      {"{}", "'descr', 'fortran_order' and 'shape'"},
      {"{'shape': (6,), 'shape': (6,), 'descr': '<f4'}", "two keys 'shape'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", "key 'x'"},
      {"{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}", "',' or '}'"},
      {"{'descr' '<f4', 'fortran_order': False, 'shape': (6,)}", "':'"},
      {"{descr: '<f4', 'fortran_order': False, 'shape': (6,)}", "a string"},
      {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (6,)}", "plain string"},
      {"{'descr': '<f4\n', 'fortran_order': False, 'shape': (6,)}", "plain string"},
      {"{'descr': '0123456789012345678901234567890123456789'}", "short plain string"},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", "True or False"},
      {"{'descr': '<f4', 'fortran_order': Fals", "True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 6}", "'('"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "a tuple"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}", "a number"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "',' or ')'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", "nothing more"},
  };
  temp_begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_dict_fails(cases[i].dict, PFLOW_EFORMAT, cases[i].text);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(other_kinds_of_arrays_are_refused) {
  temp_begin();
  check_dict_fails("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
                   PFLOW_EUNSUPPORTED, "Fortran order, wants C order");
  check_dict_fails("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,), }",
                   PFLOW_EUNSUPPORTED, "structured");
  const char *types[] = {">f4", "|O", ">f2", "<f16", "<c8", "<i4", "|S4", "=f4", ""};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    check_dict_fails(npy_dict(types[i], "(6,)"), PFLOW_EUNSUPPORTED, types[i]);
  check_dict_fails(npy_dict("<f4", "()"), PFLOW_EUNSUPPORTED, "0 dimensions");
  check_dict_fails(npy_dict("<f4", "(0, 6)"), PFLOW_EUNSUPPORTED, "0 values");
  check_dict_fails(npy_dict("<f4", "(1, 1, 1, 1, 6)"), PFLOW_EUNSUPPORTED,
                   "more than 4 dimensions");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* A forged shape must be refused by the file's size, before memory is asked for. */
START_TEST(shapes_that_do_not_match_the_file_are_named) {
  temp_begin();
  check_dict_fails(npy_dict("<f4", "(7,)"), PFLOW_ETRUNCATED,
                   "24 bytes of values, its header wants 28");
  check_dict_fails(npy_dict("<f4", "(5,)"), PFLOW_ETOOLARGE, "header wants 20");
  check_dict_fails(npy_dict("<f4", "(1000000000000000,)"), PFLOW_ETRUNCATED,
                   "wants 4000000000000000");
  check_dict_fails(npy_dict("<f4", "(18446744073709551615,)"), PFLOW_EOVERFLOW, "*");
  check_dict_fails(npy_dict("<f4", "(18446744073709551616,)"), PFLOW_EOVERFLOW, "+ 6");
  check_dict_fails(npy_dict("<f4", "(99999999999999999999999,)"), PFLOW_EOVERFLOW, "10");
  check_dict_fails(npy_dict("<f4", "(4294967296, 4294967296)"), PFLOW_EOVERFLOW,
                   "4294967296 * 4294967296");
  temp_end();
}
END_TEST

START_TEST(every_truncation_is_found) {
  const float values[3] = {1, 2, 3};
  temp_begin();
  for (unsigned version = 1; version <= 2; version++) {
    size_t head = npy_head(file_bytes, version, npy_dict("<f4", "(3,)"));
    memcpy(file_bytes + head, values, sizeof values);
    for (size_t size = 0; size < head + sizeof values; size++) {
      pflow_tensor *tensor;
      ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", file_bytes, size)),
               PFLOW_ETRUNCATED, "a.npy");
      ck_assert_ptr_null(tensor);
    }
    check_values(temp_write("a.npy", file_bytes, head + sizeof values), values,
                 (size_t[]){3}, 1);
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(wrong_preambles_are_named) {
  pflow_tensor *tensor;
  temp_begin();
  size_t size = npy_head(file_bytes, 1, npy_dict("<f4", "(3,)"));
  for (size_t i = 0; i < 6; i++) {
    file_bytes[i] ^= 1;
    ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", file_bytes, size)),
             PFLOW_EFORMAT, "a.npy: not a .npy file");
    file_bytes[i] ^= 1;
  }
  const unsigned char versions[][2] = {{0, 0}, {4, 0}, {1, 1}, {255, 0}};
  const char *names[] = {"version 0.0", "version 4.0", "version 1.1", "version 255.0"};
  for (size_t i = 0; i < 4; i++) {
    memcpy(file_bytes + 6, versions[i], 2);
    ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", file_bytes, size)),
             PFLOW_EUNSUPPORTED, names[i]);
  }
  ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", "PK", 2)), PFLOW_EFORMAT, "not a");
  temp_end();
}
END_TEST

START_TEST(long_headers_are_refused) {
  pflow_tensor *tensor;
  temp_begin();
  npy_head(file_bytes, 2, npy_dict("<f4", "(3,)"));
  memset(file_bytes + 8, 255, 4);
  ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", file_bytes, 100)),
           PFLOW_ETRUNCATED, "4294967295 bytes, but only 88");
  memcpy(file_bytes + 8, "\x00\x00\x01\x00", 4);
  ck_fails(pflow_npy_load(&tensor, temp_write("a.npy", file_bytes, sizeof file_bytes)),
           PFLOW_EUNSUPPORTED, "65536 bytes, at most 65535");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(missing_files_folders_and_pipes) {
  pflow_tensor *tensor;
  int32_t *labels;
  size_t n;
  const char *folder = temp_begin();
  ck_fails(pflow_npy_load(&tensor, temp_path("none.npy")), PFLOW_EIO, "none.npy");
  ck_fails(pflow_npy_load(&tensor, folder), PFLOW_EIO, "not a regular file");
  ck_fails(pflow_npy_load_labels(&labels, &n, temp_path("none.npy")), PFLOW_EIO, "none");
  ck_fails(pflow_npy_load_labels(&labels, &n, folder), PFLOW_EIO, "not a regular file");
  /* Nobody writes to the pipe, so that to wait for it is to wait for ever. */
  ck_assert_int_eq(mkfifo(temp_path("pipe.npy"), 0600), 0);
  ck_fails(pflow_npy_load(&tensor, temp_path("pipe.npy")), PFLOW_EIO, "not a regular");
  ck_fails(pflow_npy_load_labels(&labels, &n, temp_path("pipe.npy")), PFLOW_EIO, "pipe");
  ck_fails(pflow_npy_load(NULL, "x"), PFLOW_ENULL, "tensor");
  ck_fails(pflow_npy_load(&tensor, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_npy_load_labels(NULL, &n, "x"), PFLOW_ENULL, "labels");
  ck_fails(pflow_npy_load_labels(&labels, NULL, "x"), PFLOW_ENULL, "n");
  ck_fails(pflow_npy_load_labels(&labels, &n, NULL), PFLOW_ENULL, "path");
  temp_end();
}
END_TEST

/* ---- writing ---- */

/* The head must be NumPy's: 64-byte aligned, padded with spaces, closed by a newline. */
static void check_head(const char *name, const char *dict, size_t value_bytes) {
  size_t size;
  unsigned char *bytes = temp_read(name, &size);
  ck_assert(memcmp(bytes, "\x93NUMPY\x01\x00", 8) == 0);
  size_t head = 10 + bytes[8] + 256u * bytes[9];
  ck_assert_uint_eq(head % 64, 0);
  ck_assert_uint_eq(size, head + value_bytes);
  ck_assert(memcmp(bytes + 10, dict, strlen(dict)) == 0);
  for (size_t i = 10 + strlen(dict); i + 1 < head; i++)
    ck_assert_int_eq(bytes[i], ' ');
  ck_assert_int_eq(bytes[head - 1], '\n');
  free(bytes);
}

START_TEST(tensors_come_back_with_all_bits) {
  float values[24];
  const uint32_t odd[4] = {0x7fc12345u, 0xff800000u, 1u, 0x80000000u};
  for (size_t i = 0; i < 24; i++)
    values[i] = (float)i * 0.1f;
  memcpy(values, odd, sizeof odd);
  const char *shapes[] = {"(24,)", "(4, 6)", "(2, 3, 4)", "(2, 1, 3, 4)"};
  const size_t shape[4][4] = {{24}, {4, 6}, {2, 3, 4}, {2, 1, 3, 4}};
  temp_begin();
  for (size_t ndim = 1; ndim <= 4; ndim++) {
    pflow_tensor *tensor;
    char dict[128];
    ck_ok(pflow_tensor_wrap(&tensor, values, shape[ndim - 1], ndim));
    ck_ok(pflow_npy_save(temp_path("a.npy"), tensor));
    snprintf(dict, sizeof dict, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }",
             shapes[ndim - 1]);
    check_head("a.npy", dict, sizeof values);
    check_values(temp_path("a.npy"), values, shape[ndim - 1], ndim);
    pflow_tensor_destroy(tensor);
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(labels_come_back) {
  const int32_t labels[3] = {7, 0, INT32_MAX};
  int32_t *read;
  size_t n;
  temp_begin();
  ck_ok(pflow_npy_save_labels(temp_path("l.npy"), labels, 3));
  check_head("l.npy", "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", 12);
  ck_ok(pflow_npy_load_labels(&read, &n, temp_path("l.npy")));
  ck_assert_uint_eq(n, 3);
  ck_assert(memcmp(read, labels, sizeof labels) == 0);
  pflow_free(read);
  temp_end();
}
END_TEST

START_TEST(bad_saves_are_named) {
  float one = 1;
  pflow_tensor *tensor;
  ck_ok(pflow_tensor_wrap(&tensor, &one, (size_t[]){1}, 1));
  const char *folder = temp_begin();
  ck_fails(pflow_npy_save(temp_path("no/a.npy"), tensor), PFLOW_EIO, "no/a.npy");
  ck_fails(pflow_npy_save(folder, tensor), PFLOW_EIO, folder);
  ck_fails(pflow_npy_save(NULL, tensor), PFLOW_ENULL, "path");
  ck_fails(pflow_npy_save("x", NULL), PFLOW_ENULL, "tensor");
  ck_fails(pflow_npy_save_labels(NULL, (int32_t[]){1}, 1), PFLOW_ENULL, "path");
  ck_fails(pflow_npy_save_labels("x", NULL, 1), PFLOW_ENULL, "labels");
  ck_fails(pflow_npy_save_labels("x", (int32_t[]){1}, 0), PFLOW_EINVAL, "0 labels");
  pflow_tensor_destroy(tensor);
  temp_end();
}
END_TEST

static pflow_err load_and_destroy(void *user) {
  pflow_tensor *tensor;
  pflow_err rc = pflow_npy_load(&tensor, user);
  ck_assert((rc == PFLOW_OK) == (tensor != NULL));
  pflow_tensor_destroy(tensor);
  return rc;
}

static pflow_err load_labels_and_free(void *user) {
  int32_t *labels;
  size_t n;
  pflow_err rc = pflow_npy_load_labels(&labels, &n, user);
  ck_assert((rc == PFLOW_OK) == (labels != NULL));
  pflow_free(labels);
  return rc;
}

static pflow_err save_labels(void *user) {
  return pflow_npy_save_labels(user, (int32_t[]){1, 2}, 2);
}

START_TEST(failing_allocations_leave_nothing) {
  char path[300];
  temp_begin();
  snprintf(path, sizeof path, "%s", temp_path("l.npy"));
  ck_ok(save_labels(path));
  failing_install();
  ck_assert_uint_eq(check_failures(load_labels_and_free, path), 2);
  ck_assert_uint_ge(check_failures(save_labels, path), 1);
  snprintf(path, sizeof path, "%s", write_npy(1, npy_dict("<f4", "(1,)"), "abcd", 4));
  ck_assert_uint_eq(check_failures(load_and_destroy, path), 3);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests(
      "npy",
      TESTS(numpy_files_are_read, versions_and_key_orders_are_read, doubles_are_rounded,
            long_arrays_are_read, labels_of_every_width_are_read,
            labels_out_of_range_are_named, labels_of_other_kinds_are_refused,
            bad_dictionaries_are_named, other_kinds_of_arrays_are_refused,
            shapes_that_do_not_match_the_file_are_named, every_truncation_is_found,
            wrong_preambles_are_named, long_headers_are_refused,
            missing_files_folders_and_pipes, tensors_come_back_with_all_bits,
            labels_come_back, bad_saves_are_named, failing_allocations_leave_nothing));
}
