/*
 * block.c - buffers of a block of rows, stage arguments, and calls to the user's code.
 */
#include "ode/block.h"

#include <math.h>
#include <string.h>

pflow_err pf_ode_allocate(pf_ode_solver *self, size_t max_rows) {
  size_t rows = max_rows < self->config.block_rows ? max_rows : self->config.block_rows;
  size_t planes = self->weighted + (self->adaptive ? 1 : 0), values;
  pf_try(pf_mul(&values, rows, self->dim, "pflow_ode_solve: rows of a block"));
  pf_try(pf_alloc(&self->row, rows, sizeof *self->row));
  pf_try(pf_alloc(&self->state, values, sizeof *self->state));
  pf_try(pf_alloc(&self->s, rows, sizeof *self->s));
  pf_try(pf_alloc(&self->stage, values, sizeof *self->stage));
  for (size_t j = 0; j < planes; j++)
    pf_try(pf_alloc(&self->k[j], values, sizeof *self->k[j]));
  pf_try(pf_alloc(&self->next, values, sizeof *self->next));
  if (!self->adaptive) return PFLOW_OK;
  pf_try(pf_alloc(&self->sum, self->dim, sizeof *self->sum));
  pf_try(pf_alloc(&self->control, rows, sizeof *self->control));
  return pf_alloc(&self->moved, rows, sizeof *self->moved);
}

void pf_ode_release(pf_ode_solver *self) {
  pflow_free(self->row);
  pflow_free(self->state);
  pflow_free(self->s);
  pflow_free(self->stage);
  pflow_free(self->next);
  pflow_free(self->sum);
  for (size_t j = 0; j <= PFLOW_ODE_MAX_STAGES; j++)
    pflow_free(self->k[j]);
  pflow_free(self->control);
  pflow_free(self->moved);
}

void pf_ode_load(pf_ode_solver *self, size_t begin, size_t count) {
  const float *y = self->y + begin * self->dim;
  self->begin = begin;
  self->count = count;
  for (size_t r = 0; r < count; r++) {
    self->row[r] = begin + r;
    self->s[r] = self->s0;
  }
  for (size_t i = 0; i < count * self->dim; i++)
    self->state[i] = self->stage[i] = y[i];
}

void pf_ode_store(pf_ode_solver *self, size_t r) {
  const double *state = self->state + r * self->dim;
  float *y = self->y + self->row[r] * self->dim;
  for (size_t i = 0; i < self->dim; i++)
    y[i] = (float)state[i];
}

void pf_ode_finish(pf_ode_solver *self, size_t r, double s, pflow_err status) {
  size_t row = self->row[r];
  if (self->config.row_status) self->config.row_status[row] = status;
  self->stats.arrived += status == PFLOW_OK;
  self->stats.limited += status == PFLOW_LIMIT;
  if (status >= 0) return;
  self->stats.failed++;
  if (row > self->first_failed) return;
  self->first_failed = row;
  self->failed_s = s;
}

void pf_ode_count_steps(pf_ode_solver *self, double h, size_t rows) {
  pflow_ode_stats *stats = &self->stats;
  double size = fabs(h);
  if (stats->accepted == 0 || size < stats->h_smallest) stats->h_smallest = size;
  if (size > stats->h_largest) stats->h_largest = size;
  stats->accepted += rows;
}

pf_rows_terms pf_ode_terms(const pf_ode_solver *self, size_t r, const double *weight,
                           size_t stages) {
  return (pf_rows_terms){stages, r * self->dim, weight, (const float *const *)self->k};
}

const double *pf_ode_stage_weights(const pf_ode_solver *self, size_t j) {
  if (j == self->weighted) return self->method.b;
  return j > 0 ? self->method.a + j * (j - 1) / 2 : NULL;
}

double pf_ode_stage_s(const pf_ode_solver *self, size_t j, double s, double h,
                      double end) {
  double c = j < self->weighted ? self->method.c[j] : 1.0;
  return c == 1.0 ? end : s + c * h;
}

int pf_ode_call(pf_ode_solver *self, size_t j, size_t begin, size_t end) {
  const size_t first = begin * self->dim;
  const pflow_ode_rows rows = {end - begin, self->dim, self->s + begin,
                               self->stage + first, self->row + begin};
  pf_callback_begin();
  self->stats.calls++;
  self->stats.evaluations += end - begin;
  return self->rhs(&rows, self->k[j] + first, self->user);
}

pflow_err pf_ode_observe(pf_ode_solver *self, const size_t *row, size_t count,
                         size_t step) {
  if (!self->config.observer) return PFLOW_OK;
  const pflow_ode_rows rows = {count, self->dim, self->s, self->stage, row};
  pthread_mutex_lock(&self->shared->observer_lock);
  pf_callback_begin();
  int result = self->config.observer(&rows, step, self->config.observer_user);
  pthread_mutex_unlock(&self->shared->observer_lock);
  return pf_callback_result(result, "the observer");
}

bool pf_ode_overtaken(const pf_ode_solver *self) {
  return atomic_load(&self->shared->ended) < self->begin;
}
