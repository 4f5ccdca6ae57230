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
  if (pf_ode_finite(values, self->count * self->dim)) return PFLOW_OK;
  size_t r = 0;
  while (pf_ode_finite(values + r * self->dim, self->dim))
    r++;
  pf_ode_finish(self, r, self->s[r], PFLOW_ENONFINITE);
  return pf_fail(PFLOW_ENONFINITE, "row %zu: the %s at s = %g is not finite",
                 self->row[r], what, self->s[r]);
}

static pflow_err evaluate(pf_ode_solver *self, size_t j, double s) {
  set_s(self, s);
  int result = pf_ode_call(self, j, 0, self->count);
  if (result != 0) return pf_callback_result(result, "the right-hand side");
  return check_rows(self, self->k[j], "derivative");
}

/* One step of all rows; at its end the caller's y is up to date. */
static pflow_err take_step(pf_ode_solver *self, double s, double end) {
  double h = end - s;
  for (size_t j = 0; j < self->weighted; j++) {
    const double *weight = pf_ode_stage_weights(self, j);
    for (size_t r = 0; j > 0 && r < self->count; r++)
      pf_ode_make_stage(self, r, weight, j, h);
    pflow_err rc = evaluate(self, j, pf_ode_stage_s(self, j, s, h, end));
    if (rc != PFLOW_OK) return rc;
  }
  for (size_t r = 0; r < self->count; r++)
    pf_ode_advance(self, r, h);
  set_s(self, end);
  pf_try(check_rows(self, self->stage, "state"));
  for (size_t r = 0; r < self->count; r++)
    pf_ode_store(self, r);
  pf_ode_count_steps(self, h, self->count);
  return PFLOW_OK;
}

pflow_err pf_ode_run_fixed(pf_ode_solver *self) {
  pflow_err rc = PFLOW_OK;
  for (size_t i = 0; rc == PFLOW_OK && i < self->config.steps; i++) {
    rc = take_step(self, step_start(self, i), step_start(self, i + 1));
    if (rc == PFLOW_OK) rc = pf_ode_observe(self, self->row, self->count, i + 1);
  }
  for (size_t r = 0; rc == PFLOW_OK && r < self->count; r++)
    pf_ode_finish(self, r, self->s1, PFLOW_OK);
  return rc;
}
