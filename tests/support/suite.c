#include "support/suite.h"

#include <math.h>
#include <stdlib.h>

int run_tests(const char *module, const TTest *const *tests, size_t count) {
  Suite *suite = suite_create(module);
  TCase *cases = tcase_create(module);
  tcase_set_timeout(cases, 240);
  for (size_t i = 0; i < count; i++)
    tcase_add_test(cases, tests[i]);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

double worst_of(double worst, double error) {
  return isnan(worst) || error <= worst ? worst : error;
}
