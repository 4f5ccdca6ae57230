/*
 * test_safetensors.c - hostile files: each rule of the format broken on its own, files
 * cut at every byte, and random damage.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

/* A file of that header text and `values` zero bytes, in a block of just its size. */
static unsigned char *file_of(const char *header, size_t values, size_t *size) {
  size_t length = strlen(header);
  *size = 8 + length + values;
  unsigned char *bytes = calloc(*size, 1);
  ck_assert(bytes != NULL);
  for (size_t i = 0; i < 8; i++)
    bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
  memcpy(bytes + 8, header, length);
  return bytes;
}

typedef struct bad_file {
  pflow_err code;
  const char *text;
  size_t values;
  const char *header;
} bad_file;

/* {"w":{"dtype":"F32","shape":SHAPE,"data_offsets":OFFSETS}} */
#define entry(name, shape, offsets)                                                      \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define tensor(shape, offsets) "{" entry("w", shape, offsets) "}"
#define two(first, second)     "{" pair_of(first, second) "}"
#define pair_of(first, second) entry("a", "[2]", first) "," entry("b", "[2]", second)

static const bad_file bad_json[] = {
    {PFLOW_EFORMAT, "does not begin with '{'", 0, ""},
    {PFLOW_EFORMAT, "does not begin with '{'", 0, "[]"},
    {PFLOW_EFORMAT, "does not begin with '{'", 0, " {}"},
    {PFLOW_EFORMAT, "header, byte 1", 0, "{"},
    {PFLOW_EFORMAT, "header, byte 4", 0, "{} x"},
    {PFLOW_EFORMAT, "duplicate object key", 8,
     "{" entry("w", "[1]", "[0,4]") "," entry("w", "[1]", "[4,8]") "}"},
    {PFLOW_EFORMAT, "duplicate object key", 4,
     "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}"},
    {PFLOW_EFORMAT, "duplicate object key", 0,
     "{\"__metadata__\":{},\"__metadata__\":{}}"},
    {PFLOW_EFORMAT, "\\u0000", 0, "{\"__metadata__\":{\"a\":\"b\\u0000c\"}}"},
    {PFLOW_EFORMAT, "NUL", 4, "{" entry("a\\u0000b", "[1]", "[0,4]") "}"},
    {PFLOW_EFORMAT, "0xff", 4, "{" entry("\xFF", "[1]", "[0,4]") "}"},
    {PFLOW_EFORMAT, "0xc0", 4, "{" entry("\xC0\xAF", "[1]", "[0,4]") "}"},
    {PFLOW_EFORMAT, "0xed", 4, "{" entry("\xED\xA0\x80", "[1]", "[0,4]") "}"},
    {PFLOW_EFORMAT, "invalid Unicode", 4, "{" entry("\\uD800x", "[1]", "[0,4]") "}"},
    {PFLOW_EFORMAT, "too big", 4, tensor("[99999999999999999999]", "[0,4]")},
};

static const bad_file bad_metadata[] = {
    {PFLOW_EFORMAT, "__metadata__ is not an object", 0, "{\"__metadata__\":[]}"},
    {PFLOW_EFORMAT, "metadata 'k' is not a string", 0, "{\"__metadata__\":{\"k\":1}}"},
    {PFLOW_EFORMAT, "metadata 'k' is not a string", 0, "{\"__metadata__\":{\"k\":null}}"},
};

static const bad_file bad_entries[] = {
    {PFLOW_EFORMAT, "tensor 'w' is not an object", 0, "{\"w\":1}"},
    {PFLOW_EFORMAT, "tensor 'w' has no dtype", 4,
     "{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}"},
    {PFLOW_EFORMAT, "tensor 'w' has no dtype", 4, "{\"w\":{\"dtype\":32}}"},
    {PFLOW_EUNSUPPORTED, "tensor 'w' has dtype BF16, only F32", 2,
     "{\"w\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}"},
    {PFLOW_EFORMAT, "tensor 'w' has no shape", 4,
     "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}"},
    {PFLOW_EFORMAT, "tensor 'w' has no shape", 4, tensor("1", "[0,4]")},
    {PFLOW_EUNSUPPORTED, "tensor 'w' has 0 dimensions", 4, tensor("[]", "[0,4]")},
    {PFLOW_EUNSUPPORTED, "tensor 'w' has 5 dimensions", 4,
     tensor("[1,1,1,1,1]", "[0,4]")},
    {PFLOW_EUNSUPPORTED, "'w': dimension 1 is 0", 0, tensor("[1,0]", "[0,0]")},
    {PFLOW_EFORMAT, "'w': dimension 0 is -1", 4, tensor("[-1]", "[0,4]")},
    {PFLOW_EFORMAT, "'w': dimension 2 is not an integer", 4,
     tensor("[1,1,1.0]", "[0,4]")},
    {PFLOW_EFORMAT, "'w': dimension 0 is not an integer", 4, tensor("[\"1\"]", "[0,4]")},
    {PFLOW_EFORMAT, "tensor 'w' has no pair of data_offsets", 4,
     "{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}"},
    {PFLOW_EFORMAT, "tensor 'w' has no pair of data_offsets", 4, tensor("[1]", "[0]")},
    {PFLOW_EFORMAT, "tensor 'w' has no pair of data_offsets", 4,
     tensor("[1]", "[0,4,8]")},
    {PFLOW_EFORMAT, "'w': offset 0 is -4", 4, tensor("[1]", "[-4,0]")},
    {PFLOW_EFORMAT, "'w': offset 1 is not an integer", 4, tensor("[1]", "[0,true]")},
    {PFLOW_EFORMAT, "'w' begins at byte 8 and ends at 4", 8, tensor("[1]", "[8,4]")},
    {PFLOW_EFORMAT, "'w' of shape [2, 3] does not fill its 20 bytes", 20,
     tensor("[2,3]", "[0,20]")},
    {PFLOW_EFORMAT, "'w' of shape [1] does not fill its 0 bytes", 0,
     tensor("[1]", "[4,4]")},
    /* 2^32 * 2^30 * 4 bytes wrap to 0. */
    {PFLOW_EFORMAT, "'w' of shape [4294967296, 1073741824] does not fill its 0 bytes", 0,
     tensor("[4294967296,1073741824]", "[0,0]")},
    {PFLOW_EFORMAT, "'w' of shape [9223372036854775807, 9223372036854775807] does not", 4,
     tensor("[9223372036854775807,9223372036854775807]", "[0,4]")},
};

static const bad_file bad_layouts[] = {
    {PFLOW_ETRUNCATED, "tensor 'w' ends at byte 8 of 4", 4, tensor("[2]", "[0,8]")},
    {PFLOW_EFORMAT, "bytes 0 to 4 in front of tensor 'w' are idle", 12,
     tensor("[2]", "[4,12]")},
    {PFLOW_EFORMAT, "tensor 'b' begins at byte 4, 'a' ends at 8", 16,
     two("[0,8]", "[4,12]")},
    {PFLOW_EFORMAT, "tensor 'a' begins at byte 4, 'b' ends at 8", 16,
     two("[4,12]", "[0,8]")},
    {PFLOW_EFORMAT, "ends at 8", 8, two("[0,8]", "[0,8]")},
    {PFLOW_EFORMAT, "bytes 8 to 12 in front of tensor 'b' are idle", 20,
     two("[0,8]", "[12,20]")},
    {PFLOW_ETOOLARGE, "17 bytes of values, the tensors take 16", 17,
     two("[8,16]", "[0,8]")},
    {PFLOW_ETOOLARGE, "1 bytes of values, the tensors take 0", 1, "{}"},
};

static void check_bad(const bad_file *files, size_t count) {
  for (size_t i = 0; i < count; i++) {
    pflow_archive *archive;
    size_t size;
    unsigned char *bytes = file_of(files[i].header, files[i].values, &size);
    pflow_err rc = pflow_archive_parse(&archive, bytes, size, "the file");
    ck_assert_msg(rc == files[i].code, "%s: got %d (%s), wants %d", files[i].header, rc,
                  pflow_errmsg(), files[i].code);
    ck_assert_msg(strstr(pflow_errmsg(), files[i].text) != NULL, "\"%s\" lacks \"%s\"",
                  pflow_errmsg(), files[i].text);
    ck_assert_msg(strncmp(pflow_errmsg(), "the file: ", 10) == 0, "%s", pflow_errmsg());
    ck_assert_ptr_null(archive);
    free(bytes);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

#define check_table(files) check_bad(files, sizeof files / sizeof *files)

START_TEST(broken_headers_are_named) {
  check_table(bad_json);
  check_table(bad_metadata);
  check_table(bad_entries);
}
END_TEST

START_TEST(overlaps_and_gaps_are_named) {
  check_table(bad_layouts);
}
END_TEST

/* What others write: any order, white space, no padding, unknown keys, no metadata. */
START_TEST(valid_files_of_others_are_read) {
  static const char header[] =
      "{ \"b\": {\"data_offsets\": [8, 12], \"shape\": [1], \"dtype\": \"F32\"},\n"
      "\"a\": {\"dtype\": \"F32\", \"extra\": [{}], \"shape\": [2, 1], "
      "\"data_offsets\": [0, 8]} }\n ";
  pflow_archive *archive;
  const pflow_tensor *tensor;
  size_t size;
  unsigned char *bytes = file_of(header, 12, &size);
  ck_assert_uint_ne((size - 12) % 4, 0); /* the values lie askew in the file */
  bytes[size - 1] = 0x40;
  ck_ok(pflow_archive_parse(&archive, bytes, size, "file"));
  ck_assert_str_eq(pflow_archive_name(archive, 0), "a");
  ck_assert_str_eq(pflow_archive_name(archive, 1), "b");
  ck_ok(pflow_archive_get(archive, "b", &tensor));
  ck_assert(pflow_tensor_const_values(tensor)[0] == 2.0f);
  pflow_archive_destroy(archive);
  free(bytes);
}
END_TEST

START_TEST(long_names_are_unsupported) {
  char header[600], name[257];
  memset(name, 'n', 256);
  name[256] = 0;
  pflow_archive *archive;
  size_t size;
  snprintf(header, sizeof header, "{\"__metadata__\":{\"%s\":\"\"}}", name);
  unsigned char *bytes = file_of(header, 0, &size);
  ck_fails(pflow_archive_parse(&archive, bytes, size, "f"), PFLOW_EUNSUPPORTED,
           "a name of 256 bytes, at most 255");
  free(bytes);
  snprintf(header, sizeof header,
           "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", name);
  bytes = file_of(header, 4, &size);
  ck_fails(pflow_archive_parse(&archive, bytes, size, "f"), PFLOW_EUNSUPPORTED,
           "a name of 256 bytes, at most 255");
  free(bytes);
}
END_TEST

/* {OPEN"0":ITEM,"1":ITEM, ...CLOSE} with that many members. */
static void check_many(const char *open, const char *item, const char *close,
                       size_t count, const char *text) {
  pflow_archive *archive;
  char *header = malloc(count * (strlen(item) + 16) + 64);
  ck_assert(header != NULL);
  size_t size, length = (size_t)sprintf(header, "{%s", open);
  for (size_t i = 0; i < count; i++)
    length += (size_t)sprintf(header + length, "%s\"%zu\":%s", i ? "," : "", i, item);
  sprintf(header + length, "%s}", close);
  unsigned char *bytes = file_of(header, 0, &size);
  ck_fails(pflow_archive_parse(&archive, bytes, size, "f"), PFLOW_ETOOLARGE, text);
  ck_assert_ptr_null(archive);
  free(bytes);
  free(header);
}

START_TEST(too_many_items_are_refused) {
  const size_t most = PFLOW_ARCHIVE_MAX_ITEMS;
  check_many("", "1", "", most + 1, "f: 16385 tensors, at most 16384");
  check_many("\"__metadata__\":{", "\"\"", "}", most + 1, "16385 texts, at most 16384");
}
END_TEST

START_TEST(header_lengths_are_checked) {
  static const unsigned char huge[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  static const unsigned char over[8] = {0x01, 0xE1, 0xF5, 0x05}; /* 100000001 */
  static const unsigned char bound[8] = {0x00, 0xE1, 0xF5, 0x05};
  static const unsigned char three[10] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
  pflow_archive *archive;
  ck_fails(pflow_archive_parse(&archive, "", 0, "f"), PFLOW_ETRUNCATED,
           "f: not a safetensors file: 0 bytes");
  ck_fails(pflow_archive_parse(&archive, huge, 7, "f"), PFLOW_ETRUNCATED,
           "f: not a safetensors file: 7 bytes");
  ck_fails(pflow_archive_parse(&archive, huge, 8, "f"), PFLOW_EFORMAT,
           "18446744073709551615 bytes, at most 100000000");
  ck_fails(pflow_archive_parse(&archive, over, 8, "f"), PFLOW_EFORMAT,
           "f: not a safetensors file: a header of 100000001 bytes");
  ck_fails(pflow_archive_parse(&archive, bound, 8, "f"), PFLOW_ETRUNCATED,
           "100000000 bytes, 0 are left");
  ck_fails(pflow_archive_parse(&archive, three, 10, "f"), PFLOW_ETRUNCATED,
           "header of 3 bytes, 2 are left");
  ck_assert_ptr_null(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static const char good_header[] =
    "{\"__metadata__\":{\"about\":\"a \\\"test\\\" \\u00fc\",\"n\":\"12\"},"
    "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
    "\"\xC3\xBC\":{\"dtype\":\"F32\",\"shape\":[1,1,2,1],\"data_offsets\":[32,40]}}  ";

START_TEST(files_cut_at_any_byte_are_refused) {
  size_t size;
  unsigned char *bytes = file_of(good_header, 40, &size);
  for (size_t cut = 0; cut <= size; cut++) {
    pflow_archive *archive;
    unsigned char *part = malloc(cut + 1);
    ck_assert(part != NULL);
    memcpy(part, bytes, cut);
    pflow_err rc = pflow_archive_parse(&archive, part, cut, "cut");
    ck_assert_msg(rc == (cut < size ? PFLOW_ETRUNCATED : PFLOW_OK), "%zu bytes: %d, %s",
                  cut, rc, pflow_errmsg());
    pflow_archive_destroy(archive);
    free(part);
  }
  free(bytes);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Uses all that a file gave, so that a sanitizer sees any value outside of it. */
static size_t use_all(const pflow_archive *archive) {
  size_t used = 0;
  for (size_t i = 0; i < pflow_archive_count(archive); i++) {
    const pflow_tensor *tensor;
    ck_ok(pflow_archive_get(archive, pflow_archive_name(archive, i), &tensor));
    for (size_t k = 0; k < pflow_tensor_size(tensor); k++)
      used += pflow_tensor_const_values(tensor)[k] == 0.0f;
  }
  return used;
}

START_TEST(random_damage_is_survived) {
  enum { rounds = 30000 };
  size_t size, accepted = 0;
  unsigned char *good = file_of(good_header, 40, &size), *bytes = malloc(size);
  pflow_rng rng;
  pflow_rng_init(&rng, 20240607, 0);
  for (int round = 0; round < rounds; round++) {
    pflow_archive *archive;
    memcpy(bytes, good, size);
    for (uint64_t flips = 1 + pflow_rng_below(&rng, 3); flips > 0; flips--)
      bytes[pflow_rng_below(&rng, size)] ^=
          (unsigned char)(1 + pflow_rng_below(&rng, 255));
    pflow_err rc = pflow_archive_parse(&archive, bytes, size, "damaged");
    ck_assert((rc == PFLOW_OK) == (archive != NULL));
    if (rc == PFLOW_OK) {
      accepted++;
      ck_assert_uint_le(use_all(archive), 10);
    } else {
      ck_assert_msg(strncmp(pflow_errmsg(), "damaged: ", 9) == 0, "%s", pflow_errmsg());
    }
    pflow_archive_destroy(archive);
  }
  /* Damage to values and to letters of names goes unseen, damage to structure does not.
   */
  ck_assert_uint_gt(accepted, rounds / 100);
  ck_assert_uint_lt(accepted, rounds / 2);
  free(bytes);
  free(good);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("safetensors",
                   TESTS(broken_headers_are_named, overlaps_and_gaps_are_named,
                         valid_files_of_others_are_read, too_many_items_are_refused,
                         long_names_are_unsupported, header_lengths_are_checked,
                         files_cut_at_any_byte_are_refused, random_damage_is_survived));
}
