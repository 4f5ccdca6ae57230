/*
 * solve.c - pflow_ode_solve: checks, one block of rows after another, and the verdict.
 */
#include <math.h>
#include <string.h>

#include "ode/block.h"

static pflow_err check_steps(const pflow_ode_config *c) {
  pf_try(pf_check_setting(c->steps > 0, "ode steps", (double)c->steps, "> 0"));
  pf_try(pf_check_setting(c->adaptive == 0 || c->adaptive == 1, "ode adaptive",
                          c->adaptive, "0 or 1"));
  pf_try(
      pf_check_setting(c->max_steps > 0, "ode max_steps", (double)c->max_steps, "> 0"));
  return pf_check_setting(c->block_rows > 0, "ode block_rows", (double)c->block_rows,
                          "> 0");
}

static pflow_err check_sizes_of_step(const pflow_ode_config *c) {
  pf_try(pf_check_setting(c->rtol >= 0 && c->rtol < INFINITY, "ode rtol", c->rtol,
                          "a finite value >= 0"));
  pf_try(pf_check_setting(c->atol > 0 && c->atol < INFINITY, "ode atol", c->atol,
                          "a finite value > 0"));
  pf_try(pf_check_setting(c->h_first >= 0 && c->h_first < INFINITY, "ode h_first",
                          c->h_first, "a finite value >= 0"));
  pf_try(pf_check_setting(c->h_min >= 0 && c->h_min < INFINITY, "ode h_min", c->h_min,
                          "a finite value >= 0"));
  pf_try(pf_check_setting(c->h_max >= 0 && c->h_max < INFINITY, "ode h_max", c->h_max,
                          "a finite value >= 0"));
  return pf_check_setting(c->h_max == 0 || c->h_max >= c->h_min, "ode h_max", c->h_max,
                          ">= h_min");
}

static pflow_err read_config(pf_ode_solver *self, const pflow_ode_config *given) {
  pflow_ode_config *config = &self->config;
  pflow_ode_config_init(config);
  pf_try(pf_config_read(config, sizeof *config, given, "pflow_ode_config"));
  pf_try(check_steps(config));
  return check_sizes_of_step(config);
}

/* Takes over the tableau, the caller's own after a check. */
static pflow_err read_method(pf_ode_solver *self) {
  const pflow_ode_tableau *tableau = self->config.tableau;
  if (tableau)
    pf_try(pflow_ode_tableau_check(tableau));
  else
    tableau = pflow_ode_tableau_get(self->config.method);
  if (!tableau)
    return pf_fail(PFLOW_EINVAL, "ode method is %d, wants 0 to %d",
                   (int)self->config.method, (int)PFLOW_ODE_DOPRI5);
  pf_try(
      pf_config_read(&self->method, sizeof self->method, tableau, "pflow_ode_tableau"));
  self->weighted = self->method.stages - (self->method.fsal ? 1 : 0);
  self->adaptive = self->config.adaptive && self->method.error;
  return PFLOW_OK;
}

static pflow_err check_problem(const pf_ode_solver *self) {
  size_t values;
  pf_try(pf_check_setting(self->n > 0, "pflow_ode_solve: n", 0.0, "> 0"));
  pf_try(pf_check_setting(self->dim > 0, "pflow_ode_solve: dim", 0.0, "> 0"));
  pf_try(pf_mul(&values, self->n, self->dim, "pflow_ode_solve: n * dim"));
  pf_try(pf_check_setting(isfinite(self->s0), "s0", self->s0, "a finite number"));
  pf_try(pf_check_setting(isfinite(self->s1), "s1", self->s1, "a finite number"));
  double way = self->s1 - self->s0;
  pf_try(pf_check_setting(isfinite(way), "s1 - s0", way, "a finite number"));
  if (pf_ode_finite(self->y, values)) return PFLOW_OK;
  size_t i = 0;
  while (isfinite(self->y[i]))
    i++;
  return pf_fail(PFLOW_ENONFINITE, "y at the start: row %zu, column %zu is %g",
                 i / self->dim, i % self->dim, (double)self->y[i]);
}

static pflow_err run_blocks(pf_ode_solver *self) {
  pflow_err rc = PFLOW_OK;
  for (size_t begin = 0; rc == PFLOW_OK && begin < self->n;) {
    size_t left = self->n - begin, most = self->config.block_rows;
    pf_ode_load(self, begin, left < most ? left : most);
    begin += self->count;
    rc = pf_ode_observe(self, self->row, self->count, 0);
    if (rc != PFLOW_OK) break;
    rc = self->adaptive ? pf_ode_run_adaptive(self) : pf_ode_run_fixed(self);
  }
  return rc;
}

static pflow_err verdict(const pf_ode_solver *self) {
  if (self->stats.failed > 0)
    return pf_fail(PFLOW_EDIVERGED,
                   "%zu of %zu rows failed; the first, row %zu, ended at "
                   "s = %g",
                   self->stats.failed, self->n, self->first_failed, self->failed_s);
  return self->stats.limited > 0 ? PFLOW_LIMIT : PFLOW_OK;
}

static pflow_err solve(pf_ode_solver *self) {
  pflow_err rc = pf_ode_allocate(self);
  if (rc == PFLOW_OK) {
    for (size_t i = 0; self->config.row_status && i < self->n; i++)
      self->config.row_status[i] = PFLOW_STOPPED;
    rc = run_blocks(self);
  }
  pf_ode_release(self);
  return rc == PFLOW_OK ? verdict(self) : rc;
}

pflow_err pflow_ode_solve(const pflow_ode_config *config, pflow_rhs_fn rhs, void *user,
                          double s0, double s1, float *y, size_t n, size_t dim,
                          pflow_ode_stats *stats) {
  if (stats) memset(stats, 0, sizeof *stats);
  pf_need(rhs);
  pf_need(y);
  pf_ode_solver self = {.rhs = rhs,
                        .user = user,
                        .s0 = s0,
                        .s1 = s1,
                        .y = y,
                        .n = n,
                        .dim = dim,
                        .first_failed = n};
  pf_try(read_config(&self, config));
  pf_try(read_method(&self));
  pf_try(check_problem(&self));
  if (s0 == s1) { /* no way to go: a fixed solve without steps */
    self.adaptive = false;
    self.config.steps = 0;
  }
  pflow_err rc = solve(&self);
  if (stats) *stats = self.stats;
  return rc;
}
