#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/must.h"

void path_in(const char *folder, const char *name, char path[path_size]) {
  const int length = snprintf(path, path_size, "%s/%s", folder, name);
  if (length < 0 || length >= path_size) fail("%s/%s: path too long", folder, name);
}

void make_folder(const char *path) {
  if (mkdir(path, 0777) != 0 && errno != EEXIST)
    fail("%s: cannot be made: %s", path, strerror(errno));
}

json_t *json_read(const char *path) {
  json_error_t error;
  json_t *object = json_load_file(path, 0, &error);
  if (!object) fail("%s: line %d: %s", path, error.line, error.text);
  return object;
}

void json_write(json_t *object, const char *path) {
  char partial[path_size + 8];
  snprintf(partial, sizeof partial, "%s.part", path);
  if (json_dump_file(object, partial, JSON_INDENT(1)) != 0 || rename(partial, path) != 0)
    fail("%s: cannot be written: %s", path, strerror(errno));
  json_decref(object);
}
