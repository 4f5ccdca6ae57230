/*
 * uniformity.c - log of the mean Gaussian potential over pairs (Wang and Isola 2020).
 *
 * Rows are normalised in double, so ||a - b||^2 = 2 - 2 a.b and a block of inner products
 * is one matrix product. Each row keeps the largest exponent it has met beside its sum:
 * no t underflows.
 */
#include <math.h>

#include "eval/rows.h"
#include "eval/sample.h"
#include "eval/uniformity.h"
#include "kernels/gemm.h"
#include "pflow/eval.h"

enum { row_block = 256, column_block = 1024, row_grain = 16 };

/* The sum of exp over a set of exponents: scale * exp(top). */
typedef struct exp_sum {
  double top, scale;
} exp_sum;

typedef struct pair_sums {
  const double *unit; /* n x dim */
  size_t n, dim;
  double t;
  pflow_pool *pool;
  double *products; /* row_block x columns */
  exp_sum *sums;    /* of each row's pairs with later rows */
  size_t row, column, columns;
} pair_sums;

static exp_sum join(exp_sum a, exp_sum b) {
  double top = fmax(a.top, b.top);
  if (top == -INFINITY) return a;
  return (exp_sum){top, a.scale * exp(a.top - top) + b.scale * exp(b.top - top)};
}

/* Sum over exponents -t (2 - 2 p) of inner products p; rounding may put p above 1. */
static exp_sum sum_of(const double *products, size_t n, double t) {
  double largest = -INFINITY;
  for (size_t k = 0; k < n; k++)
    largest = products[k] > largest ? products[k] : largest;
  exp_sum sum = {2.0 * t * (largest - 1.0), 0.0};
  for (size_t k = 0; k < n; k++)
    sum.scale += exp(2.0 * t * (products[k] - largest));
  sum.top = fmin(sum.top, 0.0);
  return sum;
}

/* Rows of the block against those of its columns that come later. */
static int add_rows(size_t begin, size_t end, void *user) {
  pair_sums *self = user;
  for (size_t i = begin; i < end; i++) {
    size_t row = self->row + i;
    size_t skip = row < self->column ? 0 : row + 1 - self->column;
    if (skip >= self->columns) continue;
    const double *products = self->products + i * self->columns;
    exp_sum sum = sum_of(products + skip, self->columns - skip, self->t);
    self->sums[row] = join(self->sums[row], sum);
  }
  return 0;
}

static pflow_err add_block(pair_sums *self, size_t row, size_t column) {
  size_t rows = self->n - row < row_block ? self->n - row : row_block;
  self->row = row;
  self->column = column;
  self->columns = self->n - column < column_block ? self->n - column : column_block;
  pf_try(pf_dgemm(pf_plain, pf_transposed, rows, self->columns, self->dim,
                  self->unit + row * self->dim, self->unit + column * self->dim, 0.0,
                  self->products));
  return pflow_parallel_for(self->pool, rows, row_grain, add_rows, self);
}

static pflow_err add_all(pair_sums *self, double *value) {
  for (size_t i = 0; i < self->n; i++)
    self->sums[i] = (exp_sum){-INFINITY, 0.0};
  for (size_t row = 0; row < self->n; row += row_block)
    for (size_t column = row; column < self->n; column += column_block)
      pf_try(add_block(self, row, column));
  exp_sum total = {-INFINITY, 0.0};
  for (size_t i = 0; i < self->n; i++)
    total = join(total, self->sums[i]);
  double pairs = 0.5 * (double)self->n * (double)(self->n - 1);
  *value = total.top + log(total.scale / pairs);
  return PFLOW_OK;
}

static void normalize(const float *row, size_t dim, double *unit) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)row[k] * row[k];
  double norm = sqrt(sum);
  for (size_t k = 0; k < dim; k++)
    unit[k] = row[k] / norm;
}

static pflow_err check_nonzero(const float *x, size_t n, size_t dim) {
  for (size_t i = 0; i < n; i++) {
    size_t k = 0;
    while (k < dim && x[i * dim + k] == 0.0f)
      k++;
    if (k == dim) return pf_fail(PFLOW_EINVAL, "row %zu is zero: it has no direction", i);
  }
  return PFLOW_OK;
}

static pflow_err read_config(pflow_uniformity_config *config,
                             const pflow_uniformity_config *given) {
  pflow_uniformity_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_uniformity_config"));
  pf_try(pf_check_uniformity_t(config->t));
  return pf_check_setting(config->max_rows >= 2, "max_rows", (double)config->max_rows,
                          ">= 2");
}

static pflow_err uniformity_of(const float *x, size_t n, size_t dim, size_t take,
                               const pflow_uniformity_config *config, double *value) {
  pair_sums self = {.n = take, .dim = dim, .t = config->t, .pool = config->pool};
  double *unit = NULL;
  size_t *chosen = NULL, size;
  pf_try(pf_mul(&size, take, dim, "rows of uniformity"));
  pflow_err rc = pf_alloc(&unit, size, sizeof *unit);
  if (rc >= 0) rc = pf_alloc(&self.sums, take, sizeof *self.sums);
  if (rc >= 0)
    rc =
        pf_alloc(&self.products, (size_t)row_block * column_block, sizeof *self.products);
  if (rc >= 0) rc = pf_alloc(&chosen, take, sizeof *chosen);
  if (rc >= 0) {
    pf_sample(n, take, config->seed, 0, chosen);
    for (size_t i = 0; i < take; i++)
      normalize(x + chosen[i] * dim, dim, unit + i * dim);
    self.unit = unit;
    rc = add_all(&self, value);
  }
  pflow_free(chosen);
  pflow_free(self.products);
  pflow_free(self.sums);
  pflow_free(unit);
  return rc;
}

pflow_err pflow_uniformity(const float *x, size_t n, size_t dim,
                           const pflow_uniformity_config *config, double *value) {
  pf_need(x);
  pf_need(value);
  pflow_uniformity_config full;
  pf_try(read_config(&full, config));
  pf_try(pf_check_rows_shared(full.pool, x, n, dim, "rows"));
  if (n < 2) return pf_fail(PFLOW_EINVAL, "uniformity of %zu row, wants 2 or more", n);
  pf_try(check_nonzero(x, n, dim));
  return uniformity_of(x, n, dim, n < full.max_rows ? n : full.max_rows, &full, value);
}
