/*
 * test_rows_refused.c - hostile files of rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/files.h"
#include "support/npy.h"
#include "support/rows.h"
#include "support/suite.h"

static void check_open_fails(const char *path, pflow_err code, const char *text) {
  pflow_rows *rows;
  float *x;
  size_t n = 9, dim = 9;
  int descriptor = next_descriptor();
  ck_fails(pflow_rows_open(&rows, path), code, text);
  ck_assert_msg(strncmp(pflow_errmsg(), path, strlen(path)) == 0, "\"%s\" names no file",
                pflow_errmsg());
  ck_assert_ptr_null(rows);
  ck_fails(pflow_rows_load(&x, &n, &dim, path), code, text);
  ck_assert(!x && n == 0 && dim == 0);
  ck_assert_int_eq(next_descriptor(), descriptor);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(other_arrays_are_refused) {
  static const float zeros[12];
  const struct {
    const char *dict, *text;
    pflow_err code;
  } cases[] = {
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 6), }",
       "Fortran order, wants C order; in NumPy save numpy.ascontiguousarray(x)",
       PFLOW_EUNSUPPORTED},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 6), }", "'|O', wants little",
       PFLOW_EUNSUPPORTED},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 6), }",
       "float64; in NumPy save x.astype('float32')", PFLOW_EUNSUPPORTED},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 6), }",
       "float64; in NumPy save x.astype('float32')", PFLOW_EUNSUPPORTED},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 6), }",
       "structured", PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 dimensions, wants 2",
       PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }",
       "values of 1 dimension, wants 2", PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3), }",
       "values of 3 dimensions, wants 2", PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 6), }", "0 values",
       PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", "0 values",
       PFLOW_EUNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 7), }",
       "48 bytes of values, its header wants 56", PFLOW_ETRUNCATED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5), }", "header wants 40",
       PFLOW_ETOOLARGE},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 6), }", "a number",
       PFLOW_EFORMAT},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
       "*", PFLOW_EOVERFLOW},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 1), }",
       "* 8", PFLOW_EOVERFLOW},
  };
  temp_begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_open_fails(npy_write("a.npy", 1, cases[i].dict, zeros, sizeof zeros),
                     cases[i].code, cases[i].text);
  temp_end();
}
END_TEST

START_TEST(hostile_fvecs_are_refused) {
  const struct {
    int32_t words[6];
    size_t bytes;
    const char *text;
    pflow_err code;
  } cases[] = {{{0}, 0, "an empty file", PFLOW_ETRUNCATED},
               {{2}, 3, "ends at byte 3, wants 4", PFLOW_ETRUNCATED},
               {{0, 0}, 8, "row 0 has 0 values, wants 1 at least", PFLOW_EFORMAT},
               {{-1, 0}, 8, "row 0 has -1 values", PFLOW_EFORMAT},
               {{INT32_MIN}, 24, "row 0 has -2147483648 values", PFLOW_EFORMAT},
               {{INT32_MAX},
                24,
                "24 bytes, wants a multiple of 8589934592 (2147483647",
                PFLOW_ETRUNCATED},
               {{2}, 4, "4 bytes, wants a multiple of 12 (2 values)", PFLOW_ETRUNCATED},
               {{2, 0, 0, 2, 0}, 20, "20 bytes, wants", PFLOW_ETRUNCATED},
               {{2, 0, 0, 2, 0}, 23, "23 bytes, wants", PFLOW_ETRUNCATED}};
  temp_begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_open_fails(temp_write("a.fvecs", cases[i].words, cases[i].bytes), cases[i].code,
                     cases[i].text);
  temp_end();
}
END_TEST

/* A row's count is looked at when the row is read, be it first or last in its block. */
START_TEST(every_count_of_a_row_is_checked) {
  enum { n = 9, dim = 2000 };
  const int32_t wrong[] = {0, -dim, dim + 1, INT32_MIN, INT32_MAX};
  int32_t *words = calloc(n * (dim + 1), sizeof *words);
  float *x = malloc(n * dim * sizeof *x);
  temp_begin();
  for (size_t bad = 1; bad < n; bad++) {
    for (size_t i = 0; i < n; i++)
      words[i * (dim + 1)] = dim;
    words[bad * (dim + 1)] = wrong[bad % 5];
    const char *path = temp_write("a.fvecs", words, n * (dim + 1) * sizeof *words);
    char text[100];
    pflow_rows *rows;
    snprintf(text, sizeof text, "/a.fvecs: row %zu has %d values, row 0 has %d", bad,
             wrong[bad % 5], dim);
    ck_ok(pflow_rows_open(&rows, path));
    ck_fails(pflow_rows_read(rows, 0, n, x), PFLOW_EFORMAT, text);
    ck_fails(pflow_rows_read(rows, bad, 1, x), PFLOW_EFORMAT, text);
    ck_ok(pflow_rows_read(rows, 0, bad, x));
    if (bad + 1 < n) ck_ok(pflow_rows_read(rows, bad + 1, n - bad - 1, x));
    pflow_rows_close(rows);
  }
  free(words);
  free(x);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(the_extension_tells_the_format) {
  const float x[2] = {1, 2};
  const char *names[] = {"a.txt", "a.NPY", "a", "a.npy.gz", "a.fvecs ", "npy", "a.ivecs"};
  temp_begin();
  temp_folder("b.npy");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    check_open_fails(vecs_write(names[i], x, 1, 2), PFLOW_EUNSUPPORTED,
                     ": a file of rows ends in .npy or .fvecs");
  check_open_fails("", PFLOW_EUNSUPPORTED, "ends in");
  check_open_fails(vecs_write("b.npy/a", x, 1, 2), PFLOW_EUNSUPPORTED, "ends in");
  check_open_fails(vecs_write("c.npy", x, 1, 2), PFLOW_EFORMAT, "not a .npy file");
  check_rows(vecs_write("b.npy/.fvecs", x, 1, 2), x, 1, 2);
  check_rows(vecs_write("x.npy.fvecs", x, 1, 2), x, 1, 2);
  temp_end();
}
END_TEST

START_TEST(missing_files_folders_and_pipes) {
  const char *extensions[] = {"npy", "fvecs"};
  temp_begin();
  for (size_t i = 0; i < 2; i++) {
    char name[64];
    snprintf(name, sizeof name, "none.%s", extensions[i]);
    check_open_fails(temp_path(name), PFLOW_EIO, "cannot open: No such file");
    snprintf(name, sizeof name, "folder.%s", extensions[i]);
    check_open_fails(temp_folder(name), PFLOW_EIO, "not a regular file");
    snprintf(name, sizeof name, "pipe.%s", extensions[i]);
    ck_assert_int_eq(mkfifo(temp_path(name), 0600), 0);
    check_open_fails(temp_path(name), PFLOW_EIO, "not a regular file");
  }
  temp_end();
}
END_TEST

int main(void) {
  return run_tests("rows_refused",
                   TESTS(other_arrays_are_refused, hostile_fvecs_are_refused,
                         every_count_of_a_row_is_checked, the_extension_tells_the_format,
                         missing_files_folders_and_pipes));
}
