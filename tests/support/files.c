/*
 * files.c - a temporary folder for the files of one test.
 */
#include "support/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite.h"

static char folder[256];

const char *temp_begin(void) {
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/pflow-test-XXXXXX", parent ? parent : "/tmp");
  ck_assert_msg(mkdtemp(folder) != NULL, "cannot make %s", folder);
  return folder;
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *place) {
  (void)status;
  (void)kind;
  (void)place;
  return remove(path);
}

void temp_end(void) {
  ck_assert_int_eq(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *temp_path(const char *name) {
  static char paths[4][512];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

const char *temp_write(const char *name, const void *bytes, size_t size) {
  const char *path = temp_path(name);
  FILE *file = fopen(path, "wb");
  ck_assert_msg(file != NULL, "cannot write %s", path);
  ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
  ck_assert_int_eq(fclose(file), 0);
  return path;
}

const char *temp_folder(const char *name) {
  const char *path = temp_path(name);
  ck_assert_int_eq(mkdir(path, 0777), 0);
  return path;
}

unsigned char *temp_read(const char *name, size_t *size) {
  FILE *file = fopen(temp_path(name), "rb");
  ck_assert_msg(file != NULL, "cannot read %s", name);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*size + 1);
  ck_assert(bytes != NULL && fread(bytes, 1, *size, file) == *size);
  fclose(file);
  return bytes;
}

int folder_entries(const char *path) {
  DIR *opened = opendir(path);
  ck_assert_ptr_nonnull(opened);
  int count = -2; /* . and .. */
  while (readdir(opened))
    count++;
  closedir(opened);
  return count;
}

int next_descriptor(void) {
  int descriptor = open("/", O_RDONLY);
  ck_assert_int_ge(descriptor, 0);
  close(descriptor);
  return descriptor;
}

static struct rlimit old_limit;

void disk_full_begin(size_t bytes) {
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  struct rlimit small = old_limit;
  small.rlim_cur = bytes;
  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
}

void disk_full_end(void) {
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
}
