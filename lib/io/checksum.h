/*
 * checksum.h - the CRC-32 of what is in an archive, kept as a text of it.
 */
#ifndef LIBPFLOW_CHECKSUM_H
#define LIBPFLOW_CHECKSUM_H

#include "pflow/io.h"

/* Adds the text `key`, the sum of the arrays' names and values and of the other texts'
 * keys and words, in the archive's order; to be called when all else is in the archive.
 * A sum of the arrays' values alone, as maps had it at first, is right as well. */
pflow_err pf_checksum_put(pflow_archive *archive, const char *key);

/* PFLOW_EFORMAT unless it is right, PFLOW_ENOTFOUND, saying that the archive is not of
 * this kind ("map"), if there is none. */
pflow_err pf_checksum_check(const pflow_archive *archive, const char *kind,
                            const char *key);

#endif
