/*
 * gzip.h - the bytes of a file, plain or gzipped by content, taken in known amounts, so
 * that a small file cannot unpack to more than was asked for.
 */
#ifndef LIBPFLOW_GZIP_H
#define LIBPFLOW_GZIP_H

#include <zlib.h>

#include "base/base.h"

typedef struct pf_gzip {
  const char *path;     /* borrowed until close */
  unsigned char *bytes; /* the file as it is */
  bool packed;
  bool member_ended;
  z_stream stream; /* next_in and avail_in: what was not used yet, also of a plain file */
} pf_gzip;

/* Reads the file, of at most `limit` bytes as it is. On error nothing is to be closed. */
pflow_err pf_gzip_open(pf_gzip *self, const char *path, size_t limit);

/*
 * PFLOW_ETRUNCATED when the rest of the file cannot hold size bytes, before memory for
 * them is taken: deflate packs 1032 bytes into one at most.
 */
pflow_err pf_gzip_expect(const pf_gzip *self, size_t size);

/* Exactly size bytes (below 4 GiB); PFLOW_ETRUNCATED, PFLOW_EFORMAT, PFLOW_ENOMEM. */
pflow_err pf_gzip_take(pf_gzip *self, void *out, size_t size);

/* PFLOW_ETOOLARGE when anything follows; the checksum must be right. */
pflow_err pf_gzip_end(pf_gzip *self);

void pf_gzip_close(pf_gzip *self);

#endif
