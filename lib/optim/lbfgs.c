/*
 * lbfgs.c - limited-memory BFGS: the two-loop recursion over the latest pairs of step and
 * gradient change (Nocedal and Wright 2006, algorithms 7.4 and 7.5).
 */
#include <math.h>

#include "base/base.h"
#include "optim/linesearch.h"

/* A ring of the latest pairs; pair k lies at row k % capacity. */
typedef struct history {
  size_t capacity, size;
  size_t first, end; /* pairs first <= k < end are held */
  double *steps, *changes;
  double *products; /* step . change of each pair */
  double *weights;  /* work space of the two loops */
} history;

typedef struct lbfgs {
  pflow_lbfgs_config config;
  pf_search search;
  history pairs;
  size_t iterations;
  double lowest_gradient; /* least max |gradient| so far */
  size_t stalled;         /* latest iterations that made nothing smaller */
} lbfgs;

/* Gradients fall unevenly: so many iterations without a new minimum mean rounding. */
enum { max_stalled = 20 };

static double max_abs(const double *values, size_t size) {
  double largest = 0.0;
  for (size_t i = 0; i < size; i++)
    largest = fmax(largest, fabs(values[i]));
  return largest;
}

static void add_scaled(double *sum, double scale, const double *values, size_t size) {
  for (size_t i = 0; i < size; i++)
    sum[i] += scale * values[i];
}

static double *step_of(const history *pairs, size_t k) {
  return pairs->steps + k % pairs->capacity * pairs->size;
}

static double *change_of(const history *pairs, size_t k) {
  return pairs->changes + k % pairs->capacity * pairs->size;
}

/*
 * Holds the move from one point to another, unless it shows too little curvature to be
 * told from rounding. It takes the oldest pair's place in either case.
 */
static void remember(history *pairs, const pf_point *from, const pf_point *to) {
  size_t size = pairs->size;
  if (pairs->end - pairs->first == pairs->capacity) pairs->first++;
  double *step = step_of(pairs, pairs->end), *change = change_of(pairs, pairs->end);
  for (size_t i = 0; i < size; i++) {
    step[i] = to->x[i] - from->x[i];
    change[i] = to->gradient[i] - from->gradient[i];
  }
  double product = pf_dot(step, change, size);
  double scale = sqrt(pf_dot(step, step, size)) * sqrt(pf_dot(change, change, size));
  if (!(product > 1e-10 * scale && product < INFINITY)) return;
  pairs->products[pairs->end % pairs->capacity] = product;
  pairs->end++;
}

/* vector <- (inverse Hessian that the pairs imply) * vector: algorithm 7.4. */
static void apply_inverse(const history *pairs, double *vector) {
  size_t size = pairs->size;
  for (size_t k = pairs->end; k-- > pairs->first;) {
    size_t slot = k % pairs->capacity;
    double weight = pf_dot(step_of(pairs, k), vector, size) / pairs->products[slot];
    pairs->weights[slot] = weight;
    add_scaled(vector, -weight, change_of(pairs, k), size);
  }
  const double *latest = change_of(pairs, pairs->end - 1);
  double scale =
      pairs->products[(pairs->end - 1) % pairs->capacity] / pf_dot(latest, latest, size);
  for (size_t i = 0; i < size; i++)
    vector[i] *= scale;
  for (size_t k = pairs->first; k < pairs->end; k++) {
    size_t slot = k % pairs->capacity;
    double weight = pf_dot(change_of(pairs, k), vector, size) / pairs->products[slot];
    add_scaled(vector, pairs->weights[slot] - weight, step_of(pairs, k), size);
  }
}

/* The quasi-Newton direction, or steepest descent where the pairs give no descent. */
static void choose_direction(lbfgs *self) {
  const double *gradient = self->search.start.gradient;
  double *direction = self->search.direction;
  size_t size = self->search.size;
  for (size_t i = 0; i < size; i++)
    direction[i] = -gradient[i];
  if (self->pairs.first == self->pairs.end) return;
  apply_inverse(&self->pairs, direction);
  double slope = pf_dot(gradient, direction, size);
  if (slope < 0.0 && slope > -INFINITY) return;
  self->pairs.first = self->pairs.end;
  for (size_t i = 0; i < size; i++)
    direction[i] = -gradient[i];
}

/* Without pairs the scale of the problem is unknown: the first move has length 1. */
static double first_step(const lbfgs *self) {
  if (self->pairs.first < self->pairs.end) return 1.0;
  const double *gradient = self->search.start.gradient;
  return fmin(1.0, 1.0 / sqrt(pf_dot(gradient, gradient, self->search.size)));
}

/* Moves to the best point of the search. PFLOW_LIMIT when rounding ends the descent. */
static pflow_err take_best(lbfgs *self) {
  pf_search *search = &self->search;
  pf_point left = search->start;
  remember(&self->pairs, &left, &search->best);
  search->start = search->best;
  search->best = left;
  self->iterations++;
  double gradient = max_abs(search->start.gradient, search->size);
  bool falls = search->start.value < left.value - pf_rounding(left.value);
  self->stalled = falls || gradient < self->lowest_gradient ? 0 : self->stalled + 1;
  self->lowest_gradient = fmin(self->lowest_gradient, gradient);
  return self->stalled < max_stalled ? PFLOW_OK : PFLOW_LIMIT;
}

/* One iteration. When the pairs lead nowhere, they are dropped for the next one. */
static pflow_err advance(lbfgs *self) {
  choose_direction(self);
  pflow_err rc = pf_search_run(&self->search, first_step(self));
  if (self->search.best_step > 0.0) {
    pflow_err taken = take_best(self);
    return rc == PFLOW_OK || rc == PFLOW_LIMIT ? taken : rc;
  }
  if (rc != PFLOW_LIMIT || self->pairs.first == self->pairs.end) return rc;
  self->pairs.first = self->pairs.end;
  return PFLOW_OK;
}

static pflow_err check_start(const pf_point *start, size_t size) {
  if (!isfinite(start->value))
    return pf_fail(PFLOW_ENONFINITE, "the objective is %g at the start", start->value);
  for (size_t i = 0; i < size; i++)
    if (!isfinite(start->gradient[i]))
      return pf_fail(PFLOW_ENONFINITE, "gradient %zu is %g at the start", i,
                     start->gradient[i]);
  return PFLOW_OK;
}

static pflow_err minimize(lbfgs *self) {
  pf_point *start = &self->search.start;
  size_t size = self->search.size;
  pflow_err rc = pf_evaluate(&self->search, start);
  if (rc == PFLOW_OK) rc = check_start(start, size);
  while (rc == PFLOW_OK && max_abs(start->gradient, size) > self->config.grad_tol)
    rc = self->iterations < self->config.max_iters ? advance(self) : PFLOW_LIMIT;
  return rc;
}

static pflow_err check_config(const pflow_lbfgs_config *config) {
  double armijo = config->armijo, curvature = config->curvature;
  pf_try(pf_check_setting(config->history > 0, "history", 0.0, "history > 0"));
  pf_try(pf_check_setting(config->max_iters > 0, "max_iters", 0.0, "max_iters > 0"));
  pf_try(pf_check_setting(config->max_search > 0, "max_search", 0.0, "max_search > 0"));
  pf_try(pf_check_setting(config->grad_tol >= 0.0 && config->grad_tol < INFINITY,
                          "grad_tol", config->grad_tol, "0 <= grad_tol < infinity"));
  pf_try(
      pf_check_setting(armijo > 0.0 && armijo < 1.0, "armijo", armijo, "0 < armijo < 1"));
  return pf_check_setting(curvature > armijo && curvature < 1.0, "curvature", curvature,
                          "armijo < curvature < 1");
}

/* The next `count` doubles of the work space. */
static double *take(double **memory, size_t count) {
  double *taken = *memory;
  *memory += count;
  return taken;
}

static void take_point(pf_point *point, double **memory, size_t size) {
  point->x = take(memory, size);
  point->gradient = take(memory, size);
}

/* Work space for 3 points, a direction and the pairs, in one block. */
static pflow_err allocate(lbfgs *self, double **block, size_t size) {
  size_t pairs = self->config.history, vectors, values;
  pf_try(pf_add(&vectors, pairs, 4, "L-BFGS history"));
  pf_try(pf_mul(&vectors, vectors, 2, "L-BFGS history"));
  pf_try(pf_add(&values, size, 1, "L-BFGS work space"));
  pf_try(pf_mul(&values, values, vectors, "L-BFGS work space"));
  pf_try(pf_alloc(block, values, sizeof **block));
  double *memory = *block;
  take_point(&self->search.start, &memory, size);
  take_point(&self->search.best, &memory, size);
  take_point(&self->search.trial, &memory, size);
  self->search.direction = take(&memory, size);
  self->pairs.steps = take(&memory, pairs * size);
  self->pairs.changes = take(&memory, pairs * size);
  self->pairs.products = take(&memory, pairs);
  self->pairs.weights = take(&memory, pairs);
  return PFLOW_OK;
}

static pflow_err set_up(lbfgs *self, double **block, size_t size) {
  const pflow_lbfgs_config *config = &self->config;
  if (size == 0) return pf_fail(PFLOW_EINVAL, "pflow_lbfgs_minimize: size is 0");
  pf_try(check_config(config));
  pf_try(allocate(self, block, size));
  self->pairs.capacity = config->history;
  self->pairs.size = size;
  self->search.size = size;
  self->search.armijo = config->armijo;
  self->search.curvature = config->curvature;
  self->search.max_evaluations = config->max_search;
  self->search.start.value = NAN;
  self->lowest_gradient = INFINITY;
  return PFLOW_OK;
}

pflow_err pflow_lbfgs_minimize(pflow_objective_fn objective, void *user, double *x,
                               size_t size, const pflow_lbfgs_config *config,
                               pflow_lbfgs_report *report) {
  pf_need(objective);
  pf_need(x);
  lbfgs self = {.search = {.objective = objective, .user = user}};
  pflow_lbfgs_config_init(&self.config);
  pf_try(pf_config_read(&self.config, sizeof self.config, config, "pflow_lbfgs_config"));
  double *block;
  pf_try(set_up(&self, &block, size));
  memcpy(self.search.start.x, x, size * sizeof *x);
  pflow_err rc = minimize(&self);
  memcpy(x, self.search.start.x, size * sizeof *x);
  if (report)
    *report = (pflow_lbfgs_report){.iterations = self.iterations,
                                   .evaluations = self.search.evaluations,
                                   .value = self.search.start.value,
                                   .grad_max = max_abs(self.search.start.gradient, size)};
  pflow_free(block);
  return rc;
}
