/*
 * test_map_hostile.c - maps in files that lie: each claim on its own, and random damage.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "support/clouds.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = 60, k = 3, dim = 6, rounds = 1000 };

typedef struct file {
  unsigned char *bytes;
  size_t size;
} file;

static const pflow_denoiser_config *tiny_network(void) {
  static pflow_denoiser_config config;
  pflow_denoiser_config_init(&config);
  config.width = 8;
  config.layers = 1;
  config.steps = 3;
  config.batch = 16;
  return &config;
}

static const pflow_field_fit_config *short_post(void) {
  static pflow_field_fit_config config;
  pflow_field_fit_config_init(&config);
  config.epochs = 1;
  return &config;
}

/* The bytes of a fitted map's file. */
static file saved_for(pflow_map_method method, pflow_map_field field,
                      pflow_map_target target) {
  clouds rows = clouds_make(n, k, dim, 0);
  pflow_map_config config = settled_map(method == PFLOW_MAP_POISSON ? k : 0);
  config.method = method;
  config.field = field;
  config.target = target;
  config.denoiser = tiny_network();
  config.post = short_post();
  pflow_map *map = fit_map(&config, &rows);
  file made;
  temp_begin();
  ck_ok(pflow_map_save(map, temp_path("map.safetensors")));
  made.bytes = temp_read("map.safetensors", &made.size);
  temp_end();
  pflow_map_destroy(map);
  clouds_free(&rows);
  return made;
}

static file saved(pflow_map_method method, pflow_map_field field) {
  return saved_for(method, field, PFLOW_MAP_HEMISPHERE);
}

static size_t header_size(const file *self) {
  size_t size = 0;
  for (size_t i = 0; i < 8; i++)
    size |= (size_t)self->bytes[i] << 8 * i;
  return size;
}

/* A file with `to` in place of the first `from` of its header. */
static file edited(const file *self, const char *from, const char *to) {
  const size_t header = header_size(self), cut = strlen(from), put = strlen(to);
  const unsigned char *at = memmem(self->bytes + 8, header, from, cut);
  ck_assert_msg(at != NULL, "no %s in the file", from);
  const size_t before = (size_t)(at - self->bytes), after = self->size - before - cut;
  file made = {malloc(self->size - cut + put), self->size - cut + put};
  ck_assert_ptr_nonnull(made.bytes);
  memcpy(made.bytes, self->bytes, before);
  memcpy(made.bytes + before, to, put);
  memcpy(made.bytes + before + put, at + cut, after);
  for (size_t i = 0; i < 8; i++)
    made.bytes[i] = (unsigned char)((header - cut + put) >> 8 * i);
  return made;
}

/* The file, given up here, with the checksum that a map's reader finds in it. */
static file mended(file stale) {
  static const char key[] = "pflow.map.crc32\":\"", said[] = "its checksum is ";
  char from[64], to[64];
  pflow_map *map;
  const pflow_err rc = pflow_map_parse(&map, stale.bytes, stale.size, "damaged", NULL);
  const char *sum = strstr(pflow_errmsg(), said);
  pflow_map_destroy(map);
  const unsigned char *at =
      rc == PFLOW_EFORMAT && sum
          ? memmem(stale.bytes + 8, header_size(&stale), key, strlen(key))
          : NULL;
  if (!at) return stale;
  const char *digits = (const char *)at + strlen(key);
  snprintf(from, sizeof from, "%s%.*s\"", key, (int)strcspn(digits, "\""), digits);
  snprintf(to, sizeof to, "%s%lu\"", key, strtoul(sum + strlen(said), NULL, 16));
  const file made = edited(&stale, from, to);
  free(stale.bytes);
  return made;
}

/* As first written: the sum is of the arrays' values alone. */
static file of_first_kind(const file *self) {
  pflow_archive *archive;
  const char *sum;
  char from[64], to[64];
  uLong crc = crc32(0, NULL, 0);
  ck_ok(pflow_archive_parse(&archive, self->bytes, self->size, "honest"));
  for (size_t i = 0; i < pflow_archive_count(archive); i++) {
    const pflow_tensor *tensor;
    ck_ok(pflow_archive_get(archive, pflow_archive_name(archive, i), &tensor));
    crc = crc32_z(crc, (const unsigned char *)pflow_tensor_const_values(tensor),
                  pflow_tensor_size(tensor) * sizeof(float));
  }
  ck_ok(pflow_archive_get_text(archive, "pflow.map.crc32", &sum));
  snprintf(from, sizeof from, "crc32\":\"%s\"", sum);
  snprintf(to, sizeof to, "crc32\":\"%lu\"", crc);
  const file made = edited(self, from, to);
  pflow_archive_destroy(archive);
  return made;
}

/* Reads a map from a block of just its size and, if that works, uses it. */
static pflow_err read_and_use(const file *self) {
  pflow_map *map;
  pflow_map_work *work;
  pflow_map_work_config config;
  pflow_err rc = pflow_map_parse(&map, self->bytes, self->size, "hostile", NULL);
  if (rc < 0) {
    ck_assert_ptr_null(map);
    return rc;
  }
  const size_t in = pflow_map_in_dim(map), out = pflow_map_out_dim(map);
  pflow_map_work_config_init(&config);
  config.max_rows = 1;
  if (in <= 1 << 20 && pflow_map_work_create(&work, map, &config) == PFLOW_OK) {
    float *x = calloc(in, sizeof *x), *y = malloc(out * sizeof *y);
    x[0] = 1.0f;
    if (pflow_map_transform(map, work, x, 1, y) == PFLOW_OK &&
        pflow_map_is_invertible(map))
      (void)!pflow_map_inverse(map, work, y, 1, x);
    free(x);
    free(y);
    pflow_map_work_destroy(work);
  }
  pflow_map_destroy(map);
  return rc;
}

static void check_refused(const file *self, const char *text) {
  const pflow_err rc = read_and_use(self);
  ck_assert_msg(rc == PFLOW_EFORMAT || rc == PFLOW_ESHAPE || rc == PFLOW_ENOTFOUND,
                "%d: %s; wants %s", rc, pflow_errmsg(), text);
  ck_assert_msg(strstr(pflow_errmsg(), text) != NULL, "\"%s\" lacks \"%s\"",
                pflow_errmsg(), text);
}

typedef struct lie {
  const char *from, *to, *text;
} lie;

/* "key":value of the map's description, which is a text in the header. */
#define member(key, value) "\\\"" key "\\\":" value

static void check_lies(pflow_map_method method, pflow_map_field field, const lie *lies,
                       size_t count) {
  file honest = saved(method, field);
  ck_ok(read_and_use(&honest));
  for (size_t i = 0; i < count; i++) {
    file made = mended(edited(&honest, lies[i].from, lies[i].to));
    check_refused(&made, lies[i].text);
    free(made.bytes);
  }
  free(honest.bytes);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

#define check_all(method, field, lies)                                                   \
  check_lies(method, field, lies, sizeof(lies) / sizeof *(lies))

START_TEST(rivals_have_their_sizes) {
  static const lie plain[] = {
      {member("out_dim", "6"), member("out_dim", "5"), "from 6 values to 5"},
      {member("in_dim", "6"), member("in_dim", "900000"), "from 900000 values to 6"},
      {member("in_dim", "6"), member("in_dim", "0"), "'in_dim' is 0"},
      {member("in_dim", "6"), member("in_dim", "-6"), "'in_dim' is not"},
      {member("strength", "1"), member("strength", "1.5"), "'strength' is 1.5"}};
  static const lie affine[] = {
      {member("out_dim", "6"), member("out_dim", "7"), "the map has 6 to 7"},
      {member("identity", "false"), member("identity", "true"), "an identity by zca"},
      {member("kind", "3"), member("kind", "4"), "kind 4, the map wants 3"},
      {member("method", "\\\"zca\\\""), member("method", "\\\"cube\\\""), "'cube'"}};
  check_all(PFLOW_MAP_NONE, PFLOW_MAP_EXACT, plain);
  check_all(PFLOW_MAP_L2, PFLOW_MAP_EXACT, plain);
  check_lies(PFLOW_MAP_QUANTILE, PFLOW_MAP_EXACT, plain + 2, 3);
  check_all(PFLOW_MAP_ZCA, PFLOW_MAP_EXACT, affine);
}
END_TEST

START_TEST(flows_have_their_sizes) {
  static const lie lies[] = {
      {member("sources", "60"), member("sources", "61"), "sources"},
      {member("sources", "60"), member("sources", "1"), "1 sources"},
      {member("dims", "3"), member("dims", "4"), "the map has 4"},
      {member("kind", "1"), member("kind", "2"), "kind 2, the map wants 1"},
      {member("aug_dim", "3"), member("aug_dim", "0.5"), "a flow in 0.5 dimensions"},
      {member("aug_dim", "3"), member("aug_dim", "4"), "a flow in 4 dimensions"}};
  check_all(PFLOW_MAP_POISSON, PFLOW_MAP_EXACT, lies);
}
END_TEST

/* The text of `key` up to the next comma, as it stands in a file's header. */
static void replace_number(const file *honest, const char *key, const char *value,
                           const char *text) {
  char from[256], to[256];
  const char *at = memmem(honest->bytes + 8, header_size(honest), key, strlen(key));
  ck_assert_ptr_nonnull(at);
  snprintf(from, sizeof from, "%.*s", (int)strcspn(at, ","), at);
  snprintf(to, sizeof to, "%s%s", key, value);
  file made = mended(edited(honest, from, to));
  check_refused(&made, text);
  free(made.bytes);
}

START_TEST(heights_are_those_of_a_flow) {
  file exact = saved(PFLOW_MAP_POISSON, PFLOW_MAP_EXACT);
  replace_number(&exact, member("r0", ""), "1e-300",
                 "a flow in 3 dimensions from 1e-300");
  replace_number(&exact, member("r0", ""), "1e300", "a flow in 3 dimensions from 1e+300");
  replace_number(&exact, member("r1", ""), "1e300", "to 1e+300");
  replace_number(&exact, member("r_low", ""), "1e-300", "and back to 1e-300");
  replace_number(&exact, member("r_low", ""), "2", "and back to 2");
  replace_number(&exact, member("rtol", ""), "1e-300", "'rtol' is 1e-300");
  replace_number(&exact, member("target", ""), "\\\"ball\\\"",
                 "arrays for 6 values to 3");
  replace_number(&exact, member("target", ""), "4", "no text 'target'");
  replace_number(&exact, member("field", ""), "\\\"network\\\"", "denoiser");
  free(exact.bytes);
  file network = saved(PFLOW_MAP_POISSON, PFLOW_MAP_NETWORK);
  replace_number(&network, member("r_low", ""), "0.01", "the map has 3, 3, 0.01 to");
  free(network.bytes);
  file post = saved(PFLOW_MAP_POISSON, PFLOW_MAP_POST);
  replace_number(&post, member("target", ""), "\\\"ball\\\"", "the post's field has raw");
  replace_number(&post, member("in_dim", ""), "7", "the map has 7 to 6");
  free(post.bytes);
}
END_TEST

/* The archive in a file, its checksum right. */
static file with_checksum(pflow_archive *archive) {
  file stale;
  temp_begin();
  ck_ok(pflow_archive_save(archive, temp_path("lie.safetensors")));
  stale.bytes = temp_read("lie.safetensors", &stale.size);
  temp_end();
  return mended(stale);
}

START_TEST(arrays_are_finite) {
  static const struct {
    pflow_map_method method;
    pflow_map_field field;
  } of[] = {{PFLOW_MAP_POISSON, PFLOW_MAP_EXACT},
            {PFLOW_MAP_POISSON, PFLOW_MAP_NETWORK},
            {PFLOW_MAP_POISSON, PFLOW_MAP_POST},
            {PFLOW_MAP_WHITEN, PFLOW_MAP_EXACT},
            {PFLOW_MAP_QUANTILE, PFLOW_MAP_EXACT}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    file honest = saved(of[i].method, of[i].field);
    pflow_archive *archive;
    ck_ok(pflow_archive_parse(&archive, honest.bytes, honest.size, "honest"));
    for (size_t t = 0; t < pflow_archive_count(archive); t++) {
      const pflow_tensor *tensor;
      const char *name = pflow_archive_name(archive, t);
      ck_ok(pflow_archive_get(archive, name, &tensor));
      float *values = (float *)pflow_tensor_const_values(tensor), kept = values[0];
      values[0] = NAN;
      file made = with_checksum(archive);
      ck_fails(read_and_use(&made), PFLOW_EFORMAT, "nan");
      ck_assert(strstr(pflow_errmsg(), name) != NULL);
      free(made.bytes);
      values[0] = kept;
    }
    pflow_archive_destroy(archive);
    free(honest.bytes);
  }
}
END_TEST

/* Radii that would send rows the wrong way. */
START_TEST(radii_rise) {
  file honest = saved_for(PFLOW_MAP_POISSON, PFLOW_MAP_EXACT, PFLOW_MAP_GAUSSIAN);
  pflow_archive *archive;
  const pflow_tensor *tensor;
  ck_ok(pflow_archive_parse(&archive, honest.bytes, honest.size, "honest"));
  ck_ok(pflow_archive_get(archive, "radii", &tensor));
  float *values = (float *)pflow_tensor_const_values(tensor);
  values[40] = values[39] - 1.0f;
  file made = with_checksum(archive);
  ck_fails(read_and_use(&made), PFLOW_EFORMAT, "list 1 of 'radii' does not rise");
  free(made.bytes);
  pflow_archive_destroy(archive);
  free(honest.bytes);
}
END_TEST

static file copy_of(const file *self) {
  file made = {malloc(self->size), self->size};
  ck_assert_ptr_nonnull(made.bytes);
  memcpy(made.bytes, self->bytes, self->size);
  return made;
}

/* One row's result, and whether the file was believed. */
static bool map_one(const file *self, float y[dim]) {
  const float x[dim] = {0.5f, -0.25f};
  pflow_map *map;
  pflow_map_work *work;
  if (pflow_map_parse(&map, self->bytes, self->size, "flipped", NULL) < 0) return false;
  ck_assert_uint_eq(pflow_map_in_dim(map), dim);
  ck_assert_uint_le(pflow_map_out_dim(map), dim);
  ck_ok(pflow_map_work_create(&work, map, NULL));
  ck_ok(pflow_map_transform(map, work, x, 1, y));
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  return true;
}

/* A bit of a setting, of a size or of a name is as well guarded as one of an array. */
START_TEST(no_flipped_bit_moves_a_row) {
  file honest = saved(PFLOW_MAP_POISSON, PFLOW_MAP_EXACT), made = copy_of(&honest);
  const size_t bits = 8 * (8 + header_size(&honest));
  float whole[dim] = {0}, got[dim] = {0};
  size_t refused = 0;
  ck_assert(map_one(&honest, whole));
  for (size_t bit = 0; bit < bits; bit++) {
    made.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    if (!map_one(&made, got))
      refused++;
    else
      ck_assert_msg(memcmp(got, whole, sizeof whole) == 0, "bit %zu", bit);
    made.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  ck_assert_uint_gt(refused, bits / 2);
  free(made.bytes);
  free(honest.bytes);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(first_files_are_read) {
  const file honest = saved(PFLOW_MAP_POISSON, PFLOW_MAP_EXACT);
  const file first = of_first_kind(&honest);
  float whole[dim] = {0}, got[dim] = {0};
  ck_assert(map_one(&honest, whole) && map_one(&first, got));
  ck_assert_mem_eq(got, whole, sizeof whole);
  first.bytes[first.size - 1] ^= 1;
  ck_assert(!map_one(&first, got));
  free(first.bytes);
  free(honest.bytes);
}
END_TEST

/* Headers with a few bytes changed, among them digits for digits. */
START_TEST(damage_is_survived) {
  static const struct {
    pflow_map_method method;
    pflow_map_field field;
  } of[] = {{PFLOW_MAP_POISSON, PFLOW_MAP_EXACT}, {PFLOW_MAP_POISSON, PFLOW_MAP_NETWORK},
            {PFLOW_MAP_POISSON, PFLOW_MAP_POST},  {PFLOW_MAP_L2, PFLOW_MAP_EXACT},
            {PFLOW_MAP_ABTT, PFLOW_MAP_EXACT},    {PFLOW_MAP_QUANTILE, PFLOW_MAP_EXACT}};
  pflow_rng rng;
  pflow_rng_init(&rng, 11, 0);
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    file honest = saved(of[i].method, of[i].field);
    const size_t header = header_size(&honest);
    size_t refused = 0;
    for (size_t round = 0; round < rounds; round++) {
      file made = copy_of(&honest);
      const size_t changes = 1 + pflow_rng_below(&rng, 3);
      for (size_t c = 0; c < changes; c++) {
        unsigned char *at = made.bytes + 8 + pflow_rng_below(&rng, header);
        if (round % 4 > 0)
          while (*at < '0' || *at > '9')
            at = made.bytes + 8 + pflow_rng_below(&rng, header);
        *at = (unsigned char)(round % 4 > 0 ? '0' + pflow_rng_below(&rng, 10)
                                            : pflow_rng_below(&rng, 256));
      }
      made.size = round % 16 == 0 ? pflow_rng_below(&rng, honest.size) : honest.size;
      made = mended(made);
      refused += read_and_use(&made) < 0;
      free(made.bytes);
    }
    ck_assert_uint_gt(refused, rounds / 4);
    free(honest.bytes);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("map hostile", TESTS(rivals_have_their_sizes, flows_have_their_sizes,
                                        heights_are_those_of_a_flow, arrays_are_finite,
                                        radii_rise, no_flipped_bit_moves_a_row,
                                        first_files_are_read, damage_is_survived));
}
