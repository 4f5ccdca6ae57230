/*
 * eigen.c - Householder tridiagonalisation and the implicit QR method with Wilkinson's
 * shift (Golub and Van Loan, Matrix Computations, 8.3).
 *
 * Vectors are kept as rows, so that inner loops run over contiguous memory.
 */
#include "eval/eigen.h"

#include <float.h>
#include <math.h>

#include "optim/linesearch.h"

/* Sweeps a value may take; two or three are usual. */
enum { max_sweeps = 50 };

/* The matrix similar to the input in the basis of the rows of vectors. */
typedef struct basis {
  size_t dim;
  double *a;              /* dim x dim, until it is tridiagonal */
  double *diagonal, *off; /* then; off[i] couples i and i + 1 */
  double *vectors;
  double *scratch; /* dim */
} basis;

/* x becomes v with (I - v v^T) x = image * (1, 0, ..., 0); returns image. */
static double make_reflector(double *x, size_t n) {
  double rest = pf_dot(x + 1, x + 1, n - 1), image = x[0], scale = 0.0;
  if (rest > 0.0) {
    image = -copysign(sqrt(x[0] * x[0] + rest), x[0]);
    x[0] -= image;
    scale = sqrt(2.0 / (x[0] * x[0] + rest));
  }
  for (size_t k = 0; k < n; k++)
    x[k] *= scale;
  return image;
}

/* a <- (I - v v^T) a (I - v v^T) for the last n rows and columns. */
static void reflect_both_sides(const basis *self, const double *restrict v, size_t n) {
  size_t first = self->dim - n;
  double *restrict q = self->scratch;
  for (size_t i = 0; i < n; i++)
    q[i] = pf_dot(self->a + (first + i) * self->dim + first, v, n);
  double half = 0.5 * pf_dot(q, v, n);
  for (size_t i = 0; i < n; i++)
    q[i] -= half * v[i];
  for (size_t i = 0; i < n; i++) {
    double *restrict row = self->a + (first + i) * self->dim + first;
    double vi = v[i], qi = q[i];
    for (size_t k = 0; k < n; k++)
      row[k] -= vi * q[k] + qi * v[k];
  }
}

static void add_scaled(double *restrict out, double weight, const double *restrict row,
                       size_t n) {
  for (size_t k = 0; k < n; k++)
    out[k] += weight * row[k];
}

/* The last n vectors <- (I - v v^T) vectors. */
static void reflect_vectors(const basis *self, const double *v, size_t n) {
  size_t dim = self->dim;
  double *last = self->vectors + (dim - n) * dim, *sum = self->scratch;
  for (size_t k = 0; k < dim; k++)
    sum[k] = 0.0;
  for (size_t i = 0; i < n; i++)
    add_scaled(sum, v[i], last + i * dim, dim);
  for (size_t i = 0; i < n; i++)
    add_scaled(last + i * dim, -v[i], sum, dim);
}

static void tridiagonalize(basis *self) {
  size_t dim = self->dim;
  for (size_t i = 0; i + 1 < dim; i++) {
    double *right = self->a + i * dim + i + 1;
    self->diagonal[i] = right[-1];
    self->off[i] = make_reflector(right, dim - i - 1);
    reflect_both_sides(self, right, dim - i - 1);
    reflect_vectors(self, right, dim - i - 1);
  }
  self->diagonal[dim - 1] = self->a[dim * dim - 1];
}

/* The eigenvalue of the last 2 x 2 of a block that is closer to its last entry. */
static double wilkinson_shift(const basis *self, size_t last) {
  double off = self->off[last - 1];
  double half = 0.5 * (self->diagonal[last - 1] - self->diagonal[last]);
  return self->diagonal[last] - off * off / (half + copysign(hypot(half, off), half));
}

/* Rotates basis vectors i and i + 1 by the angle with this cosine and sine. */
static void rotate(basis *self, size_t i, double c, double s) {
  double *restrict p = self->vectors + i * self->dim, *restrict q = p + self->dim;
  double a = self->diagonal[i], b = self->off[i], d = self->diagonal[i + 1];
  self->diagonal[i] = c * c * a + 2.0 * c * s * b + s * s * d;
  self->diagonal[i + 1] = s * s * a - 2.0 * c * s * b + c * c * d;
  self->off[i] = c * s * (d - a) + (c * c - s * s) * b;
  for (size_t k = 0; k < self->dim; k++) {
    double old = p[k];
    p[k] = c * old + s * q[k];
    q[k] = c * q[k] - s * old;
  }
}

/* One implicit QR step on the block first .. last: the rotation that the shift asks for,
 * and those that chase the entry it leaves outside the band down and out. */
static void sweep(basis *self, size_t first, size_t last) {
  double x = self->diagonal[first] - wilkinson_shift(self, last);
  double z = self->off[first];
  for (size_t i = first; i < last; i++) {
    double r = hypot(x, z), c = r > 0.0 ? x / r : 1.0, s = r > 0.0 ? z / r : 0.0;
    if (i > first) self->off[i - 1] = r;
    rotate(self, i, c, s);
    if (i + 1 == last) break;
    x = self->off[i];
    z = s * self->off[i + 1];
    self->off[i + 1] *= c;
  }
}

static bool is_split(const basis *self, size_t i) {
  double around = fabs(self->diagonal[i]) + fabs(self->diagonal[i + 1]);
  return fabs(self->off[i]) <= DBL_EPSILON * around || fabs(self->off[i]) < DBL_MIN;
}

/* Sweeps the last block that is not a single value until there is none. */
static pflow_err diagonalize(basis *self) {
  size_t last = self->dim - 1, sweeps = 0;
  while (last > 0) {
    if (is_split(self, last - 1)) {
      last--;
      sweeps = 0;
      continue;
    }
    if (sweeps++ == max_sweeps)
      return pf_fail(PFLOW_EDIVERGED, "eigenvalue %zu of %zu: no end after %d sweeps",
                     last, self->dim, max_sweeps);
    size_t first = last - 1;
    while (first > 0 && !is_split(self, first - 1))
      first--;
    sweep(self, first, last);
  }
  return PFLOW_OK;
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

/* Scales by a power of two, so that squares stay in range; returns its exponent. */
static int normalize(double *a, size_t size) {
  double largest = 0.0;
  int exponent;
  for (size_t i = 0; i < size; i++)
    largest = fmax(largest, fabs(a[i]));
  frexp(largest, &exponent);
  for (size_t i = 0; i < size; i++)
    a[i] = ldexp(a[i], -exponent);
  return exponent;
}

pflow_err pf_eigen_symmetric(double *a, size_t dim, double *values, double *vectors) {
  double *scratch;
  pf_try(pf_alloc(&scratch, dim, 2 * sizeof *scratch));
  basis self = {dim, a, values, scratch, vectors, scratch + dim};
  int exponent = normalize(a, dim * dim);
  for (size_t i = 0; i < dim; i++)
    for (size_t k = 0; k < dim; k++)
      vectors[i * dim + k] = i == k;
  tridiagonalize(&self);
  pflow_err rc = diagonalize(&self);
  pflow_free(scratch);
  pf_try(rc);
  sort_descending(values, vectors, dim);
  for (size_t i = 0; i < dim; i++) {
    values[i] = ldexp(values[i], exponent);
    fix_sign(vectors + i * dim, dim);
  }
  return PFLOW_OK;
}
