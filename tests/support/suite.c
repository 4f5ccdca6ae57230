#include "support/suite.h"

#include <math.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define CHECK_IS_UNSEEN 1
#endif
#endif

/* Check is not built with the memory sanitizer, which would take all that Check hands to
 * the C library for unset. Reads of the tests and of the library are looked at as ever.
 */
static void let_check_write(void) {
#ifdef CHECK_IS_UNSEEN
  __msan_scoped_disable_interceptor_checks();
#endif
}

static void add_case(Suite *suite, const char *name, const char *tag,
                     const TTest *const *tests, size_t count) {
  TCase *cases = tcase_create(name);
  tcase_set_timeout(cases, 240);
  tcase_set_tags(cases, tag);
  for (size_t i = 0; i < count; i++)
    tcase_add_test(cases, tests[i]);
  suite_add_tcase(suite, cases);
}

int run_tests_and_long(const char *module, const TTest *const *tests, size_t count,
                       const TTest *const *long_tests, size_t long_count) {
  let_check_write();
  Suite *suite = suite_create(module);
  add_case(suite, module, "", tests, count);
  if (long_count > 0) add_case(suite, "long", "long", long_tests, long_count);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_tests(const char *module, const TTest *const *tests, size_t count) {
  return run_tests_and_long(module, tests, count, NULL, 0);
}

double worst_of(double worst, double error) {
  return isnan(worst) || error <= worst ? worst : error;
}
