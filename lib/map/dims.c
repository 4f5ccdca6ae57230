#include "map/dims.h"

#include <math.h>

enum { most_dims = 64 };

size_t pf_dims_of_share(const double *variances, size_t dim, double share) {
  double sum = 0.0, part = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += variances[k];
  for (size_t k = 0; k < dim; k++)
    if ((part += variances[k]) >= share * sum) return k + 1;
  return dim;
}

size_t pf_dims_clamp(double dims, size_t dim) {
  const double most = dim < most_dims ? (double)dim : most_dims, least = dim < 2 ? 1 : 2;
  return (size_t)fmax(least, fmin(ceil(dims), most));
}
