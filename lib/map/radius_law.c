/*
 * radius_law.c - the table that takes one law of radii to another.
 *
 * Both laws are integrated over the logarithm of the radius on an even grid, from below
 * and from above, so that either tail keeps its digits; equal shares are matched in ln of
 * the smaller tail.
 */
#include <math.h>

#include "map/radius_law.h"

enum { grid = 4096 };

/* A density over v = ln(radius), up to a factor, as its logarithm. */
typedef struct law {
  double (*log_density)(double v, double k, double d);
  double k, d;
  double low, high;      /* range with all but 1e-15 of it */
  double *below, *above; /* ln of the shares below and above the grid's points */
} law;

/* rho / r with rho^2 / (rho^2 + r^2) ~ Beta(k/2, d/2). */
static double beta_density(double v, double k, double d) {
  return k * v - 0.5 * (k + d) * log1p(exp(2.0 * v));
}

/* The length of a standard normal row of k values. */
static double chi_density(double v, double k, double d) {
  (void)d;
  return k * v - 0.5 * exp(2.0 * v);
}

static double place(const law *self, size_t i) {
  return self->low + (self->high - self->low) * (double)i / (grid - 1);
}

/* Walks from the mode until the density has fallen by e^-40. */
static double edge(const law *self, double mode, double step) {
  const double top = self->log_density(mode, self->k, self->d);
  double v = mode;
  while (top - self->log_density(v, self->k, self->d) < 40.0)
    v += step;
  return v;
}

static void set_range(law *self, double mode) {
  self->low = edge(self, mode, -0.05 / sqrt(self->k));
  self->high = edge(self, mode, 0.05 / sqrt(self->k));
}

/* Trapezoids from either end, kept as logarithms. */
static void integrate(law *self) {
  double top = -INFINITY, sum = 0.0, before = 0.0;
  for (size_t i = 0; i < grid; i++)
    top = fmax(top, self->log_density(place(self, i), self->k, self->d));
  for (size_t i = 0; i < grid; i++) {
    const double now = exp(self->log_density(place(self, i), self->k, self->d) - top);
    sum += i > 0 ? 0.5 * (before + now) : 0.5 * now;
    self->below[i] = log(sum);
    before = now;
  }
  const double whole = self->below[grid - 1];
  sum = before = 0.0;
  for (size_t j = grid; j-- > 0;) {
    const double now = exp(self->log_density(place(self, j), self->k, self->d) - top);
    sum += j + 1 < grid ? 0.5 * (before + now) : 0.5 * now;
    self->above[j] = log(sum) - whole;
    self->below[j] -= whole;
    before = now;
  }
}

/* Where a rising table of logarithms reaches `share`. */
static double reach(const law *self, const double *rising, double share) {
  size_t low = 0, high = grid - 1;
  if (share <= rising[0]) return self->low;
  if (share >= rising[grid - 1]) return self->high;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (rising[middle] <= share)
      low = middle;
    else
      high = middle;
  }
  const double part = (share - rising[low]) / (rising[high] - rising[low]);
  return place(self, low) + part * (place(self, high) - place(self, low));
}

/* The same for a falling one. */
static double reach_above(const law *self, double share) {
  size_t low = 0, high = grid - 1;
  if (share >= self->above[0]) return self->low;
  if (share <= self->above[grid - 1]) return self->high;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (self->above[middle] >= share)
      low = middle;
    else
      high = middle;
  }
  const double part = (share - self->above[low]) / (self->above[high] - self->above[low]);
  return place(self, low) + part * (place(self, high) - place(self, low));
}

/* ln of the radius of the ball that holds the share. */
static double ball_radius(const law *from, size_t i) {
  const double below =
      from->below[i] < log(0.5) ? from->below[i] : log1p(-exp(from->above[i]));
  return below / from->k;
}

static double chi_radius(const law *from, const law *chi, size_t i) {
  return from->below[i] < log(0.5) ? reach(chi, chi->below, from->below[i])
                                   : reach_above(chi, from->above[i]);
}

static pflow_err allocate(law *self) {
  pf_try(pf_alloc(&self->below, grid, sizeof *self->below));
  return pf_alloc(&self->above, grid, sizeof *self->above);
}

static void release(law *self) {
  pflow_free(self->below);
  pflow_free(self->above);
}

/* Grid points whose images rise; where rounding leaves them equal the first is kept. */
static void fill(pf_radius_law *table, const law *from, const law *chi) {
  for (size_t i = 0; i < grid; i++) {
    const double to = chi ? chi_radius(from, chi, i) : ball_radius(from, i);
    if (table->n > 0 && to <= table->to[table->n - 1] + 1e-13) continue;
    table->from[table->n] = place(from, i);
    table->to[table->n++] = to;
  }
}

static pflow_err make(pf_radius_law *table, pflow_map_target target, law *from,
                      law *chi) {
  pf_try(allocate(from));
  set_range(from, 0.5 * log(from->k / from->d));
  integrate(from);
  for (size_t i = 0; i < pf_radii_shares; i++)
    table->uniform.at[i] = reach(from, from->below, log(pf_radii_share(i)));
  if (target != PFLOW_MAP_GAUSSIAN && target != PFLOW_MAP_BALL) return PFLOW_OK;
  pf_try(pf_alloc(&table->from, grid, sizeof *table->from));
  pf_try(pf_alloc(&table->to, grid, sizeof *table->to));
  if (target == PFLOW_MAP_GAUSSIAN) {
    pf_try(allocate(chi));
    set_range(chi, 0.5 * log(chi->k));
    integrate(chi);
  }
  fill(table, from, target == PFLOW_MAP_GAUSSIAN ? chi : NULL);
  /* The ball's edge is infinitely far away, and rounding takes rows there. */
  table->most = target == PFLOW_MAP_BALL ? table->to[table->n - 1] : INFINITY;
  return PFLOW_OK;
}

pflow_err pf_radius_law_create(pf_radius_law *table, pflow_map_target target, size_t dim,
                               double aug_dim) {
  law from = {.log_density = beta_density, .k = (double)dim, .d = aug_dim};
  law chi = {.log_density = chi_density, .k = (double)dim};
  *table = (pf_radius_law){0};
  pflow_err rc = make(table, target, &from, &chi);
  release(&from);
  release(&chi);
  return rc;
}

void pf_radius_law_destroy(pf_radius_law *table) {
  pflow_free(table->from);
  pflow_free(table->to);
}

double pf_radius_law_there(const pf_radius_law *table, double log_ratio) {
  return pf_line_at(table->from, table->to, table->n, log_ratio);
}

double pf_radius_law_back(const pf_radius_law *table, double log_radius) {
  return pf_line_at(table->to, table->from, table->n, fmin(log_radius, table->most));
}
