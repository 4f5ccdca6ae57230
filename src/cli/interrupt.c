#include "cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/say.h"

static volatile sig_atomic_t seen, at_terminal;

/* Who waits at a terminal is told at once: the work may go on for seconds. */
static void note(int number) {
  static const char text[] =
      "\r\033[Kinterrupted: ending in order; once more to end now\n";
  const int error = errno;
  ssize_t told = 0;
  (void)number;
  seen = 1;
  if (at_terminal) told = write(STDERR_FILENO, text, sizeof text - 1);
  (void)told; /* the signal counts either way */
  errno = error;
}

void interrupt_watch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  at_terminal = isatty(STDERR_FILENO);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction old, action = {.sa_handler = note};
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
  }
}

bool interrupt_seen(void) {
  return seen != 0;
}

int interrupt_status(void) {
  return seen ? say_failed("interrupted, nothing was written") : status_ok;
}
