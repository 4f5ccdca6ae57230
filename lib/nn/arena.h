/*
 * arena.h - arrays that are needed for some time only, laid out in one block so that
 * those of the same time lie apart and others may share memory.
 */
#ifndef LIBPFLOW_ARENA_H
#define LIBPFLOW_ARENA_H

#include <stddef.h>

#include "base/base.h"

/* An array, and the times at which it is needed: first <= t <= last. */
typedef struct pf_life {
  size_t floats, first, last;
  size_t offset; /* where it lies, in floats: set by pf_arena_place */
} pf_life;

/*
 * Places all lives, the largest first or, where that makes a shorter block, the longest
 * lived, each as low as it can go; *total gets the length of the block. PFLOW_EOVERFLOW,
 * PFLOW_ENOMEM.
 */
pflow_err pf_arena_place(pf_life *life, size_t count, size_t *total);

#endif
