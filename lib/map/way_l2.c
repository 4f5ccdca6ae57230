/*
 * way_l2.c - rows at unit length.
 */
#include <math.h>

#include "map/map.h"

static pflow_err normalize(const pflow_map *map, pflow_map_work *work, const float *x,
                           size_t n, float *y) {
  const size_t dim = map->info.in_dim;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++)
      sum += (double)x[i * dim + k] * x[i * dim + k];
    if (sum == 0.0)
      return pf_fail(PFLOW_EINVAL, "map: row %zu is 0: no direction", work->first + i);
    const double weight = 1.0 / sqrt(sum);
    for (size_t k = 0; k < dim; k++)
      y[i * dim + k] = (float)(x[i * dim + k] * weight);
  }
  return PFLOW_OK;
}

const pf_map_way pf_map_l2 = {.transform = normalize};
