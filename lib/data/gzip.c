/*
 * gzip.c - the bytes of a file, plain or gzipped by content (RFC 1952, several members
 * allowed).
 */
#include "data/gzip.h"

#include <string.h>

#include "pflow/file.h"

static voidpf stream_alloc(voidpf user, uInt count, uInt size) {
  (void)user;
  return pflow_alloc(count, size);
}

static void stream_free(voidpf user, voidpf block) {
  (void)user;
  pflow_free(block);
}

static bool is_member(const z_stream *stream) {
  return stream->avail_in >= 2 && stream->next_in[0] == 0x1f &&
         stream->next_in[1] == 0x8b;
}

pflow_err pf_gzip_open(pf_gzip *self, const char *path, size_t limit) {
  size_t size;
  *self = (pf_gzip){.path = path};
  if (limit > UINT32_MAX) limit = UINT32_MAX; /* what zlib can be given at once */
  pf_try(pflow_file_read(&self->bytes, &size, path, limit));
  self->stream = (z_stream){.next_in = self->bytes,
                            .avail_in = (uInt)size,
                            .zalloc = stream_alloc,
                            .zfree = stream_free};
  self->packed = is_member(&self->stream);
  if (!self->packed || inflateInit2(&self->stream, 16 + MAX_WBITS) == Z_OK)
    return PFLOW_OK;
  pflow_free(self->bytes);
  return pf_fail(PFLOW_ENOMEM, "%s: no memory to unpack it", path);
}

/* Unpacks up to avail_out bytes, going on to the next member after the end of one. */
static pflow_err unpack(pf_gzip *self) {
  z_stream *stream = &self->stream;
  int result = Z_OK;
  while (result == Z_OK && !self->member_ended) {
    result = inflate(stream, Z_NO_FLUSH);
    if (result != Z_STREAM_END) continue;
    self->member_ended = !is_member(stream);
    result = self->member_ended ? Z_OK : inflateReset(stream);
  }
  if (result == Z_OK || result == Z_BUF_ERROR) return PFLOW_OK;
  if (result == Z_MEM_ERROR)
    return pf_fail(PFLOW_ENOMEM, "%s: no memory to unpack it", self->path);
  return pf_fail(PFLOW_EFORMAT, "%s: damaged gzip data: %s", self->path,
                 stream->msg ? stream->msg : "a dictionary is needed");
}

static void copy_plain(z_stream *stream) {
  uInt size = stream->avail_in < stream->avail_out ? stream->avail_in : stream->avail_out;
  if (size > 0) memcpy(stream->next_out, stream->next_in, size);
  stream->next_in += size;
  stream->avail_in -= size;
  stream->avail_out -= size;
}

/* As many bytes as there are, up to size; *got tells how many. */
static pflow_err take_some(pf_gzip *self, void *out, size_t size, size_t *got) {
  self->stream.next_out = out;
  self->stream.avail_out = (uInt)size;
  if (self->packed)
    pf_try(unpack(self));
  else
    copy_plain(&self->stream);
  *got = size - self->stream.avail_out;
  return PFLOW_OK;
}

pflow_err pf_gzip_expect(const pf_gzip *self, size_t size) {
  /* zlib may hold some bytes of input, and a copy of up to 258 bytes under way. */
  const size_t ratio = 1032, slack = 16 * ratio;
  size_t left = self->stream.avail_in;
  if (size <= (self->packed ? left * ratio + slack : left)) return PFLOW_OK;
  return pf_fail(PFLOW_ETRUNCATED, "%s: %zu bytes cannot hold %zu values", self->path,
                 left, size);
}

pflow_err pf_gzip_take(pf_gzip *self, void *out, size_t size) {
  size_t got;
  pf_try(take_some(self, out, size, &got));
  if (got == size) return PFLOW_OK;
  return pf_fail(PFLOW_ETRUNCATED, "%s: ends after %zu of %zu bytes", self->path, got,
                 size);
}

pflow_err pf_gzip_end(pf_gzip *self) {
  unsigned char extra;
  size_t got;
  pf_try(take_some(self, &extra, 1, &got));
  if (got > 0)
    return pf_fail(PFLOW_ETOOLARGE, "%s: longer than its header says", self->path);
  if (self->packed && !self->member_ended)
    return pf_fail(PFLOW_ETRUNCATED, "%s: its gzip data end too early", self->path);
  if (self->stream.avail_in > 0)
    return pf_fail(PFLOW_ETOOLARGE, "%s: %u bytes after its gzip data", self->path,
                   self->stream.avail_in);
  return PFLOW_OK;
}

void pf_gzip_close(pf_gzip *self) {
  if (self->packed) inflateEnd(&self->stream);
  pflow_free(self->bytes);
}
