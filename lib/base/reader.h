/*
 * reader.h - regular files, opened without waiting and read by place.
 */
#ifndef LIBPFLOW_READER_H
#define LIBPFLOW_READER_H

#include <stddef.h>

#include "base/base.h"

typedef struct pf_reader {
  const char *path; /* borrowed until close */
  int file;
  size_t size; /* when it was opened */
} pf_reader;

/*
 * Opens a regular file. PFLOW_EIO, with nothing to close, for anything else: a folder, a
 * device, or a pipe, for whose writer it does not wait.
 */
pflow_err pf_reader_open(pf_reader *reader, const char *path);
void pf_reader_close(pf_reader *reader);

/*
 * Reads the size bytes from `begin` on. PFLOW_ETRUNCATED when the file ends before.
 * Thread-safe, and no signal comes of a file that became shorter.
 */
pflow_err pf_reader_take(const pf_reader *reader, size_t begin, void *out, size_t size);

/* pflow_file_limit(), or `usual` where none was set. */
size_t pf_file_limit(size_t usual);

/* PFLOW_ETOOLARGE if count values of size bytes are more than was set. */
pflow_err pf_check_file_limit(size_t count, size_t size, const char *path);

#endif
