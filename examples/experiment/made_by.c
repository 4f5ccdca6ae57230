#include "made_by.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/json_out.h"
#include "pflow.h"

/* The processor's name as Linux tells it, and how many there are. */
static void name_machine(char *name, size_t size) {
  char line[256] = "", model[200] = "a processor without a name";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "model name%*[^:]: %199[^\n]", model) == 1) break;
  if (file) fclose(file);
  snprintf(name, size, "%s, %ld processors", model, sysconf(_SC_NPROCESSORS_ONLN));
}

json_t *made_by(const char *commit) {
  char machine[256], date[16];
  const time_t now = time(NULL);
  struct tm day;
  json_t *made = json_out_object();
  strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &day));
  name_machine(machine, sizeof machine);
  put_text(made, "pflow_version", pflow_version());
  put_text(made, "commit", commit);
  put_text(made, "machine", machine);
  put_text(made, "date", date);
  return made;
}
