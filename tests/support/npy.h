/*
 * npy.h - .npy files made by hand, right ones and broken ones.
 */
#ifndef TESTS_NPY_H
#define TESTS_NPY_H

#include <stddef.h>

/* Puts the preamble of a version and a dictionary, as it is, into out; their size. */
size_t npy_head(unsigned char *out, unsigned version, const char *dict);

/* A dictionary of NumPy's own form; kept until the next call. */
const char *npy_dict(const char *descr, const char *shape);

/* Writes a file of head and values into the temporary folder; its path. */
const char *npy_write(const char *name, unsigned version, const char *dict,
                      const void *values, size_t bytes);

#endif
