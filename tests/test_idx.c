/*
 * test_idx.c - IDX files, plain and gzipped, and broken ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

/* Three images of 2 x 4 with pixels 10, 11, ... 33 and labels 2, 0, 9. */
static const unsigned char good_images[40] = {
    0,  0,  8,  3,  0,  0,  0,  3,  0,  0,  0,  2,  0,  0,  0,  4,  10, 11, 12, 13,
    14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33};
static const unsigned char good_labels[11] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 9};

/* The bytes as one gzip member; its size. */
static size_t pack(unsigned char *out, size_t room, const void *bytes, size_t size) {
  z_stream stream = {.next_in = (unsigned char *)(uintptr_t)bytes,
                     .avail_in = (uInt)size,
                     .next_out = out,
                     .avail_out = (uInt)room};
  ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
  ck_assert_int_eq(deflateEnd(&stream), Z_OK);
  return stream.total_out;
}

static const char *write_packed(const char *name, const void *bytes, size_t size) {
  unsigned char packed[256];
  return temp_write(name, packed, pack(packed, sizeof packed, bytes, size));
}

static void check_good(pflow_images *images, size_t classes) {
  ck_assert_uint_eq(pflow_images_count(images), 3);
  ck_assert_uint_eq(pflow_images_channels(images), 1);
  ck_assert_uint_eq(pflow_images_height(images), 2);
  ck_assert_uint_eq(pflow_images_width(images), 4);
  ck_assert_uint_eq(pflow_images_classes(images), classes);
  ck_assert(memcmp(pflow_images_pixels(images), good_images + 16, 24) == 0);
  for (size_t i = 0; i < 3; i++)
    ck_assert_int_eq(pflow_images_labels(images)[i], good_labels[8 + i]);
  pflow_images_destroy(images);
}

/* Loading the files "images" and "labels" of the temporary folder must fail so. */
static void check_files_fail(size_t classes, pflow_err code, const char *text) {
  pflow_images *images;
  ck_fails(pflow_images_load_idx_files(&images, temp_path("images"), temp_path("labels"),
                                       classes),
           code, text);
  ck_assert_msg(strstr(pflow_errmsg(), temp_path("")) != NULL, "\"%s\" names no file",
                pflow_errmsg());
  ck_assert_ptr_null(images);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(folders_of_plain_and_gzipped_files_are_read) {
  const char *names[2][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                             {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};
  for (int split = PFLOW_TRAIN; split <= PFLOW_TEST; split++) {
    pflow_images *images;
    char name[64];
    const char *folder = temp_begin();
    temp_write(names[split][0], good_images, sizeof good_images);
    snprintf(name, sizeof name, "%s.gz", names[split][1]);
    write_packed(name, good_labels, sizeof good_labels);
    ck_ok(pflow_images_load_idx(&images, folder, (pflow_split)split));
    check_good(images, 10);
    temp_end();
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Whether a file is packed is told by its bytes, not by its name. */
START_TEST(gzip_is_told_by_content) {
  pflow_images *images;
  temp_begin();
  const char *images_path = write_packed("images", good_images, sizeof good_images);
  const char *labels_path = temp_write("labels.gz", good_labels, sizeof good_labels);
  ck_ok(pflow_images_load_idx_files(&images, images_path, labels_path, 0));
  check_good(images, 10);
  temp_end();
}
END_TEST

START_TEST(gzip_members_are_joined) {
  unsigned char packed[512];
  pflow_images *images;
  temp_begin();
  size_t first = pack(packed, 256, good_images, 21);
  size_t second = pack(packed + first, 256, good_images + 21, sizeof good_images - 21);
  const char *images_path = temp_write("images", packed, first + second);
  const char *labels_path = temp_write("labels", good_labels, sizeof good_labels);
  ck_ok(pflow_images_load_idx_files(&images, images_path, labels_path, 12));
  check_good(images, 12);
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(every_truncation_is_found) {
  unsigned char packed[256];
  temp_begin();
  temp_write("labels", good_labels, sizeof good_labels);
  for (size_t size = 0; size < sizeof good_images; size++) {
    temp_write("images", good_images, size);
    check_files_fail(0, PFLOW_ETRUNCATED, "images: ");
  }
  temp_write("images", good_images, sizeof good_images);
  for (size_t size = 0; size < sizeof good_labels; size++) {
    temp_write("labels", good_labels, size);
    check_files_fail(0, PFLOW_ETRUNCATED, "labels: ");
  }
  temp_write("labels", good_labels, sizeof good_labels);
  size_t whole = pack(packed, sizeof packed, good_images, sizeof good_images);
  for (size_t size = 2; size < whole; size++) {
    temp_write("images", packed, size);
    check_files_fail(0, PFLOW_ETRUNCATED, "images: ");
  }
  temp_end();
}
END_TEST

/* A good file with one byte changed. */
static void check_changed_fails(size_t place, unsigned char value, pflow_err code,
                                const char *text) {
  unsigned char bytes[sizeof good_images];
  memcpy(bytes, good_images, sizeof bytes);
  bytes[place] = value;
  temp_write("images", bytes, sizeof bytes);
  temp_write("labels", good_labels, sizeof good_labels);
  check_files_fail(0, code, text);
}

START_TEST(bad_headers_are_named) {
  temp_begin();
  check_changed_fails(0, 1, PFLOW_EFORMAT, "not an IDX file");
  check_changed_fails(1, 1, PFLOW_EFORMAT, "not an IDX file");
  check_changed_fails(2, 7, PFLOW_EFORMAT, "not an IDX file");
  check_changed_fails(2, 0x0d, PFLOW_EUNSUPPORTED, "type 0x0d, wants 0x08");
  check_changed_fails(3, 1, PFLOW_EUNSUPPORTED, "1 dimensions, wants 3");
  check_changed_fails(3, 4, PFLOW_EUNSUPPORTED, "4 dimensions, wants 3");
  check_changed_fails(7, 0, PFLOW_EFORMAT, "dimension 0 is 0");
  check_changed_fails(15, 0, PFLOW_EFORMAT, "dimension 2 is 0");
  check_changed_fails(7, 4, PFLOW_ETRUNCATED, "24 bytes cannot hold 32");
  check_changed_fails(7, 2, PFLOW_ESHAPE, "labels: 3 labels for 2 images");
  check_changed_fails(11, 1, PFLOW_ETOOLARGE, "longer than its header says");
  check_changed_fails(4, 255, PFLOW_ETOOLARGE, "bytes of values, at most 1073741824");
  temp_end();
}
END_TEST

START_TEST(huge_dimensions_take_no_memory) {
  unsigned char bytes[16] = {0, 0, 8, 3};
  temp_begin();
  temp_write("labels", good_labels, sizeof good_labels);
  memset(bytes + 4, 255, 12);
  temp_write("images", bytes, sizeof bytes);
  check_files_fail(0, PFLOW_EOVERFLOW, "4294967295");
  memcpy(bytes + 4, "\x00\x00\xff\x00\x00\x00\x00\x80\x00\x00\x00\x80", 12);
  temp_write("images", bytes, sizeof bytes);
  check_files_fail(0, PFLOW_ETRUNCATED, "0 bytes cannot hold 1069547520");
  write_packed("images", bytes, sizeof bytes);
  check_files_fail(0, PFLOW_ETRUNCATED, "cannot hold 1069547520");
  temp_end();
}
END_TEST

/* A megabyte of zeros, packed, speaks of 2^20 images, which nobody has labels for. */
START_TEST(counts_are_compared_before_memory_is_taken) {
  const size_t size = (size_t)1 << 20;
  unsigned char *zeros = calloc(size + 16, 1), packed[2048];
  ck_assert_ptr_nonnull(zeros);
  memcpy(zeros, "\0\0\x08\x03\0\x10\0\0\0\0\0\x01\0\0\0\x01", 16);
  temp_begin();
  temp_write("images", packed, pack(packed, sizeof packed, zeros, size + 16));
  temp_write("labels", good_labels, sizeof good_labels);
  counting_install();
  check_files_fail(0, PFLOW_ESHAPE, "labels: 3 labels for 1048576 images");
  counting_remove();
  ck_assert_uint_lt(counting_largest(), 100000); /* zlib's own, and the packed files */
  temp_end();
  free(zeros);
}
END_TEST

/* A gzip bomb: 64 MiB of zeros behind a header that speaks of 24 bytes. */
START_TEST(gzip_bomb_is_refused) {
  const size_t size = (size_t)64 << 20;
  unsigned char *zeros = calloc(size, 1), *packed = malloc(1 << 18);
  ck_assert(zeros && packed);
  memcpy(zeros, good_images, 16);
  temp_begin();
  temp_write("images", packed, pack(packed, 1 << 18, zeros, size));
  temp_write("labels", good_labels, sizeof good_labels);
  check_files_fail(0, PFLOW_ETOOLARGE, "images: longer than its header says");
  temp_end();
  free(zeros);
  free(packed);
}
END_TEST

START_TEST(damaged_gzip_data_are_named) {
  unsigned char packed[256];
  temp_begin();
  temp_write("labels", good_labels, sizeof good_labels);
  size_t size = pack(packed, sizeof packed - 3, good_images, sizeof good_images);
  memcpy(packed + size, "abc", 3);
  temp_write("images", packed, size + 3);
  check_files_fail(0, PFLOW_ETOOLARGE, "3 bytes after its gzip data");
  packed[size - 5] ^= 1;
  temp_write("images", packed, size);
  check_files_fail(0, PFLOW_EFORMAT, "incorrect data check");
  packed[size - 5] ^= 1;
  packed[2] = 7;
  temp_write("images", packed, size);
  check_files_fail(0, PFLOW_EFORMAT, "damaged gzip data");
  temp_end();
}
END_TEST

START_TEST(bad_labels_are_named) {
  unsigned char other[12];
  memcpy(other, good_labels, sizeof good_labels);
  temp_begin();
  temp_write("images", good_images, sizeof good_images);
  temp_write("labels", good_labels, sizeof good_labels);
  check_files_fail(9, PFLOW_ELABEL, "labels: label 2 is 9, wants 0 to 8");
  other[7] = 4;
  other[11] = 1;
  temp_write("labels", other, 12);
  check_files_fail(0, PFLOW_ESHAPE, "4 labels for 3 images");
  other[7] = 3;
  temp_write("labels", other, 12);
  check_files_fail(0, PFLOW_ETOOLARGE, "longer than its header says");
  temp_write("labels", good_images, sizeof good_images);
  check_files_fail(0, PFLOW_EUNSUPPORTED, "3 dimensions, wants 1");
  temp_end();
}
END_TEST

START_TEST(missing_files_and_bad_arguments) {
  pflow_images *images;
  const char *folder = temp_begin();
  ck_fails(pflow_images_load_idx(&images, folder, PFLOW_TRAIN), PFLOW_EIO,
           "train-images-idx3-ubyte.gz");
  temp_folder("t10k-images-idx3-ubyte");
  ck_fails(pflow_images_load_idx(&images, folder, PFLOW_TEST), PFLOW_EIO,
           "not a regular file");
  temp_write("train-images-idx3-ubyte", good_images, sizeof good_images);
  ck_fails(pflow_images_load_idx(&images, folder, PFLOW_TRAIN), PFLOW_EIO,
           "train-labels-idx1-ubyte.gz");
  ck_assert_ptr_null(images);
  ck_fails(pflow_images_load_idx(NULL, folder, PFLOW_TEST), PFLOW_ENULL, "images");
  ck_fails(pflow_images_load_idx(&images, NULL, PFLOW_TEST), PFLOW_ENULL, "folder");
  ck_fails(pflow_images_load_idx(&images, folder, (pflow_split)3), PFLOW_EINVAL, "is 3");
  ck_fails(pflow_images_load_idx_files(NULL, "a", "b", 0), PFLOW_ENULL, "images");
  ck_fails(pflow_images_load_idx_files(&images, NULL, "b", 0), PFLOW_ENULL, "images_p");
  ck_fails(pflow_images_load_idx_files(&images, "a", NULL, 0), PFLOW_ENULL, "labels_p");
  ck_fails(pflow_images_load_idx_files(&images, "a", "b", (size_t)1 << 31), PFLOW_EINVAL,
           "classes is 2147483648");
  temp_end();
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(one_channel_is_repeated_by_padding) {
  pflow_images *images, *wide;
  temp_begin();
  const char *images_path = temp_write("images", good_images, sizeof good_images);
  const char *labels_path = temp_write("labels", good_labels, sizeof good_labels);
  ck_ok(pflow_images_load_idx_files(&images, images_path, labels_path, 0));
  ck_ok(pflow_images_pad(&wide, images, 3, 2, 4));
  ck_assert_uint_eq(pflow_images_channels(wide), 3);
  for (size_t i = 0; i < 9; i++)
    ck_assert(memcmp(pflow_images_pixels(wide) + 8 * i,
                     pflow_images_pixels(images) + i / 3 * 8, 8) == 0);
  pflow_images_destroy(images);
  pflow_images_destroy(wide);
  temp_end();
}
END_TEST

static pflow_err load_folder(void *user) {
  pflow_images *images;
  pflow_err rc = pflow_images_load_idx(&images, user, PFLOW_TRAIN);
  ck_assert((rc == PFLOW_OK) == (images != NULL));
  pflow_images_destroy(images);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  char folder[256];
  snprintf(folder, sizeof folder, "%s", temp_begin());
  write_packed("train-images-idx3-ubyte.gz", good_images, sizeof good_images);
  write_packed("train-labels-idx1-ubyte", good_labels, sizeof good_labels);
  failing_install();
  ck_assert_uint_ge(check_failures(load_folder, folder), 10);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests(
      "idx",
      TESTS(folders_of_plain_and_gzipped_files_are_read, gzip_is_told_by_content,
            gzip_members_are_joined, every_truncation_is_found, bad_headers_are_named,
            huge_dimensions_take_no_memory, counts_are_compared_before_memory_is_taken,
            gzip_bomb_is_refused, damaged_gzip_data_are_named, bad_labels_are_named,
            missing_files_and_bad_arguments, one_channel_is_repeated_by_padding,
            failing_allocations_leave_nothing));
}
