/*
 * bench_start - seconds of a command from its start to its end, all output thrown away:
 * the median of 41 runs, after one that is not counted.
 *
 * usage: bench_start COMMAND [ARGUMENT ...]
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"

enum { runs = 41 };

static double run(char **words) {
  posix_spawn_file_actions_t actions;
  pid_t child;
  int status;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const double started = now_seconds();
  const int error = posix_spawnp(&child, words[0], &actions, NULL, words, environ);
  if (error != 0) fail("%s: %s", words[0], strerror(error));
  if (waitpid(child, &status, 0) != child) fail("%s: %s", words[0], strerror(errno));
  const double seconds = now_seconds() - started;
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) fail("%s failed", words[0]);
  return seconds;
}

int main(int argc, char **argv) {
  double seconds[runs];
  if (argc < 2) fail("usage: bench_start COMMAND [ARGUMENT ...]");
  run(argv + 1);
  for (size_t i = 0; i < runs; i++)
    seconds[i] = run(argv + 1);
  const double median = bench_median(seconds, runs);
  fprintf(stderr, "%.2f to %.2f ms\n", 1e3 * seconds[0], 1e3 * seconds[runs - 1]);
  bench_report(median, 0.0);
  return 0;
}
