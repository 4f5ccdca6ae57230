/*
 * pflow/memory.h - where the library's memory comes from.
 */
#ifndef PFLOW_MEMORY_H
#define PFLOW_MEMORY_H

#include <stddef.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

/* Alignment in bytes of every block the library allocates. */
#define PFLOW_ALIGNMENT 64

/*
 * A replacement allocator. Both functions may be called from several threads at once.
 *   - allocate gives `size` bytes (> 0) aligned to `alignment` (a power of two), NULL
 *     when it cannot.
 *   - release takes back a block of allocate's, never NULL; `size` is what was asked for.
 */
typedef struct pflow_allocator {
  void *(*allocate)(size_t size, size_t alignment, void *user);
  void (*release)(void *block, size_t size, void *user);
  void *user;
} pflow_allocator;

/*
 * Replaces the process-wide allocator (NULL: back to the C library's). Call it before any
 * other use of the library and from one thread.
 * Errors: PFLOW_EBUSY while any block is still allocated; PFLOW_ENULL if a function is
 * missing.
 */
PFLOW_API pflow_err pflow_set_allocator(const pflow_allocator *allocator);

/*
 * count * size zeroed bytes, aligned to PFLOW_ALIGNMENT; free with pflow_free. NULL, with
 * pflow_errmsg() set, when the product overflows or memory is out. Zero bytes give a
 * valid pointer. Thread-safe.
 */
PFLOW_API void *pflow_alloc(size_t count, size_t size);

/* Frees a block that the library handed out; NULL is allowed. Thread-safe. */
PFLOW_API void pflow_free(void *block);

/* Number of blocks that are allocated now; 0 once every object is destroyed. */
PFLOW_API size_t pflow_live_blocks(void);

PFLOW_END_DECLS

#endif
