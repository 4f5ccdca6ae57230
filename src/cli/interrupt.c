#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "cli/say.h"

static volatile sig_atomic_t seen;

static void note(int number) {
  (void)number;
  seen = 1;
}

void interrupt_watch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
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
