#include "summary.h"

#include <math.h>
#include <string.h>

#include "bootstrap.h"
#include "cli/json_out.h"
#include "common/must.h"

size_t plan_seeds(const plan *self, const arm *which) {
  return which->seeded ? self->flow_seeds : 1;
}

cell plan_cell(const plan *self, size_t encoder, const arm *which, uint64_t seed) {
  return (cell){self->out, self->commit,   &self->encoders[encoder], which,
                seed,      self->max_rows, self->field_rows};
}

/* ---- cells ---- */

/* The cells of one arm on one encoder. */
typedef struct series {
  size_t encoder, seeds; /* seeds: done */
  cell_result *cells;
} series;

/* The cells of one arm on one data set. */
typedef struct group {
  const plan *all;
  const arm *arm;
  size_t encoders; /* with a cell */
  series of[most_encoders];
} group;

static series series_read(const plan *all, const arm *which, size_t encoder) {
  const size_t most = plan_seeds(all, which);
  series made = {.encoder = encoder, .cells = must_alloc(most, sizeof *made.cells)};
  for (; made.seeds < most; made.seeds++) {
    const cell one = plan_cell(all, encoder, which, made.seeds);
    if (!cell_is_done(&one)) break;
    cell_read(&one, &made.cells[made.seeds]);
  }
  return made;
}

static void series_free(series *self) {
  for (size_t s = 0; s < self->seeds; s++)
    cell_result_free(&self->cells[s]);
  pflow_free(self->cells);
}

static void group_read(group *self, const plan *all, const arm *which, const char *data) {
  *self = (group){.all = all, .arm = which};
  for (size_t e = 0; e < all->count; e++) {
    if (strcmp(all->encoders[e].data, data) != 0) continue;
    series read = series_read(all, which, e);
    if (read.seeds > 0)
      self->of[self->encoders++] = read;
    else
      series_free(&read);
  }
}

static void group_free(group *self) {
  for (size_t i = 0; i < self->encoders; i++)
    series_free(&self->of[i]);
}

/* The same encoder's cells in another arm's group; NULL where it has none. */
static const series *find_encoder(const group *self, size_t encoder) {
  for (size_t i = 0; i < self->encoders; i++)
    if (self->of[i].encoder == encoder) return &self->of[i];
  return NULL;
}

/* Mean over seeds. */
static double mean_of(const series *self, size_t which) {
  double sum = 0.0;
  for (size_t s = 0; s < self->seeds; s++)
    sum += self->cells[s].value[which];
  return sum / (double)self->seeds;
}

/* ---- differences from the raw features ---- */

/* An arm's encoders that the raw features have cells of as well. */
typedef struct pairs {
  size_t count;
  const series *ours[most_encoders], *raw[most_encoders];
} pairs;

/* Pairs in which both have the value. */
static pairs pairs_of(const group *self, const group *raw, size_t which) {
  pairs found = {0};
  for (size_t i = 0; i < self->encoders; i++) {
    const series *theirs = find_encoder(raw, self->of[i].encoder);
    if (!theirs || !isfinite(mean_of(&self->of[i], which)) ||
        !isfinite(mean_of(theirs, which)))
      continue;
    found.ours[found.count] = &self->of[i];
    found.raw[found.count++] = theirs;
  }
  return found;
}

static double *score_differences(const cell_result *ours, const cell_result *raw,
                                 size_t which) {
  double *made = must_alloc(ours->groups, sizeof *made);
  if (raw->test_rows != ours->test_rows)
    fail("cells of %zu and %zu test rows", ours->test_rows, raw->test_rows);
  for (size_t i = 0; i < ours->groups; i++)
    made[i] = ours->scores[which][i] - raw->scores[which][i];
  return made;
}

static pflow_interval interval(const pairs *self, size_t which, pflow_pool *pool) {
  nest encoders[most_encoders];
  double **rows[most_encoders];
  for (size_t e = 0; e < self->count; e++) {
    const series *ours = self->ours[e];
    rows[e] = must_alloc(ours->seeds, sizeof *rows[e]);
    for (size_t s = 0; s < ours->seeds; s++)
      rows[e][s] = score_differences(&ours->cells[s], &self->raw[e]->cells[0], which);
    encoders[e] =
        (nest){ours->seeds, ours->cells[0].groups, (const double *const *)rows[e]};
  }
  const pflow_interval found = nested_bootstrap(encoders, self->count, which, pool);
  for (size_t e = 0; e < self->count; e++) {
    for (size_t s = 0; s < self->ours[e]->seeds; s++)
      pflow_free(rows[e][s]);
    pflow_free(rows[e]);
  }
  return found;
}

static void put_difference(json_t *to, const pairs *self, size_t which,
                           pflow_pool *pool) {
  double ours[most_encoders], raw[most_encoders], p, difference = 0.0;
  pflow_resample_config config;
  pflow_resample_config_init(&config);
  config.pool = pool;
  for (size_t e = 0; e < self->count; e++) {
    ours[e] = mean_of(self->ours[e], which);
    raw[e] = mean_of(self->raw[e], which);
    difference += (ours[e] - raw[e]) / (double)self->count;
  }
  must(pflow_sign_flip_test(ours, raw, self->count, &config, &p));
  put_real(to, "difference", difference);
  put_real(to, "p", p);
  if (!value_by_row(which)) return;
  const pflow_interval found = interval(self, which, pool);
  put_real(to, "low", found.low);
  put_real(to, "high", found.high);
}

static json_t *measure_json(const group *self, const group *raw, size_t which) {
  json_t *made = json_out_object(), *each = json_out_array();
  const pairs both = pairs_of(self, raw, which);
  double sum = 0.0;
  for (size_t i = 0; i < self->encoders; i++) {
    const double mean = mean_of(&self->of[i], which);
    add_json(each, isfinite(mean) ? json_real(mean) : json_null());
    sum += mean;
  }
  put_real(made, "mean", sum / (double)self->encoders);
  put_json(made, "encoders", each);
  if (both.count > 0 && self->arm != raw->arm)
    put_difference(made, &both, which, self->all->pool);
  return made;
}

/* ---- the whole ---- */

/* Not measured here. */
static bool is_left_out(size_t which) {
  return which == col_round_trip || which == col_fit || which == col_transform;
}

/* An array that has each object once. */
static void add_new(json_t *list, json_t *object) {
  size_t i;
  json_t *one;
  json_array_foreach(list, i, one) {
    if (json_equal(one, object)) return;
  }
  add_json(list, json_incref(object));
}

/* What is told of the cells themselves; their makers go into `makers`. */
static void put_cells(json_t *to, const group *self, json_t *makers) {
  json_t *notes = json_out_array(), *names = json_out_array();
  double seconds = 0.0;
  size_t count = 0;
  for (size_t i = 0; i < self->encoders; i++) {
    const series *one = &self->of[i];
    add_json(names, json_string(self->all->encoders[one->encoder].name));
    for (size_t s = 0; s < one->seeds; s++) {
      seconds += one->cells[s].seconds;
      add_json(notes, json_incref(one->cells[s].notes));
      add_new(makers, one->cells[s].made_by);
    }
    count += one->seeds;
  }
  put_json(to, "encoders", names);
  put_size(to, "cells", count);
  put_real(to, "seconds", seconds);
  put_json(to, "notes", notes);
}

static json_t *arm_json(const group *self, const group *raw, json_t *makers) {
  json_t *made = json_out_object(), *values = json_out_object();
  for (size_t v = 0; v < value_count; v++)
    if (!is_left_out(v)) put_json(values, value_key(v), measure_json(self, raw, v));
  put_text(made, "name", self->arm->name);
  put_text(made, "about", self->arm->about);
  put_cells(made, self, makers);
  put_json(made, "values", values);
  return made;
}

static json_t *arms_json(const plan *self, const group *raw, const char *data,
                         json_t *makers) {
  json_t *list = json_out_array();
  for (size_t i = 0; i < self->arm_count; i++) {
    group one;
    group_read(&one, self, self->arms[i], data);
    if (one.encoders > 0) add_json(list, arm_json(&one, raw, makers));
    group_free(&one);
  }
  return list;
}

static json_t *data_json(const plan *self, const char *data, json_t *makers) {
  group raw;
  json_t *made = json_out_object(), *encoders = json_out_array();
  group_read(&raw, self, self->arms[0], data);
  for (size_t i = 0; i < raw.encoders; i++) {
    const encoder_rows *one = &self->encoders[raw.of[i].encoder];
    json_t *encoder = json_out_object();
    put_text(encoder, "name", one->name);
    put_json(encoder, "head", encoder_rows_head(one, self->out));
    add_json(encoders, encoder);
  }
  put_text(made, "data", data);
  put_size(made, "test_rows", raw.encoders > 0 ? raw.of[0].cells[0].test_rows : 0);
  put_json(made, "encoders", encoders);
  put_json(made, "arms", arms_json(self, &raw, data, makers));
  group_free(&raw);
  return made;
}

static bool is_first(const plan *self, size_t encoder) {
  for (size_t i = 0; i < encoder; i++)
    if (strcmp(self->encoders[i].data, self->encoders[encoder].data) == 0) return false;
  return true;
}

json_t *summary_of(const plan *self) {
  json_t *made = json_out_object(), *sets = json_out_array(), *makers = json_out_array();
  for (size_t e = 0; e < self->count; e++)
    if (is_first(self, e))
      add_json(sets, data_json(self, self->encoders[e].data, makers));
  put_size(made, "flow_seeds", self->flow_seeds);
  put_size(made, "max_rows", self->max_rows);
  put_size(made, "field_rows", self->field_rows);
  put_json(made, "made_by", makers);
  put_json(made, "sets", sets);
  return made;
}
