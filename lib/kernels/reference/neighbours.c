/*
 * neighbours.c - the oracle of the kernels that search for nearest rows.
 */
#include "kernels/neighbours_kernels.h"

static size_t find(const float *products, size_t m, size_t n, const float *half,
                   const float *length, const float *slope, const float *limit,
                   uint16_t *found) {
  size_t count = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++)
      if (!(products[i * n + j] - half[j] + slope[i] * length[j] < limit[i]))
        found[count++] = (uint16_t)(i * n + j);
  return count;
}

static double distance(const float *a, const float *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++) {
    const double difference = (double)a[k] - (double)b[k];
    sum += difference * difference;
  }
  return sum;
}

void pf_fill_neighbours_reference(pf_neighbours_kernels *to);
void pf_fill_neighbours_reference(pf_neighbours_kernels *to) {
  *to = (pf_neighbours_kernels){find, distance};
}
