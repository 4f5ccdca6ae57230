/*
 * must.h - how the example programs treat errors: say what failed, and leave.
 */
#ifndef EXAMPLES_MUST_H
#define EXAMPLES_MUST_H

#include "pflow.h"

/* Prints the library's message and exits with 1 if rc is negative; returns rc otherwise.
 */
pflow_err must(pflow_err rc);

/* Ends the program if a status (cli/say.h) is not ok; what failed has been said. */
void must_do(int status);

/* count zeroed elements, or the end of the program. */
void *must_alloc(size_t count, size_t size);

/* Ends the program with a message if what was printed did not get out. */
void must_flush(void);

/* Ends the program with a message of its own. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
