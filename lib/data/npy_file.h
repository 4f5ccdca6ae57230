/*
 * npy_file.h - NumPy's .npy arrays in open files: the head taken apart and checked
 * against the file's size, values by place, and the head of a new file.
 *
 *   pf_npy npy;
 *   pf_try(pf_npy_open(&npy, &reader, &pf_npy_floats, 2));
 *   pf_try(pf_npy_read(&npy, 0, npy.header.size, values));
 */
#ifndef LIBPFLOW_NPY_FILE_H
#define LIBPFLOW_NPY_FILE_H

#include "base/reader.h"
#include "base/writer.h"
#include "data/npy_header.h"

typedef struct pf_npy pf_npy;

/* Turns n of the file's values, the first of them number `index`, into out. */
typedef pflow_err (*pf_npy_convert_fn)(const pf_npy *self, void *out, size_t index,
                                       const unsigned char *bytes, size_t n);

typedef struct pf_npy_type {
  const char *descr, *name;
  size_t bytes;
  pf_npy_convert_fn convert; /* NULL: they are wanted as they lie */
} pf_npy_type;

/* What an array may hold; it becomes values of 4 bytes. */
typedef struct pf_npy_kind {
  const char *name, *wants; /* for messages */
  const char *remedy;       /* a NumPy expression that makes them of other numbers */
  const pf_npy_type *types;
  size_t count;
} pf_npy_kind;

/* <f2 <f4 <f8 as float, and integers of every width as int32_t from 0 to INT32_MAX. */
extern const pf_npy_kind pf_npy_floats, pf_npy_labels;

struct pf_npy {
  const pf_reader *file; /* borrowed */
  const pf_npy_kind *kind;
  const pf_npy_type *type;
  pf_npy_header header;
  size_t begin; /* place of the first value */
};

/* Reads and checks the head; ndim 0 means any number of dimensions but none. */
pflow_err pf_npy_open(pf_npy *self, const pf_reader *file, const pf_npy_kind *kind,
                      size_t ndim);

/* Values begin <= i < begin + n of header.size, as kind says. Thread-safe. */
pflow_err pf_npy_read(const pf_npy *self, size_t begin, size_t n, void *out);

/* Begins a new file with the head of an array. */
pflow_err pf_npy_put_head(pf_writer *writer, const char *descr, const size_t *shape,
                          size_t ndim);

#endif
