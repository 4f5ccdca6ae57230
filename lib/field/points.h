/*
 * points.h - sizes of arrays of augmented points.
 */
#ifndef LIBPFLOW_POINTS_H
#define LIBPFLOW_POINTS_H

#include "base/base.h"

/*
 * *size = n * (dim + 1), the floats of n augmented points of dim coordinates and z, whose
 * bytes fit in a size_t too. PFLOW_EINVAL for n or dim 0, PFLOW_EOVERFLOW; `what` names
 * the points.
 */
pflow_err pf_points_size(size_t *size, size_t n, size_t dim, const char *what);

#endif
