/*
 * archive.h - the inside of pflow_archive and the names in it, for the files of lib/io.
 */
#ifndef LIBPFLOW_ARCHIVE_H
#define LIBPFLOW_ARCHIVE_H

#include "base/base.h"
#include "pflow/io.h"

enum { pf_name_max = 255, pf_shape_text_size = 96 };

/* A named tensor (text NULL) or a named text (tensor NULL). */
typedef struct pf_item {
  char *name;
  pflow_tensor *tensor;
  char *text;
} pf_item;

typedef struct pf_items {
  pf_item *item;
  size_t count, room;
} pf_items;

struct pflow_archive {
  char *source;       /* the file's path, for messages */
  void *values;       /* what the tensors of a read archive borrow from */
  size_t value_bytes; /* of all tensors */
  pf_items tensors, texts;
};

/* An empty archive whose messages begin with `source`. */
pflow_err pf_archive_new(pflow_archive **archive, const char *source);

/*
 * Appends an item with copies of name and text, without looking for the name. The tensor
 * is the list's from now on, and is destroyed when the call fails.
 */
pflow_err pf_items_add(pf_items *items, const char *name, pflow_tensor *tensor,
                       const char *text);

/* The tensor of that name; PFLOW_ESHAPE naming both shapes when it has another one. */
pflow_err pf_archive_get_shaped(const pflow_archive *archive, const char *name,
                                const size_t *shape, size_t ndim,
                                const pflow_tensor **tensor);

/*
 * What an archive held, and the way back to it: pf_archive_settle gives rc on, after
 * dropping everything younger than the mark if it is an error.
 */
typedef struct pf_mark {
  size_t tensors, texts;
} pf_mark;

pf_mark pf_archive_mark(const pflow_archive *archive);
pflow_err pf_archive_settle(pflow_archive *archive, pf_mark mark, pflow_err rc);

/* Writes "[2, 3]" for a shape of at most 4 dimensions, and returns it. */
const char *pf_shape_text(char text[pf_shape_text_size], const size_t *shape,
                          size_t ndim);

/* Writes prefix and name as one name. PFLOW_EINVAL when that is too long. */
pflow_err pf_join(char joined[pf_name_max + 1], const char *prefix, const char *name);

/* Reads decimal digits and nothing else; false too for a number above UINT64_MAX. */
bool pf_parse_u64(const char *text, uint64_t *value);

/* Whether text is UTF-8 without overlong forms, surrogates or numbers past U+10FFFF. */
bool pf_is_utf8(const char *text);

#endif
