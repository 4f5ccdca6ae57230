/*
 * pflow/threads.h - a pool of threads with a deterministic parallel-for.
 *
 * A range is cut into chunks of `grain` items. The cut depends on n and grain alone,
 * never on the number of threads, so results that are computed or summed chunk by chunk
 * have the same bits for every pool.
 *
 * A pool that is already running a loop (from another thread, from inside a loop body, or
 * in a forked child) does not wait: the second caller runs its own chunks by itself. So a
 * pool may be shared by any number of threads and loops may be nested.
 */
#ifndef PFLOW_THREADS_H
#define PFLOW_THREADS_H

#include <stddef.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_pool pflow_pool;

/* The largest number of threads a pool can have. */
#define PFLOW_MAX_THREADS 256

/*
 * A pool of `threads` threads, the caller's included; 0 means the default below.
 * Errors: PFLOW_EINVAL above PFLOW_MAX_THREADS, PFLOW_ETHREAD, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_pool_create(pflow_pool **pool, size_t threads);

/* Ends the threads. No loop may be running. */
PFLOW_API void pflow_pool_destroy(pflow_pool *pool);

/*
 * Number of threads. NULL means the default pool, which is what NULL means wherever a
 * pool is asked for: it is built at first use with PFLOW_THREADS (environment) threads,
 * or else one for each processor this process may run on.
 */
PFLOW_API size_t pflow_pool_threads(const pflow_pool *pool);

/*
 * Body of a loop: items begin <= i < end. Return 0 to go on, > 0 to stop politely, < 0 (a
 * pflow_err) to fail. It is called from several threads at once.
 */
typedef int (*pflow_range_fn)(size_t begin, size_t end, void *user);

/*
 * Runs body over all chunks [k * grain, min(n, (k + 1) * grain)) and waits for them.
 * grain 0 counts as 1. Allocates nothing once the pool is built. After a chunk returned
 * non-zero, chunks that have not started are skipped; the result is that of the first
 * such chunk in the order of the range among those that ran, together with its
 * pflow_errmsg() or, if it left none, a sentence that names the chunk.
 */
PFLOW_API pflow_err pflow_parallel_for(pflow_pool *pool, size_t n, size_t grain,
                                       pflow_range_fn body, void *user);

PFLOW_END_DECLS

#endif
