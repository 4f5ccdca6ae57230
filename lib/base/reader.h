/*
 * reader.h - regular files, opened without waiting and read to the last byte asked for.
 */
#ifndef LIBPFLOW_READER_H
#define LIBPFLOW_READER_H

#include <stddef.h>

#include "base/base.h"

/*
 * Opens a regular file; the descriptor is the caller's to close. PFLOW_EIO for anything
 * else: a folder, a device, or a pipe, for whose writer it does not wait.
 */
pflow_err pf_reader_open(int *file, size_t *size, const char *path);

/* Reads exactly size bytes; PFLOW_ETRUNCATED when the file has become shorter. */
pflow_err pf_reader_take(int file, void *out, size_t size, const char *path);

#endif
