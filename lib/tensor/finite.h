/*
 * finite.h - pflow_check_finite for rows that are part of more.
 */
#ifndef LIBPFLOW_FINITE_H
#define LIBPFLOW_FINITE_H

#include "base/base.h"

/* As pflow_check_finite, with the rows counted from `first`. */
pflow_err pf_check_finite(const float *values, size_t n, size_t dim, size_t first,
                          const char *what);

#endif
