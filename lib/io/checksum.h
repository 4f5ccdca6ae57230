/*
 * checksum.h - the CRC-32 of what is in an archive, kept as a text of it.
 */
#ifndef LIBPFLOW_CHECKSUM_H
#define LIBPFLOW_CHECKSUM_H

#include "pflow/io.h"

/* What is summed, in the archive's order. */
typedef enum pf_summed {
  pf_sum_values, /* the arrays' values */
  pf_sum_all     /* names and values of the arrays, keys and words of the other texts */
} pf_summed;

/* Adds the text `key`; to be called when all else is in the archive. */
pflow_err pf_checksum_put(pflow_archive *archive, const char *key, pf_summed what);

/* PFLOW_EFORMAT unless it is right, PFLOW_ENOTFOUND, saying that the archive is not of
 * this kind ("map"), if there is none. */
pflow_err pf_checksum_check(const pflow_archive *archive, const char *kind,
                            const char *key, pf_summed what);

#endif
