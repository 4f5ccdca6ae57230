#include "common/must.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

pflow_err must(pflow_err rc) {
  if (rc < 0) fail("%s", pflow_errmsg());
  return rc;
}

void *must_alloc(size_t count, size_t size) {
  void *block = pflow_alloc(count, size);
  if (!block) fail("%s", pflow_errmsg());
  return block;
}

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "%s: ", program_invocation_short_name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(EXIT_FAILURE);
}
