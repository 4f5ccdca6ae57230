/*
 * test_file.c - files are replaced whole or left alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/files.h"
#include "support/suite.h"

static void check_content(const char *name, const char *want) {
  size_t size;
  unsigned char *bytes = temp_read(name, &size);
  ck_assert_uint_eq(size, strlen(want));
  ck_assert_mem_eq(bytes, want, size);
  free(bytes);
}

static unsigned mode_of(const char *path) {
  struct stat status;
  ck_assert_int_eq(stat(path, &status), 0);
  return status.st_mode & 07777;
}

START_TEST(files_are_written_and_replaced) {
  const char *folder = temp_begin();
  umask(027);
  ck_ok(pflow_file_write(temp_path("a"), "first", 5));
  check_content("a", "first");
  ck_assert_uint_eq(mode_of(temp_path("a")), 0640);
  ck_ok(pflow_file_write(temp_path("a"), "2nd", 3));
  check_content("a", "2nd");
  ck_ok(pflow_file_write(temp_path("a"), "", 0));
  check_content("a", "");
  ck_assert_int_eq(folder_entries(folder), 1);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(mode_of_the_old_file_is_kept) {
  temp_begin();
  temp_write("a", "old", 3);
  const mode_t modes[] = {0600, 0444, 0755, 0666};
  umask(077);
  for (size_t i = 0; i < 4; i++) {
    ck_assert_int_eq(chmod(temp_path("a"), modes[i]), 0);
    ck_ok(pflow_file_write(temp_path("a"), "new", 3));
    ck_assert_uint_eq(mode_of(temp_path("a")), modes[i]);
  }
  temp_end();
}
END_TEST

START_TEST(names_without_a_folder_are_fine) {
  const char *folder = temp_begin();
  ck_assert_int_eq(chdir(folder), 0);
  ck_ok(pflow_file_write("plain", "text", 4));
  check_content("plain", "text");
  ck_assert_int_eq(chdir("/"), 0);
  temp_end();
}
END_TEST

/* Reading and writing back give every byte and each size about a page's. */
START_TEST(bytes_come_back) {
  enum { largest = 8193 };
  static unsigned char bytes[largest];
  temp_begin();
  for (size_t i = 0; i < largest; i++)
    bytes[i] = (unsigned char)(i * 7);
  const size_t sizes[] = {0, 1, 4095, 4096, 4097, largest};
  for (size_t i = 0; i < 6; i++) {
    unsigned char *got;
    size_t size;
    ck_ok(pflow_file_write(temp_path("b"), bytes, sizes[i]));
    ck_ok(pflow_file_read(&got, &size, temp_path("b"), sizes[i]));
    ck_assert_uint_eq(size, sizes[i]);
    ck_assert_ptr_nonnull(got);
    ck_assert(memcmp(got, bytes, size) == 0);
    pflow_free(got);
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file) {
  const char *folder = temp_begin();
  temp_write("a", "old", 3);
  static char large[100000];
  disk_full_begin(50000);
  pflow_err rc = pflow_file_write(temp_path("a"), large, sizeof large);
  disk_full_end();
  ck_assert_int_eq(rc, PFLOW_EIO);
  ck_assert_ptr_nonnull(strstr(pflow_errmsg(), "a: cannot write: File too large"));
  check_content("a", "old");
  ck_assert_int_eq(folder_entries(folder), 1);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_locked_folder_leaves_the_old_file) {
  char path[512], folder[512];
  ck_assert_int_eq(chmod(temp_begin(), 0755), 0);
  snprintf(folder, sizeof folder, "%s", temp_folder("locked"));
  snprintf(path, sizeof path, "%s", temp_write("locked/a", "old", 3));
  ck_assert_int_eq(chmod(folder, 0555), 0);
  uid_t user = geteuid();
  if (user == 0) ck_assert_int_eq(seteuid(65534), 0); /* locks do not hold root */
  pflow_err rc = pflow_file_write(path, "new", 3);
  ck_assert_int_eq(seteuid(user), 0);
  ck_assert_int_eq(rc, PFLOW_EIO);
  ck_assert_ptr_nonnull(strstr(pflow_errmsg(), "locked/a: cannot create a temporary"));
  ck_assert_ptr_nonnull(strstr(pflow_errmsg(), "Permission denied"));
  check_content("locked/a", "old");
  ck_assert_int_eq(folder_entries(folder), 1);
  ck_assert_int_eq(chmod(folder, 0755), 0);
  temp_end();
}
END_TEST

/* Folders and pipes: neither is replaced, and reading a pipe does not wait. */
START_TEST(only_regular_files_are_touched) {
  const char *folder = temp_begin();
  unsigned char *bytes;
  size_t size;
  ck_assert_int_eq(mkfifo(temp_path("pipe"), 0600), 0);
  temp_folder("folder");
  const char *names[] = {"pipe", "folder", "folder/"};
  for (size_t i = 0; i < 3; i++) {
    ck_fails(pflow_file_write(temp_path(names[i]), "x", 1), PFLOW_EIO,
             "not a regular file");
    ck_fails(pflow_file_read(&bytes, &size, temp_path(names[i]), 9), PFLOW_EIO,
             "not a regular file");
    ck_assert(bytes == NULL && size == 0);
  }
  ck_fails(pflow_file_write("/dev/null", "x", 1), PFLOW_EIO, "not a regular file");
  ck_assert_int_eq(folder_entries(folder), 2);
  ck_assert_int_eq(folder_entries(temp_path("folder")), 0);
  temp_end();
}
END_TEST

START_TEST(missing_places_are_named) {
  temp_begin();
  unsigned char *bytes;
  size_t size;
  ck_fails(pflow_file_read(&bytes, &size, temp_path("none"), 9), PFLOW_EIO,
           "none: cannot open: No such file");
  ck_fails(pflow_file_write(temp_path("none/a"), "x", 1), PFLOW_EIO,
           "none/a: cannot create a temporary");
  ck_fails(pflow_file_write("", "x", 1), PFLOW_EIO, "cannot");
  temp_end();
}
END_TEST

START_TEST(reading_is_limited) {
  temp_begin();
  unsigned char *bytes;
  size_t size;
  temp_write("ten", "0123456789", 10);
  ck_fails(pflow_file_read(&bytes, &size, temp_path("ten"), 9), PFLOW_ETOOLARGE,
           "ten: 10 bytes, at most 9");
  ck_assert(bytes == NULL && size == 0);
  ck_ok(pflow_file_read(&bytes, &size, temp_path("ten"), 10));
  pflow_free(bytes);
  ck_fails(pflow_file_read(NULL, &size, "x", 1), PFLOW_ENULL, "bytes");
  ck_fails(pflow_file_read(&bytes, NULL, "x", 1), PFLOW_ENULL, "size");
  ck_fails(pflow_file_read(&bytes, &size, NULL, 1), PFLOW_ENULL, "path");
  ck_fails(pflow_file_write(NULL, "x", 1), PFLOW_ENULL, "path");
  ck_fails(pflow_file_write("x", NULL, 1), PFLOW_ENULL, "bytes");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Many threads write one file; each version is 5000 times one letter. */
static int write_letters(size_t begin, size_t end, void *user) {
  char bytes[5000];
  for (size_t i = begin; i < end; i++) {
    memset(bytes, (int)('a' + i % 26), sizeof bytes);
    pflow_err rc = pflow_file_write(user, bytes, sizeof bytes);
    if (rc < 0) return rc;
  }
  return 0;
}

START_TEST(writers_at_once_do_not_mix) {
  const char *folder = temp_begin();
  char path[512];
  snprintf(path, sizeof path, "%s", temp_path("shared"));
  pflow_pool *pool;
  ck_ok(pflow_pool_create(&pool, 4));
  ck_ok(pflow_parallel_for(pool, 100, 1, write_letters, path));
  pflow_pool_destroy(pool);
  size_t size;
  unsigned char *bytes = temp_read("shared", &size);
  ck_assert_uint_eq(size, 5000);
  for (size_t i = 0; i < size; i++)
    ck_assert_uint_eq(bytes[i], bytes[0]);
  free(bytes);
  ck_assert_int_eq(folder_entries(folder), 1);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests(
      "file", TESTS(files_are_written_and_replaced, mode_of_the_old_file_is_kept,
                    names_without_a_folder_are_fine, bytes_come_back,
                    a_full_disk_leaves_the_old_file, a_locked_folder_leaves_the_old_file,
                    only_regular_files_are_touched, missing_places_are_named,
                    reading_is_limited, writers_at_once_do_not_mix));
}
