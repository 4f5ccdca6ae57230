/*
 * test_cpu.c - the CPU level in use. Each test is a process of its own, so each chooses
 * anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "support/suite.h"

static pf_cpu_level highest(void) {
  pf_cpu_level best = pf_cpu_reference;
  for (pf_cpu_level level = pf_cpu_reference; level < pf_cpu_levels; level++)
    if (pf_cpu_has(level)) best = level;
  return best;
}

START_TEST(the_highest_level_is_the_default) {
  unsetenv("PFLOW_CPU");
  ck_assert_str_eq(pflow_cpu_level(), pf_cpu_name(highest()));
}
END_TEST

static void ask_for(pf_cpu_level asked) {
  setenv("PFLOW_CPU", pf_cpu_name(asked), 1);
  pf_cpu_level wanted = pf_cpu_has(asked) ? asked : highest();
  ck_assert_str_eq(pflow_cpu_level(), pf_cpu_name(wanted));
}

START_TEST(reference_can_be_asked_for) {
  ask_for(pf_cpu_reference);
}
END_TEST

START_TEST(neon_can_be_asked_for) {
  ask_for(pf_cpu_neon);
}
END_TEST

START_TEST(avx2_can_be_asked_for) {
  ask_for(pf_cpu_avx2);
}
END_TEST

START_TEST(avx512_can_be_asked_for) {
  ask_for(pf_cpu_avx512);
}
END_TEST

START_TEST(an_unknown_name_changes_nothing) {
  setenv("PFLOW_CPU", "sse9", 1);
  ck_assert_str_eq(pflow_cpu_level(), pf_cpu_name(highest()));
}
END_TEST

START_TEST(the_choice_lasts) {
  setenv("PFLOW_CPU", "reference", 1);
  const char *first = pflow_cpu_level();
  unsetenv("PFLOW_CPU");
  ck_assert_ptr_eq(pflow_cpu_level(), first);
}
END_TEST

START_TEST(levels_of_another_processor_are_absent) {
  ck_assert(pf_cpu_has(pf_cpu_reference));
  ck_assert(!(pf_cpu_has(pf_cpu_neon) && pf_cpu_has(pf_cpu_avx2)));
  ck_assert(!pf_cpu_has(pf_cpu_avx512) || pf_cpu_has(pf_cpu_avx2));
  ck_assert(!pf_cpu_has(pf_cpu_levels));
}
END_TEST

int main(void) {
  return run_tests("cpu",
                   TESTS(the_highest_level_is_the_default, reference_can_be_asked_for,
                         neon_can_be_asked_for, avx2_can_be_asked_for,
                         avx512_can_be_asked_for, an_unknown_name_changes_nothing,
                         the_choice_lasts, levels_of_another_processor_are_absent));
}
