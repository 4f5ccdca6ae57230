/*
 * vecs.h - .fvecs and .ivecs files: rows of an int32 count and so many values of 4 bytes,
 * little-endian. The count must be the same in every row.
 */
#ifndef LIBPFLOW_VECS_H
#define LIBPFLOW_VECS_H

#include "base/reader.h"
#include "base/writer.h"

/* Number and length of the rows, by the first one's count and the file's size. */
pflow_err pf_vecs_examine(const pf_reader *file, size_t *n, size_t *dim);

/* Rows begin <= i < begin + n into values, each row's count being looked at. */
pflow_err pf_vecs_read(const pf_reader *file, size_t dim, size_t begin, size_t n,
                       void *values);

/* PFLOW_EOVERFLOW for rows of a length that their count cannot hold. */
pflow_err pf_vecs_check(const char *path, size_t dim);

/* Appends n rows of dim values, dim having been checked. */
pflow_err pf_vecs_put(pf_writer *writer, const void *values, size_t n, size_t dim);

#endif
