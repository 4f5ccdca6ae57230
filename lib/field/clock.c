/*
 * clock.c - right-hand sides dy/ds made of a field, with a watch on what they divide by.
 */
#include <math.h>

#include "base/base.h"
#include "pflow/field.h"

/* Rows that are evaluated at a time: bounds the field's workspace. */
enum { piece_rows = 4096 };

/* What is remembered of one row of the solve. */
typedef struct row_state {
  signed char side; /* sign of its last denominator; 0: none yet */
  bool crossed;
} row_state;

struct pflow_clock {
  const pflow_field *field;
  pflow_field_work *work;
  pflow_clock_config config;
  pflow_clock_stats stats;
  size_t n;
  row_state *row;
};

static pflow_err read_config(pflow_clock_config *full, const pflow_clock_config *given) {
  pflow_clock_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_clock_config"));
  int kind = (int)full->kind;
  pf_try(pf_check_setting(kind >= PFLOW_CLOCK_RADIAL && kind <= PFLOW_CLOCK_LOG_Z,
                          "clock: kind", kind, "0 to 3"));
  return pf_check_setting(full->max_speed > 0.0 && full->max_speed <= 1e30,
                          "clock: max_speed", full->max_speed,
                          "a value > 0, at most 1e30");
}

pflow_err pflow_clock_create(pflow_clock **clock, const pflow_field *field, size_t n,
                             const pflow_clock_config *config) {
  pf_need(clock);
  *clock = NULL;
  pf_need(field);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "clock: made for 0 rows");
  pflow_clock_config full;
  pf_try(read_config(&full, config));
  pflow_clock *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->field = field;
  made->config = full;
  made->stats.smallest = 1.0;
  made->n = n;
  pflow_err rc = pf_alloc(&made->row, n, sizeof *made->row);
  if (rc >= 0)
    rc = pflow_field_work_create(&made->work, field, n < piece_rows ? n : piece_rows);
  if (rc < 0) {
    pflow_clock_destroy(made);
    return rc;
  }
  *clock = made;
  return PFLOW_OK;
}

void pflow_clock_destroy(pflow_clock *clock) {
  if (!clock) return;
  pflow_field_work_destroy(clock->work);
  pflow_free(clock->row);
  pflow_free(clock);
}

pflow_err pflow_clock_get_stats(const pflow_clock *clock, pflow_clock_stats *stats) {
  pf_need(clock);
  pf_need(stats);
  *stats = clock->stats;
  return PFLOW_OK;
}

static double dot(const float *a, const float *b, size_t dim) {
  double sum[4] = {0.0};
  size_t k = 0;
  for (; k + 4 <= dim; k += 4) {
    for (size_t i = 0; i < 4; i++)
      sum[i] += (double)a[k + i] * b[k + i];
  }
  for (; k < dim; k++)
    sum[0] += (double)a[k] * b[k];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Counts a change of sign; the side that a zero denominator is taken to be on. */
static int watch_sign(pflow_clock *clock, row_state *row, double denominator) {
  int side = (denominator > 0.0) - (denominator < 0.0);
  /* Fields point toward the data, so -1 is the side of a flow outward. */
  if (side == 0) return row->side ? row->side : -1;
  if (row->side == -side) {
    clock->stats.crossings++;
    clock->stats.rows_crossed += !row->crossed;
    row->crossed = true;
  }
  row->side = (signed char)side;
  return side;
}

/* 1 / denominator, but no more than makes |E| as long as max_speed. */
static double watched_inverse(pflow_clock *clock, row_state *row, double denominator,
                              double norm, double cosine) {
  clock->stats.smallest = fmin(clock->stats.smallest, cosine);
  int side = watch_sign(clock, row, denominator);
  if (norm <= clock->config.max_speed * fabs(denominator)) return 1.0 / denominator;
  clock->stats.capped++;
  return side * (clock->config.max_speed / norm);
}

/* The factor that makes dy/ds of a field E != 0 of length norm at y. */
static double clock_factor(pflow_clock *clock, row_state *row, const float *y,
                           const float *e, double norm, size_t dim) {
  if (clock->config.kind == PFLOW_CLOCK_ARC) return -1.0 / norm;
  if (clock->config.kind == PFLOW_CLOCK_RADIAL) {
    double product = dot(e, y, dim), radius = sqrt(dot(y, y, dim));
    double cosine = radius > 0.0 ? fabs(product) / (norm * radius) : 0.0;
    return watched_inverse(clock, row, product, norm, cosine);
  }
  double e_z = e[dim - 1];
  double factor = watched_inverse(clock, row, e_z, norm, fabs(e_z) / norm);
  return clock->config.kind == PFLOW_CLOCK_Z ? factor : factor * y[dim - 1];
}

/* Turns the field e of one row into its derivative, in place. */
static int convert_row(pflow_clock *clock, size_t index, const float *y, float *e,
                       size_t dim) {
  if (index >= clock->n)
    return pf_fail(PFLOW_EINVAL, "clock: row %zu, made for %zu rows", index, clock->n);
  clock->stats.evaluations++;
  double norm = sqrt(dot(e, e, dim));
  if (!isfinite(norm))
    return pf_fail(PFLOW_ENONFINITE,
                   "clock: the %s field of row %zu is not finite at radius %g, z %g",
                   pflow_field_kind(clock->field), index, sqrt(dot(y, y, dim)),
                   (double)y[dim - 1]);
  if (norm == 0.0)
    return clock->config.kind == PFLOW_CLOCK_Z || clock->config.kind == PFLOW_CLOCK_LOG_Z;
  double factor = clock_factor(clock, &clock->row[index], y, e, norm, dim);
  for (size_t k = 0; k < dim; k++)
    e[k] = (float)(e[k] * factor);
  return 0;
}

int pflow_clock_rhs(const pflow_ode_rows *rows, float *dy, void *clock) {
  pf_need(rows);
  pf_need(dy);
  pf_need(clock);
  pflow_clock *self = clock;
  size_t dim = pflow_field_dim(self->field);
  if (rows->dim != dim)
    return pf_fail(PFLOW_ESHAPE, "clock: rows of %zu values, the field has %zu",
                   rows->dim, dim);
  for (size_t begin = 0; begin < rows->n; begin += piece_rows) {
    size_t left = rows->n - begin, count = left < piece_rows ? left : piece_rows;
    pf_try(pflow_field_eval(self->field, self->work, rows->y + begin * dim, count,
                            dy + begin * dim));
    for (size_t i = begin; i < begin + count; i++) {
      int result = convert_row(self, rows->row[i], rows->y + i * dim, dy + i * dim, dim);
      if (result != 0) return result;
    }
  }
  return 0;
}
