#include "map/trial.h"

#include <math.h>
#include <string.h>

#include "map/dims.h"
#include "map/poisson_flow.h"
#include "pflow/eval.h"
#include "pflow/neighbours.h"
#include "pflow/probes.h"

/* Neighbours looked at; the least share of them that a map keeps, and of those that it
 * would keep without its flow. */
enum { neighbours = 10 };
static const double least_kept = 0.5, least_of_still = 0.75;

struct pf_trial {
  const pflow_map *map;
  const pf_trial_rows *rows;
  size_t all, classes;
  pflow_affine *pca; /* of the known rows, to as many coordinates as any setting has */
  float *principal;  /* all x most_dims: all rows through it */
  size_t most_dims;
  size_t *held;   /* numbers of the held-out rows */
  size_t *before; /* theirs among all rows */
  pf_trial_score as_is;
};

/* ---- the objectives ---- */

/* Of the held-out rows among all: few rows alone would have neighbours so far away that
 * most maps keep them. */
static pflow_err held_neighbours(const pf_trial *self, const float *y, size_t dim,
                                 size_t *lists) {
  const pflow_features rows = {y, self->all, dim};
  return pflow_neighbours_within(&rows, self->held, self->rows->held, neighbours, lists,
                                 NULL, self->map->config.pool);
}

/* The rows of y that have a direction, as a block of the caller's. */
static pflow_err with_direction(const float *y, size_t n, size_t dim, float **rows,
                                size_t *count) {
  *count = 0;
  pf_try(pf_alloc(rows, n * dim, sizeof **rows));
  for (size_t i = 0; i < n; i++) {
    const float *row = y + i * dim;
    size_t k = 0;
    while (k < dim && row[k] == 0.0f)
      k++;
    if (k < dim) memcpy(*rows + (*count)++ * dim, row, dim * sizeof *row);
  }
  return PFLOW_OK;
}

static pflow_err uniformity(const pf_trial *self, const float *y, size_t dim,
                            pf_trial_score *to) {
  pflow_uniformity_config config;
  float *rows;
  size_t n;
  pflow_uniformity_config_init(&config);
  config.pool = self->map->config.pool;
  pf_try(with_direction(y, self->rows->held, dim, &rows, &n));
  pflow_err rc =
      n >= 2 ? pflow_uniformity(rows, n, dim, &config, &to->uniformity)
             : pf_fail(PFLOW_EINVAL,
                       "map: %zu of %zu rows held out have a direction, wants 2 or more "
                       "to choose settings by",
                       n, self->rows->held);
  pflow_free(rows);
  pf_try(rc);
  return pflow_uniformity_ideal(dim, config.t, &to->ideal);
}

static pflow_err overlap(const pf_trial *self, const float *y, size_t dim, double *mean) {
  size_t *after;
  pf_try(pf_alloc(&after, self->rows->held * neighbours, sizeof *after));
  pflow_err rc = held_neighbours(self, y, dim, after);
  if (rc >= 0)
    rc = pflow_overlap(self->before, after, self->rows->held, neighbours, mean, NULL);
  pflow_free(after);
  return rc;
}

static pflow_err vote(const pf_trial *self, const pflow_labelled *train,
                      const pflow_labelled *test, double *score) {
  int32_t *predicted;
  pf_try(pf_alloc(&predicted, test->n, sizeof *predicted));
  pflow_err rc = pflow_knn_predict(train, test->x, test->n, neighbours, predicted,
                                   self->map->config.pool);
  if (rc >= 0) rc = pflow_accuracy(predicted, test->labels, test->n, score);
  pflow_free(predicted);
  return rc;
}

static pflow_err probe(const pf_trial *self, const pflow_labelled *train,
                       const pflow_labelled *test, double *score) {
  static const double grid[] = {0.01, 0.1, 1.0};
  pflow_probe_config config;
  pflow_probe_report report;
  pflow_probe_config_init(&config);
  config.grid = grid;
  config.grid_size = sizeof grid / sizeof *grid;
  config.folds = 3;
  config.grad_tol = 1e-4;
  config.seed = self->map->config.seed;
  config.pool = self->map->config.pool;
  pf_try(pflow_probe(train, test, &config, &report, NULL, NULL));
  *score = report.accuracy;
  return PFLOW_OK;
}

/* Held-out rows classified by the fitted ones behind them. */
static pflow_err accuracy(const pf_trial *self, const float *y, size_t dim,
                          double *score) {
  const size_t held = self->rows->held;
  const pflow_labelled test = {y, self->rows->labels, held, dim, self->classes};
  const pflow_labelled train = {y + held * dim, self->rows->labels + held,
                                self->rows->known, dim, self->classes};
  return self->map->config.objective == PFLOW_MAP_KNN ? vote(self, &train, &test, score)
                                                      : probe(self, &train, &test, score);
}

/* NEIGHBOURS goes by how far from its ideal the uniformity is, negative so that more is
 * better; what few rows have beyond it is chance. floor: the least overlap. */
static pflow_err measure(const pf_trial *self, const float *y, size_t dim, double floor,
                         pf_trial_score *to) {
  pf_try(overlap(self, y, dim, &to->kept));
  pf_try(uniformity(self, y, dim, to));
  to->valid = to->kept >= floor;
  to->score = fmin(to->ideal - to->uniformity, 0.0);
  if (self->map->config.objective == PFLOW_MAP_NEIGHBOURS) return PFLOW_OK;
  return accuracy(self, y, dim, &to->score);
}

const pf_trial_score *pf_trial_before(const pf_trial *trial) {
  return &trial->as_is;
}

bool pf_trial_is_better(const pf_trial *trial, double score) {
  const double p = trial->as_is.score, n = (double)trial->rows->held;
  if (trial->map->config.objective == PFLOW_MAP_NEIGHBOURS) return score > p;
  return score > p + sqrt(p * (1.0 - p) / n);
}

/* ---- a trial ---- */

static size_t count_classes(const pf_trial_rows *rows) {
  int32_t most = 0;
  for (size_t i = 0; rows->has_labels && i < rows->held + rows->known; i++)
    if (rows->labels[i] > most) most = rows->labels[i];
  return (size_t)most + 1;
}

static pflow_err measure_before(pf_trial *self) {
  const pf_trial_rows *rows = self->rows;
  pf_try(pf_alloc(&self->held, rows->held, sizeof *self->held));
  for (size_t i = 0; i < rows->held; i++)
    self->held[i] = i;
  pf_try(pf_alloc(&self->before, rows->held * neighbours, sizeof *self->before));
  pf_try(held_neighbours(self, rows->x, rows->dim, self->before));
  return measure(self, rows->x, rows->dim, 0.0, &self->as_is);
}

/* The principal coordinates do not depend on how many are kept: once serves all. */
static pflow_err find_coordinates(pf_trial *self) {
  const pf_trial_rows *rows = self->rows;
  pflow_affine_config config;
  size_t floats;
  pflow_affine_config_init(&config);
  config.out_dim = self->most_dims;
  config.pool = self->map->config.pool;
  pf_try(pflow_affine_fit(&self->pca, PFLOW_AFFINE_PCA, rows->known_x, rows->known,
                          rows->dim, &config));
  pf_try(pf_mul(&floats, self->all, self->most_dims, "map: rows of a search"));
  pf_try(pf_alloc(&self->principal, floats, sizeof *self->principal));
  return pflow_affine_apply(self->pca, rows->x, self->all, self->principal);
}

const double *pf_trial_variances(const pf_trial *trial) {
  return pflow_affine_variances(trial->pca);
}

pflow_err pf_trial_create(pf_trial **trial, const pflow_map *map,
                          const pf_trial_rows *rows) {
  pf_trial *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  *trial = made;
  made->map = map;
  made->rows = rows;
  made->all = rows->held + rows->known;
  made->classes = count_classes(rows);
  made->most_dims =
      map->config.dims ? map->config.dims : pf_dims_clamp(INFINITY, rows->dim);
  pf_try(find_coordinates(made));
  return measure_before(made);
}

void pf_trial_destroy(pf_trial *trial) {
  if (!trial) return;
  pflow_affine_destroy(trial->pca);
  pflow_free(trial->principal);
  pflow_free(trial->held);
  pflow_free(trial->before);
  pflow_free(trial);
}

/* ---- one setting ---- */

/* What a run holds. */
typedef struct run {
  const pf_trial *trial;
  const pf_poisson_choice *settings;
  pflow_exact *exact;
  pf_geometry geometry;
  pflow_ode *ode;
  float *u, *y; /* all rows on their way, and in the target's form */
  size_t *leave_out;
  double r0, r1;
} run;

static void end_run(run *self) {
  pflow_exact_destroy(self->exact);
  pf_geometry_destroy(&self->geometry);
  pflow_ode_destroy(self->ode);
  pflow_free(self->u);
  pflow_free(self->y);
  pflow_free(self->leave_out);
}

/* The first coordinates, at an rms radius of 1. */
static pflow_err preprocess(run *self) {
  const pf_trial *trial = self->trial;
  const size_t dims = self->settings->dims;
  const double *variances = pf_trial_variances(trial);
  double square = 0.0;
  for (size_t k = 0; k < dims; k++)
    square += variances[k];
  if (!(square > 0.0))
    return pf_fail(PFLOW_EINVAL, "map: the %zu rows that a search fits to are all alike",
                   trial->rows->known);
  pf_try(pf_alloc(&self->u, trial->all * dims, sizeof *self->u));
  for (size_t i = 0; i < trial->all; i++)
    for (size_t k = 0; k < dims; k++)
      self->u[i * dims + k] =
          (float)(trial->principal[i * trial->most_dims + k] / sqrt(square));
  return PFLOW_OK;
}

static pflow_err make_field(run *self) {
  const pf_trial_rows *rows = self->trial->rows;
  const pflow_map_config *map = &self->trial->map->config;
  const pf_poisson_choice *settings = self->settings;
  const float *known = self->u + rows->held * settings->dims;
  pflow_exact_config config;
  double nearest;
  pf_try(pf_poisson_nearest(known, rows->known, settings->dims, map->seed, map->pool,
                            &nearest));
  self->r0 = pf_poisson_r0(settings->start, nearest, settings->dims, settings->aug_dim);
  self->r1 = pf_poisson_r1(settings->aug_dim);
  pflow_exact_config_init(&config);
  config.aug_dim = settings->aug_dim;
  config.pool = map->pool;
  const pflow_sources sources = {known, rows->known, settings->dims};
  return pflow_exact_create(&self->exact, &sources, &config);
}

static pflow_err make_solver(run *self) {
  pflow_ode_config ode = pf_poisson_ode(self->trial->map);
  ode.rtol = ode.atol = fmax(ode.rtol, 1e-3);
  return pflow_ode_create(&self->ode, self->trial->all, self->settings->dims, &ode);
}

static pflow_err begin_run(run *self) {
  const pf_trial *trial = self->trial;
  const pf_poisson_choice *settings = self->settings;
  const pflow_map_target target = trial->map->config.target;
  const size_t width = pf_geometry_width(target, settings->dims);
  pf_try(preprocess(self));
  pf_try(make_field(self));
  pf_try(make_solver(self));
  pf_try(pf_geometry_create(&self->geometry, target, settings->dims, settings->aug_dim));
  pf_try(pf_alloc(&self->y, trial->all * width, sizeof *self->y));
  pf_try(pf_alloc(&self->leave_out, trial->all, sizeof *self->leave_out));
  for (size_t i = 0; i < trial->all; i++)
    self->leave_out[i] = i < trial->rows->held ? PFLOW_NO_SOURCE : i - trial->rows->held;
  return PFLOW_OK;
}

/* A row without direction counts as one at 0. */
static pflow_err form_rows(run *self, double r) {
  const size_t dims = self->settings->dims, held = self->trial->rows->held;
  pf_radii radii;
  pf_try(
      pf_radii_measure(&radii, self->u + held * dims, self->trial->rows->known, dims, r));
  const pf_radii_match match = pf_geometry_match(&self->geometry, &radii);
  const size_t width = pf_geometry_width(self->geometry.target, dims);
  for (size_t i = 0; i < self->trial->all; i++) {
    float *y = self->y + i * width;
    const pflow_err rc =
        pf_geometry_form(&self->geometry, &match, self->u + i * dims, r, y);
    if (rc == PFLOW_EINVAL)
      memset(y, 0, width * sizeof *y);
    else if (rc < 0)
      return rc;
  }
  return PFLOW_OK;
}

/* What the preprocessing and the target's form lose is not the flow's doing. */
static pflow_err find_floor(run *self, double *floor) {
  double still;
  *floor = 0.0;
  if (self->trial->map->config.objective != PFLOW_MAP_NEIGHBOURS) return PFLOW_OK;
  pf_try(form_rows(self, self->r0));
  pf_try(overlap(self->trial, self->y,
                 pf_geometry_width(self->geometry.target, self->settings->dims), &still));
  *floor = fmax(least_kept, least_of_still * still);
  return PFLOW_OK;
}

/* From strength to strength; scores of those that are reached. What loses neighbours
 * finds none of them again farther on. */
static pflow_err climb(run *self, const double *strength, size_t n,
                       pf_trial_scores *scores) {
  const size_t dims = self->settings->dims;
  const size_t width = pf_geometry_width(self->geometry.target, dims);
  pflow_exact_flow field = {self->exact, self->leave_out};
  pf_poisson_flow flow = {pflow_exact_rhs, &field, dims, self->settings->aug_dim};
  double from = self->r0;
  pf_try(find_floor(self, &scores->floor));
  for (size_t i = 0; i < n && (i == 0 || scores->at[i - 1].valid); i++) {
    const double to = pf_poisson_stop(self->r0, self->r1, strength[i]);
    const pflow_err rc =
        pf_poisson_flow_run(&flow, self->ode, from, to, self->u, self->trial->all, NULL);
    if (rc != PFLOW_OK) return rc;
    from = to;
    pf_try(form_rows(self, to));
    pf_try(measure(self->trial, self->y, width, scores->floor, &scores->at[i]));
  }
  return PFLOW_OK;
}

pflow_err pf_trial_run(pf_trial *trial, const pf_poisson_choice *settings,
                       const double *strength, size_t n, pf_trial_scores *scores) {
  run self = {.trial = trial, .settings = settings};
  pflow_err rc = begin_run(&self);
  if (rc >= 0 && pf_poisson_can_flow(self.r0, self.r1))
    rc = climb(&self, strength, n, scores);
  end_run(&self);
  const bool fails = rc == PFLOW_EDIVERGED || rc == PFLOW_LIMIT;
  return fails ? PFLOW_OK : rc;
}
