/*
 * progress.h - a progress bar on a terminal, plain lines elsewhere.
 */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
  const char *title;
  size_t total;
  bool terminal;  /* standard error is one */
  double started; /* seconds, monotonic */
  double shown;   /* when the line was last drawn */
  size_t tenths;  /* tenths of the work that plain lines have told */
} progress;

/* Seconds on a clock that never goes back. */
double now_seconds(void);

void progress_begin(progress *self, const char *title, size_t total);

/* `done` of total units; note (may be "") says what else there is, e.g. the loss. */
void progress_show(progress *self, size_t done, const char *note);

/* Clears the bar. */
void progress_end(progress *self);

#endif
