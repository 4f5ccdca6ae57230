/*
 * pflow/file.h - files that are either the old version or the new one, never half of
 * both.
 */
#ifndef PFLOW_FILE_H
#define PFLOW_FILE_H

#include <stddef.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

/*
 * Replaces the file at path by size bytes: written to a temporary file beside it, synced,
 * renamed over it, the folder synced. When it fails the old file is untouched and the
 * temporary file is removed; only if the last step, the folder's sync, fails is the new
 * file in place already. Mode 0666 less the umask, or the old file's mode. A symbolic
 * link is replaced itself. Several threads and processes may write one path: the last
 * one's file stays.
 * Errors: PFLOW_EIO naming the path and the system's reason, also if there is something
 * else than a regular file at path; PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_file_write(const char *path, const void *bytes, size_t size);

/*
 * Reads a whole regular file of at most `limit` bytes into a new block (pflow_free). An
 * empty file gives a valid pointer and size 0.
 * Errors: PFLOW_EIO, PFLOW_ETOOLARGE naming both sizes, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_file_read(unsigned char **bytes, size_t *size, const char *path,
                                    size_t limit);

/*
 * The most bytes that the contents of one file may take in memory, process-wide: values
 * of an array that is loaded whole, an archive, a file of images as it is and its pixels
 * once unpacked (of CIFAR-10 the files of a split together).
 * 0, the default, means for arrays as many as their file has, for images 1 GiB, and for
 * archives PFLOW_ARCHIVE_MAX_BYTES, which no limit raises. What is over it is refused
 * before memory is asked for: PFLOW_ETOOLARGE, naming both sizes. Rows that are read by
 * blocks (pflow_rows_read) have no limit. Thread-safe.
 */
PFLOW_API void pflow_set_file_limit(size_t bytes);
PFLOW_API size_t pflow_file_limit(void);

PFLOW_END_DECLS

#endif
