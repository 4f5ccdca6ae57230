/*
 * fingerprint.h - finds a row among rows by all its bits, from 64 of them.
 */
#ifndef LIBPFLOW_FINGERPRINT_H
#define LIBPFLOW_FINGERPRINT_H

#include <stdint.h>

#include "io/archive.h"

typedef struct pf_fingerprints {
  size_t n;
  uint64_t *of_row; /* n */
  size_t *order;    /* row numbers by rising fingerprint, then rising number */
} pf_fingerprints;

/* That of `size` values of 32 bits, floats or integers. */
uint64_t pf_fingerprint(const void *values, size_t size);

/*
 * Fingerprints of n rows of dim values, those numbered `chosen` of x, or the first n when
 * it is NULL. Two different rows have the same one with odds of 1 in 2^64.
 */
pflow_err pf_fingerprints_create(pf_fingerprints *prints, const float *x, size_t n,
                                 size_t dim, const size_t *chosen);
void pf_fingerprints_destroy(pf_fingerprints *prints);

/* The first row with these values, or SIZE_MAX. */
size_t pf_fingerprints_find(const pf_fingerprints *prints, const float *row, size_t dim);

/* In an archive: n x 4 numbers below 65536, the lowest 16 bits first. */
pflow_err pf_fingerprints_put(const pf_fingerprints *prints, pflow_archive *archive,
                              const char *name);
pflow_err pf_fingerprints_get(pf_fingerprints *prints, const pflow_archive *archive,
                              const char *name, size_t n);

#endif
