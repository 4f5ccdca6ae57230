/*
 * test_arena.c - arrays that share memory: never at the same time, and little is wasted.
 */
#include "nn/arena.h"

#include "support/failing.h"
#include "support/suite.h"

static bool overlap(size_t a, size_t a_end, size_t b, size_t b_end) {
  return a < b_end && b < a_end;
}

/* The most that is needed at one time: no layout can do with less. */
static size_t most_needed(const pf_life *life, size_t count, size_t times) {
  size_t most = 0;
  for (size_t t = 0; t < times; t++) {
    size_t needed = 0;
    for (size_t i = 0; i < count; i++)
      if (life[i].first <= t && t <= life[i].last) needed += life[i].floats;
    if (most < needed) most = needed;
  }
  return most;
}

static void check_apart(const pf_life *life, size_t count, size_t total) {
  for (size_t i = 0; i < count; i++) {
    const pf_life *a = &life[i];
    ck_assert_uint_le(a->offset + a->floats, total);
    for (size_t j = 0; j < i; j++) {
      const pf_life *b = &life[j];
      ck_assert(
          !overlap(a->first, a->last + 1, b->first, b->last + 1) ||
          !overlap(a->offset, a->offset + a->floats, b->offset, b->offset + b->floats));
    }
  }
}

START_TEST(lives_of_the_same_time_lie_apart) {
  enum { most = 60, times = 40 };
  pf_life life[most];
  pflow_rng rng;
  double worst = 1.0;
  pflow_rng_init(&rng, 1, 0);
  for (size_t trial = 0; trial < 300; trial++) {
    const size_t count = (size_t)pflow_rng_below(&rng, most + 1);
    size_t total;
    for (size_t i = 0; i < count; i++) {
      size_t first = (size_t)pflow_rng_below(&rng, times);
      size_t left = times - first;
      life[i] = (pf_life){(size_t)pflow_rng_below(&rng, 100), first,
                          first + (size_t)pflow_rng_below(&rng, left), 0};
    }
    ck_ok(pf_arena_place(life, count, &total));
    check_apart(life, count, total);
    size_t needed = most_needed(life, count, times);
    ck_assert_uint_ge(total, needed);
    if (needed > 0 && (double)total / (double)needed > worst)
      worst = (double)total / (double)needed;
  }
  ck_assert_double_lt(worst, 1.5);
}
END_TEST

/* As in a network: outputs that stay until their backward, and gradients between. */
START_TEST(a_stack_of_lives_wastes_nothing) {
  enum { layers = 20 };
  pf_life life[2 * layers];
  size_t total;
  for (size_t i = 0; i < layers; i++) {
    const size_t back = 2 * layers - 1 - i;
    life[i] = (pf_life){16 * (layers - i), i, back, 0};
    life[layers + i] = (pf_life){16 * (layers - i), back, back, 0};
  }
  ck_ok(pf_arena_place(life, 2 * layers, &total));
  check_apart(life, 2 * layers, total);
  ck_assert_uint_eq(total, most_needed(life, 2 * layers, 2 * layers));
}
END_TEST

/* Two convolutions of a network, whose scratch would split the rest if it came first. */
START_TEST(the_longest_lived_first_may_be_shorter) {
  pf_life life[] = {{147, 14, 40, 0}, {147, 38, 41, 0}, {294, 41, 44, 0},
                    {987, 44, 44, 0}, {839, 14, 14, 0}, {839, 41, 41, 0}};
  size_t total;
  ck_ok(pf_arena_place(life, 6, &total));
  check_apart(life, 6, total);
  ck_assert_uint_eq(total, most_needed(life, 6, 45));
}
END_TEST

START_TEST(sums_that_overflow_are_refused) {
  pf_life life[] = {{SIZE_MAX, 0, 1, 0}, {16, 1, 1, 0}};
  size_t total;
  ck_fails(pf_arena_place(life, 2, &total), PFLOW_EOVERFLOW, "workspace");
}
END_TEST

static pflow_err place_two(void *user) {
  (void)user;
  pf_life life[] = {{16, 0, 1, 0}, {16, 1, 1, 0}};
  size_t total;
  return pf_arena_place(life, 2, &total);
}

START_TEST(failed_allocations_leave_nothing) {
  failing_install();
  ck_assert_uint_eq(check_failures(place_two, NULL), 1);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "arena", TESTS(lives_of_the_same_time_lie_apart, a_stack_of_lives_wastes_nothing,
                     the_longest_lived_first_may_be_shorter,
                     sums_that_overflow_are_refused, failed_allocations_leave_nothing));
}
