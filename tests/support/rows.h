/*
 * rows.h - files of rows made by hand.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <stddef.h>

#include "pflow.h"

/* Writes a .fvecs or .ivecs file of n rows of dim 4-byte values; its path. */
const char *vecs_write(const char *name, const void *values, size_t n, size_t dim);

/* Writes a .npy file of n rows of dim values of `width` bytes; its path. */
const char *npy_write_rows(const char *name, const char *descr, const void *values,
                           size_t n, size_t dim, size_t width);

/* The file at path must hold exactly these rows, bit by bit. */
void check_rows(const char *path, const float *x, size_t n, size_t dim);

#endif
