/*
 * failing.h - an allocator whose n-th call fails, to see that calls clean up.
 *
 *   failing_install();                        (before any block is allocated)
 *   ... make what the call under test borrows ...
 *   check_failures(make_and_destroy, &things);
 *   ... destroy ...
 *   failing_remove();
 */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <stddef.h>

#include "pflow.h"

/* Makes an object and, when that worked, destroys it; the result of making it. */
typedef pflow_err (*failing_fn)(void *user);

void failing_install(void);
void failing_remove(void);

/*
 * Calls make with its first allocation failing, then with that and all later ones, then
 * the same from its second, ... until it succeeds. Every failure must be PFLOW_ENOMEM and
 * leave no block behind. Returns the number of allocations that can fail, at least one.
 */
size_t check_failures(failing_fn make, void *user);

#endif
