#include "draw/late.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static late_cairo functions;
static char reason[256];

/* ISO C has no cast from an object's address to a function's. */
static bool find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static bool load(void) {
  void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
  bool found = library != NULL;
#define LATE_FIND(name) found = found && find(library, "cairo_" #name, &functions.name);
  LATE_CAIRO(LATE_FIND)
#undef LATE_FIND
  if (!found) snprintf(reason, sizeof reason, "%s", dlerror());
  return found;
}

const late_cairo *late_load(void) {
  static enum { untried, loaded, missing } state = untried;
  if (state == untried) state = load() ? loaded : missing;
  return state == loaded ? &functions : NULL;
}

const char *late_error(void) {
  return reason;
}
