/*
 * precondition.c - by a Cholesky factor, or by the eigenvectors of few rows.
 */
#include "eval/precondition.h"

#include <float.h>
#include <math.h>

#include "eval/cholesky.h"
#include "eval/eigen.h"
#include "eval/rows.h"
#include "kernels/gemm.h"
#include "optim/linesearch.h"

/* Rows are few where there are this many times as many values: then their eigenvectors
 * take less time than the factor. */
enum { few = 4 };

static double scale_of(const pf_objective *objective) {
  return objective->c / (double)objective->classes;
}

/* ---- many rows ---- */

/* P of centred rows is that of the rows with the intercept's column eliminated, which
 * puts their mean into the factor: an offset costs no digits. */
static pflow_err factorize(pf_precondition *self, const pf_objective *objective,
                           double *mean) {
  const size_t width = self->width, n = objective->n;
  const double scale = scale_of(objective);
  double *factor = self->factor;
  pf_try(pf_moments(objective->x, n, width - 1, mean, NULL));
  pf_try(pf_objective_curvature(objective, mean, factor));
  for (size_t i = 0; i < width; i++) {
    for (size_t k = 0; k <= i; k++)
      factor[i * width + k] *= scale;
    if (i > 0) factor[i * width + i] += 1.0;
  }
  /* With the penalty in it no pivot is below 1 but by rounding, and what is below the
   * rounding of so long a sum says nothing of its direction. */
  pf_cholesky(factor, width, fmin(1.0, factor[0]), sqrt((double)n) * DBL_EPSILON);
  for (size_t i = 1; i < width; i++)
    factor[i * width] = factor[0] * mean[i - 1] / objective->unit;
  return PFLOW_OK;
}

static pflow_err find_many(pf_precondition *self, const pf_objective *objective) {
  const size_t width = self->width;
  size_t square;
  double *mean;
  pf_try(pf_mul(&square, width, width, "logistic curvature"));
  pf_try(pf_alloc(&self->factor, square, sizeof *self->factor));
  pf_try(pf_alloc(&mean, width - 1, sizeof *mean));
  const pflow_err rc = factorize(self, objective, mean);
  pflow_free(mean);
  return rc;
}

/* ---- few rows ---- */

/* Rows [1, x_i / unit]. */
static void widen(const pf_objective *objective, double *rows) {
  const size_t width = objective->width, dim = width - 1;
  for (size_t i = 0; i < objective->n; i++) {
    rows[i * width] = 1.0;
    for (size_t k = 0; k < dim; k++)
      rows[i * width + 1 + k] = objective->x[i * dim + k] / objective->unit;
  }
}

/* From X X^T u = l u: the axis b = X^T u has length sqrt(l), and P^-1/2 = I + sum of
 * (1 / sqrt(1 + scale l) - 1) / l b b^T, whose factor is written without a difference. */
static double shrink_of(double value, double scale) {
  const double root = sqrt(1.0 + scale * value);
  return -scale / (root * (1.0 + root));
}

/* vectors and rows: scratch, n x n and n x width. */
static pflow_err find_axes(pf_precondition *self, const pf_objective *objective,
                           double *vectors, double *rows) {
  const size_t n = self->rank, width = self->width;
  widen(objective, rows);
  pf_try(pf_dgemm(pf_plain, pf_transposed, n, n, width, rows, rows, 0.0, vectors));
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < i; k++)
      vectors[i * n + k] = vectors[k * n + i];
  pf_try(pf_eigen_symmetric(vectors, n, self->shrink, true));
  /* Below this a value is rounding of the largest, and says nothing of its axis. */
  const double least = (double)n * DBL_EPSILON * self->shrink[0];
  for (size_t i = 0; i < n; i++)
    self->shrink[i] =
        self->shrink[i] > least ? shrink_of(self->shrink[i], scale_of(objective)) : 0.0;
  return pf_dgemm(pf_plain, pf_plain, n, width, n, vectors, rows, 0.0, self->factor);
}

static pflow_err find_few(pf_precondition *self, const pf_objective *objective) {
  const size_t n = objective->n;
  size_t size;
  double *scratch;
  self->rank = n;
  pf_try(pf_eigen_check(n));
  pf_try(pf_mul(&size, n, self->width, "logistic axes"));
  pf_try(pf_alloc(&self->factor, size, sizeof *self->factor));
  pf_try(pf_alloc(&self->shrink, n, sizeof *self->shrink));
  pf_try(pf_alloc(&self->along, n, sizeof *self->along));
  pf_try(pf_alloc(&scratch, n * n + size, sizeof *scratch));
  const pflow_err rc = find_axes(self, objective, scratch, scratch + n * n);
  pflow_free(scratch);
  return rc;
}

static void add_axes(pf_precondition *self, double *row) {
  for (size_t a = 0; a < self->rank; a++)
    self->along[a] =
        self->shrink[a] * pf_dot(self->factor + a * self->width, row, self->width);
  for (size_t a = 0; a < self->rank; a++)
    for (size_t k = 0; k < self->width; k++)
      row[k] += self->along[a] * self->factor[a * self->width + k];
}

/* ---- either ---- */

pflow_err pf_precondition_make(pf_precondition *self, const pf_objective *objective) {
  *self = (pf_precondition){.width = objective->width};
  return objective->n <= objective->width / few ? find_few(self, objective)
                                                : find_many(self, objective);
}

void pf_precondition_free(pf_precondition *self) {
  pflow_free(self->along);
  pflow_free(self->shrink);
  pflow_free(self->factor);
}

/* P^-1/2 is symmetric. */
static void apply_few(pf_precondition *self, double *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    add_axes(self, rows + i * self->width);
}

void pf_to_weights(pf_precondition *self, double *rows, size_t count) {
  if (self->rank)
    apply_few(self, rows, count);
  else
    pf_solve_lower_transposed(self->factor, self->width, rows, count);
}

void pf_to_variables(pf_precondition *self, double *rows, size_t count) {
  if (self->rank)
    apply_few(self, rows, count);
  else
    pf_solve_lower(self->factor, self->width, rows, count);
}
