/*
 * adaptive.c - every row with its own step, chosen by a PI controller.
 *
 * Gustafsson 1991; Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I
 * (1993), II.4, also for the first step. A method that is not fsal gets one more stage at
 * the end of the step, so that k_0 of the next step is always at hand, and a step into
 * forbidden ground is always found out before it is accepted.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ode/block.h"

static const double safety = 0.9, factor_min = 0.2, factor_max = 10.0;
static const double beta = 0.04; /* weight of the error before */

/* A local error goes with this power of the step. */
static double error_power(const pf_ode_solver *self) {
  int order = self->method.order, other = self->method.error_order;
  return (order < other ? order : other) + 1.0;
}

static double smallest_step(const pf_ode_solver *self) {
  double rounding = 4 * DBL_EPSILON * fmax(fabs(self->s0), fabs(self->s1));
  return fmax(self->config.h_min, rounding);
}

static double clamp_step(const pf_ode_solver *self, double h) {
  double most = self->config.h_max > 0 ? self->config.h_max : fabs(self->s1 - self->s0);
  return fmin(fmax(h, smallest_step(self)), most);
}

/* Root mean square of values / (atol + rtol |y|), |y| the larger of state and stage. */
static double scaled_rms(const pf_ode_solver *self, size_t r, const double *values) {
  const double *state = self->state + r * self->dim;
  const float *stage = self->stage + r * self->dim;
  const double total = self->kernels->scaled_square(self->dim, values, state, stage,
                                                    self->config.atol, self->config.rtol);
  return sqrt(total / (double)self->dim);
}

/* self->sum = sum_j weight_j k_j of row r. */
static void sum_terms(pf_ode_solver *self, size_t r, const double *weight,
                      size_t stages) {
  const pf_rows_terms terms = pf_ode_terms(self, r, weight, stages);
  self->kernels->sum(self->dim, &terms, self->sum);
}

/* Row r's stage = state + h sum_j weight_j k_j. */
static void make_stage(pf_ode_solver *self, size_t r, const double *weight, size_t stages,
                       double h) {
  const pf_rows_terms terms = pf_ode_terms(self, r, weight, stages);
  const size_t first = r * self->dim;
  self->kernels->stage(self->dim, &terms, h, self->state + first, self->stage + first);
}

/* Takes row r's step: state and stage are then its end. */
static void advance(pf_ode_solver *self, size_t r, double h) {
  const pf_rows_terms terms = pf_ode_terms(self, r, self->method.b, self->weighted);
  const size_t first = r * self->dim;
  self->kernels->advance(self->dim, &terms, h, self->state + first, self->state + first,
                         self->stage + first);
}

/* The step will be rejected; its other stages stay at its start, which is allowed. */
static void refuse(pf_ode_solver *self, size_t r, size_t j) {
  self->control[r].refused = true;
  self->control[r].step = 0.0;
  memset(self->k[j] + r * self->dim, 0, self->dim * sizeof *self->k[j]);
}

/*
 * k_j of rows begin to end. When the right-hand side refuses several rows at once they
 * are asked again in halves, so that a row never suffers for another.
 */
static pflow_err evaluate(pf_ode_solver *self, size_t j, size_t begin, size_t end) {
  int result = pf_ode_call(self, j, begin, end);
  if (result < 0) return pf_callback_result(result, "the right-hand side");
  if (result > 0 && end - begin > 1) {
    size_t middle = begin + (end - begin) / 2;
    pf_try(evaluate(self, j, begin, middle));
    return evaluate(self, j, middle, end);
  }
  for (size_t r = begin; r < end; r++)
    if (result > 0 || !self->kernels->finite(self->dim, self->k[j] + r * self->dim))
      refuse(self, r, j);
  return PFLOW_OK;
}

static void move_row(pf_ode_solver *self, size_t to, size_t from) {
  const size_t dim = self->dim;
  memcpy(self->state + to * dim, self->state + from * dim, dim * sizeof *self->state);
  memcpy(self->stage + to * dim, self->stage + from * dim, dim * sizeof *self->stage);
  memcpy(self->k[0] + to * dim, self->k[0] + from * dim, dim * sizeof *self->k[0]);
  self->row[to] = self->row[from];
  self->control[to] = self->control[from];
}

/* Hands rows that have ended back to the caller and closes the gaps. */
static void drop_ended(pf_ode_solver *self) {
  size_t kept = 0;
  for (size_t r = 0; r < self->count; r++) {
    const pf_ode_control *row = &self->control[r];
    if (row->status == PFLOW_STOPPED) {
      if (kept < r) move_row(self, kept, r);
      kept++;
    } else {
      pf_ode_store(self, r);
      pf_ode_finish(self, r, row->s, row->status);
    }
  }
  self->count = kept;
}

/* k_0 at the start. Where even that cannot be had no step will help. */
static pflow_err start_rows(pf_ode_solver *self) {
  for (size_t r = 0; r < self->count; r++)
    self->control[r] =
        (pf_ode_control){.s = self->s0, .error = 1e-4, .status = PFLOW_STOPPED};
  pf_try(evaluate(self, 0, 0, self->count));
  for (size_t r = 0; r < self->count; r++)
    if (self->control[r].refused) self->control[r].status = PFLOW_EDIVERGED;
  drop_ended(self);
  return PFLOW_OK;
}

/* A step over which y changes by a hundredth of itself. */
static double first_guess(pf_ode_solver *self, size_t r) {
  double size = scaled_rms(self, r, self->state + r * self->dim);
  sum_terms(self, r, (double[]){1.0}, 1);
  double slope = scaled_rms(self, r, self->sum);
  double h = size < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * size / slope;
  return clamp_step(self, h);
}

/* The first step, from k_0 and k_1, the derivative after an Euler step of size h. */
static double first_step(pf_ode_solver *self, size_t r, double h) {
  if (self->control[r].refused) return h;
  sum_terms(self, r, (double[]){1.0}, 1);
  double slope = scaled_rms(self, r, self->sum);
  sum_terms(self, r, (double[]){-1.0, 1.0}, 2);
  double most = fmax(slope, scaled_rms(self, r, self->sum) / h);
  double next =
      most <= 1e-15 ? fmax(1e-6, h * 1e-3) : pow(0.01 / most, 1.0 / error_power(self));
  return clamp_step(self, fmin(100 * h, next));
}

static pflow_err choose_first_steps(pf_ode_solver *self) {
  const double given = self->config.h_first;
  for (size_t r = 0; r < self->count; r++) {
    pf_ode_control *row = &self->control[r];
    row->h = given > 0 ? clamp_step(self, given) : first_guess(self, r);
    if (given > 0) continue;
    row->step = copysign(row->h, self->s1 - self->s0);
    self->s[r] = row->s + row->step;
    make_stage(self, r, (double[]){1.0}, 1, row->step);
  }
  if (given > 0 || self->count == 0) return PFLOW_OK;
  pf_try(evaluate(self, 1, 0, self->count));
  for (size_t r = 0; r < self->count; r++)
    self->control[r].h = first_step(self, r, self->control[r].h);
  return PFLOW_OK;
}

/* The step to try: the chosen one, what is left, or half of that where two will do. */
static void plan_step(const pf_ode_solver *self, pf_ode_control *row) {
  double left = fabs(self->s1 - row->s);
  row->last = row->h >= left;
  if (row->h >= left / 2) row->h = row->last ? left : left / 2;
  row->step = copysign(row->h, self->s1 - self->s0);
  row->refused = row->moved = false;
  row->tried++;
}

static double step_end(const pf_ode_solver *self, const pf_ode_control *row) {
  return row->last ? self->s1 : row->s + row->step;
}

/* All stages of a step of every row; afterwards stage is the end of the step. */
static pflow_err try_step(pf_ode_solver *self) {
  for (size_t r = 0; r < self->count; r++)
    plan_step(self, &self->control[r]);
  for (size_t j = 1; j <= self->weighted; j++) {
    const double *weight = pf_ode_stage_weights(self, j);
    for (size_t r = 0; r < self->count; r++) {
      const pf_ode_control *row = &self->control[r];
      double end = row->refused ? row->s : step_end(self, row);
      self->s[r] = pf_ode_stage_s(self, j, row->s, row->step, end);
      make_stage(self, r, weight, j, row->step);
    }
    pf_try(evaluate(self, j, 0, self->count));
  }
  return PFLOW_OK;
}

/* The estimated error of the step tried, in tolerances; infinite if it went nowhere. */
static double step_error(pf_ode_solver *self, size_t r) {
  const pf_ode_control *row = &self->control[r];
  const float *stage = self->stage + r * self->dim;
  if (row->refused || !self->kernels->finite(self->dim, stage)) return INFINITY;
  sum_terms(self, r, self->method.error, self->method.stages);
  return row->h * scaled_rms(self, r, self->sum);
}

/* The factor that would bring the error of the next step to about 1. */
static double step_factor(const pf_ode_solver *self, double error) {
  return safety * pow(fmax(error, 1e-10), 0.75 * beta - 1.0 / error_power(self));
}

static void accept(pf_ode_solver *self, size_t r, double error) {
  pf_ode_control *row = &self->control[r];
  const size_t first = r * self->dim;
  double factor = step_factor(self, error) * pow(row->error, beta);
  factor = fmin(fmax(factor, factor_min), row->shrunk ? 1.0 : factor_max);
  row->s = step_end(self, row);
  advance(self, r, row->step);
  memcpy(self->k[0] + first, self->k[self->weighted] + first,
         self->dim * sizeof *self->k[0]);
  pf_ode_count_steps(self, row->step, 1);
  row->h = clamp_step(self, row->h * factor);
  row->error = fmax(error, 1e-4);
  row->moved = true;
  row->shrunk = false;
  if (row->last) row->status = PFLOW_OK;
}

static void reject(pf_ode_solver *self, pf_ode_control *row, double error) {
  double factor = fmax(step_factor(self, error), factor_min);
  self->stats.rejected++;
  row->shrunk = true;
  if (row->h <= smallest_step(self))
    row->status = PFLOW_EDIVERGED;
  else
    row->h = clamp_step(self, row->h * factor);
}

static void judge_step(pf_ode_solver *self) {
  for (size_t r = 0; r < self->count; r++) {
    pf_ode_control *row = &self->control[r];
    double error = step_error(self, r);
    if (error <= 1.0)
      accept(self, r, error);
    else
      reject(self, row, error);
    if (row->status == PFLOW_STOPPED && row->tried >= self->config.max_steps)
      row->status = PFLOW_LIMIT;
  }
}

/* Gathers the rows that moved, which uses up stage and s, and shows them. */
static pflow_err observe_moved(pf_ode_solver *self, size_t *steps) {
  if (!self->config.observer) return PFLOW_OK;
  const size_t dim = self->dim;
  size_t count = 0;
  for (size_t r = 0; r < self->count; r++) {
    if (!self->control[r].moved) continue;
    memmove(self->stage + count * dim, self->stage + r * dim, dim * sizeof *self->stage);
    self->s[count] = self->control[r].s;
    self->moved[count] = self->row[r];
    count++;
  }
  if (count == 0) return PFLOW_OK;
  return pf_ode_observe(self, self->moved, count, ++*steps);
}

pflow_err pf_ode_run_adaptive(pf_ode_solver *self) {
  size_t steps = 0;
  pflow_err rc = start_rows(self);
  if (rc == PFLOW_OK) rc = choose_first_steps(self);
  while (rc == PFLOW_OK && self->count > 0) {
    rc = pf_ode_overtaken(self) ? PFLOW_STOPPED : try_step(self);
    if (rc != PFLOW_OK) break;
    judge_step(self);
    rc = observe_moved(self, &steps);
    drop_ended(self);
  }
  for (size_t r = 0; r < self->count; r++)
    pf_ode_store(self, r);
  return rc;
}
