/*
 * solve.c - pflow_ode_solve: checks, the blocks of rows, and the verdict.
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
  pf_try(pf_check_setting(c->concurrent == 0 || c->concurrent == 1, "ode concurrent",
                          c->concurrent, "0 or 1"));
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

/* Rows whose values are looked at in one go. */
enum { check_grain = 4096 };

static int check_start(size_t begin, size_t end, void *user) {
  const pf_ode_solver *self = user;
  const float *y = self->y + begin * self->dim;
  if (self->kernels->finite((end - begin) * self->dim, y)) return PFLOW_OK;
  size_t i = 0;
  while (isfinite(y[i]))
    i++;
  return pf_fail(PFLOW_ENONFINITE, "y at the start: row %zu, column %zu is %g",
                 begin + i / self->dim, i % self->dim, (double)y[i]);
}

static pflow_err check_problem(const pf_ode_solver *self) {
  size_t values;
  pf_try(pf_check_setting(self->n > 0, "ode: n", 0.0, "> 0"));
  pf_try(pf_mul(&values, self->n, self->dim, "ode: n * dim"));
  pf_try(pf_check_setting(isfinite(self->s0), "s0", self->s0, "a finite number"));
  pf_try(pf_check_setting(isfinite(self->s1), "s1", self->s1, "a finite number"));
  double way = self->s1 - self->s0;
  pf_try(pf_check_setting(isfinite(way), "s1 - s0", way, "a finite number"));
  if (!self->config.concurrent) return check_start(0, self->n, (void *)self);
  return pflow_parallel_for(self->config.pool, self->n, check_grain, check_start,
                            (void *)self);
}

/* The threads' parts of a solve; `one` of them runs a block at a time. */
struct pflow_ode {
  pf_ode_solver problem; /* without buffers */
  size_t max_rows;
  pf_ode_shared shared;
  size_t size;
  pf_ode_solver *one;
};

static pflow_err run_block(pf_ode_solver *self, size_t begin, size_t count) {
  pf_ode_load(self, begin, count);
  if (pf_ode_overtaken(self)) return PFLOW_STOPPED;
  pflow_err rc = pf_ode_observe(self, self->row, self->count, 0);
  if (rc == PFLOW_OK)
    rc = self->adaptive ? pf_ode_run_adaptive(self) : pf_ode_run_fixed(self);
  size_t ended = atomic_load(&self->shared->ended);
  while (rc != PFLOW_OK && begin < ended)
    if (atomic_compare_exchange_weak(&self->shared->ended, &ended, begin)) break;
  return rc;
}

/* A free part. There is one for each thread of the pool, or for each block. */
static pf_ode_solver *take_one(pflow_ode *self) {
  for (size_t i = 0;; i = (i + 1) % self->size)
    if (!atomic_exchange(&self->one[i].taken, true)) return &self->one[i];
}

static int run_concurrent(size_t begin, size_t end, void *user) {
  pf_ode_solver *one = take_one(user);
  pflow_err rc = run_block(one, begin, end - begin);
  atomic_store(&one->taken, false);
  return rc;
}

/* Blocks are chunks of the loop, which begin in the order of rows: every block before the
 * first that ends the solve is run to its end. */
static pflow_err run_blocks(pflow_ode *self) {
  const pf_ode_solver *one = &self->one[0];
  const size_t n = one->n, most = one->config.block_rows;
  if (one->config.concurrent)
    return pflow_parallel_for(one->config.pool, n, most, run_concurrent, self);
  pflow_err rc = PFLOW_OK;
  for (size_t begin = 0; rc == PFLOW_OK && begin < n;) {
    const size_t left = n - begin, count = left < most ? left : most;
    rc = run_block(self->one, begin, count);
    begin += count;
  }
  return rc;
}

/* Adds what another part has counted. */
static void merge(pf_ode_solver *self, const pf_ode_solver *other) {
  pflow_ode_stats *sum = &self->stats;
  const pflow_ode_stats *stats = &other->stats;
  if (stats->accepted > 0) {
    if (sum->accepted == 0 || stats->h_smallest < sum->h_smallest)
      sum->h_smallest = stats->h_smallest;
    if (stats->h_largest > sum->h_largest) sum->h_largest = stats->h_largest;
  }
  sum->accepted += stats->accepted;
  sum->rejected += stats->rejected;
  sum->evaluations += stats->evaluations;
  sum->calls += stats->calls;
  sum->arrived += stats->arrived;
  sum->limited += stats->limited;
  sum->failed += stats->failed;
  if (other->first_failed >= self->first_failed) return;
  self->first_failed = other->first_failed;
  self->failed_s = other->failed_s;
}

static pflow_err verdict(const pf_ode_solver *self) {
  if (self->stats.failed > 0)
    return pf_fail(PFLOW_EDIVERGED,
                   "%zu of %zu rows failed; the first, row %zu, ended at "
                   "s = %g",
                   self->stats.failed, self->n, self->first_failed, self->failed_s);
  return self->stats.limited > 0 ? PFLOW_LIMIT : PFLOW_OK;
}

static size_t team_size(const pflow_ode *self) {
  const pflow_ode_config *config = &self->problem.config;
  if (!config->concurrent) return 1;
  const size_t blocks = (self->max_rows - 1) / config->block_rows + 1;
  const size_t threads = pflow_pool_threads(config->pool);
  return blocks < threads ? blocks : threads;
}

static pflow_err make_team(pflow_ode *self) {
  self->size = team_size(self);
  pf_try(pf_alloc(&self->one, self->size, sizeof *self->one));
  for (size_t i = 0; i < self->size; i++) {
    memcpy(&self->one[i], &self->problem, sizeof self->problem);
    self->one[i].shared = &self->shared;
    atomic_init(&self->one[i].taken, false);
  }
  for (size_t i = 0; i < self->size; i++)
    pf_try(pf_ode_allocate(&self->one[i], self->max_rows));
  return PFLOW_OK;
}

pflow_err pflow_ode_create(pflow_ode **ode, size_t max_rows, size_t dim,
                           const pflow_ode_config *config) {
  pf_need(ode);
  *ode = NULL;
  pf_try(pf_check_setting(max_rows > 0, "ode: max_rows", 0.0, "> 0"));
  pf_try(pf_check_setting(dim > 0, "ode: dim", 0.0, "> 0"));
  pf_ode_solver problem = {.kernels = &pf_kernels_get()->rows, .dim = dim};
  pf_try(read_config(&problem, config));
  pf_try(read_method(&problem));
  pflow_ode *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  memcpy(&made->problem, &problem, sizeof problem);
  made->max_rows = max_rows;
  pthread_mutex_init(&made->shared.observer_lock, NULL);
  pflow_err rc = make_team(made);
  if (rc < 0) {
    pflow_ode_destroy(made);
    return rc;
  }
  *ode = made;
  return PFLOW_OK;
}

void pflow_ode_destroy(pflow_ode *ode) {
  if (!ode) return;
  for (size_t i = 0; ode->one && i < ode->size; i++)
    pf_ode_release(&ode->one[i]);
  pflow_free(ode->one);
  pthread_mutex_destroy(&ode->shared.observer_lock);
  pflow_free(ode);
}

/* Tells every part of the team the problem. */
static void brief_team(pflow_ode *self, const pf_ode_solver *problem) {
  for (size_t i = 0; i < self->size; i++) {
    pf_ode_solver *one = &self->one[i];
    one->rhs = problem->rhs;
    one->user = problem->user;
    one->s0 = problem->s0;
    one->s1 = problem->s1;
    one->y = problem->y;
    one->n = one->first_failed = problem->n;
    one->adaptive = problem->adaptive;
    one->config.steps = problem->config.steps;
    memset(&one->stats, 0, sizeof one->stats);
  }
  atomic_init(&self->shared.ended, SIZE_MAX);
}

pflow_err pflow_ode_run(pflow_ode *ode, pflow_rhs_fn rhs, void *user, double s0,
                        double s1, float *y, size_t n, pflow_ode_stats *stats) {
  if (stats) memset(stats, 0, sizeof *stats);
  pf_need(ode);
  pf_need(rhs);
  pf_need(y);
  if (n > ode->max_rows)
    return pf_fail(PFLOW_ESHAPE, "ode: %zu rows, made for %zu", n, ode->max_rows);
  pf_ode_solver self;
  memcpy(&self, &ode->problem, sizeof self);
  self.rhs = rhs;
  self.user = user;
  self.s0 = s0;
  self.s1 = s1;
  self.y = y;
  self.n = self.first_failed = n;
  pf_try(check_problem(&self));
  if (s0 == s1) { /* no way to go: a fixed solve without steps */
    self.adaptive = false;
    self.config.steps = 0;
  }
  brief_team(ode, &self);
  for (size_t i = 0; self.config.row_status && i < n; i++)
    self.config.row_status[i] = PFLOW_STOPPED;
  pflow_err rc = run_blocks(ode);
  for (size_t i = 0; i < ode->size; i++)
    merge(&self, &ode->one[i]);
  if (stats) *stats = self.stats;
  return rc == PFLOW_OK ? verdict(&self) : rc;
}

pflow_err pflow_ode_solve(const pflow_ode_config *config, pflow_rhs_fn rhs, void *user,
                          double s0, double s1, float *y, size_t n, size_t dim,
                          pflow_ode_stats *stats) {
  if (stats) memset(stats, 0, sizeof *stats);
  pf_need(rhs);
  pf_need(y);
  pf_try(pf_check_setting(n > 0, "pflow_ode_solve: n", 0.0, "> 0"));
  pflow_ode *ode;
  pf_try(pflow_ode_create(&ode, n, dim, config));
  pflow_err rc = pflow_ode_run(ode, rhs, user, s0, s1, y, n, stats);
  pflow_ode_destroy(ode);
  return rc;
}
