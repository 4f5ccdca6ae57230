#include "cli/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"

/* The folder of a path: what is in front of its last slash. */
static int folder_of(const char *path, char *folder, size_t size) {
  const char *slash = strrchr(path, '/');
  const int length = slash ? (int)(slash - path) : 1;
  const int wrote = slash == path
                        ? snprintf(folder, size, "/")
                        : snprintf(folder, size, "%.*s", length, slash ? path : ".");
  return wrote < 0 || (size_t)wrote >= size ? say_failed("%s: path too long", path)
                                            : status_ok;
}

int output_check(const char *path) {
  char folder[4096];
  struct stat there;
  try_status(folder_of(path, folder, sizeof folder));
  if (access(folder, W_OK | X_OK) != 0)
    return say_failed("%s: cannot write to its folder: %s", path, strerror(errno));
  if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
    return say_failed("%s: there is something that is no regular file", path);
  return status_ok;
}

int output_ends_in(const char *path, const char *ending, const char *or_ending) {
  const char *dot = strrchr(path, '.');
  if (dot && (strcmp(dot, ending) == 0 || (or_ending && strcmp(dot, or_ending) == 0)))
    return status_ok;
  return say_misused("--out wants a file that ends in %s%s%s, got \"%s\"", ending,
                     or_ending ? " or " : "", or_ending ? or_ending : "", path);
}

int output_check_rows(const char *path) {
  try_status(output_ends_in(path, ".npy", ".fvecs"));
  return output_check(path);
}

int output_apart(const char *option, const char *path, const char *other_option,
                 const char *other) {
  struct stat a, b;
  if (!other) return status_ok;
  const bool same =
      strcmp(path, other) == 0 || (stat(path, &a) == 0 && stat(other, &b) == 0 &&
                                   a.st_dev == b.st_dev && a.st_ino == b.st_ino);
  return same ? say_misused("--%s is the file of --%s", option, other_option) : status_ok;
}
