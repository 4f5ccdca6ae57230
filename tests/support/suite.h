/*
 * suite.h - runs one list of tests as a Check program.
 *
 *   int main(void) {
 *     return run_tests("tensor", TESTS(test_views, test_bad_shapes));
 *   }
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stddef.h>

#include "pflow.h"

/* Check writes to a file where an assertion held, to name the last one in front of a
 * crash: of tests that look at every value that took nearly all of their time. */
#define _mark_point(file, line) ((void)0)

#define TESTS(...)                                                                       \
  (const TTest *const[]){__VA_ARGS__},                                                   \
      sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *)

/* Runs the tests in one case and prints Check's summary; the process's exit status. */
int run_tests(const char *module, const TTest *const *tests, size_t count);

/*
 * The same with some that are tagged "long": slow ones, through code that quicker tests
 * run as well. CK_EXCLUDE_TAGS=long leaves them out, for an emulator that is hundreds of
 * times slower.
 */
int run_tests_and_long(const char *module, const TTest *const *tests, size_t count,
                       const TTest *const *long_tests, size_t long_count);

/* The larger error; NaN once there was one, which fmax would lose. */
double worst_of(double worst, double error);

/* Fails the test unless call returned `code` with a message that contains `text`. */
#define ck_fails(call, code, text)                                                       \
  do {                                                                                   \
    pflow_err ck_rc = (call);                                                            \
    ck_assert_msg(ck_rc == (code), "%s: got %d (%s), wants %d", #call, ck_rc,            \
                  pflow_errmsg(), (code));                                               \
    ck_assert_msg(strstr(pflow_errmsg(), text) != NULL, "%s: \"%s\" lacks \"%s\"",       \
                  #call, pflow_errmsg(), text);                                          \
  } while (0)

/* Fails the test unless call succeeded. */
#define ck_ok(call)                                                                      \
  do {                                                                                   \
    pflow_err ck_rc = (call);                                                            \
    ck_assert_msg(ck_rc == PFLOW_OK, "%s: %d, %s", #call, ck_rc, pflow_errmsg());        \
  } while (0)

#endif
