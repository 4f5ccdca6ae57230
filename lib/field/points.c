/*
 * points.c - sizes of arrays of augmented points.
 */
#include "field/points.h"

pflow_err pf_points_size(size_t *size, size_t n, size_t dim, const char *what) {
  size_t width, bytes;
  if (n == 0 || dim == 0)
    return pf_fail(PFLOW_EINVAL, "%s: %zu rows of %zu values", what, n, dim);
  pf_try(pf_add(&width, dim, 1, what));
  pf_try(pf_mul(size, n, width, what));
  return pf_mul(&bytes, *size, sizeof(float), what);
}
