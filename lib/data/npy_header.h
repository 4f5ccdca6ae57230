/*
 * npy_header.h - the dictionary at the head of a .npy file, e.g.
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 */
#ifndef LIBPFLOW_NPY_HEADER_H
#define LIBPFLOW_NPY_HEADER_H

#include "base/base.h"
#include "pflow/tensor.h"

typedef struct pf_npy_header {
  char descr[32]; /* type of the values as NumPy writes it, e.g. "<f4" */
  bool fortran_order;
  size_t ndim; /* 0 to PFLOW_MAX_DIMS */
  size_t shape[PFLOW_MAX_DIMS];
  size_t size; /* number of values */
} pf_npy_header;

/*
 * Takes the dictionary apart: the three keys once each in any order, nothing else.
 * PFLOW_EFORMAT, PFLOW_EOVERFLOW, or PFLOW_EUNSUPPORTED for structured types and more
 * than PFLOW_MAX_DIMS dimensions. `path` is for messages.
 */
pflow_err pf_npy_header_parse(pf_npy_header *header, const char *text, size_t size,
                              const char *path);

/* Writes magic, version 1.0 and dictionary, a multiple of 64 bytes; gives their size. */
enum { pf_npy_head_room = 256 };
size_t pf_npy_header_format(char out[pf_npy_head_room], const char *descr,
                            const size_t *shape, size_t ndim);

#endif
