/*
 * interrupt.h - Ctrl-C and the like, noticed between two steps of the work.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP is only noted; the second ends the
 * process as usual. One that is ignored, as under nohup, stays ignored. A command calls
 * this before it reads anything, and asks between any two calls that may take long.
 */
void interrupt_watch(void);

/* Whether there was one. */
bool interrupt_seen(void);

/* Says "interrupted, nothing was written" and returns status_failed if there was one,
 * else status_ok: for a place where work can be left. */
int interrupt_status(void);

#endif
