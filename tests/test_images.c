/*
 * test_images.c - sets of images: CIFAR-10 files, padding, taking, reading as floats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

enum { record_size = 3073 };

/* Records first, first + 1, ...: label and pixels are a function of the number. */
static unsigned char record_byte(size_t record, size_t place) {
  if (place == 0) return (unsigned char)(record % 10);
  return (unsigned char)(record * 31 + place * 7);
}

static const char *write_records(const char *name, size_t first, size_t records,
                                 long extra) {
  size_t size = records * record_size;
  unsigned char *bytes = calloc(size + record_size, 1);
  ck_assert(bytes != NULL);
  for (size_t i = 0; i < size; i++)
    bytes[i] = record_byte(first + i / record_size, i % record_size);
  const char *path = temp_write(name, bytes, (size_t)((long)size + extra));
  free(bytes);
  return path;
}

/* Five training files of 1, 2, ... 5 records, numbered from 0 to 14, and a test file. */
static void write_cifar(const char *subfolder) {
  char name[64];
  size_t first = 0;
  for (size_t file = 1; file <= 5; file++) {
    snprintf(name, sizeof name, "%sdata_batch_%zu.bin", subfolder, file);
    write_records(name, first, file, 0);
    first += file;
  }
  snprintf(name, sizeof name, "%stest_batch.bin", subfolder);
  write_records(name, 100, 3, 0);
}

static void check_records(const pflow_images *images, size_t first) {
  const unsigned char *pixels = pflow_images_pixels(images);
  for (size_t i = 0; i < pflow_images_count(images); i++) {
    ck_assert_int_eq(pflow_images_labels(images)[i], record_byte(first + i, 0));
    for (size_t k = 0; k < 3072; k++)
      ck_assert_uint_eq(pixels[i * 3072 + k], record_byte(first + i, 1 + k));
  }
}

START_TEST(cifar_files_are_joined_in_order) {
  const char *subfolders[] = {"", "cifar-10-batches-bin/"};
  for (size_t s = 0; s < 2; s++) {
    const char *folder = temp_begin();
    if (*subfolders[s]) temp_folder(subfolders[s]);
    write_cifar(subfolders[s]);
    pflow_images *train, *test;
    ck_ok(pflow_images_load_cifar10(&train, folder, PFLOW_TRAIN));
    ck_ok(pflow_images_load_cifar10(&test, folder, PFLOW_TEST));
    ck_assert_uint_eq(pflow_images_count(train), 15);
    ck_assert_uint_eq(pflow_images_count(test), 3);
    ck_assert_uint_eq(pflow_images_channels(train), 3);
    ck_assert_uint_eq(pflow_images_height(train), 32);
    ck_assert_uint_eq(pflow_images_width(train), 32);
    ck_assert_uint_eq(pflow_images_classes(test), 10);
    check_records(train, 0);
    check_records(test, 100);
    pflow_images_destroy(train);
    pflow_images_destroy(test);
    temp_end();
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(broken_cifar_files_are_named) {
  const char *folder = temp_begin();
  pflow_images *images;
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TRAIN), PFLOW_EIO,
           "no data_batch_1.bin");
  ck_fails(pflow_images_load_cifar10(&images, "/nowhere", PFLOW_TEST), PFLOW_EIO,
           "/nowhere: no test_batch.bin");
  write_cifar("");
  unlink(temp_path("data_batch_4.bin"));
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TRAIN), PFLOW_EIO,
           "data_batch_4.bin");
  temp_folder("data_batch_4.bin");
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TRAIN), PFLOW_EIO,
           "data_batch_4.bin");
  write_records("test_batch.bin", 0, 0, 0);
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ETRUNCATED,
           "test_batch.bin: 0 bytes");
  write_records("test_batch.bin", 0, 2, -1);
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ETRUNCATED,
           "6145 bytes are not whole records of 3073");
  write_records("test_batch.bin", 0, 2, 1);
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ETRUNCATED,
           "6147 bytes");
  ck_assert_ptr_null(images);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(cifar_labels_above_nine_are_named) {
  const char *folder = temp_begin();
  unsigned char *bytes = calloc(3, record_size);
  ck_assert(bytes != NULL);
  bytes[2 * record_size] = 10;
  temp_write("test_batch.bin", bytes, 3 * record_size);
  pflow_images *images;
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ELABEL,
           "test_batch.bin: record 2 has label 10");
  bytes[2 * record_size] = 255;
  temp_write("test_batch.bin", bytes, 3 * record_size);
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ELABEL,
           "label 255");
  free(bytes);
  temp_end();
}
END_TEST

/* A file of 1.1 GiB of holes must be refused by its size, before it is read. */
START_TEST(too_large_cifar_file_is_refused) {
  const char *folder = temp_begin();
  const char *path = temp_write("test_batch.bin", "", 0);
  ck_assert_int_eq(truncate(path, (off_t)record_size * 390000), 0);
  pflow_images *images;
  ck_fails(pflow_images_load_cifar10(&images, folder, PFLOW_TEST), PFLOW_ETOOLARGE,
           "1198470000 bytes, at most 1073741824");
  temp_end();
}
END_TEST

static pflow_err load_test(void *user) {
  pflow_images *images = NULL;
  pflow_err rc = pflow_images_load_cifar10(&images, user, PFLOW_TEST);
  ck_assert((rc == PFLOW_OK) == (images != NULL));
  pflow_images_destroy(images);
  return rc;
}

static pflow_err load_train(void *user) {
  pflow_images *images = NULL;
  pflow_err rc = pflow_images_load_cifar10(&images, user, PFLOW_TRAIN);
  ck_assert((rc == PFLOW_OK) == (images != NULL));
  pflow_images_destroy(images);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  const char *folder = temp_begin();
  char copy[256];
  snprintf(copy, sizeof copy, "%s", folder);
  write_cifar("");
  failing_install();
  ck_assert_uint_ge(check_failures(load_test, copy), 6);
  ck_assert_uint_ge(check_failures(load_train, copy), 14);
  failing_remove();
  temp_end();
}
END_TEST

static pflow_images *load_small(size_t records) {
  pflow_images *images;
  const char *folder = temp_begin();
  write_records("test_batch.bin", 0, records, 0);
  ck_ok(pflow_images_load_cifar10(&images, folder, PFLOW_TEST));
  temp_end();
  return images;
}

START_TEST(padding_centres_on_black) {
  pflow_images *source = load_small(2), *wide;
  ck_ok(pflow_images_pad(&wide, source, 3, 35, 37));
  ck_assert_uint_eq(pflow_images_count(wide), 2);
  ck_assert_uint_eq(pflow_images_height(wide), 35);
  ck_assert_uint_eq(pflow_images_width(wide), 37);
  ck_assert_uint_eq(pflow_images_classes(wide), 10);
  const unsigned char *pixels = pflow_images_pixels(wide);
  for (size_t plane = 0; plane < 6; plane++) {
    for (size_t y = 0; y < 35; y++) {
      for (size_t x = 0; x < 37; x++) {
        int inside = y >= 1 && y < 33 && x >= 2 && x < 34;
        size_t place = 1 + (plane % 3 * 32 + (y - 1)) * 32 + (x - 2);
        unsigned wants = inside ? record_byte(plane / 3, place) : 0;
        ck_assert_uint_eq(pixels[(plane * 35 + y) * 37 + x], wants);
      }
    }
  }
  ck_assert_int_eq(pflow_images_labels(wide)[1], 1);
  pflow_images_destroy(source);
  pflow_images_destroy(wide);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_padding_is_named) {
  pflow_images *source = load_small(1), *made;
  ck_fails(pflow_images_pad(&made, source, 3, 31, 32), PFLOW_ESHAPE, "31 x 32");
  ck_fails(pflow_images_pad(&made, source, 3, 32, 0), PFLOW_ESHAPE, "32 x 0");
  ck_fails(pflow_images_pad(&made, source, 1, 32, 32), PFLOW_ESHAPE, "cannot get 1");
  ck_fails(pflow_images_pad(&made, source, 0, 32, 32), PFLOW_ESHAPE, "cannot get 0");
  ck_fails(pflow_images_pad(&made, source, 3, SIZE_MAX / 2, 32), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_images_pad(&made, NULL, 3, 32, 32), PFLOW_ENULL, "source");
  ck_fails(pflow_images_pad(NULL, source, 3, 32, 32), PFLOW_ENULL, "images");
  ck_assert_ptr_null(made);
  pflow_images_destroy(source);
}
END_TEST

START_TEST(taking_and_reading) {
  pflow_images *source = load_small(4), *two, *all, *none;
  ck_ok(pflow_images_take(&two, source, 2));
  ck_ok(pflow_images_take(&all, source, 99));
  ck_fails(pflow_images_take(&none, source, 0), PFLOW_EINVAL, "0 images");
  ck_fails(pflow_images_take(&none, NULL, 1), PFLOW_ENULL, "source");
  ck_fails(pflow_images_take(NULL, source, 1), PFLOW_ENULL, "images");
  ck_assert_ptr_null(none);
  ck_assert_uint_eq(pflow_images_count(two), 2);
  ck_assert_uint_eq(pflow_images_count(all), 4);
  check_records(two, 0);
  check_records(all, 0);
  float *x = malloc(2 * 3072 * sizeof *x);
  ck_ok(pflow_images_get(source, 2, 2, x));
  for (size_t i = 0; i < 2 * 3072; i++)
    ck_assert(x[i] == (float)record_byte(2 + i / 3072, 1 + i % 3072) / 255.0f);
  ck_fails(pflow_images_get(source, 3, 2, x), PFLOW_EINVAL, "2 images from 3");
  ck_fails(pflow_images_get(source, 1, SIZE_MAX, x), PFLOW_EINVAL, "set of 4");
  ck_fails(pflow_images_get(source, 4, 1, x), PFLOW_EINVAL, "from 4");
  ck_fails(pflow_images_get(source, 0, 0, x), PFLOW_EINVAL, "0 images");
  ck_fails(pflow_images_get(NULL, 0, 1, x), PFLOW_ENULL, "images");
  ck_fails(pflow_images_get(source, 0, 1, NULL), PFLOW_ENULL, "x");
  free(x);
  pflow_images_destroy(all);
  pflow_images_destroy(two);
  pflow_images_destroy(source);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(null_arguments) {
  pflow_images *images;
  ck_fails(pflow_images_load_cifar10(NULL, ".", PFLOW_TEST), PFLOW_ENULL, "images");
  ck_fails(pflow_images_load_cifar10(&images, NULL, PFLOW_TEST), PFLOW_ENULL, "folder");
  ck_fails(pflow_images_load_cifar10(&images, ".", (pflow_split)2), PFLOW_EINVAL,
           "split is 2");
  ck_assert_uint_eq(pflow_images_count(NULL) + pflow_images_channels(NULL) +
                        pflow_images_height(NULL) + pflow_images_width(NULL) +
                        pflow_images_classes(NULL),
                    0);
  ck_assert_ptr_null(pflow_images_pixels(NULL));
  ck_assert_ptr_null(pflow_images_labels(NULL));
  pflow_images_destroy(NULL);
}
END_TEST

START_TEST(images_of_ones_own) {
  const unsigned char pixels[2 * 6] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255};
  int32_t labels[2] = {2, 0};
  const size_t shape[3] = {1, 2, 3}, flat[3] = {1, 0, 3};
  pflow_images *images;
  float x[6];
  ck_ok(pflow_images_create(&images, pixels, labels, 2, shape, 3));
  ck_assert_uint_eq(pflow_images_count(images), 2);
  ck_assert_uint_eq(pflow_images_height(images), 2);
  ck_assert_uint_eq(pflow_images_classes(images), 3);
  ck_assert_mem_eq(pflow_images_pixels(images), pixels, sizeof pixels);
  ck_assert_mem_eq(pflow_images_labels(images), labels, sizeof labels);
  ck_ok(pflow_images_get(images, 1, 1, x));
  ck_assert(x[0] == 6.0f / 255.0f && x[5] == 1.0f);
  pflow_images_destroy(images);
  ck_fails(pflow_images_create(&images, pixels, labels, 2, shape, 2), PFLOW_ELABEL,
           "image 0 has label 2, wants 0 to 1");
  labels[1] = -1;
  ck_fails(pflow_images_create(&images, pixels, labels, 2, shape, 3), PFLOW_ELABEL,
           "image 1 has label -1");
  ck_assert_ptr_null(images);
  ck_fails(pflow_images_create(&images, pixels, labels, 0, shape, 3), PFLOW_EINVAL, "0");
  ck_fails(pflow_images_create(&images, pixels, labels, 2, flat, 3), PFLOW_EINVAL,
           "1 x 0 x 3");
  ck_fails(pflow_images_create(&images, pixels, labels, SIZE_MAX / 2, shape, 3),
           PFLOW_EOVERFLOW, "pixels");
  ck_fails(pflow_images_create(NULL, pixels, labels, 2, shape, 3), PFLOW_ENULL, "images");
  ck_fails(pflow_images_create(&images, NULL, labels, 2, shape, 3), PFLOW_ENULL,
           "pixels");
  ck_fails(pflow_images_create(&images, pixels, NULL, 2, shape, 3), PFLOW_ENULL,
           "labels");
  ck_fails(pflow_images_create(&images, pixels, labels, 2, NULL, 3), PFLOW_ENULL,
           "shape");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("images",
                   TESTS(images_of_ones_own, cifar_files_are_joined_in_order,
                         broken_cifar_files_are_named, cifar_labels_above_nine_are_named,
                         too_large_cifar_file_is_refused,
                         failing_allocations_leave_nothing, padding_centres_on_black,
                         bad_padding_is_named, taking_and_reading, null_arguments));
}
