/*
 * fixed.c - steps of equal size, shared by all rows of a block.
 */
#include "ode/block.h"

/* The start of step i, without drift: the last step ends at s1 itself. */
static double step_start(const pf_ode_solver *self, size_t i) {
  size_t steps = self->config.steps;
  if (i == steps) return self->s1;
  return self->s0 + (self->s1 - self->s0) * ((double)i / (double)steps);
}

static void set_s(pf_ode_solver *self, double s) {
  for (size_t r = 0; r < self->count; r++)
    self->s[r] = s;
}

/* PFLOW_ENONFINITE naming the first row with a non-finite value, which it ends. */
static pflow_err check_rows(pf_ode_solver *self, const float *values, const char *what) {
  if (self->kernels->finite(self->count * self->dim, values)) return PFLOW_OK;
  size_t r = 0;
  while (self->kernels->finite(self->dim, values + r * self->dim))
    r++;
  pf_ode_finish(self, r, self->s[r], PFLOW_ENONFINITE);
  return pf_fail(PFLOW_ENONFINITE, "row %zu: the %s at s = %g is not finite",
                 self->row[r], what, self->s[r]);
}

static pflow_err evaluate(pf_ode_solver *self, size_t j, double s) {
  set_s(self, s);
  int result = pf_ode_call(self, j, 0, self->count);
  return result != 0 ? pf_callback_result(result, "the right-hand side") : PFLOW_OK;
}

/* Looks at the last k_j that went into values, finite or not, with a weight or without:
 * a finite sum has finite terms. */
static pflow_err check_term(pf_ode_solver *self, size_t j, double weight, bool finite) {
  if (finite && weight != 0.0) return PFLOW_OK;
  return check_rows(self, self->k[j], "derivative");
}

/* One step of all rows; state is its end, or still its start if it fails. */
static pflow_err take_step(pf_ode_solver *self, double s, double end) {
  const size_t values = self->count * self->dim;
  const double h = end - s;
  for (size_t j = 0; j < self->weighted; j++) {
    const double *weight = pf_ode_stage_weights(self, j);
    if (j > 0) {
      const pf_rows_terms terms = pf_ode_terms(self, 0, weight, j);
      const bool finite =
          self->kernels->stage(values, &terms, h, self->state, self->stage);
      pf_try(check_term(self, j - 1, weight[j - 1], finite));
    }
    pflow_err rc = evaluate(self, j, pf_ode_stage_s(self, j, s, h, end));
    if (rc != PFLOW_OK) return rc;
  }
  const size_t last = self->weighted - 1;
  const pf_rows_terms terms = pf_ode_terms(self, 0, self->method.b, self->weighted);
  const bool finite =
      self->kernels->advance(values, &terms, h, self->state, self->next, self->stage);
  pf_try(check_term(self, last, self->method.b[last], finite));
  set_s(self, end);
  if (!finite) pf_try(check_rows(self, self->stage, "state"));
  double *before = self->state;
  self->state = self->next;
  self->next = before;
  pf_ode_count_steps(self, h, self->count);
  return PFLOW_OK;
}

/* Before an observer sees the block: the caller may look at y. */
static void store_rows(pf_ode_solver *self) {
  for (size_t r = 0; r < self->count; r++)
    pf_ode_store(self, r);
}

static pflow_err observe_step(pf_ode_solver *self, size_t step) {
  if (!self->config.observer) return PFLOW_OK;
  store_rows(self);
  return pf_ode_observe(self, self->row, self->count, step);
}

pflow_err pf_ode_run_fixed(pf_ode_solver *self) {
  pflow_err rc = PFLOW_OK;
  for (size_t i = 0; rc == PFLOW_OK && i < self->config.steps; i++) {
    if (pf_ode_overtaken(self))
      rc = PFLOW_STOPPED;
    else
      rc = take_step(self, step_start(self, i), step_start(self, i + 1));
    if (rc == PFLOW_OK) rc = observe_step(self, i + 1);
  }
  store_rows(self);
  for (size_t r = 0; rc == PFLOW_OK && r < self->count; r++)
    pf_ode_finish(self, r, self->s1, PFLOW_OK);
  return rc;
}
