/*
 * doubles_io.h - doubles in an archive, which holds floats: each as the sum of two, a
 * tensor's first half with the high parts and the second with the low ones.
 */
#ifndef LIBPFLOW_DOUBLES_IO_H
#define LIBPFLOW_DOUBLES_IO_H

#include "io/archive.h"

/* The nearest sum of two floats, which a file gives back to the bit. */
double pf_two_floats(double value);

/* Doubles of a shape that begins with 2, for the halves: shape {2, n} is n doubles. */
pflow_err pf_put_doubles(pflow_archive *archive, const char *prefix, const char *name,
                         const double *values, const size_t *shape, size_t ndim);

/* PFLOW_EFORMAT for one that is not finite. */
pflow_err pf_get_doubles(const pflow_archive *archive, const char *prefix,
                         const char *name, double *values, const size_t *shape,
                         size_t ndim);

/* Whether they are there in that shape. */
pflow_err pf_check_doubles(const pflow_archive *archive, const char *prefix,
                           const char *name, const size_t *shape, size_t ndim);

#endif
