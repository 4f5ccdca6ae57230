/*
 * test_io.c - archives: what goes in comes out, and what put, get and save refuse.
 */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

static const size_t one[] = {1};
static const float zero[1] = {0};

/* Bit patterns that arithmetic would not keep: payloads of NaN, -0, infinities, ... */
static const uint32_t odd_bits[] = {0x7FC00001, 0xFFC12345, 0x7F800001, 0x80000000,
                                    0x7F800000, 0xFF800000, 0x00000001, 0x807FFFFF,
                                    0x3F800001, 0x7F7FFFFF, 0x00000000, 0xDEADBEEF};

static const char *const names[] = {
    "0.weight", "bild/\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x8C\x8A", "\"quoted\\\n\x01", ""};

/* Tensors of 1 to 4 dimensions, a long text and one full of escapes. */
static pflow_archive *sample(const char *long_text) {
  static const size_t shapes[4][4] = {{12}, {3, 4}, {2, 1, 6}, {1, 2, 3, 2}};
  float values[12];
  pflow_archive *archive;
  memcpy(values, odd_bits, sizeof values);
  ck_ok(pflow_archive_create(&archive));
  for (size_t i = 0; i < 4; i++)
    ck_ok(pflow_archive_put(archive, names[i], values, shapes[i], i + 1));
  ck_ok(pflow_archive_put_text(archive, "long", long_text));
  ck_ok(pflow_archive_put_text(archive, "0.weight", "\"\\\b\t\x7F\xE2\x82\xAC"));
  return archive;
}

static void check_sample(const pflow_archive *archive, const char *long_text) {
  const char *text;
  ck_assert_uint_eq(pflow_archive_count(archive), 4);
  for (size_t i = 0; i < 4; i++) {
    const pflow_tensor *tensor;
    ck_assert_str_eq(pflow_archive_name(archive, i), names[i]);
    ck_ok(pflow_archive_get(archive, names[i], &tensor));
    ck_assert_uint_eq(pflow_tensor_ndim(tensor), i + 1);
    ck_assert_uint_eq(pflow_tensor_size(tensor), 12);
    ck_assert_mem_eq(pflow_tensor_const_values(tensor), odd_bits, sizeof odd_bits);
  }
  ck_assert_ptr_null(pflow_archive_name(archive, 4));
  ck_ok(pflow_archive_get_text(archive, "long", &text));
  ck_assert_str_eq(text, long_text);
  ck_ok(pflow_archive_get_text(archive, "0.weight", &text));
  ck_assert_str_eq(text, "\"\\\b\t\x7F\xE2\x82\xAC");
}

static char *long_text(size_t length) {
  char *text = malloc(length + 1);
  ck_assert(text != NULL);
  for (size_t i = 0; i < length; i++)
    text[i] = (char)('a' + i % 26);
  text[length] = 0;
  return text;
}

START_TEST(files_keep_every_bit) {
  temp_begin();
  char *text = long_text(200000);
  pflow_archive *archive = sample(text), *loaded, *parsed;
  check_sample(archive, text);
  ck_ok(pflow_archive_save(archive, temp_path("a.safetensors")));
  ck_ok(pflow_archive_load(&loaded, temp_path("a.safetensors")));
  check_sample(loaded, text);

  size_t size;
  unsigned char *bytes = temp_read("a.safetensors", &size);
  ck_ok(pflow_archive_parse(&parsed, bytes, size, "bytes"));
  memset(bytes, 0, size); /* parse has copied them */
  check_sample(parsed, text);
  free(bytes);
  free(text);
  pflow_archive_destroy(parsed);
  pflow_archive_destroy(loaded);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(a_loaded_archive_can_grow) {
  temp_begin();
  pflow_archive *archive = sample("x"), *loaded;
  ck_ok(pflow_archive_save(archive, temp_path("a")));
  ck_ok(pflow_archive_load(&loaded, temp_path("a")));
  ck_ok(pflow_archive_put(loaded, "new", (float[]){2}, one, 1));
  ck_ok(pflow_archive_save(loaded, temp_path("a")));
  pflow_archive_destroy(loaded);
  ck_ok(pflow_archive_load(&loaded, temp_path("a")));
  ck_assert_uint_eq(pflow_archive_count(loaded), 5);
  const pflow_tensor *tensor;
  ck_ok(pflow_archive_get(loaded, "new", &tensor));
  ck_assert(pflow_tensor_const_values(tensor)[0] == 2);
  ck_ok(pflow_archive_get(loaded, names[3], &tensor));
  ck_assert_mem_eq(pflow_tensor_const_values(tensor), odd_bits, sizeof odd_bits);
  pflow_archive_destroy(loaded);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

/* The bytes as the format's description has them, written down by hand. */
START_TEST(a_file_has_the_bytes_of_the_format) {
  static const char header[] =
      "{\"__metadata__\":{\"k\":\"v\"},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}} ";
  static const unsigned char values[] = {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F};
  const size_t length = sizeof header - 1;
  pflow_archive *archive;
  temp_begin();
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put(archive, "b", (float[]){1, -2}, (size_t[]){2, 1}, 2));
  ck_ok(pflow_archive_put(archive, "a", (float[]){0.5f}, one, 1));
  ck_ok(pflow_archive_put_text(archive, "k", "v"));
  ck_ok(pflow_archive_save(archive, temp_path("a")));
  pflow_archive_destroy(archive);

  size_t size;
  unsigned char *bytes = temp_read("a", &size);
  ck_assert_uint_eq(length % 8, 0);
  ck_assert_uint_eq(size, 8 + length + 12);
  ck_assert_mem_eq(bytes, ((unsigned char[8]){(unsigned char)length}), 8);
  ck_assert_mem_eq(bytes + 8, header, length);
  ck_assert_mem_eq(bytes + 8 + length, values, sizeof values);
  free(bytes);
  temp_end();
}
END_TEST

START_TEST(empty_archives_and_texts_alone_are_files) {
  pflow_archive *archive, *loaded;
  const char *text;
  temp_begin();
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_save(archive, temp_path("a")));
  ck_ok(pflow_archive_load(&loaded, temp_path("a")));
  ck_assert_uint_eq(pflow_archive_count(loaded), 0);
  pflow_archive_destroy(loaded);
  ck_ok(pflow_archive_put_text(archive, "", ""));
  ck_ok(pflow_archive_save(archive, temp_path("a")));
  ck_ok(pflow_archive_load(&loaded, temp_path("a")));
  ck_ok(pflow_archive_get_text(loaded, "", &text));
  ck_assert_str_eq(text, "");
  pflow_archive_destroy(loaded);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(numbers_are_decimal_texts) {
  static const char *const wrong[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999"};
  pflow_archive *archive;
  const char *text;
  uint64_t value;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_u64(archive, "max", UINT64_MAX));
  ck_ok(pflow_archive_put_u64(archive, "0", 0));
  ck_ok(pflow_archive_get_u64(archive, "max", &value));
  ck_assert(value == UINT64_MAX);
  ck_ok(pflow_archive_get_u64(archive, "0", &value));
  ck_assert(value == 0);
  ck_ok(pflow_archive_get_text(archive, "max", &text));
  ck_assert_str_eq(text, "18446744073709551615");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char key[8], wants[64];
    snprintf(key, sizeof key, "w%zu", i);
    snprintf(wants, sizeof wants, "'%s' is '%s'", key, wrong[i]);
    ck_ok(pflow_archive_put_text(archive, key, wrong[i]));
    ck_fails(pflow_archive_get_u64(archive, key, &value), PFLOW_EFORMAT, wants);
  }
  ck_fails(pflow_archive_get_u64(archive, "max", NULL), PFLOW_ENULL, "value");
  ck_fails(pflow_archive_get_u64(archive, "none", &value), PFLOW_ENOTFOUND, "'none'");
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_names_are_refused) {
  static const char *const not_utf8[] = {"\xFF",
                                         "a\xC3",
                                         "\x80",
                                         "\xC0\xAF",
                                         "\xE0\x80\xAF",
                                         "\xED\xA0\x80",
                                         "\xF4\x90\x80\x80",
                                         "\xF8\x88\x80\x80\x80",
                                         "\xE2\x82",
                                         "\xC3("};
  pflow_archive *archive;
  char name[258];
  memset(name, 'n', sizeof name);
  name[256] = 0;
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_put(archive, name, zero, one, 1), PFLOW_EINVAL, "256 bytes");
  ck_fails(pflow_archive_put_text(archive, name, "t"), PFLOW_EINVAL, "256 bytes");
  name[255] = 0;
  ck_ok(pflow_archive_put(archive, name, zero, one, 1));
  ck_fails(pflow_archive_put(archive, name, zero, one, 1), PFLOW_EINVAL, "already there");
  ck_ok(pflow_archive_put_text(archive, name, "t"));
  ck_fails(pflow_archive_put_text(archive, name, "t"), PFLOW_EINVAL, "already there");
  ck_fails(pflow_archive_put(archive, "__metadata__", zero, one, 1), PFLOW_EINVAL,
           "__metadata__");
  ck_fails(pflow_archive_put_text(archive, "__metadata__", "t"), PFLOW_EINVAL,
           "__metadata__");
  for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++) {
    ck_fails(pflow_archive_put(archive, not_utf8[i], zero, one, 1), PFLOW_EINVAL,
             "is not UTF-8");
    ck_fails(pflow_archive_put_text(archive, not_utf8[i], "t"), PFLOW_EINVAL, "name");
    ck_fails(pflow_archive_put_text(archive, "key", not_utf8[i]), PFLOW_EINVAL,
             "text 'key' is not UTF-8");
  }
  ck_assert_uint_eq(pflow_archive_count(archive), 1);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_arguments_are_named) {
  pflow_archive *archive;
  const pflow_tensor *tensor;
  const char *text;
  const size_t huge = PFLOW_ARCHIVE_MAX_BYTES / sizeof(float);
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_create(NULL), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put(NULL, "a", zero, one, 1), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put(archive, NULL, zero, one, 1), PFLOW_ENULL, "name");
  ck_fails(pflow_archive_put(archive, "a", NULL, one, 1), PFLOW_ENULL, "values");
  ck_fails(pflow_archive_put(archive, "a", zero, NULL, 1), PFLOW_ENULL, "shape");
  ck_fails(pflow_archive_put(archive, "a", zero, one, 0), PFLOW_EINVAL, "got 0");
  ck_fails(pflow_archive_put(archive, "a", zero, one, 5), PFLOW_EINVAL, "got 5");
  ck_fails(pflow_archive_put(archive, "a", zero, (size_t[]){0}, 1), PFLOW_EINVAL, "is 0");
  ck_fails(pflow_archive_put(archive, "a", zero, (size_t[]){SIZE_MAX, 2}, 2),
           PFLOW_EOVERFLOW, "overflows");
  ck_ok(pflow_archive_put(archive, "small", zero, one, 1));
  ck_fails(pflow_archive_put(archive, "a", zero, (size_t[]){huge}, 1), PFLOW_ETOOLARGE,
           "'a': 4294967292 bytes after 4, at most 4294967295");
  ck_fails(pflow_archive_put_text(NULL, "a", "t"), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_text(archive, NULL, "t"), PFLOW_ENULL, "key");
  ck_fails(pflow_archive_put_text(archive, "a", NULL), PFLOW_ENULL, "text");
  ck_fails(pflow_archive_get_u64(NULL, "a", &(uint64_t){0}), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get_u64(archive, NULL, &(uint64_t){0}), PFLOW_ENULL, "key");
  ck_fails(pflow_archive_put_u64(NULL, "a", 1), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_u64(archive, NULL, 1), PFLOW_ENULL, "key");
  ck_fails(pflow_archive_get(NULL, "a", &tensor), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get(archive, NULL, &tensor), PFLOW_ENULL, "name");
  ck_fails(pflow_archive_get(archive, "a", NULL), PFLOW_ENULL, "tensor");
  ck_fails(pflow_archive_get(archive, "a", &tensor), PFLOW_ENOTFOUND,
           "archive: no tensor 'a'");
  ck_assert_ptr_null(tensor);
  ck_fails(pflow_archive_get_text(NULL, "a", &text), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get_text(archive, NULL, &text), PFLOW_ENULL, "key");
  ck_fails(pflow_archive_get_text(archive, "a", NULL), PFLOW_ENULL, "text");
  ck_fails(pflow_archive_get_text(archive, "a", &text), PFLOW_ENOTFOUND, "no text 'a'");
  ck_assert_ptr_null(text);
  ck_assert_uint_eq(pflow_archive_count(NULL), 0);
  ck_assert_ptr_null(pflow_archive_name(NULL, 0));
  pflow_archive_destroy(archive);
  pflow_archive_destroy(NULL);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_files_are_named) {
  pflow_archive *archive = NULL;
  temp_begin();
  ck_fails(pflow_archive_load(NULL, "a"), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_load(&archive, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_archive_load(&archive, temp_path("none")), PFLOW_EIO, "/none");
  ck_fails(pflow_archive_load(&archive, temp_path("")), PFLOW_EIO, "not a regular file");
  ck_fails(pflow_archive_parse(NULL, "", 0, "n"), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_parse(&archive, NULL, 0, "n"), PFLOW_ENULL, "bytes");
  ck_fails(pflow_archive_parse(&archive, "", 0, NULL), PFLOW_ENULL, "name");
  ck_fails(pflow_archive_parse(&archive, "", (size_t)1 << 32, "n"), PFLOW_ETOOLARGE,
           "n: 4294967296 bytes, at most 4294967295");
  ck_fails(pflow_archive_save(NULL, "a"), PFLOW_ENULL, "archive");

  const char *sparse = temp_write("sparse", "", 0);
  ck_assert_int_eq(truncate(sparse, (off_t)1 << 32), 0);
  ck_fails(pflow_archive_load(&archive, sparse), PFLOW_ETOOLARGE, "4294967296 bytes");
  ck_assert_ptr_null(archive);

  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_save(archive, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_archive_save(archive, temp_path("none/a")), PFLOW_EIO, "none/a");
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(headers_past_the_bound_are_not_written) {
  pflow_archive *archive;
  char *text = long_text(PFLOW_ARCHIVE_MAX_HEADER);
  temp_begin();
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_text(archive, "k", text));
  ck_fails(pflow_archive_save(archive, temp_path("a")), PFLOW_ETOOLARGE,
           "at most 100000000");
  ck_assert_int_ne(access(temp_path("a"), F_OK), 0);
  pflow_archive_destroy(archive);
  free(text);
  temp_end();
}
END_TEST

START_TEST(archives_take_so_many_items) {
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  for (size_t i = 0; i <= PFLOW_ARCHIVE_MAX_ITEMS; i++) {
    char name[16];
    snprintf(name, sizeof name, "%zu", i);
    if (i < PFLOW_ARCHIVE_MAX_ITEMS)
      ck_ok(pflow_archive_put_text(archive, name, ""));
    else
      ck_fails(pflow_archive_put_text(archive, name, ""), PFLOW_ETOOLARGE,
               "'16384' would be number 16385, at most 16384");
  }
  ck_ok(pflow_archive_put(archive, "0", zero, one, 1));
  pflow_archive_destroy(archive);
}
END_TEST

/* Writes past 4 KiB fail: the old file stays and nothing else does. */
START_TEST(a_save_that_fails_leaves_the_old_file) {
  temp_begin();
  char *text = long_text(100000);
  pflow_archive *small = sample("old"), *large = sample(text), *loaded;
  struct rlimit limit = {4096, RLIM_INFINITY};
  ck_ok(pflow_archive_save(small, temp_path("a")));
  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  ck_fails(pflow_archive_save(large, temp_path("a")), PFLOW_EIO, "cannot write");
  limit.rlim_cur = RLIM_INFINITY;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  ck_ok(pflow_archive_load(&loaded, temp_path("a")));
  check_sample(loaded, "old");
  ck_assert_int_eq(remove(temp_path("a")), 0);
  ck_assert_msg(rmdir(temp_path("")) == 0, "a temporary file was left behind");
  pflow_archive_destroy(loaded);
  pflow_archive_destroy(large);
  pflow_archive_destroy(small);
  free(text);
}
END_TEST

static pflow_err make_archive(void *user) {
  pflow_archive *archive;
  (void)user;
  pflow_err rc = pflow_archive_create(&archive);
  if (rc < 0) return rc;
  for (size_t i = 0; i < 20 && rc == PFLOW_OK; i++) {
    char name[8];
    snprintf(name, sizeof name, "%zu", i);
    rc = pflow_archive_put(archive, name, zero, one, 1);
    if (rc == PFLOW_OK) rc = pflow_archive_put_text(archive, name, "t");
    size_t wants = i + (rc == PFLOW_OK || pflow_archive_name(archive, i) != NULL);
    ck_assert_uint_eq(pflow_archive_count(archive), wants);
  }
  pflow_archive_destroy(archive);
  return rc;
}

static pflow_err save_archive(void *user) {
  return pflow_archive_save(user, temp_path("a"));
}

static pflow_err load_archive(void *user) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_load(&archive, user);
  ck_assert((archive == NULL) == (rc < 0));
  pflow_archive_destroy(archive);
  return rc;
}

START_TEST(failing_allocations_are_cleaned_up) {
  temp_begin();
  failing_install();
  ck_assert_uint_gt(check_failures(make_archive, NULL), 80);
  pflow_archive *archive = sample("text");
  check_failures(save_archive, archive);
  ck_assert_uint_gt(check_failures(load_archive, (void *)temp_path("a")), 15);
  pflow_archive_destroy(archive);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests(
      "io",
      TESTS(files_keep_every_bit, a_loaded_archive_can_grow,
            a_file_has_the_bytes_of_the_format, empty_archives_and_texts_alone_are_files,
            numbers_are_decimal_texts, bad_names_are_refused, bad_arguments_are_named,
            bad_files_are_named, headers_past_the_bound_are_not_written,
            archives_take_so_many_items, a_save_that_fails_leaves_the_old_file,
            failing_allocations_are_cleaned_up));
}
