/*
 * base.h - errors, checked sizes, memory and configs, for use inside the library.
 */
#ifndef LIBPFLOW_BASE_H
#define LIBPFLOW_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pflow/error.h"
#include "pflow/memory.h"
#include "pflow/threads.h"

/*
 * Stores the sentence of an error for pflow_errmsg(); the value is the code (a macro, so
 * that the compiler sees which code it is).
 */
#define pf_fail(code, ...) (pf_message_format(__VA_ARGS__), (code))
void pf_message_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The thread's message as it stands, and a copy of another thread's put in its place. */
enum { pf_message_size = 512 };
void pf_message_get(char message[pf_message_size]);
void pf_message_set(const char *message);

/* Leaves the function with PFLOW_ENULL, naming function and argument. */
#define pf_need(pointer)                                                                 \
  do {                                                                                   \
    if (!(pointer)) return pf_fail(PFLOW_ENULL, "%s: %s is NULL", __func__, #pointer);   \
  } while (0)

/* Leaves the function with the result of a call that failed. */
#define pf_try(call)                                                                     \
  do {                                                                                   \
    pflow_err pf_result = (call);                                                        \
    if (pf_result < 0) return pf_result;                                                 \
  } while (0)

/* *out = a * b or a + b; PFLOW_EOVERFLOW naming `what` and the numbers. */
pflow_err pf_mul(size_t *out, size_t a, size_t b, const char *what);
pflow_err pf_add(size_t *out, size_t a, size_t b, const char *what);

/*
 * count * size zeroed bytes into *out, the address of any object pointer:
 *   pf_try(pf_alloc(&self->values, n, sizeof *self->values));
 * PFLOW_ENOMEM or PFLOW_EOVERFLOW, with *out NULL, if it fails.
 */
pflow_err pf_alloc(void *out, size_t count, size_t size);

/*
 * Copies a caller's config over one that holds the defaults. given may be NULL, or
 * shorter (an older program) or longer (a newer one) than full: the common part is taken.
 * Both begin with their size. PFLOW_EINVAL for a struct_size that no version had.
 */
pflow_err pf_config_read(void *full, size_t full_size, const void *given,
                         const char *name);

/* PFLOW_EINVAL "NAME is VALUE, wants CONDITION" unless ok. */
pflow_err pf_check_setting(bool ok, const char *name, double value,
                           const char *condition);

/* On a clock that never goes back. */
double pf_seconds(void);

/* Whether a loop begun on this pool now would run on its caller's thread alone, because
 * another one has the workers. NULL: the default pool. */
bool pf_pool_is_busy(pflow_pool *pool);

/*
 * Around a call of the user's: begin clears the thread's message, so that a sentence
 * which the callback leaves behind is its own; result turns 0, > 0, < 0 into an error
 * code whose message names the callback (`what`) and carries that sentence on.
 */
void pf_callback_begin(void);
pflow_err pf_callback_result(int result, const char *what);

#endif
