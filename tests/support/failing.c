/*
 * failing.c - an allocator whose n-th call fails.
 */
#include "support/failing.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "support/suite.h"

static atomic_long calls_left; /* before the failing one; negative: none fails */

static void *allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  if (atomic_load(&calls_left) >= 0 && atomic_fetch_sub(&calls_left, 1) == 0) return NULL;
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

size_t check_failures(failing_fn make, void *user) {
  size_t blocks = pflow_live_blocks();
  for (long failing = 0;; failing++) {
    atomic_store(&calls_left, failing);
    pflow_err rc = make(user);
    atomic_store(&calls_left, -1);
    ck_assert_msg(pflow_live_blocks() == blocks,
                  "%zu blocks instead of %zu after allocation %ld failed",
                  pflow_live_blocks(), blocks, failing);
    if (rc == PFLOW_OK) {
      ck_assert_msg(failing > 0, "nothing was allocated");
      return (size_t)failing;
    }
    ck_assert_msg(rc == PFLOW_ENOMEM, "allocation %ld failed: got %d (%s)", failing, rc,
                  pflow_errmsg());
  }
}
