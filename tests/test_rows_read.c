/*
 * test_rows_read.c - files of rows read by blocks, large ones, and ones that change.
 */
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/npy.h"
#include "support/rows.h"
#include "support/suite.h"
#include "support/values.h"

/* ---- what can be read ---- */

/* Every block of the file gives the same values as the whole. */
static void check_blocks(const char *path, const float *x, size_t n, size_t dim) {
  pflow_rows *rows;
  float *got = malloc(n * dim * sizeof *got);
  ck_ok(pflow_rows_open(&rows, path));
  ck_assert_uint_eq(pflow_rows_count(rows), n);
  ck_assert_uint_eq(pflow_rows_dim(rows), dim);
  ck_assert_str_eq(pflow_rows_path(rows), path);
  for (size_t begin = 0; begin < n; begin++)
    for (size_t m = 1; m <= n - begin; m++) {
      memset(got, 255, n * dim * sizeof *got);
      ck_ok(pflow_rows_read(rows, begin, m, got));
      ck_assert(memcmp(got, x + begin * dim, m * dim * sizeof *x) == 0);
    }
  pflow_rows_close(rows);
  free(got);
  check_rows(path, x, n, dim);
}

/* Lengths of one value, of pieces of the readers (4096), and others. */
static const size_t dims[] = {1, 2, 3, 128, 4094, 4095, 4096, 4097, 10000};
enum { dim_count = sizeof dims / sizeof *dims, block_rows = 7 };

START_TEST(fvecs_are_read_by_blocks) {
  temp_begin();
  for (size_t i = 0; i < dim_count; i++) {
    float *x = normal_values(block_rows * dims[i], i);
    check_blocks(vecs_write("a.fvecs", x, block_rows, dims[i]), x, block_rows, dims[i]);
    check_blocks(vecs_write("a.fvecs", x, 1, dims[i]), x, 1, dims[i]);
    pflow_free(x);
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(npy_files_are_read_by_blocks) {
  temp_begin();
  for (size_t i = 0; i < dim_count; i++) {
    size_t size = block_rows * dims[i];
    float *x = normal_values(size, i);
    double *wide = malloc(size * sizeof *wide);
    for (size_t k = 0; k < size; k++)
      wide[k] = (double)x[k];
    check_blocks(npy_write_rows("a.npy", "<f4", x, block_rows, dims[i], 4), x, block_rows,
                 dims[i]);
    check_blocks(npy_write_rows("b.npy", "<f8", wide, block_rows, dims[i], 8), x,
                 block_rows, dims[i]);
    free(wide);
    pflow_free(x);
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(types_are_those_of_the_file) {
  static const char *const types[][2] = {
      {"<f2", "float16"}, {"<f4", "float32"}, {"<f8", "float64"}};
  const float x[4] = {1, 2, 3, 4};
  pflow_rows *rows;
  temp_begin();
  for (size_t i = 0; i < 3; i++) {
    ck_ok(pflow_rows_open(&rows,
                          npy_write_rows("a.npy", types[i][0], x, 1, 2, (size_t)2 << i)));
    ck_assert_str_eq(pflow_rows_type(rows), types[i][1]);
    pflow_rows_close(rows);
  }
  ck_ok(pflow_rows_open(&rows, vecs_write("a.fvecs", x, 2, 2)));
  ck_assert_str_eq(pflow_rows_type(rows), "float32");
  pflow_rows_close(rows);
  ck_assert_ptr_null(pflow_rows_type(NULL));
  temp_end();
}
END_TEST

/* The value of 16 bits by IEEE 754-2008, 3.4. */
static float half_value(unsigned bits) {
  int sign = bits >> 15 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction ? NAN : (float)sign * INFINITY;
  if (exponent == 0) return (float)(sign * ldexp(fraction, -24));
  return (float)(sign * ldexp(1024 + fraction, exponent - 25));
}

START_TEST(every_half_is_read_exactly) {
  enum { n = 65536 };
  static uint16_t halves[n];
  float *x, minus_zero = -0.0f;
  size_t rows, dim;
  for (size_t i = 0; i < n; i++)
    halves[i] = (uint16_t)i;
  temp_begin();
  ck_ok(pflow_rows_load(&x, &rows, &dim,
                        npy_write_rows("h.npy", "<f2", halves, 512, 128, 2)));
  ck_assert(rows == 512 && dim == 128);
  for (size_t i = 0; i < n; i++) {
    float wants = half_value((unsigned)i);
    ck_assert_msg(isnan(wants) ? isnan(x[i]) : x[i] == wants, "half %zx is %g", i,
                  (double)x[i]);
  }
  ck_assert(memcmp(x + 0x8000, &minus_zero, sizeof *x) == 0);
  pflow_free(x);
  temp_end();
}
END_TEST

START_TEST(nothing_of_null_and_bad_ranges) {
  float x[6] = {1, 2, 3, 4, 5, 6};
  pflow_rows *rows;
  size_t n, dim;
  float *all;
  temp_begin();
  ck_ok(pflow_rows_open(&rows, vecs_write("a.fvecs", x, 3, 2)));
  const size_t ranges[][2] = {
      {0, 0}, {0, 4}, {3, 1}, {2, 2}, {1, SIZE_MAX}, {SIZE_MAX, 1}, {SIZE_MAX, SIZE_MAX}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    ck_fails(pflow_rows_read(rows, ranges[i][0], ranges[i][1], x), PFLOW_EINVAL,
             "a.fvecs: ");
  ck_fails(pflow_rows_read_finite(rows, 2, 2, x), PFLOW_EINVAL,
           "a.fvecs: 2 rows from row 2 on, there are 3");
  ck_fails(pflow_rows_read(NULL, 0, 1, x), PFLOW_ENULL, "rows");
  ck_fails(pflow_rows_read(rows, 0, 1, NULL), PFLOW_ENULL, "x");
  ck_fails(pflow_rows_open(NULL, "x"), PFLOW_ENULL, "rows");
  ck_fails(pflow_rows_load(NULL, &n, &dim, "x"), PFLOW_ENULL, "x");
  ck_fails(pflow_rows_load(&all, NULL, &dim, "x"), PFLOW_ENULL, "n");
  ck_fails(pflow_rows_load(&all, &n, NULL, "x"), PFLOW_ENULL, "dim");
  ck_fails(pflow_rows_load(&all, &n, &dim, NULL), PFLOW_ENULL, "path");
  pflow_rows_close(rows);
  ck_fails(pflow_rows_open(&rows, NULL), PFLOW_ENULL, "path");
  ck_assert_ptr_null(rows);
  pflow_rows_close(NULL);
  ck_assert(pflow_rows_count(NULL) == 0 && pflow_rows_dim(NULL) == 0);
  ck_assert_ptr_null(pflow_rows_path(NULL));
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* The row that is named is the file's, not the block's. */
START_TEST(values_that_are_not_finite_are_named) {
  enum { n = 30, dim = 5 };
  static float x[n * dim], got[n * dim];
  x[17 * dim + 3] = NAN;
  x[25 * dim] = -INFINITY;
  temp_begin();
  const char *paths[] = {npy_write_rows("X.npy", "<f4", x, n, dim, 4),
                         vecs_write("X.fvecs", x, n, dim)};
  const char *wants[] = {"/X.npy: row 17, column 3 is nan",
                         "/X.fvecs: row 17, column 3 is nan"};
  for (size_t i = 0; i < 2; i++) {
    pflow_rows *rows;
    ck_ok(pflow_rows_open(&rows, paths[i]));
    ck_ok(pflow_rows_read(rows, 0, n, got));
    ck_assert(memcmp(x, got, sizeof x) == 0);
    ck_ok(pflow_rows_read_finite(rows, 0, 17, got));
    ck_fails(pflow_rows_read_finite(rows, 10, 20, got), PFLOW_ENONFINITE, wants[i]);
    ck_fails(pflow_rows_read_finite(rows, 25, 1, got), PFLOW_ENONFINITE,
             "row 25, column 0 is -inf");
    pflow_rows_close(rows);
  }
  temp_end();
}
END_TEST

/* ---- files that change ---- */

START_TEST(a_file_that_is_cut_gives_an_error) {
  enum { n = 1000, dim = 64 };
  float *x = normal_values(n * dim, 1), *got = normal_values(n * dim, 2);
  temp_begin();
  const char *paths[] = {npy_write_rows("a.npy", "<f4", x, n, dim, 4),
                         vecs_write("a.fvecs", x, n, dim)};
  for (size_t i = 0; i < 2; i++) {
    pflow_rows *rows;
    ck_ok(pflow_rows_open(&rows, paths[i]));
    ck_assert_int_eq(truncate(paths[i], 100000), 0);
    ck_ok(pflow_rows_read(rows, 0, 300, got));
    ck_assert(memcmp(got, x, 300 * dim * sizeof *x) == 0);
    ck_fails(pflow_rows_read(rows, 0, n, got), PFLOW_ETRUNCATED, ": ends at byte 100000");
    ck_fails(pflow_rows_read(rows, n - 1, 1, got), PFLOW_ETRUNCATED, ": ends at byte");
    pflow_rows_close(rows);
  }
  temp_end();
  pflow_free(x);
  pflow_free(got);
}
END_TEST

START_TEST(a_file_that_is_replaced_gives_its_old_rows) {
  const float old[4] = {1, 2, 3, 4}, new[2] = {5, 6};
  float got[4];
  pflow_rows *rows;
  temp_begin();
  const char *path = vecs_write("a.fvecs", old, 2, 2);
  ck_ok(pflow_rows_open(&rows, path));
  ck_assert_int_eq(rename(vecs_write("b.fvecs", new, 1, 2), path), 0);
  ck_ok(pflow_rows_read(rows, 0, 2, got));
  ck_assert(memcmp(got, old, sizeof old) == 0);
  pflow_rows_close(rows);
  check_rows(path, new, 1, 2);
  temp_end();
}
END_TEST

/* ---- large files ---- */

/* A file of this size with holes, `values` being its end; false if the disk refuses. */
static bool write_sparse(const char *path, const void *head, size_t head_size,
                         size_t size, const void *values, size_t bytes) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ck_assert_int_ge(file, 0);
  bool ok = ftruncate(file, (off_t)size) == 0 &&
            pwrite(file, head, head_size, 0) == (ssize_t)head_size &&
            pwrite(file, values, bytes, (off_t)(size - bytes)) == (ssize_t)bytes;
  ck_assert_int_eq(close(file), 0);
  if (!ok) printf("skipped: the disk refuses a file of %zu bytes\n", size);
  return ok;
}

enum { large_dim = 128 };
static const size_t large_rows = 9000000; /* 4.6 GB */

/* A new sparse file by its extension, whose last row counts from 0. */
static bool write_large(const char *path) {
  unsigned char head[256];
  struct {
    int32_t count;
    float values[large_dim];
  } last = {.count = large_dim};
  for (size_t i = 0; i < large_dim; i++)
    last.values[i] = (float)i;
  if (strstr(path, ".npy")) {
    size_t size = npy_head(head, 1, npy_dict("<f4", "(9000000, 128)"));
    return write_sparse(path, head, size, size + large_rows * large_dim * 4, last.values,
                        sizeof last.values);
  }
  return write_sparse(path, &last.count, 4, large_rows * sizeof last, &last, sizeof last);
}

static size_t resident_kib(void) {
  struct rusage usage;
  ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
  return (size_t)usage.ru_maxrss;
}

START_TEST(rows_beyond_4_gib_are_read) {
  static float got[1000 * large_dim];
  const char *names[] = {"a.npy", "a.fvecs"};
  temp_begin();
  for (size_t i = 0; i < 2; i++) {
    const char *path = temp_path(names[i]);
    pflow_rows *rows;
    if (!write_large(path)) continue;
    size_t before = resident_kib();
    ck_ok(pflow_rows_open(&rows, path));
    ck_assert_uint_eq(pflow_rows_count(rows), large_rows);
    ck_ok(pflow_rows_read(rows, large_rows - 1, 1, got));
    for (size_t k = 0; k < large_dim; k++)
      ck_assert(got[k] == (float)k);
    /* 100 MB of blocks do not stay. */
    for (size_t k = 0; i == 0 && k < 200; k++)
      ck_ok(pflow_rows_read_finite(rows, k * 40000, 1000, got));
    ck_assert_uint_lt(resident_kib() - before, 8 * 1024);
    pflow_rows_close(rows);
    ck_assert_int_eq(unlink(path), 0);
  }
  temp_end();
}
END_TEST

/* ---- threads and memory ---- */

typedef struct shared_rows {
  const pflow_rows *rows;
  const float *x;
} shared_rows;

static int read_and_compare(size_t begin, size_t end, void *user) {
  const shared_rows *shared = user;
  float got[7 * 33];
  for (size_t i = begin; i < end; i++) {
    size_t first = i * 7919 % (500 - 7);
    if (pflow_rows_read(shared->rows, first, 7, got) < 0) return -1;
    if (memcmp(got, shared->x + first * 33, sizeof got) != 0) return -1;
  }
  return 0;
}

START_TEST(threads_share_a_file_and_nothing_is_allocated) {
  float *x = normal_values(500 * 33, 3);
  pflow_pool *pool;
  temp_begin();
  const char *paths[] = {npy_write_rows("a.npy", "<f4", x, 500, 33, 4),
                         vecs_write("a.fvecs", x, 500, 33)};
  ck_ok(pflow_pool_create(&pool, 5));
  for (size_t i = 0; i < 2; i++) {
    pflow_rows *rows;
    ck_ok(pflow_rows_open(&rows, paths[i]));
    size_t blocks = pflow_live_blocks();
    ck_ok(pflow_parallel_for(pool, 2000, 10, read_and_compare, &(shared_rows){rows, x}));
    ck_assert_uint_eq(pflow_live_blocks(), blocks);
    pflow_rows_close(rows);
  }
  pflow_pool_destroy(pool);
  pflow_free(x);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(reading_allocates_nothing) {
  const float x[6] = {1, 2, 3, 4, 5, 6};
  const double wide[6] = {1, 2, 3, 4, 5, 6};
  float got[6];
  temp_begin();
  const char *paths[] = {npy_write_rows("a.npy", "<f8", wide, 3, 2, 8),
                         vecs_write("a.fvecs", x, 3, 2)};
  counting_install();
  for (size_t i = 0; i < 2; i++) {
    pflow_rows *rows;
    ck_ok(pflow_rows_open(&rows, paths[i]));
    size_t before = counting_calls();
    ck_ok(pflow_rows_read_finite(rows, 0, 3, got));
    ck_assert_uint_eq(counting_calls(), before);
    ck_assert(memcmp(got, x, sizeof x) == 0);
    pflow_rows_close(rows);
  }
  counting_remove();
  temp_end();
}
END_TEST

static pflow_err load_and_free(void *user) {
  float *x;
  size_t n, dim;
  pflow_err rc = pflow_rows_load(&x, &n, &dim, user);
  ck_assert((rc == PFLOW_OK) == (x != NULL));
  pflow_free(x);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  const float x[6] = {1, 2, 3, 4, 5, 6};
  char path[512];
  temp_begin();
  failing_install();
  snprintf(path, sizeof path, "%s", npy_write_rows("a.npy", "<f4", x, 3, 2, 4));
  ck_assert_uint_eq(check_failures(load_and_free, path), 4);
  snprintf(path, sizeof path, "%s", vecs_write("a.fvecs", x, 3, 2));
  ck_assert_uint_eq(check_failures(load_and_free, path), 3);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests(
      "rows_read",
      TESTS(fvecs_are_read_by_blocks, npy_files_are_read_by_blocks,
            types_are_those_of_the_file, every_half_is_read_exactly,
            nothing_of_null_and_bad_ranges, values_that_are_not_finite_are_named,
            a_file_that_is_cut_gives_an_error, a_file_that_is_replaced_gives_its_old_rows,
            rows_beyond_4_gib_are_read, threads_share_a_file_and_nothing_is_allocated,
            reading_allocates_nothing, failing_allocations_leave_nothing));
}
