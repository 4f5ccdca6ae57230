#include "cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bootstrap.h"
#include "cli/json_out.h"
#include "common/must.h"
#include "density.h"
#include "extras.h"
#include "files.h"
#include "foreign.h"
#include "made_by.h"

/* ---- files ---- */

static void path_of(const cell *self, const char *ending, char path[path_size]) {
  char folder[path_size], name[128];
  path_in(self->out, self->encoder->name, folder);
  snprintf(name, sizeof name, "%s-%llu%s", self->arm->name,
           (unsigned long long)self->seed, ending);
  path_in(folder, name, path);
}

/* What decides the rows of a cell beside its name. */
static json_t *made_of(const cell *self) {
  json_t *made = json_out_object();
  put_size(made, "max_rows", self->max_rows);
  put_size(made, "field_rows", self->field_rows);
  return made;
}

bool cell_is_done(const cell *self) {
  char path[path_size];
  path_of(self, ".json", path);
  if (access(path, F_OK) != 0) return false;
  const char *key;
  json_t *file = json_read(path), *wanted = made_of(self), *value;
  json_object_foreach(wanted, key, value) {
    json_t *found = json_object_get(json_object_get(file, "made_of"), key);
    if (!json_equal(found, value))
      fail("%s: made with another --%s; choose another --out", path,
           strcmp(key, "max_rows") == 0 ? "max-rows" : "field-rows");
  }
  json_decref(wanted);
  json_decref(file);
  return true;
}

/* ---- running ---- */

static size_t scored_values(void) {
  size_t count = 0;
  for (size_t v = 0; v < value_count; v++)
    count += value_by_row(v);
  return count;
}

static void write_scores(const cell *self, const cell_result *result) {
  char path[path_size];
  pflow_rows_writer *writer;
  float *row = must_alloc(result->groups, sizeof *row);
  path_of(self, ".npy", path);
  must(pflow_rows_create(&writer, path, scored_values(), result->groups));
  for (size_t v = 0; v < value_count; v++) {
    if (!value_by_row(v)) continue;
    for (size_t g = 0; g < result->groups; g++)
      row[g] = (float)result->scores[v][g];
    must(pflow_rows_append(writer, row, 1));
  }
  must(pflow_rows_commit(writer));
  pflow_free(row);
}

/* The cell's last file: with it, the cell is done. */
static void write_values(const cell *self, const cell_result *result) {
  char path[path_size];
  json_t *object = json_out_object();
  path_of(self, ".json", path);
  for (size_t v = 0; v < value_count; v++)
    put_real(object, value_key(v), result->value[v]);
  put_real(object, "seconds", result->seconds);
  put_size(object, "test_rows", result->test_rows);
  put_json(object, "made_of", made_of(self));
  put_json(object, "made_by", json_incref(result->made_by));
  put_json(object, "notes", json_incref(result->notes));
  json_write(object, path);
}

/* Compare's measures and the experiment's into the result, which takes over their scores.
 */
static void measure(const cell *self, arena *rows, const mapped *both,
                    cell_result *result) {
  outcome found = {0};
  must_do(outcome_begin(&found, both->test.n));
  must_do(measures_take(rows, self->arm->name, both, &found));
  extras_take(rows, both, found.strength, result->value);
  memcpy(result->value, found.value, sizeof found.value);
  memcpy(result->scores, found.scores, sizeof found.scores);
  put_real(result->notes, "probe_strength", found.strength);
  if (*found.note) put_text(result->notes, "missed", found.note);
}

static void measure_foreign(const splits *made, cell_result *result, pflow_pool *pool) {
  double *shares = must_alloc(made->n[test_split], sizeof *shares);
  result->scores[foreign_value] = shares;
  if (made->n[foreign_split] == 0) return;
  double *ours = foreign_distances(made, test_split, pool);
  double *theirs = foreign_distances(made, foreign_split, pool);
  result->value[foreign_value] =
      foreign_auroc(ours, made->n[test_split], theirs, made->n[foreign_split], shares);
  pflow_free(ours);
  pflow_free(theirs);
}

static void measure_density(const splits *raw, const pflow_map_info *flow,
                            const conditions *under, cell_result *result) {
  double *shares = must_alloc(raw->n[test_split], sizeof *shares);
  result->scores[density_value] = shares;
  if (raw->n[foreign_split] > 0 && flow->dims > 0)
    result->value[density_value] = density_auroc(raw, flow, under, shares);
}

static void write_cell(const cell *self, cell_result *result) {
  result->made_by = made_by(self->commit);
  for (size_t v = 0; v < value_count; v++)
    if (value_by_row(v))
      result->groups = group_means(result->scores[v], result->test_rows);
  write_scores(self, result);
  write_values(self, result);
}

void cell_run(const cell *self, arena *rows, const pflow_features *foreign) {
  const double started = now_seconds();
  const input *train = &rows->train, *test = &rows->test;
  const splits raw = {{train->x, test->x, (float *)(uintptr_t)foreign->x},
                      {train->n, test->n, foreign->n},
                      train->dim,
                      train->labels};
  cell_result result = {.test_rows = test->n, .notes = json_out_object()};
  const conditions under = {self->seed, self->field_rows, rows->pool};
  pflow_map_info flow;
  splits made = treat(self->arm, &raw, &under, result.notes, &flow);
  const mapped both = {
      {made.x[train_split], train->labels, train->n, made.dim, rows->classes},
      {made.x[test_split], test->labels, test->n, made.dim, rows->classes}};
  measure(self, rows, &both, &result);
  measure_foreign(&made, &result, rows->pool);
  measure_density(&raw, &flow, &under, &result);
  result.seconds = now_seconds() - started;
  write_cell(self, &result);
  cell_result_free(&result);
  splits_free(&made);
}

/* ---- reading ---- */

static void read_scores(const cell *self, cell_result *result) {
  char path[path_size];
  pflow_rows *file;
  path_of(self, ".npy", path);
  must(pflow_rows_open(&file, path));
  const size_t groups = pflow_rows_dim(file);
  if (pflow_rows_count(file) != scored_values())
    fail("%s: scores of %zu measures, wants %zu", path, pflow_rows_count(file),
         scored_values());
  float *row = must_alloc(groups, sizeof *row);
  for (size_t v = 0, at = 0; v < value_count; v++) {
    if (!value_by_row(v)) continue;
    must(pflow_rows_read(file, at++, 1, row));
    result->scores[v] = must_alloc(groups, sizeof *result->scores[v]);
    for (size_t g = 0; g < groups; g++)
      result->scores[v][g] = row[g];
  }
  result->groups = groups;
  pflow_free(row);
  pflow_rows_close(file);
}

static double number_in(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

void cell_read(const cell *self, cell_result *result) {
  char path[path_size];
  *result = (cell_result){0};
  path_of(self, ".json", path);
  json_t *object = json_read(path);
  for (size_t v = 0; v < value_count; v++)
    result->value[v] = number_in(object, value_key(v));
  result->seconds = number_in(object, "seconds");
  result->test_rows = (size_t)json_integer_value(json_object_get(object, "test_rows"));
  result->notes = json_incref(json_object_get(object, "notes"));
  result->made_by = json_incref(json_object_get(object, "made_by"));
  json_decref(object);
  read_scores(self, result);
}

void cell_result_free(cell_result *result) {
  for (size_t v = 0; v < value_count; v++)
    pflow_free(result->scores[v]);
  json_decref(result->notes);
  json_decref(result->made_by);
}
