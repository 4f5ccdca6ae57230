/*
 * failing.c - an allocator whose n-th call fails.
 */
#include "support/failing.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "support/suite.h"

static atomic_long calls_left; /* before the failing one; negative: none fails */
static atomic_bool goes_on;    /* all after it fail as well */

static bool fails(void) {
  if (atomic_load(&calls_left) < 0) return false;
  if (atomic_load(&calls_left) > 0) return atomic_fetch_sub(&calls_left, 1) == 0;
  if (!atomic_load(&goes_on)) atomic_store(&calls_left, -1);
  return true;
}

static void *allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  if (fails()) return NULL;
  return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *block, size_t size, void *user) {
  (void)size;
  (void)user;
  free(block);
}

void failing_install(void) {
  atomic_store(&calls_left, -1);
  ck_ok(pflow_set_allocator(&(pflow_allocator){allocate, release, NULL}));
}

void failing_remove(void) {
  ck_ok(pflow_set_allocator(NULL));
}

/* With allocation number `failing` failing, alone or with all behind it. */
static pflow_err make_failing(failing_fn make, void *user, long failing, bool all) {
  const size_t blocks = pflow_live_blocks();
  atomic_store(&goes_on, all);
  atomic_store(&calls_left, failing);
  const pflow_err rc = make(user);
  atomic_store(&calls_left, -1);
  ck_assert_msg(pflow_live_blocks() == blocks,
                "%zu blocks instead of %zu after allocation %ld failed",
                pflow_live_blocks(), blocks, failing);
  ck_assert_msg(rc == PFLOW_OK || rc == PFLOW_ENOMEM,
                "allocation %ld failed%s: got %d (%s)", failing,
                all ? " and all behind it" : "", rc, pflow_errmsg());
  return rc;
}

size_t check_failures(failing_fn make, void *user) {
  for (long failing = 0;; failing++) {
    const pflow_err one = make_failing(make, user, failing, false);
    const pflow_err all = make_failing(make, user, failing, true);
    ck_assert_int_eq(one, all);
    if (one != PFLOW_OK) continue;
    ck_assert_msg(failing > 0, "nothing was allocated");
    return (size_t)failing;
  }
}
