/*
 * rotation.h - random orthogonal matrices.
 */
#ifndef LIBPFLOW_ROTATION_H
#define LIBPFLOW_ROTATION_H

#include "base/base.h"

/* matrix (dim x dim) uniform over the orthogonal group (Haar), reflections included. */
pflow_err pf_random_rotation(double *matrix, size_t dim, uint64_t seed);

#endif
