/*
 * test_json_load.c - JSON texts while any of jansson's allocations fail: the whole value
 * or none.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/json_load.h"
#include "support/suite.h"

/* ---- failing allocations ---- */

static struct {
  size_t calls, from, to; /* calls from..to-1 fail */
  pflow_rng *rng;         /* or each by a thirtieth */
  size_t failed;
} plan;

static void *planned_malloc(size_t size) {
  const size_t call = plan.calls++;
  const bool in_range = call >= plan.from && call < plan.to;
  if (!in_range && !(plan.rng && pflow_rng_below(plan.rng, 30) == 0)) return malloc(size);
  plan.failed++;
  return NULL;
}

/* The value of a text while calls fail, or NULL. */
static json_t *load(const char *text, size_t from, size_t to, pflow_rng *rng,
                    json_error_t *error) {
  plan.calls = plan.failed = 0, plan.from = from, plan.to = to, plan.rng = rng;
  json_set_alloc_funcs(planned_malloc, free);
  json_t *found = pf_json_load(text, strlen(text), error);
  json_set_alloc_funcs(malloc, free);
  return found;
}

/* Whether it was read: the same value, if no call failed, or no text but "no memory". */
static bool check(const char *text, const json_t *whole, size_t from, size_t to,
                  pflow_rng *rng) {
  json_error_t error;
  json_t *found = load(text, from, to, rng, &error);
  const bool read = found != NULL;
  ck_assert_msg(!found || json_equal(found, whole), "%.40s: other values, calls %zu-%zu",
                text, from, to);
  ck_assert_msg(read == (plan.failed == 0), "%.40s: read %d, %zu calls failed", text,
                read, plan.failed);
  ck_assert_msg(read || !*error.text, "%.40s: calls %zu-%zu: %s", text, from, to,
                error.text);
  json_decref(found);
  return read;
}

/* ---- texts ---- */

static const char numbers[] = "{\"pi\": [3.14159265358979312, -1.7976931348623157e+308, "
                              "12345678901234567, 2.2250738585072014e-308]}";
static const char escapes[] =
    "[\"a line\\nand another\\tof \\u00e4\\ud83d\\ude00 \\\\ \\\"\", "
    "{\"a key that is longer than sixteen: \xc3\xa4\": true, \"b\": \"c\"}, null]";

/* Objects and strings up to a length that moves over the sizes of a buffer. */
static const char *long_text(size_t length) {
  static char text[20000];
  const int begun = snprintf(text, sizeof text, "{\"numbers\":%s,\"long\":\"", numbers);
  memset(text + begun, 'l', length);
  strcpy(text + begun + length, "\",\"end\":[1,2,{}]}");
  return text;
}

static void check_text(const char *text) {
  json_error_t error;
  json_t *whole = load(text, 0, 0, NULL, &error), *plain = json_loads(text, 0, &error);
  ck_assert_ptr_nonnull(whole);
  ck_assert(json_equal(whole, plain));
  const size_t calls = plan.calls;
  size_t read = 0;
  ck_assert_uint_gt(calls, 10);
  for (size_t from = 0; from < calls; from++)
    for (size_t width = 1; width < 8; width++)
      read += check(text, whole, from, from + width, NULL);
  for (size_t from = 0; from < calls; from++)
    ck_assert(!check(text, whole, from, SIZE_MAX, NULL));
  ck_assert_uint_eq(read, 0);
  json_decref(plain);
  json_decref(whole);
}

START_TEST(failing_allocations_lose_nothing) {
  check_text(numbers);
  check_text(escapes);
  for (size_t length = 1; length < 5000; length = 2 * length + 1)
    for (size_t more = 0; more < 3; more++)
      check_text(long_text(length + more));
}
END_TEST

START_TEST(random_failures_lose_nothing) {
  pflow_rng rng;
  json_error_t error;
  pflow_rng_init(&rng, 1, 0);
  const char *const texts[] = {numbers, escapes, long_text(3000)};
  for (size_t i = 0; i < 3; i++) {
    json_t *whole = load(texts[i], 0, 0, NULL, &error);
    size_t read = 0;
    for (size_t round = 0; round < 3000; round++)
      read += check(texts[i], whole, 0, 0, &rng);
    ck_assert_uint_gt(read, 300);
    ck_assert_uint_lt(read, 2700);
    json_decref(whole);
  }
}
END_TEST

/* ---- texts that are none ---- */

static void check_refused(const char *text, const char *why, int position) {
  json_error_t error;
  ck_assert_ptr_null(load(text, 0, 0, NULL, &error));
  ck_assert_msg(strstr(error.text, why), "%s: '%s' lacks '%s'", text, error.text, why);
  ck_assert_msg(error.position == position, "%s: byte %d, wants %d", text, error.position,
                position);
}

START_TEST(other_texts_are_refused) {
  check_refused("", "ends too early", 0);
  check_refused(" ", "ends too early", 1);
  check_refused("{", "ends too early", 1);
  check_refused("{\"a\": \"b", "ends too early", 8);
  check_refused("{}, {}", "end of file", 3);
  check_refused("{},", "end of file", 3);
  check_refused("{}], [{}", "end of file", 3);
  check_refused("{}]", "end of file", 3);
  check_refused("{} x", "end of file", 4);
  check_refused("[\"]\\\"]\"]{}", "end of file", 9);
  check_refused("17", "one object or array", 1);
  check_refused(" 17]", "one object or array", 2);
  check_refused("]", "one object or array", 1);
  check_refused("{\"a\":1,\"a\":1}", "duplicate object key", 10);
  check_refused("{\"a\" \"b\"}", "':' expected near '\"b\"'", 8);
  check_refused("{\"a\":1 \"b\"}", "'}' expected near '\"b\"'", 10);
  check_refused("[\"a\\x\"]", "invalid escape", 5);
}
END_TEST

/* It is looked at before the text, of which there is one byte. */
START_TEST(a_length_beyond_an_int_is_refused) {
  json_error_t error;
  ck_assert_ptr_null(pf_json_load("{", (size_t)INT_MAX / 4 + 1, &error));
  ck_assert_str_eq(error.text, "it is too long");
}
END_TEST

int main(void) {
  return run_tests("json_load",
                   TESTS(failing_allocations_lose_nothing, random_failures_lose_nothing,
                         other_texts_are_refused, a_length_beyond_an_int_is_refused));
}
