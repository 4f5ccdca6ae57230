/*
 * file.c - durable replacement of files, and bounded reading of whole ones.
 */
#include "pflow/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"

static pflow_err io_error(const char *action, const char *path) {
  return pf_fail(PFLOW_EIO, "%s: cannot %s: %s", path, action, strerror(errno));
}

/* Opens a new file "<path>.<process>-<number>"; umask applies as for any new file. */
static int create_temporary(char *name, size_t size, const char *path) {
  static atomic_uint number;
  int file;
  do {
    unsigned serial = atomic_fetch_add(&number, 1);
    snprintf(name, size, "%s.%ld-%u", path, (long)getpid(), serial);
    file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file < 0 && errno == EEXIST);
  return file;
}

/* *mode: that of the file to replace, 0 if there is none. Only a regular file may be. */
static pflow_err find_mode(mode_t *mode, const char *path) {
  struct stat old;
  *mode = 0;
  if (stat(path, &old) != 0) return PFLOW_OK;
  if (!S_ISREG(old.st_mode)) return pf_fail(PFLOW_EIO, "%s: not a regular file", path);
  *mode = old.st_mode;
  return PFLOW_OK;
}

static pflow_err open_temporary(pf_writer *writer, size_t size, mode_t mode) {
  writer->file = create_temporary(writer->temporary, size, writer->path);
  if (writer->file < 0)
    return io_error("create a temporary file beside it", writer->path);
  if (!mode || fchmod(writer->file, mode & 07777) == 0) return PFLOW_OK;
  pflow_err rc = io_error("keep the mode", writer->path);
  close(writer->file);
  unlink(writer->temporary);
  return rc;
}

pflow_err pf_writer_open(pf_writer *writer, const char *path) {
  size_t size = strlen(path) + 40;
  mode_t mode;
  pf_try(find_mode(&mode, path));
  writer->path = path;
  pf_try(pf_alloc(&writer->temporary, size, 1));
  pflow_err rc = open_temporary(writer, size, mode);
  if (rc < 0) pflow_free(writer->temporary);
  return rc;
}

pflow_err pf_writer_put(pf_writer *writer, const void *bytes, size_t size) {
  const char *next = bytes;
  while (size > 0) {
    size_t piece = size < ((size_t)1 << 30) ? size : (size_t)1 << 30;
    ssize_t written = write(writer->file, next, piece);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", writer->path);
    next += written;
    size -= (size_t)written;
  }
  return PFLOW_OK;
}

/* Makes the rename itself durable. What was the temporary file's name is cut to its
 * folder: nothing may fail for lack of memory here. */
static pflow_err sync_folder(pf_writer *writer) {
  char *slash = strrchr(writer->temporary, '/');
  if (slash) slash[1] = 0;
  int folder = open(slash ? writer->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* Some file systems cannot sync a folder (EINVAL), and one that may be written need
   * not be readable (EACCES): then there is nothing to wait for. */
  bool ok = folder < 0 ? errno == EACCES : fsync(folder) == 0 || errno == EINVAL;
  pflow_err rc = ok ? PFLOW_OK : io_error("sync the folder of", writer->path);
  if (folder >= 0) close(folder);
  return rc;
}

pflow_err pf_writer_close(pf_writer *writer, pflow_err rc) {
  if (rc >= 0 && fsync(writer->file) != 0) rc = io_error("sync", writer->path);
  if (close(writer->file) != 0 && rc >= 0) rc = io_error("close", writer->path);
  if (rc >= 0 && rename(writer->temporary, writer->path) != 0)
    rc = io_error("replace", writer->path);
  if (rc >= 0)
    rc = sync_folder(writer);
  else
    unlink(writer->temporary);
  pflow_free(writer->temporary);
  return rc;
}

pflow_err pflow_file_write(const char *path, const void *bytes, size_t size) {
  pf_need(path);
  pf_need(bytes);
  pf_writer writer;
  pf_try(pf_writer_open(&writer, path));
  return pf_writer_close(&writer, pf_writer_put(&writer, bytes, size));
}

_Static_assert(sizeof(size_t) >= sizeof(off_t), "a file's length is kept in a size_t");

static pflow_err check_regular(const pf_reader *reader, struct stat *status) {
  if (fstat(reader->file, status) != 0) return io_error("examine", reader->path);
  if (S_ISREG(status->st_mode)) return PFLOW_OK;
  return pf_fail(PFLOW_EIO, "%s: not a regular file", reader->path);
}

pflow_err pf_reader_open(pf_reader *reader, const char *path) {
  struct stat status;
  reader->path = path;
  /* A pipe would wait for its writer here. */
  reader->file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (reader->file < 0) return io_error("open", path);
  pflow_err rc = check_regular(reader, &status);
  if (rc < 0)
    pf_reader_close(reader);
  else
    reader->size = (size_t)status.st_size;
  return rc;
}

void pf_reader_close(pf_reader *reader) {
  close(reader->file);
}

pflow_err pf_reader_take(const pf_reader *reader, size_t begin, void *out, size_t size) {
  char *next = out;
  for (size_t have = 0; have < size;) {
    ssize_t got = pread(reader->file, next + have, size - have, (off_t)(begin + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", reader->path);
    if (got == 0)
      return pf_fail(PFLOW_ETRUNCATED, "%s: ends at byte %zu, wants %zu", reader->path,
                     begin + have, begin + size);
    have += (size_t)got;
  }
  return PFLOW_OK;
}

static pflow_err read_bytes(unsigned char **bytes, const pf_reader *reader,
                            size_t limit) {
  if (reader->size > limit)
    return pf_fail(PFLOW_ETOOLARGE, "%s: %zu bytes, at most %zu", reader->path,
                   reader->size, limit);
  unsigned char *buffer;
  pf_try(pf_alloc(&buffer, reader->size + 1, 1));
  pflow_err rc = pf_reader_take(reader, 0, buffer, reader->size);
  if (rc < 0)
    pflow_free(buffer);
  else
    *bytes = buffer;
  return rc;
}

/* ---- the limit ---- */

static atomic_size_t file_limit; /* 0: the usual one */

void pflow_set_file_limit(size_t bytes) {
  atomic_store(&file_limit, bytes);
}

size_t pflow_file_limit(void) {
  return atomic_load(&file_limit);
}

size_t pf_file_limit(size_t usual) {
  const size_t limit = pflow_file_limit();
  return limit ? limit : usual;
}

pflow_err pf_check_file_limit(size_t count, size_t size, const char *path) {
  const size_t limit = pf_file_limit(SIZE_MAX);
  if (count <= limit / size) return PFLOW_OK;
  return pf_fail(PFLOW_ETOOLARGE, "%s: %zu values of %zu bytes, the limit is %zu bytes",
                 path, count, size, limit);
}

/* ---- whole files ---- */

pflow_err pflow_file_read(unsigned char **bytes, size_t *size, const char *path,
                          size_t limit) {
  pf_need(bytes);
  pf_need(size);
  pf_need(path);
  *bytes = NULL;
  *size = 0;
  pf_reader reader;
  pf_try(pf_reader_open(&reader, path));
  pflow_err rc = read_bytes(bytes, &reader, limit);
  if (rc >= 0) *size = reader.size;
  pf_reader_close(&reader);
  return rc;
}
