/*
 * writer.h - a file that is written piece by piece and appears whole or not at all.
 *
 *   pf_writer w;
 *   pf_try(pf_writer_open(&w, path));
 *   rc = pf_writer_put(&w, bytes, size);           (as often as needed)
 *   return pf_writer_close(&w, rc);
 */
#ifndef LIBPFLOW_WRITER_H
#define LIBPFLOW_WRITER_H

#include <stddef.h>

#include "base/base.h"

typedef struct pf_writer {
  const char *path; /* borrowed until close */
  char *temporary;
  int file;
} pf_writer;

/* Creates a temporary file in path's folder. On error there is nothing to close. */
pflow_err pf_writer_open(pf_writer *writer, const char *path);

pflow_err pf_writer_put(pf_writer *writer, const void *bytes, size_t size);

/*
 * rc PFLOW_OK: syncs, renames over path and syncs the folder. Otherwise, or when that
 * fails, removes the temporary file. Returns rc or the error met.
 */
pflow_err pf_writer_close(pf_writer *writer, pflow_err rc);

#endif
