/*
 * progress.h - a progress bar on a terminal, plain lines elsewhere or nothing.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
  const char *title;
  size_t total;
  bool terminal;  /* standard error is one */
  bool quiet;     /* no plain lines either */
  double started; /* seconds, monotonic */
  double shown;   /* when the line was last drawn */
  size_t tenths;  /* tenths of the work that plain lines have told */
} progress;

/* Seconds on a clock that never goes back. */
double now_seconds(void);

/* Without a terminal: a plain line for each tenth, or nothing. */
void progress_begin(progress *self, const char *title, size_t total);
void progress_begin_quiet(progress *self, const char *title, size_t total);

/* `done` of total units; note (may be "") says what else there is, e.g. the loss. */
void progress_show(progress *self, size_t done, const char *note);

/* The same, noting how many units ("rows") a second there were. */
void progress_rate(progress *self, size_t done, const char *units);

/* Clears the bar. */
void progress_end(progress *self);

#endif
