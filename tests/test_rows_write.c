/*
 * test_rows_write.c - files of rows appear whole or not at all; files of labels.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/npy.h"
#include "support/rows.h"
#include "support/suite.h"
#include "support/values.h"

static const char *const names[] = {"a.npy", "a.fvecs"};

static bool same_files(const char *first, const char *second) {
  size_t size, other;
  unsigned char *a = temp_read(first, &size), *b = temp_read(second, &other);
  bool same = size == other && memcmp(a, b, size) == 0;
  free(a);
  free(b);
  return same;
}

/* Writes rows in blocks of so many, the last being shorter. */
static pflow_err write_blocks(const char *path, const float *x, size_t n, size_t dim,
                              size_t block) {
  pflow_rows_writer *writer;
  pflow_err rc = pflow_rows_create(&writer, path, n, dim);
  if (rc < 0) return rc;
  for (size_t i = 0, m; i < n && rc >= 0; i += m) {
    m = n - i < block ? n - i : block;
    rc = pflow_rows_append(writer, x + i * dim, m);
  }
  if (rc >= 0) return pflow_rows_commit(writer);
  pflow_rows_discard(writer);
  return rc;
}

/* ---- whole files ---- */

START_TEST(every_cut_into_blocks_gives_the_same_file) {
  const size_t dims[] = {1, 3, 128, 4095, 4096, 9000}, blocks[] = {1, 2, 5, 11};
  const char *folder = temp_begin();
  for (size_t d = 0; d < 6; d++) {
    enum { n = 11 };
    float *x = normal_values(n * dims[d], d);
    vecs_write("wants.fvecs", x, n, dims[d]);
    for (size_t b = 0; b < 4; b++)
      for (size_t i = 0; i < 2; i++) {
        ck_ok(write_blocks(temp_path(names[i]), x, n, dims[d], blocks[b]));
        check_rows(temp_path(names[i]), x, n, dims[d]);
      }
    ck_assert(same_files("a.fvecs", "wants.fvecs"));
    pflow_free(x);
  }
  ck_assert_int_eq(folder_entries(folder), 3);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* As pflow_npy_save, whose head is tested against NumPy's, writes them. */
START_TEST(npy_files_are_as_numpy_writes_them) {
  float values[6] = {1, -2, 0x1p-149f, 4, 5, 6};
  pflow_tensor *tensor;
  temp_begin();
  ck_ok(pflow_tensor_wrap(&tensor, values, (size_t[]){3, 2}, 2));
  ck_ok(pflow_npy_save(temp_path("tensor.npy"), tensor));
  ck_ok(write_blocks(temp_path("rows.npy"), values, 3, 2, 2));
  ck_assert(same_files("tensor.npy", "rows.npy"));
  pflow_tensor_destroy(tensor);
  temp_end();
}
END_TEST

/* Both formats, each into the other and into itself while it is being read. */
START_TEST(a_file_is_replaced_by_what_is_made_of_it) {
  enum { n = 500, dim = 20, block = 64 };
  float *x = normal_values(n * dim, 1), part[block * dim];
  const char *folder = temp_begin();
  for (size_t i = 0; i < 2; i++) {
    pflow_rows *in;
    pflow_rows_writer *out;
    ck_ok(write_blocks(temp_path(names[i]), x, n, dim, n));
    ck_ok(pflow_rows_open(&in, temp_path(names[i])));
    ck_ok(pflow_rows_create(&out, temp_path(names[i]), n, dim));
    for (size_t k = 0, m; k < n; k += m) {
      m = n - k < block ? n - k : block;
      ck_ok(pflow_rows_read(in, k, m, part));
      for (size_t j = 0; j < m * dim; j++)
        part[j] *= 2;
      ck_ok(pflow_rows_append(out, part, m));
    }
    check_rows(temp_path(names[i]), x, n, dim);
    ck_ok(pflow_rows_commit(out));
    ck_ok(pflow_rows_read(in, n - 1, 1, part));
    ck_assert(memcmp(part, x + (n - 1) * dim, dim * sizeof *x) == 0);
    pflow_rows_close(in);
    for (size_t j = 0; j < n * dim; j++)
      x[j] *= 2;
    check_rows(temp_path(names[i]), x, n, dim);
  }
  ck_assert_int_eq(folder_entries(folder), 2);
  temp_end();
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- the old file stays ---- */

static const float old_rows[2] = {7, 8};

/* A folder with an old file of each format. */
static const char *begin_with_old_files(void) {
  const char *folder = temp_begin();
  for (size_t i = 0; i < 2; i++)
    ck_ok(write_blocks(temp_path(names[i]), old_rows, 1, 2, 1));
  return folder;
}

static void check_old_files(const char *folder, int descriptor) {
  ck_assert_int_eq(next_descriptor(), descriptor);
  for (size_t i = 0; i < 2; i++)
    check_rows(temp_path(names[i]), old_rows, 1, 2);
  ck_assert_int_eq(folder_entries(folder), 2);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(a_discarded_file_leaves_nothing) {
  const float x[4] = {1, 2, 3, 4};
  const char *folder = begin_with_old_files();
  int descriptor = next_descriptor();
  for (size_t i = 0; i < 2; i++)
    for (size_t rows = 0; rows <= 2; rows++) {
      pflow_rows_writer *writer;
      ck_ok(pflow_rows_create(&writer, temp_path(names[i]), 2, 2));
      ck_ok(pflow_rows_append(writer, x, rows));
      pflow_rows_discard(writer);
    }
  pflow_rows_discard(NULL);
  check_old_files(folder, descriptor);
}
END_TEST

START_TEST(missing_rows_are_named) {
  const float x[6] = {1, 2, 3, 4, 5, 6};
  const char *folder = begin_with_old_files();
  int descriptor = next_descriptor();
  for (size_t i = 0; i < 2; i++)
    for (size_t rows = 0; rows < 3; rows++) {
      char text[64];
      snprintf(text, sizeof text, "/%s: %zu of 3 rows were written", names[i], rows);
      pflow_rows_writer *writer;
      ck_ok(pflow_rows_create(&writer, temp_path(names[i]), 3, 2));
      ck_ok(pflow_rows_append(writer, x, rows));
      ck_fails(pflow_rows_commit(writer), PFLOW_ESTATE, text);
    }
  check_old_files(folder, descriptor);
}
END_TEST

START_TEST(too_many_rows_are_refused_and_not_written) {
  const float x[6] = {1, 2, 3, 4, 5, 6};
  temp_begin();
  for (size_t i = 0; i < 2; i++) {
    pflow_rows_writer *writer;
    ck_ok(pflow_rows_create(&writer, temp_path(names[i]), 3, 2));
    ck_ok(pflow_rows_append(writer, x, 2));
    ck_fails(pflow_rows_append(writer, x, 2), PFLOW_EINVAL, ": 2 rows after 2 of 3");
    ck_fails(pflow_rows_append(writer, x, SIZE_MAX), PFLOW_EINVAL, "after 2 of 3");
    ck_ok(pflow_rows_append(writer, x + 4, 1));
    ck_fails(pflow_rows_append(writer, x, 1), PFLOW_EINVAL, ": 1 rows after 3 of 3");
    ck_ok(pflow_rows_commit(writer));
    check_rows(temp_path(names[i]), x, 3, 2);
  }
  temp_end();
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file) {
  enum { n = 100, dim = 100 };
  float *x = normal_values(n * dim, 1);
  const char *folder = begin_with_old_files();
  int descriptor = next_descriptor();
  for (size_t i = 0; i < 2; i++) {
    pflow_rows_writer *writer;
    char path[512];
    snprintf(path, sizeof path, "%s", temp_path(names[i]));
    disk_full_begin(20000);
    ck_ok(pflow_rows_create(&writer, path, n, dim));
    ck_ok(pflow_rows_append(writer, x, 10));
    pflow_err rc = pflow_rows_append(writer, x, n - 10);
    disk_full_end();
    ck_assert_int_eq(rc, PFLOW_EIO);
    ck_assert_ptr_nonnull(strstr(pflow_errmsg(), ": cannot write: File too large"));
    ck_fails(pflow_rows_append(writer, x, 1), PFLOW_ESTATE, "an earlier append failed");
    ck_fails(pflow_rows_commit(writer), PFLOW_ESTATE, "an append failed");
    disk_full_begin(0);
    rc = write_blocks(path, x, n, dim, n);
    disk_full_end();
    ck_assert_int_eq(rc, PFLOW_EIO);
  }
  pflow_free(x);
  check_old_files(folder, descriptor);
}
END_TEST

/* ---- bad arguments ---- */

START_TEST(bad_arguments_are_named) {
  const struct {
    const char *name, *text;
    size_t n, dim;
    pflow_err code;
  } cases[] = {
      {"a.npy", "/a.npy: 0 rows of 3 values", 0, 3, PFLOW_EINVAL},
      {"a.fvecs", "/a.fvecs: 3 rows of 0 values", 3, 0, PFLOW_EINVAL},
      {"a.npy", "/a.npy: ", SIZE_MAX, 2, PFLOW_EOVERFLOW},
      {"a.npy", "/a.npy: ", 2, SIZE_MAX, PFLOW_EOVERFLOW},
      {"a.npy", "/a.npy: ", (size_t)1 << 61, 1, PFLOW_EOVERFLOW},
      {"a.fvecs", "rows of 2147483648 values, at most 2147483647", 1,
       (size_t)INT32_MAX + 1, PFLOW_EOVERFLOW},
      {"a.txt", "/a.txt: a file of rows ends in", 1, 1, PFLOW_EUNSUPPORTED},
      {"none/a.npy", "none/a.npy: cannot create", 1, 1, PFLOW_EIO},
      {"folder.npy", "/folder.npy: not a regular file", 1, 1, PFLOW_EIO},
      {"full.npy", "/full.npy: not a regular file", 1, 1, PFLOW_EIO},
  };
  const char *folder = temp_begin();
  temp_folder("folder.npy");
  ck_assert_int_eq(symlink("/dev/full", temp_path("full.npy")), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pflow_rows_writer *writer;
    ck_fails(
        pflow_rows_create(&writer, temp_path(cases[i].name), cases[i].n, cases[i].dim),
        cases[i].code, cases[i].text);
    ck_assert_ptr_null(writer);
  }
  ck_assert_int_eq(folder_entries(folder), 2);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(null_is_refused) {
  pflow_rows_writer *writer;
  temp_begin();
  ck_fails(pflow_rows_create(NULL, "a.npy", 1, 1), PFLOW_ENULL, "writer");
  ck_fails(pflow_rows_create(&writer, NULL, 1, 1), PFLOW_ENULL, "path");
  ck_fails(pflow_rows_append(NULL, old_rows, 1), PFLOW_ENULL, "writer");
  ck_fails(pflow_rows_commit(NULL), PFLOW_ENULL, "writer");
  ck_ok(pflow_rows_create(&writer, temp_path("a.npy"), 1, 1));
  ck_fails(pflow_rows_append(writer, NULL, 1), PFLOW_ENULL, "x");
  pflow_rows_discard(writer);
  temp_end();
}
END_TEST

/* ---- labels ---- */

static const int32_t some_labels[4] = {3, 0, INT32_MAX, 1};

static void check_labels(const char *path) {
  int32_t *labels;
  size_t n;
  ck_ok(pflow_labels_load(&labels, &n, path));
  ck_assert_uint_eq(n, 4);
  ck_assert(memcmp(labels, some_labels, sizeof some_labels) == 0);
  pflow_free(labels);
}

START_TEST(labels_come_back) {
  const int64_t wide[4] = {3, 0, INT32_MAX, 1};
  const char *folder = temp_begin();
  check_labels(npy_write("wide.npy", 1, npy_dict("<i8", "(4,)"), wide, sizeof wide));
  check_labels(vecs_write("wants.ivecs", some_labels, 4, 1));
  ck_ok(pflow_labels_save(temp_path("l.npy"), some_labels, 4));
  ck_ok(pflow_labels_save(temp_path("l.ivecs"), some_labels, 4));
  check_labels(temp_path("l.npy"));
  check_labels(temp_path("l.ivecs"));
  ck_assert(same_files("l.ivecs", "wants.ivecs"));
  ck_assert_int_eq(folder_entries(folder), 4);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(types_of_labels_are_those_of_the_file) {
  static const char *const types[][2] = {
      {"|i1", "int8"},  {"<i2", "int16"},  {"<i4", "int32"},  {"<i8", "int64"},
      {"|u1", "uint8"}, {"<u2", "uint16"}, {"<u4", "uint32"}, {"<u8", "uint64"}};
  const int32_t labels[8] = {0};
  const char *type;
  temp_begin();
  for (size_t i = 0; i < 8; i++) {
    const size_t size = (size_t)4 << i % 4;
    ck_ok(pflow_labels_type(
        &type, npy_write("l.npy", 1, npy_dict(types[i][0], "(4,)"), labels, size)));
    ck_assert_str_eq(type, types[i][1]);
  }
  ck_ok(pflow_labels_type(&type, vecs_write("l.ivecs", some_labels, 4, 1)));
  ck_assert_str_eq(type, "int32");
  ck_fails(pflow_labels_type(&type, npy_write_rows("r.npy", "<f4", labels, 2, 4, 4)),
           PFLOW_EUNSUPPORTED, "r.npy: labels of 2 dimensions");
  ck_assert_ptr_null(type);
  ck_fails(pflow_labels_type(&type, vecs_write("w.ivecs", some_labels, 2, 2)),
           PFLOW_EUNSUPPORTED, "w.ivecs: labels of 2 values a row, wants 1");
  ck_fails(pflow_labels_type(&type, "l.txt"), PFLOW_EUNSUPPORTED,
           "l.txt: a file of labels");
  ck_fails(pflow_labels_type(&type, temp_path("none.npy")), PFLOW_EIO, "none.npy");
  ck_fails(pflow_labels_type(&type, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_labels_type(NULL, "l.npy"), PFLOW_ENULL, "type");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static void check_labels_fail(const char *path, pflow_err code, const char *text) {
  int32_t *labels;
  size_t n = 9;
  ck_fails(pflow_labels_load(&labels, &n, path), code, text);
  ck_assert(!labels && n == 0);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(bad_labels_are_named) {
  const int32_t bad[4] = {5, -7, 1, 1}, mixed[4] = {1, 5, 2, 6};
  temp_begin();
  check_labels_fail(vecs_write("l.ivecs", bad, 4, 1), PFLOW_ELABEL,
                    "/l.ivecs: label 1 is -7, wants 0 to 2147483647");
  check_labels_fail(vecs_write("l.ivecs", bad, 2, 2), PFLOW_EUNSUPPORTED,
                    "/l.ivecs: labels of 2 values a row, wants 1");
  check_labels_fail(temp_write("l.ivecs", mixed, sizeof mixed), PFLOW_EFORMAT,
                    "/l.ivecs: row 1 has 2 values, row 0 has 1");
  check_labels_fail(temp_write("l.ivecs", mixed, 12), PFLOW_ETRUNCATED, "/l.ivecs: 12");
  check_labels_fail(temp_write("l.ivecs", mixed, 0), PFLOW_ETRUNCATED, "empty");
  check_labels_fail(temp_write("l.npy", mixed, 16), PFLOW_EFORMAT, "not a .npy file");
  check_labels_fail(temp_write("l.fvecs", mixed, 16), PFLOW_EUNSUPPORTED,
                    "/l.fvecs: a file of labels ends in .npy or .ivecs");
  check_labels_fail(temp_path("none.ivecs"), PFLOW_EIO, "none.ivecs: cannot open");
  const char *bad_names[] = {"l", "l.txt", "l.fvecs"};
  for (size_t i = 0; i < 3; i++)
    ck_fails(pflow_labels_save(temp_path(bad_names[i]), bad, 1), PFLOW_EUNSUPPORTED,
             "a file of labels ends in .npy or .ivecs");
  temp_end();
}
END_TEST

START_TEST(bad_arguments_of_labels_are_named) {
  int32_t *labels;
  size_t n;
  temp_begin();
  ck_fails(pflow_labels_load(NULL, &n, "l.npy"), PFLOW_ENULL, "labels");
  ck_fails(pflow_labels_load(&labels, NULL, "l.npy"), PFLOW_ENULL, "n");
  ck_fails(pflow_labels_load(&labels, &n, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_labels_save(NULL, some_labels, 4), PFLOW_ENULL, "path");
  ck_fails(pflow_labels_save("l.npy", NULL, 4), PFLOW_ENULL, "labels");
  ck_fails(pflow_labels_save("l.npy", some_labels, 0), PFLOW_EINVAL, "l.npy: 0 labels");
  ck_fails(pflow_labels_save("l.ivecs", some_labels, 0), PFLOW_EINVAL, "0 labels");
  ck_fails(pflow_labels_save(temp_path("none/l.ivecs"), some_labels, 4), PFLOW_EIO,
           "none/l.ivecs");
  temp_end();
}
END_TEST

/* ---- memory ---- */

START_TEST(appending_allocates_nothing) {
  temp_begin();
  counting_install();
  for (size_t i = 0; i < 2; i++) {
    pflow_rows_writer *writer;
    ck_ok(pflow_rows_create(&writer, temp_path(names[i]), 2, 1));
    size_t before = counting_calls();
    ck_ok(pflow_rows_append(writer, old_rows, 2));
    ck_assert_uint_eq(counting_calls(), before);
    ck_ok(pflow_rows_commit(writer));
  }
  counting_remove();
  temp_end();
}
END_TEST

static pflow_err write_once(void *user) {
  return write_blocks(user, old_rows, 1, 2, 1);
}

static pflow_err labels_there_and_back(void *user) {
  int32_t *labels;
  size_t n;
  pflow_err rc = pflow_labels_save(user, some_labels, 4);
  if (rc >= 0) rc = pflow_labels_load(&labels, &n, user);
  if (rc >= 0) pflow_free(labels);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  const char *folder = temp_begin();
  failing_install();
  char path[512];
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s", temp_path(names[i]));
    ck_assert_uint_eq(check_failures(write_once, path), 3);
    check_rows(path, old_rows, 1, 2);
  }
  snprintf(path, sizeof path, "%s", temp_path("l.ivecs"));
  ck_assert_uint_eq(check_failures(labels_there_and_back, path), 2);
  ck_assert_int_eq(folder_entries(folder), 3);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests(
      "rows_write",
      TESTS(every_cut_into_blocks_gives_the_same_file, npy_files_are_as_numpy_writes_them,
            a_file_is_replaced_by_what_is_made_of_it, a_discarded_file_leaves_nothing,
            missing_rows_are_named, too_many_rows_are_refused_and_not_written,
            a_full_disk_leaves_the_old_file, bad_arguments_are_named, null_is_refused,
            labels_come_back, types_of_labels_are_those_of_the_file, bad_labels_are_named,
            bad_arguments_of_labels_are_named, appending_allocates_nothing,
            failing_allocations_leave_nothing));
}
