/*
 * rotation.c - the orthogonal factor of a normal matrix.
 *
 * The factor is Haar distributed if the triangular one has a positive diagonal (Mezzadri
 * 2007, "How to generate random matrices from the classical compact groups"), which
 * Gram-Schmidt gives by itself. In double it loses the matrix's condition times epsilon:
 * nothing that float32 results show.
 */
#include "map/rotation.h"

#include <math.h>

#include "optim/linesearch.h"
#include "pflow/random.h"

/* Removes from row i its parts along the rows above. */
static void orthogonalize(double *matrix, size_t dim, size_t i) {
  double *row = matrix + i * dim;
  for (size_t above = 0; above < i; above++) {
    const double *unit = matrix + above * dim;
    double part = pf_dot(unit, row, dim);
    for (size_t k = 0; k < dim; k++)
      row[k] -= part * unit[k];
  }
}

static void normalize(double *row, size_t dim) {
  double norm = sqrt(pf_dot(row, row, dim));
  for (size_t k = 0; k < dim; k++)
    row[k] /= norm;
}

pflow_err pf_random_rotation(double *matrix, size_t dim, uint64_t seed) {
  float *normal;
  pf_try(pf_alloc(&normal, dim, sizeof *normal));
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 0);
  for (size_t i = 0; i < dim; i++) {
    pflow_rng_normal(&rng, normal, dim, 0.0, 1.0);
    for (size_t k = 0; k < dim; k++)
      matrix[i * dim + k] = normal[k];
    orthogonalize(matrix, dim, i);
    normalize(matrix + i * dim, dim);
  }
  pflow_free(normal);
  return PFLOW_OK;
}
