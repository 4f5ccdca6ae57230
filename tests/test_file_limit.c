/*
 * test_file_limit.c - what one file may ask memory for can be limited, for every format.
 */
#include <pflow.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 10000, dim = 3, record = 3073 };

/* Reads a file of the folder and throws away what it got. */
typedef pflow_err (*reading)(void);

static pflow_err read_npy(void) {
  pflow_tensor *tensor;
  pflow_err rc = pflow_npy_load(&tensor, temp_path("x.npy"));
  pflow_tensor_destroy(tensor);
  return rc;
}

static pflow_err read_rows(const char *name) {
  float *x;
  size_t rows, values;
  pflow_err rc = pflow_rows_load(&x, &rows, &values, temp_path(name));
  pflow_free(x);
  return rc;
}

static pflow_err read_npy_rows(void) {
  return read_rows("x.npy");
}

static pflow_err read_fvecs(void) {
  return read_rows("x.fvecs");
}

static pflow_err read_labels(const char *name) {
  int32_t *labels;
  size_t count;
  pflow_err rc = pflow_labels_load(&labels, &count, temp_path(name));
  pflow_free(labels);
  return rc;
}

static pflow_err read_npy_labels(void) {
  return read_labels("y.npy");
}

static pflow_err read_ivecs(void) {
  return read_labels("y.ivecs");
}

static pflow_err read_idx(void) {
  pflow_images *images;
  pflow_err rc =
      pflow_images_load_idx_files(&images, temp_path("images"), temp_path("classes"), 0);
  pflow_images_destroy(images);
  return rc;
}

static pflow_err read_cifar(void) {
  pflow_images *images;
  pflow_err rc = pflow_images_load_cifar10(&images, temp_path(""), PFLOW_TEST);
  pflow_images_destroy(images);
  return rc;
}

static pflow_err load_archive(void) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_load(&archive, temp_path("archive"));
  pflow_archive_destroy(archive);
  return rc;
}

static pflow_err parse_archive(void) {
  pflow_archive *archive;
  size_t size;
  unsigned char *bytes = temp_read("archive", &size);
  pflow_err rc = pflow_archive_parse(&archive, bytes, size, "archive");
  pflow_archive_destroy(archive);
  free(bytes);
  return rc;
}

static pflow_err load_texts(void) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_load_texts(&archive, temp_path("archive"));
  pflow_archive_destroy(archive);
  return rc;
}

/* Returns the archive's size. */
static size_t write_archive(const float *values) {
  pflow_archive *archive;
  size_t size;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put(archive, "x", values, (size_t[]){n, dim}, 2));
  ck_ok(pflow_archive_put_text(archive, "key", "text"));
  ck_ok(pflow_archive_save(archive, temp_path("archive")));
  pflow_archive_destroy(archive);
  free(temp_read("archive", &size));
  return size;
}

static void write_arrays(const float *values) {
  static const int32_t labels[n];
  pflow_tensor *tensor;
  pflow_rows_writer *rows;
  ck_ok(pflow_tensor_create(&tensor, (size_t[]){n, dim}, 2));
  ck_ok(pflow_npy_save(temp_path("x.npy"), tensor));
  pflow_tensor_destroy(tensor);
  ck_ok(pflow_rows_create(&rows, temp_path("x.fvecs"), n, dim));
  ck_ok(pflow_rows_append(rows, values, n));
  ck_ok(pflow_rows_commit(rows));
  ck_ok(pflow_labels_save(temp_path("y.npy"), labels, n));
  ck_ok(pflow_labels_save(temp_path("y.ivecs"), labels, n));
}

static void write_images(void) {
  static const unsigned char pixels[record],
      images[40] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
  static const unsigned char classes[10] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
  temp_write("images", images, sizeof images);
  temp_write("classes", classes, sizeof classes);
  temp_write("test_batch.bin", pixels, sizeof pixels);
}

START_TEST(what_a_file_asks_for_is_limited) {
  static const float values[n * dim];
  temp_begin();
  write_arrays(values);
  write_images();
  const size_t archive = write_archive(values);
  const struct {
    reading read;
    size_t needs; /* bytes */
  } all[] = {{read_npy, n * dim * sizeof(float)},
             {read_npy_rows, n * dim * sizeof(float)},
             {read_fvecs, n * dim * sizeof(float)},
             {read_npy_labels, n * sizeof(int32_t)},
             {read_ivecs, n * sizeof(int32_t)},
             {read_idx, 40},
             {read_cifar, record},
             {load_archive, archive},
             {parse_archive, archive},
             {load_texts, archive - 8 - n * dim * sizeof(float)}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    pflow_set_file_limit(all[i].needs - 1);
    counting_install();
    ck_fails(all[i].read(), PFLOW_ETOOLARGE, "");
    ck_assert_msg(counting_bytes() < 1024, "reader %zu took %zu bytes to refuse", i,
                  counting_bytes());
    counting_remove();
    pflow_set_file_limit(all[i].needs);
    ck_assert_uint_eq(pflow_file_limit(), all[i].needs);
    ck_ok(all[i].read());
    pflow_set_file_limit(0);
    ck_ok(all[i].read());
  }
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Rows that are read by blocks have none. */
START_TEST(blocks_have_no_limit) {
  static const float values[n * dim];
  float block[dim];
  pflow_rows *rows;
  temp_begin();
  write_arrays(values);
  pflow_set_file_limit(1);
  ck_ok(pflow_rows_open(&rows, temp_path("x.fvecs")));
  ck_ok(pflow_rows_read(rows, 9, 1, block));
  pflow_rows_close(rows);
  pflow_set_file_limit(0);
  temp_end();
}
END_TEST

int main(void) {
  return run_tests("file_limit",
                   TESTS(what_a_file_asks_for_is_limited, blocks_have_no_limit));
}
