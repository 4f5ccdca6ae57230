/*
 * clock.c - right-hand sides dy/ds made of a field, with a watch on what they divide by.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "field/lender.h"
#include "kernels/table.h"
#include "pflow/field.h"

/*
 * Rows that are evaluated at a time: bounds the field's workspaces. A field whose calls
 * run side by side has no threads to share a piece out to, and a small piece is still in
 * a near cache when it is made a derivative.
 */
enum { piece_rows = 512, near_piece_rows = 64 };

/* What is remembered of one row of the solve. */
typedef struct row_state {
  signed char side; /* sign of its last denominator; 0: none yet */
  bool crossed;
} row_state;

/* What one call at a time uses: a workspace, and the counts of the calls that had it. */
typedef struct clock_slot {
  pf_lent lent;
  pflow_field_work *work;
  pflow_clock_stats stats;
} clock_slot;

struct pflow_clock {
  const pflow_field *field;
  pflow_clock_config config;
  size_t n, piece; /* rows in all, and of a piece */
  row_state *row;
  size_t slots; /* config.concurrent, or fewer while the clock is being made */
  clock_slot *slot;
};

/* One call under way: its slot, and what it has counted. */
typedef struct clock_call {
  const pflow_clock *clock;
  const pf_rows_kernels *kernels;
  clock_slot *slot;
  pflow_clock_stats stats;
} clock_call;

static pflow_err read_config(pflow_clock_config *full, const pflow_clock_config *given) {
  pflow_clock_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_clock_config"));
  int kind = (int)full->kind;
  pf_try(pf_check_setting(kind >= PFLOW_CLOCK_RADIAL && kind <= PFLOW_CLOCK_LOG_Z,
                          "clock: kind", kind, "0 to 3"));
  pf_try(pf_check_setting(full->concurrent > 0 && full->concurrent <= PFLOW_MAX_THREADS,
                          "clock: concurrent", (double)full->concurrent,
                          "1 to PFLOW_MAX_THREADS"));
  return pf_check_setting(full->max_speed > 0.0 && full->max_speed <= 1e30,
                          "clock: max_speed", full->max_speed,
                          "a value > 0, at most 1e30");
}

static size_t rows_at_a_time(const pflow_clock_config *config) {
  return config->concurrent > 1 ? near_piece_rows : piece_rows;
}

static pflow_err create_parts(pflow_clock *clock) {
  const size_t slots = clock->config.concurrent;
  pf_try(pf_alloc(&clock->row, clock->n, sizeof *clock->row));
  pf_try(pf_alloc(&clock->slot, slots, sizeof *clock->slot));
  for (; clock->slots < slots; clock->slots++) {
    clock_slot *slot = &clock->slot[clock->slots];
    pf_try(pflow_field_work_create(&slot->work, clock->field, clock->piece));
    pf_lent_begin(&slot->lent);
    slot->stats.smallest = 1.0;
  }
  return PFLOW_OK;
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
  made->n = n;
  made->piece = rows_at_a_time(&full);
  if (made->piece > n) made->piece = n;
  pflow_err rc = create_parts(made);
  if (rc < 0) {
    pflow_clock_destroy(made);
    return rc;
  }
  *clock = made;
  return PFLOW_OK;
}

void pflow_clock_destroy(pflow_clock *clock) {
  if (!clock) return;
  for (size_t i = 0; i < clock->slots; i++) {
    pflow_field_work_destroy(clock->slot[i].work);
    pf_lent_end(&clock->slot[i].lent);
  }
  pflow_free(clock->slot);
  pflow_free(clock->row);
  pflow_free(clock);
}

void pflow_clock_reset(pflow_clock *clock) {
  if (!clock) return;
  memset(clock->row, 0, clock->n * sizeof *clock->row);
  for (size_t i = 0; i < clock->slots; i++)
    clock->slot[i].stats = (pflow_clock_stats){.smallest = 1.0};
}

static void add_stats(pflow_clock_stats *sum, const pflow_clock_stats *more) {
  sum->evaluations += more->evaluations;
  sum->crossings += more->crossings;
  sum->rows_crossed += more->rows_crossed;
  sum->capped += more->capped;
  sum->smallest = fmin(sum->smallest, more->smallest);
}

pflow_err pflow_clock_get_stats(const pflow_clock *clock, pflow_clock_stats *stats) {
  pf_need(clock);
  pf_need(stats);
  *stats = (pflow_clock_stats){.smallest = 1.0};
  for (size_t i = 0; i < clock->slots; i++) {
    pthread_mutex_lock(&clock->slot[i].lent.lock);
    add_stats(stats, &clock->slot[i].stats);
    pthread_mutex_unlock(&clock->slot[i].lent.lock);
  }
  return PFLOW_OK;
}

static clock_call begin_call(pflow_clock *clock) {
  return (clock_call){.clock = clock,
                      .kernels = &pf_kernels_get()->rows,
                      .slot = pf_lend(clock->slot, clock->slots, sizeof *clock->slot),
                      .stats.smallest = 1.0};
}

/* Gives the slot back with what was counted. */
static void end_call(const clock_call *call) {
  add_stats(&call->slot->stats, &call->stats);
  pf_lend_back(&call->slot->lent);
}

/* Counts a change of sign; the side that a zero denominator is taken to be on. */
static int watch_sign(clock_call *call, row_state *row, double denominator) {
  int side = (denominator > 0.0) - (denominator < 0.0);
  /* Fields point toward the data, so -1 is the side of a flow outward. */
  if (side == 0) return row->side ? row->side : -1;
  if (row->side == -side) {
    call->stats.crossings++;
    call->stats.rows_crossed += !row->crossed;
    row->crossed = true;
  }
  row->side = (signed char)side;
  return side;
}

/* 1 / denominator, but no more than makes |E| as long as max_speed. */
static double watched_inverse(clock_call *call, row_state *row, double denominator,
                              double norm, double cosine) {
  call->stats.smallest = fmin(call->stats.smallest, cosine);
  int side = watch_sign(call, row, denominator);
  if (norm <= call->clock->config.max_speed * fabs(denominator)) return 1.0 / denominator;
  call->stats.capped++;
  return side * (call->clock->config.max_speed / norm);
}

/* The factor that makes dy/ds of a field E != 0 at y, from E . E, E . y and y . y. */
static double clock_factor(clock_call *call, row_state *row, const float *y,
                           const float *e, const pf_rows_dots *dots, size_t dim) {
  const pflow_clock_kind kind = call->clock->config.kind;
  const double norm = sqrt(dots->aa);
  if (kind == PFLOW_CLOCK_ARC) return -1.0 / norm;
  if (kind == PFLOW_CLOCK_RADIAL) {
    double radius = sqrt(dots->bb);
    double cosine = radius > 0.0 ? fabs(dots->ab) / (norm * radius) : 0.0;
    return watched_inverse(call, row, dots->ab, norm, cosine);
  }
  double e_z = e[dim - 1];
  double factor = watched_inverse(call, row, e_z, norm, fabs(e_z) / norm);
  return kind == PFLOW_CLOCK_Z ? factor : factor * y[dim - 1];
}

/* e *= factor; one that is no normal float goes the long way. */
static void scale_row(const clock_call *call, double factor, float *e, size_t dim) {
  const double size = fabs(factor);
  if (size >= FLT_MIN && size <= FLT_MAX) {
    call->kernels->scale(dim, (float)factor, e);
    return;
  }
  for (size_t k = 0; k < dim; k++)
    e[k] = (float)(e[k] * factor);
}

/* Turns the field e of one row into its derivative, in place. */
static int convert_row(clock_call *call, size_t index, const float *y, float *e,
                       size_t dim) {
  const pflow_clock *clock = call->clock;
  if (index >= clock->n)
    return pf_fail(PFLOW_EINVAL, "clock: row %zu, made for %zu rows", index, clock->n);
  call->stats.evaluations++;
  const pf_rows_dots dots = call->kernels->dots(dim, e, y);
  if (!isfinite(dots.aa))
    return pf_fail(PFLOW_ENONFINITE,
                   "clock: the %s field of row %zu is not finite at radius %g, z %g",
                   pflow_field_kind(clock->field), index, sqrt(dots.bb),
                   (double)y[dim - 1]);
  if (dots.aa == 0.0)
    return clock->config.kind == PFLOW_CLOCK_Z || clock->config.kind == PFLOW_CLOCK_LOG_Z;
  scale_row(call, clock_factor(call, &clock->row[index], y, e, &dots, dim), e, dim);
  return 0;
}

/* A piece of rows from `begin` on. */
static int convert_piece(clock_call *call, const pflow_ode_rows *rows, size_t begin,
                         float *dy) {
  const size_t dim = rows->dim, left = rows->n - begin, most = call->clock->piece;
  const size_t end = begin + (left < most ? left : most);
  pf_try(pflow_field_eval(call->clock->field, call->slot->work, rows->y + begin * dim,
                          end - begin, dy + begin * dim));
  for (size_t i = begin; i < end; i++) {
    int result = convert_row(call, rows->row[i], rows->y + i * dim, dy + i * dim, dim);
    if (result != 0) return result;
  }
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
  clock_call call = begin_call(self);
  int result = 0;
  for (size_t begin = 0; result == 0 && begin < rows->n; begin += self->piece)
    result = convert_piece(&call, rows, begin, dy);
  end_call(&call);
  return result;
}
