#include "cell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/json_out.h"
#include "common/must.h"
#include "foreign.h"

enum { path_size = 2048 };

const char *value_key(size_t which) {
  return which < column_count          ? column_about((column)which)->key
         : which == train_linear_value ? "linear_train"
                                       : "foreign_auroc";
}

bool value_by_row(size_t which) {
  return which < column_count ? column_about((column)which)->by_row
                              : which == foreign_value;
}

/* ---- files ---- */

static void path_of(const cell *self, const char *ending, char path[path_size]) {
  const int length =
      snprintf(path, path_size, "%s/%s/%s-%llu%s", self->out, self->encoder->name,
               self->arm->name, (unsigned long long)self->seed, ending);
  if (length < 0 || length >= path_size) fail("--out %s: path too long", self->out);
}

static json_t *load(const char *path) {
  json_error_t error;
  json_t *object = json_load_file(path, 0, &error);
  if (!object) fail("%s: line %d: %s", path, error.line, error.text);
  return object;
}

/* What decides the rows of a cell beside its name. */
static json_t *made_of(const cell *self) {
  json_t *made = json_out_object();
  put_text(made, "encoder", self->encoder->folder);
  put_size(made, "max_rows", self->max_rows);
  put_size(made, "field_rows", self->field_rows);
  return made;
}

bool cell_is_done(const cell *self) {
  char path[path_size];
  path_of(self, ".json", path);
  if (access(path, F_OK) != 0) return false;
  const char *key;
  json_t *file = load(path), *wanted = made_of(self), *value;
  json_object_foreach(wanted, key, value) {
    json_t *found = json_object_get(json_object_get(file, "made_of"), key);
    if (!json_equal(found, value))
      fail("%s: made with another --%s; choose another --out", path,
           strcmp(key, "encoder") == 0    ? "encoders"
           : strcmp(key, "max_rows") == 0 ? "max-rows"
                                          : "field-rows");
  }
  json_decref(wanted);
  json_decref(file);
  return true;
}

static void make_folder(const char *path) {
  if (mkdir(path, 0777) != 0 && errno != EEXIST)
    fail("%s: cannot be made: %s", path, strerror(errno));
}

/* ---- running ---- */

/* How well the probe knows the rows it was fitted to, which the post reports too. */
static double train_accuracy(const pflow_labelled *train, const arena *rows) {
  pflow_probe_config config;
  pflow_probe_report report;
  pflow_probe_config_init(&config);
  config.seed = rows->seed;
  config.pool = rows->pool;
  must(pflow_probe(train, train, &config, &report, NULL, NULL));
  return report.accuracy;
}

static size_t scored_values(void) {
  size_t count = 0;
  for (size_t v = 0; v < value_count; v++)
    count += value_by_row(v);
  return count;
}

static void write_scores(const cell *self, const cell_result *result) {
  char path[path_size];
  pflow_rows_writer *writer;
  float *row = must_alloc(result->n, sizeof *row);
  path_of(self, ".npy", path);
  must(pflow_rows_create(&writer, path, scored_values(), result->n));
  for (size_t v = 0; v < value_count; v++) {
    if (!value_by_row(v)) continue;
    for (size_t i = 0; i < result->n; i++)
      row[i] = (float)result->scores[v][i];
    must(pflow_rows_append(writer, row, 1));
  }
  must(pflow_rows_commit(writer));
  pflow_free(row);
}

/* The cell's last file: with it, the cell is done. */
static void write_values(const cell *self, const cell_result *result) {
  char path[path_size], partial[path_size + 8];
  json_t *object = json_out_object();
  path_of(self, ".json", path);
  snprintf(partial, sizeof partial, "%s.part", path);
  for (size_t v = 0; v < value_count; v++)
    put_real(object, value_key(v), result->value[v]);
  put_real(object, "seconds", result->seconds);
  put_json(object, "made_of", made_of(self));
  put_text(object, "commit", self->commit);
  put_json(object, "notes", json_incref(result->notes));
  if (json_dump_file(object, partial, JSON_INDENT(1)) != 0 || rename(partial, path) != 0)
    fail("%s: cannot be written: %s", path, strerror(errno));
  json_decref(object);
}

/* Compare's measures into the result, which takes over their scores. */
static void measure(const cell *self, arena *rows, const mapped *both,
                    cell_result *result) {
  outcome found = {0};
  must_do(outcome_begin(&found, both->test.n));
  must_do(measures_take(rows, self->arm->name, both, &found));
  memcpy(result->value, found.value, sizeof found.value);
  memcpy(result->scores, found.scores, sizeof found.scores);
  if (*found.note) put_text(result->notes, "missed", found.note);
}

static void measure_foreign(const splits *made, cell_result *result, pflow_pool *pool) {
  double *shares = must_alloc(made->n[test_split], sizeof *shares);
  result->scores[foreign_value] = shares;
  result->value[foreign_value] =
      made->n[foreign_split] > 0 ? foreign_auroc(made, shares, pool) : NAN;
}

void cell_run(const cell *self, arena *rows, const pflow_features *foreign) {
  char folder[path_size];
  const double started = now_seconds();
  const input *train = &rows->train, *test = &rows->test;
  const splits raw = {{train->x, test->x, (float *)(uintptr_t)foreign->x},
                      {train->n, test->n, foreign->n},
                      train->dim,
                      train->labels};
  cell_result result = {.n = test->n, .notes = json_out_object()};
  make_folder(self->out);
  snprintf(folder, sizeof folder, "%s/%s", self->out, self->encoder->name);
  make_folder(folder);
  const conditions under = {self->seed, self->field_rows, folder, rows->pool};
  splits made = treat(self->arm, &raw, &under, result.notes);
  const mapped both = {
      {made.x[train_split], train->labels, train->n, made.dim, rows->classes},
      {made.x[test_split], test->labels, test->n, made.dim, rows->classes}};
  measure(self, rows, &both, &result);
  result.value[train_linear_value] = train_accuracy(&both.train, rows);
  measure_foreign(&made, &result, rows->pool);
  result.seconds = now_seconds() - started;
  write_scores(self, &result);
  write_values(self, &result);
  cell_result_free(&result);
  splits_free(&made);
}

/* ---- reading ---- */

static void read_scores(const cell *self, cell_result *result) {
  char path[path_size];
  pflow_rows *file;
  path_of(self, ".npy", path);
  must(pflow_rows_open(&file, path));
  result->n = pflow_rows_dim(file);
  if (pflow_rows_count(file) != scored_values())
    fail("%s: scores of %zu measures, wants %zu", path, pflow_rows_count(file),
         scored_values());
  float *row = must_alloc(result->n, sizeof *row);
  for (size_t v = 0, at = 0; v < value_count; v++) {
    if (!value_by_row(v)) continue;
    must(pflow_rows_read(file, at++, 1, row));
    result->scores[v] = must_alloc(result->n, sizeof *result->scores[v]);
    for (size_t i = 0; i < result->n; i++)
      result->scores[v][i] = row[i];
  }
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
  json_t *object = load(path);
  for (size_t v = 0; v < value_count; v++)
    result->value[v] = number_in(object, value_key(v));
  result->seconds = number_in(object, "seconds");
  result->notes = json_incref(json_object_get(object, "notes"));
  const char *commit = json_string_value(json_object_get(object, "commit"));
  snprintf(result->commit, sizeof result->commit, "%s", commit ? commit : "");
  json_decref(object);
  read_scores(self, result);
}

void cell_result_free(cell_result *result) {
  for (size_t v = 0; v < value_count; v++)
    pflow_free(result->scores[v]);
  json_decref(result->notes);
}
