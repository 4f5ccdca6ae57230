/*
 * fail_call.c - preloaded into a program: makes its n-th call of a kind fail.
 *
 *   LD_PRELOAD=.../libfail_call.so FAIL_CALL=write FAIL_AT=3 pflow transform ...
 *
 * FAIL_CALL  open, read, write, fsync, fchmod, close, rename or malloc (which stands for
 *            all that give memory); reads are those of files that the program opened
 *            itself, a failing close has closed the file
 * FAIL_AT    which call, from 1 on; 0: none
 * FAIL_ON    1: all behind it as well
 * FAIL_COUNT a file that is told at the end how many calls there were
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc's own, which dlsym would need memory to find. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static const char *kind = "";
static long at;
static int goes_on;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("FAIL_AT");
  kind = getenv("FAIL_CALL") ? getenv("FAIL_CALL") : "";
  at = text ? atol(text) : 0;
  goes_on = getenv("FAIL_ON") != NULL;
  atomic_store(&calls, 0);
}

__attribute__((destructor)) static void end(void) {
  char text[32];
  const char *path = getenv("FAIL_COUNT");
  const long count = atomic_load(&calls);
  kind = "";
  if (!path) return;
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const int size = snprintf(text, sizeof text, "%ld\n", count);
  if (file < 0 || write(file, text, (size_t)size) != size) abort();
  close(file);
}

static int fails(const char *which, int error) {
  if (strcmp(kind, which) != 0) return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (at == 0 || call < at || (call > at && !goes_on)) return 0;
  errno = error;
  return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = flags & O_CREAT ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  if (fails("open", EMFILE)) return -1;
  REAL(open);
  return real(path, flags, mode);
}

ssize_t pread(int file, void *out, size_t size, off_t place) {
  if (fails("read", EIO)) return -1;
  REAL(pread);
  return real(file, out, size, place);
}

ssize_t write(int file, const void *bytes, size_t size) {
  if (fails("write", ENOSPC)) return -1;
  REAL(write);
  return real(file, bytes, size);
}

int fsync(int file) {
  if (fails("fsync", EIO)) return -1;
  REAL(fsync);
  return real(file);
}

int fchmod(int file, mode_t mode) {
  if (fails("fchmod", EPERM)) return -1;
  REAL(fchmod);
  return real(file, mode);
}

int close(int file) {
  REAL(close);
  const int status = real(file);
  return fails("close", EIO) ? -1 : status;
}

int rename(const char *from, const char *to) {
  if (fails("rename", EXDEV)) return -1;
  REAL(rename);
  return real(from, to);
}

void *malloc(size_t size) {
  return fails("malloc", ENOMEM) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails("malloc", ENOMEM) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  return fails("malloc", ENOMEM) ? NULL : __libc_realloc(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (fails("malloc", ENOMEM)) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
