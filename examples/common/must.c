#include "common/must.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

pflow_err must(pflow_err rc) {
  if (rc < 0) fail("%s", pflow_errmsg());
  return rc;
}

void must_do(int status) {
  if (status != 0) exit(EXIT_FAILURE);
}

void *must_alloc(size_t count, size_t size) {
  void *block = pflow_alloc(count, size);
  if (!block) fail("%s", pflow_errmsg());
  return block;
}

void must_flush(void) {
  if (fflush(stdout) != 0 || ferror(stdout)) fail("standard output: %s", strerror(errno));
}

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K"); /* over a progress bar */
  fprintf(stderr, "%s: ", program_invocation_short_name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(EXIT_FAILURE);
}
