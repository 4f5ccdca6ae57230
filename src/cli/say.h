/*
 * say.h - exit statuses, and the one line on standard error that tells an error.
 *
 * A function that can fail returns a status, having said why: its callers clean up and
 * hand the status on to main.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <pflow.h>

enum { status_ok = 0, status_failed = 1, status_misused = 2 };

/* The words in front of every line: "pflow fit"; command may be NULL. Borrowed. */
void say_as(const char *program, const char *command);

/* The program, as say_as was told; NULL if it was not. */
const char *say_host(void);

/* Says a sentence; returns status_failed. */
int say_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says a sentence and where help is; returns status_misused. */
int say_misused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says the library's sentence and returns status_failed if rc is negative; else ok. */
int say_result(pflow_err rc);

/* The same of a call on a file's rows, whose sentence does not name the file. */
int say_result_of(const char *path, pflow_err rc);

/* Control characters, which a terminal might obey, become question marks. */
void say_plain(char *text);

/* A remark on standard error that is no error. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* status_failed, having said so, if what was printed did not get out. */
int say_flush(void);

/* "1 row", "2 rows" */
#define plural(n) ((n) == 1 ? "" : "s")

/* Zeroed memory, pflow_free; NULL after saying so, but only once in a process. */
void *say_alloc(size_t count, size_t size);

/* Leave the function with a status unless a call of the library, or one that returns a
 * status, went well. */
#define try_library(call)                                                                \
  do {                                                                                   \
    if (say_result(call) != status_ok) return status_failed;                             \
  } while (0)
#define try_status(call)                                                                 \
  do {                                                                                   \
    int status_of_call = (call);                                                         \
    if (status_of_call != status_ok) return status_of_call;                              \
  } while (0)

#endif
