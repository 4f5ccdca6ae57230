/*
 * test_base.c - result codes, messages and memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

typedef struct code_row {
  pflow_err code;
  int number;
} code_row;

/* Written out: these numbers are in programs that were compiled long ago. */
static const code_row pinned[] = {{PFLOW_OK, 0},          {PFLOW_STOPPED, 1},
                                  {PFLOW_LIMIT, 2},       {PFLOW_ENULL, -1},
                                  {PFLOW_ENOMEM, -2},     {PFLOW_EOVERFLOW, -3},
                                  {PFLOW_ESHAPE, -4},     {PFLOW_EINVAL, -5},
                                  {PFLOW_ENONFINITE, -6}, {PFLOW_ELABEL, -7},
                                  {PFLOW_ESTATE, -8},     {PFLOW_EIO, -9},
                                  {PFLOW_EFORMAT, -10},   {PFLOW_ETRUNCATED, -11},
                                  {PFLOW_ETOOLARGE, -12}, {PFLOW_EUNSUPPORTED, -13},
                                  {PFLOW_ENOTFOUND, -14}, {PFLOW_ECALLBACK, -15},
                                  {PFLOW_ETHREAD, -16},   {PFLOW_EBUSY, -17},
                                  {PFLOW_EDIVERGED, -18}};
enum { codes = sizeof pinned / sizeof *pinned };

START_TEST(codes_have_their_numbers_and_texts) {
#define count_one(name, number, text) +1
  ck_assert_int_eq(codes, 0 PFLOW_ERROR_LIST(count_one));
#undef count_one
  for (size_t i = 0; i < codes; i++) {
    const char *text = pflow_strerror(pinned[i].code);
    ck_assert_int_eq((int)pinned[i].code, pinned[i].number);
    ck_assert_uint_gt(strlen(text), 0);
    ck_assert_str_ne(text, "unknown result code");
    for (size_t k = 0; k < i; k++)
      ck_assert_str_ne(text, pflow_strerror(pinned[k].code));
  }
  ck_assert_str_eq(pflow_strerror((pflow_err)3), "unknown result code");
  ck_assert_str_eq(pflow_strerror((pflow_err)-19), "unknown result code");
}
END_TEST

START_TEST(version_agrees_with_its_parts) {
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", PFLOW_VERSION_MAJOR, PFLOW_VERSION_MINOR,
           PFLOW_VERSION_PATCH);
  ck_assert_str_eq(pflow_version(), version);
  ck_assert_str_eq(PFLOW_VERSION, version);
}
END_TEST

static void *fail_elsewhere(void *user) {
  ck_assert_str_eq(pflow_errmsg(), "");
  pflow_pool *pool;
  *(pflow_err *)user = pflow_pool_create(&pool, 1000);
  ck_assert_ptr_nonnull(strstr(pflow_errmsg(), "1000"));
  return NULL;
}

START_TEST(messages_belong_to_their_thread) {
  ck_assert_str_eq(pflow_errmsg(), "");
  ck_fails(pflow_pool_create(NULL, 1), PFLOW_ENULL, "pflow_pool_create: pool is NULL");
  pthread_t other;
  pflow_err rc = PFLOW_OK;
  ck_assert_int_eq(pthread_create(&other, NULL, fail_elsewhere, &rc), 0);
  ck_assert_int_eq(pthread_join(other, NULL), 0);
  ck_assert_int_eq(rc, PFLOW_EINVAL);
  ck_assert_str_eq(pflow_errmsg(), "pflow_pool_create: pool is NULL");
  pflow_free(pflow_alloc(1, 1));
  ck_assert_str_eq(pflow_errmsg(), "pflow_pool_create: pool is NULL");
}
END_TEST

START_TEST(long_messages_are_cut) {
  char path[2000];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  unsigned char *bytes;
  size_t size;
  ck_fails(pflow_file_read(&bytes, &size, path, 10), PFLOW_EIO, "xxx");
  ck_assert_uint_eq(strlen(pflow_errmsg()), 511);
}
END_TEST

/* A path with an escape and a new line in it. */
START_TEST(messages_are_one_plain_line) {
  unsigned char *bytes;
  size_t size;
  ck_fails(pflow_file_read(&bytes, &size, "no\x1b[31m\n\x7fx caf\xc3\xa9", 10), PFLOW_EIO,
           "no?[31m??x caf\xc3\xa9: ");
}
END_TEST

START_TEST(blocks_are_aligned_zeroed_and_counted) {
  unsigned char *blocks[40];
  for (size_t round = 0; round < 3; round++) {
    for (size_t i = 0; i < 40; i++) {
      blocks[i] = pflow_alloc(i, 37);
      ck_assert_ptr_nonnull(blocks[i]);
      ck_assert_uint_eq((uintptr_t)blocks[i] % PFLOW_ALIGNMENT, 0);
      ck_assert_uint_eq(pflow_live_blocks(), i + 1);
      for (size_t k = 0; k < i * 37; k++)
        ck_assert_uint_eq(blocks[i][k], 0);
      memset(blocks[i], 0xAA, i * 37);
    }
    for (size_t i = 0; i < 40; i++)
      pflow_free(blocks[i]);
    ck_assert_uint_eq(pflow_live_blocks(), 0);
  }
  pflow_free(NULL);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* From 4 MiB on they may lie on large pages, to the same effect. */
START_TEST(big_blocks_are_as_others) {
  const size_t sizes[] = {((size_t)4 << 20) - PFLOW_ALIGNMENT - 1,
                          ((size_t)4 << 20) - PFLOW_ALIGNMENT, ((size_t)9 << 20) + 5};
  errno = 1234;
  for (size_t i = 0; i < 3; i++) {
    unsigned char *block = pflow_alloc(sizes[i], 1);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % PFLOW_ALIGNMENT, 0);
    for (size_t k = 0; k < sizes[i]; k++)
      if (block[k] != 0) ck_abort_msg("byte %zu is %d", k, block[k]);
    memset(block, 0xAA, sizes[i]);
    pflow_free(block);
  }
  ck_assert_int_eq(errno, 1234);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused) {
  const size_t bad[][2] = {{SIZE_MAX, 2},         {2, SIZE_MAX},
                           {SIZE_MAX / 2 + 1, 2}, {(size_t)1 << 33, (size_t)1 << 33},
                           {SIZE_MAX, 1},         {1, SIZE_MAX - PFLOW_ALIGNMENT + 1}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[64];
    snprintf(text, sizeof text, "%zu x %zu bytes overflows", bad[i][0], bad[i][1]);
    ck_assert_ptr_null(pflow_alloc(bad[i][0], bad[i][1]));
    ck_assert_ptr_nonnull(strstr(pflow_errmsg(), text));
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* An allocator that keeps account of what the library tells it. */
typedef struct account {
  size_t blocks, bytes, alignment;
  int empty; /* refuses everything */
} account;

static void *account_allocate(size_t size, size_t alignment, void *user) {
  account *self = user;
  void *block;
  if (self->empty || posix_memalign(&block, alignment, size) != 0) return NULL;
  memset(block, 0x55, size);
  self->blocks++;
  self->bytes += size;
  self->alignment = alignment;
  return block;
}

static void account_release(void *block, size_t size, void *user) {
  account *self = user;
  self->blocks--;
  self->bytes -= size;
  free(block);
}

START_TEST(allocator_can_be_replaced) {
  account self = {0};
  const pflow_allocator mine = {account_allocate, account_release, &self};
  ck_ok(pflow_set_allocator(&mine));
  char *first = pflow_alloc(10, 10), *second = pflow_alloc(1, 1000);
  ck_assert_uint_eq(self.blocks, 2);
  ck_assert_uint_ge(self.bytes, 1100);
  ck_assert_uint_eq(self.alignment, PFLOW_ALIGNMENT);
  ck_assert_int_eq(second[999], 0);
  ck_fails(pflow_set_allocator(NULL), PFLOW_EBUSY, "2 blocks");
  pflow_free(first);
  ck_fails(pflow_set_allocator(&mine), PFLOW_EBUSY, "1 blocks");
  pflow_free(second);
  ck_assert(self.blocks == 0 && self.bytes == 0);
  ck_ok(pflow_set_allocator(NULL));
  pflow_free(pflow_alloc(5, 5));
  ck_assert_uint_eq(self.blocks, 0);
}
END_TEST

START_TEST(bad_allocators_are_refused) {
  account self = {.empty = 1};
  pflow_allocator mine = {NULL, account_release, &self};
  ck_fails(pflow_set_allocator(&mine), PFLOW_ENULL, "allocate");
  mine = (pflow_allocator){account_allocate, NULL, &self};
  ck_fails(pflow_set_allocator(&mine), PFLOW_ENULL, "release");
  mine.release = account_release;
  ck_ok(pflow_set_allocator(&mine));
  ck_assert_ptr_null(pflow_alloc(3, 7));
  ck_assert_str_eq(pflow_errmsg(), "no memory for 21 bytes");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  ck_ok(pflow_set_allocator(NULL));
}
END_TEST

static pflow_err make_pool(void *user) {
  (void)user;
  pflow_pool *pool;
  pflow_err rc = pflow_pool_create(&pool, 3);
  if (rc < 0) ck_assert_ptr_null(pool);
  pflow_pool_destroy(pool);
  return rc;
}

static pflow_err write_and_read(void *user) {
  unsigned char *bytes = NULL;
  size_t size;
  pflow_err rc = pflow_file_write(user, "text", 4);
  if (rc == PFLOW_OK) rc = pflow_file_read(&bytes, &size, user, 100);
  pflow_free(bytes);
  return rc;
}

START_TEST(failed_allocations_leave_nothing) {
  char path[512];
  temp_begin();
  snprintf(path, sizeof path, "%s", temp_path("file"));
  failing_install();
  check_failures(make_pool, NULL);
  check_failures(write_and_read, path);
  failing_remove();
  temp_end();
}
END_TEST

int main(void) {
  return run_tests("base",
                   TESTS(codes_have_their_numbers_and_texts,
                         version_agrees_with_its_parts, messages_belong_to_their_thread,
                         long_messages_are_cut, messages_are_one_plain_line,
                         blocks_are_aligned_zeroed_and_counted, big_blocks_are_as_others,
                         sizes_that_overflow_are_refused, allocator_can_be_replaced,
                         bad_allocators_are_refused, failed_allocations_leave_nothing));
}
