#include "compare/entrant.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/say.h"
#include "compare/measures.h"

enum { round_trip_rows = 1000, rows_at_once = 1024 };

/* One fit with the rows it makes. */
typedef struct trial {
  pflow_map *map;
  pflow_map_work *work;
  float *train, *test;
  size_t dim;
  outcome result;
} trial;

static void remark(entrant *self, const char *text) {
  const size_t used = strlen(self->note);
  snprintf(self->note + used, sizeof self->note - used, "%s%s", used ? "; " : "", text);
}

typedef struct watcher {
  arena *rows;
  const char *name;
} watcher;

static int show_fit(const pflow_map_progress *at, void *user) {
  const watcher *self = user;
  char note[128];
  snprintf(note, sizeof note, "%s: %s %zu of %zu", self->name, at->stage, at->done,
           at->total);
  progress_show(self->rows->bar, self->rows->done, note);
  return interrupt_seen() ? 1 : 0;
}

static pflow_err make_map(const entrant *self, arena *rows, size_t repeat,
                          pflow_map **map) {
  if (self->file) return pflow_map_load(map, self->file, rows->pool);
  watcher user = {rows, self->name};
  pflow_denoiser_config denoiser;
  pflow_map_config config;
  pflow_denoiser_config_init(&denoiser);
  if (rows->steps) denoiser.steps = rows->steps;
  pflow_map_config_init(&config);
  config.denoiser = &denoiser;
  config.method = self->method;
  config.field = self->field;
  config.strength = self->strength;
  config.seed = rows->seed + repeat;
  config.pool = rows->pool;
  config.on_progress = show_fit;
  config.user = &user;
  const pflow_err rc = pflow_map_create(map, &config);
  if (rc < 0) return rc;
  return pflow_map_fit(*map, rows->train.x, rows->train.labels, rows->train.n,
                       rows->train.dim);
}

static pflow_err fit(const entrant *self, arena *rows, size_t repeat, trial *run) {
  pflow_map_info info;
  const double begun = now_seconds();
  pflow_err rc = make_map(self, rows, repeat, &run->map);
  if (rc != PFLOW_OK) return rc;
  run->result.value[col_fit] = now_seconds() - begun;
  if (self->file && pflow_map_get_info(run->map, &info) == PFLOW_OK)
    run->result.value[col_fit] = info.seconds;
  return pflow_map_work_create(&run->work, run->map, NULL);
}

/* The way there and back of at most 1000 test rows. */
static pflow_err round_trip(const arena *rows, trial *run) {
  const size_t n = rows->test.n < round_trip_rows ? rows->test.n : round_trip_rows;
  const size_t count = n * rows->test.dim;
  double error = 0.0, length = 0.0;
  if (!pflow_map_is_invertible(run->map)) return PFLOW_OK;
  float *back = pflow_alloc(n, rows->test.dim * sizeof *back);
  if (!back) return PFLOW_ENOMEM;
  const pflow_err rc = pflow_map_inverse(run->map, run->work, run->test, n, back);
  for (size_t i = 0; rc >= 0 && i < count; i++) {
    const double x = rows->test.x[i], off = back[i] - x;
    error += off * off;
    length += x * x;
  }
  if (rc >= 0) run->result.value[col_round_trip] = sqrt(error / length);
  pflow_free(back);
  return rc;
}

/* PFLOW_STOPPED after an interrupt. */
static pflow_err transform_rows(const trial *run, const input *rows, float *to) {
  pflow_err rc = PFLOW_OK;
  for (size_t i = 0, n; i < rows->n && rc == PFLOW_OK; i += n) {
    n = rows->n - i < rows_at_once ? rows->n - i : rows_at_once;
    rc = pflow_map_transform(run->map, run->work, rows->x + i * rows->dim, n,
                             to + i * run->dim);
    if (rc == PFLOW_OK && interrupt_seen()) rc = PFLOW_STOPPED;
  }
  return rc;
}

static pflow_err transform(arena *rows, trial *run) {
  pflow_err rc = transform_rows(run, &rows->train, run->train);
  const double begun = now_seconds();
  if (rc == PFLOW_OK) rc = transform_rows(run, &rows->test, run->test);
  run->result.value[col_transform] = 1e6 * (now_seconds() - begun) / (double)rows->test.n;
  if (rc == PFLOW_OK) {
    const pflow_err back = round_trip(rows, run);
    if (back < 0) measures_missed(&run->result, "round trip");
  }
  return rc;
}

static int give_up(entrant *self) {
  char text[entrant_note];
  snprintf(text, sizeof text, "not compared: %s", pflow_errmsg());
  remark(self, text);
  return status_ok;
}

static int check_dim(const arena *rows, const trial *run, const entrant *self) {
  if (pflow_map_in_dim(run->map) == rows->train.dim) return status_ok;
  return say_failed("%s takes rows of %zu values, %s has %zu", self->file,
                    pflow_map_in_dim(run->map), rows->train.path, rows->train.dim);
}

/* Sets *fitted where the method could be fitted and applied. */
static int attempt(entrant *self, arena *rows, size_t repeat, trial *run, bool *fitted) {
  *fitted = false;
  try_status(outcome_begin(&run->result, rows->test.n));
  try_status(arena_step(rows, self->name, "fit"));
  const pflow_err made = fit(self, rows, repeat, run);
  if (made < 0) return self->file ? say_failed("%s", pflow_errmsg()) : give_up(self);
  try_status(arena_step(rows, self->name, "transform"));
  try_status(check_dim(rows, run, self));
  run->dim = pflow_map_out_dim(run->map);
  run->train = say_alloc(rows->train.n, run->dim * sizeof *run->train);
  run->test = say_alloc(rows->test.n, run->dim * sizeof *run->test);
  if (!run->train || !run->test) return status_failed;
  if (transform(rows, run) < 0) return give_up(self);
  try_status(interrupt_status());
  const mapped both = {
      {run->train, rows->train.labels, rows->train.n, run->dim, rows->classes},
      {run->test, rows->test.labels, rows->test.n, run->dim, rows->classes}};
  *fitted = true;
  return measures_take(rows, self->name, &both, &run->result);
}

static void add_outcome(entrant *self, const arena *rows, size_t repeat,
                        const outcome *result) {
  memcpy(self->values[repeat], result->value, sizeof result->value);
  for (size_t c = 0; c < column_count; c++)
    for (size_t i = 0; result->scores[c] && i < rows->test.n; i++)
      self->scores[c][i] += result->scores[c][i] / (double)self->repeats;
  if (repeat == 0 && result->note[0]) remark(self, result->note);
}

/* What the first fit leaves for the notes and the page. */
static int keep_first(entrant *self, trial *run, bool keep) {
  try_library(pflow_map_get_info(run->map, &self->info));
  if (self->info.leave_alone) remark(self, "its search advises to leave the rows alone");
  if (!keep) return status_ok;
  self->map = run->map;
  self->mapped = run->test;
  self->mapped_dim = run->dim;
  run->map = NULL;
  run->test = NULL;
  return status_ok;
}

static int run_once(entrant *self, arena *rows, size_t repeat, bool keep) {
  trial run = {0};
  bool fitted;
  int status = attempt(self, rows, repeat, &run, &fitted);
  self->fitted = fitted && (repeat == 0 || self->fitted);
  if (status == status_ok && fitted) {
    add_outcome(self, rows, repeat, &run.result);
    if (repeat == 0) status = keep_first(self, &run, keep);
  }
  pflow_map_work_destroy(run.work);
  pflow_map_destroy(run.map);
  pflow_free(run.train);
  pflow_free(run.test);
  outcome_free(&run.result);
  return status;
}

static void summarise(entrant *self, column which) {
  double sum = 0.0, squares = 0.0;
  for (size_t i = 0; i < self->repeats; i++)
    sum += self->values[i][which];
  self->mean[which] = sum / (double)self->repeats;
  for (size_t i = 0; i < self->repeats; i++) {
    const double off = self->values[i][which] - self->mean[which];
    squares += off * off;
  }
  self->deviation[which] =
      self->repeats > 1 ? sqrt(squares / (double)(self->repeats - 1)) : 0.0;
}

static int begin(entrant *self, size_t test_rows) {
  self->values = say_alloc(self->repeats, sizeof *self->values);
  if (!self->values) return status_failed;
  for (size_t c = 0; c < column_count; c++) {
    for (size_t i = 0; i < self->repeats; i++)
      self->values[i][c] = NAN;
    if (!column_about((column)c)->by_row) continue;
    self->scores[c] = say_alloc(test_rows, sizeof *self->scores[c]);
    if (!self->scores[c]) return status_failed;
  }
  return status_ok;
}

int entrant_run(entrant *self, arena *rows, bool keep) {
  try_status(begin(self, rows->test.n));
  const size_t first_step = rows->done;
  for (size_t i = 0; i < self->repeats && (i == 0 || self->fitted); i++)
    try_status(run_once(self, rows, i, keep));
  for (size_t c = 0; c < column_count; c++)
    summarise(self, (column)c);
  rows->done = first_step + self->repeats * (measure_steps + 2);
  return status_ok;
}
