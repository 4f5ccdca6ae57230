/*
 * eigen.c - the cyclic Jacobi method (Golub and Van Loan, Matrix Computations, 8.5).
 *
 * Both triangles of the matrix are kept, so a rotation runs over two rows; the columns
 * are copies of them. Eigenvectors are rows for the same reason.
 */
#include "map/eigen.h"

#include <float.h>
#include <math.h>

enum { max_sweeps = 60 };

typedef struct rotation {
  double c, s;
} rotation;

/* The smaller rotation that makes entry (p, q) zero. */
static rotation rotation_for(double pp, double pq, double qq) {
  double tau = (qq - pp) / (2.0 * pq);
  double t = copysign(1.0, tau) / (fabs(tau) + sqrt(1.0 + tau * tau));
  double c = 1.0 / sqrt(1.0 + t * t);
  return (rotation){c, t * c};
}

static void rotate_rows(double *restrict p, double *restrict q, size_t dim, rotation r) {
  for (size_t k = 0; k < dim; k++) {
    double old = p[k];
    p[k] = r.c * old - r.s * q[k];
    q[k] = r.s * old + r.c * q[k];
  }
}

static void annihilate(double *a, double *vectors, size_t dim, size_t p, size_t q) {
  double *row_p = a + p * dim, *row_q = a + q * dim;
  double pp = row_p[p], pq = row_p[q], qq = row_q[q];
  rotation r = rotation_for(pp, pq, qq);
  double shift = r.s / r.c * pq;
  rotate_rows(row_p, row_q, dim, r);
  row_p[p] = pp - shift;
  row_q[q] = qq + shift;
  row_p[q] = row_q[p] = 0.0;
  for (size_t k = 0; k < dim; k++) {
    a[k * dim + p] = row_p[k];
    a[k * dim + q] = row_q[k];
  }
  rotate_rows(vectors + p * dim, vectors + q * dim, dim, r);
}

/* One pass over all pairs; returns whether any entry was above the threshold. */
static bool sweep(double *a, double *vectors, size_t dim, double threshold) {
  bool any = false;
  for (size_t p = 0; p + 1 < dim; p++) {
    for (size_t q = p + 1; q < dim; q++) {
      if (fabs(a[p * dim + q]) <= threshold) continue;
      annihilate(a, vectors, dim, p, q);
      any = true;
    }
  }
  return any;
}

/* Frobenius norm, safe from overflow and underflow. */
static double norm_of(const double *a, size_t size) {
  double largest = 0.0, squares = 0.0;
  for (size_t i = 0; i < size; i++)
    largest = fmax(largest, fabs(a[i]));
  for (size_t i = 0; largest > 0.0 && i < size; i++)
    squares += a[i] / largest * (a[i] / largest);
  return largest * sqrt(squares);
}

static void swap_rows(double *a, double *b, size_t dim) {
  for (size_t k = 0; k < dim; k++) {
    double old = a[k];
    a[k] = b[k];
    b[k] = old;
  }
}

/* By selection: dim swaps of rows at most. */
static void sort_descending(double *values, double *vectors, size_t dim) {
  for (size_t i = 0; i + 1 < dim; i++) {
    size_t best = i;
    for (size_t k = i + 1; k < dim; k++)
      if (values[k] > values[best]) best = k;
    if (best == i) continue;
    swap_rows(values + i, values + best, 1);
    swap_rows(vectors + i * dim, vectors + best * dim, dim);
  }
}

static void fix_sign(double *vector, size_t dim) {
  size_t largest = 0;
  for (size_t k = 1; k < dim; k++)
    if (fabs(vector[k]) > fabs(vector[largest])) largest = k;
  if (vector[largest] >= 0.0) return;
  for (size_t k = 0; k < dim; k++)
    vector[k] = -vector[k];
}

pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, double *vectors) {
  for (size_t i = 0; i < dim; i++)
    for (size_t k = 0; k < dim; k++)
      vectors[i * dim + k] = i == k;
  double threshold = DBL_EPSILON * norm_of(a, dim * dim) / (double)dim;
  int sweeps = 0;
  while (sweep(a, vectors, dim, threshold))
    if (++sweeps == max_sweeps)
      return pf_fail(PFLOW_EDIVERGED, "eigenvalues of %zu x %zu: no end after %d sweeps",
                     dim, dim, sweeps);
  for (size_t i = 0; i < dim; i++)
    values[i] = a[i * dim + i];
  sort_descending(values, vectors, dim);
  for (size_t i = 0; i < dim; i++)
    fix_sign(vectors + i * dim, dim);
  return PFLOW_OK;
}
