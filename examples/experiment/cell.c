#include "cell.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/json_out.h"
#include "common/must.h"
#include "treat.h"

enum { path_size = 2048 };

static void path_of(const cell *self, const char *ending, char path[path_size]) {
  const int length =
      snprintf(path, path_size, "%s/%s/%s-%llu%s", self->out, self->encoder->name,
               self->arm->name, (unsigned long long)self->seed, ending);
  if (length < 0 || length >= path_size) fail("--out %s: path too long", self->out);
}

bool cell_is_done(const cell *self) {
  char path[path_size];
  path_of(self, ".json", path);
  return access(path, F_OK) == 0;
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

static size_t scored_columns(void) {
  size_t count = 0;
  for (size_t c = 0; c < column_count; c++)
    count += column_about((column)c)->by_row;
  return count;
}

static void write_scores(const cell *self, const outcome *result, size_t n) {
  char path[path_size];
  pflow_rows_writer *writer;
  float *row = must_alloc(n, sizeof *row);
  path_of(self, ".npy", path);
  must(pflow_rows_create(&writer, path, scored_columns(), n));
  for (size_t c = 0; c < column_count; c++) {
    if (!result->scores[c]) continue;
    for (size_t i = 0; i < n; i++)
      row[i] = (float)result->scores[c][i];
    must(pflow_rows_append(writer, row, 1));
  }
  must(pflow_rows_commit(writer));
  pflow_free(row);
}

/* The cell's last file: with it, the cell is done. */
static void write_values(const cell *self, const outcome *result, double train_linear,
                         double seconds) {
  char path[path_size], partial[path_size + 8];
  json_t *object = json_out_object();
  path_of(self, ".json", path);
  snprintf(partial, sizeof partial, "%s.part", path);
  for (size_t c = 0; c < column_count; c++)
    put_real(object, column_about((column)c)->key, result->value[c]);
  put_real(object, "linear_train", train_linear);
  put_real(object, "seconds", seconds);
  put_text(object, "note", result->note);
  if (json_dump_file(object, partial, JSON_INDENT(1)) != 0 || rename(partial, path) != 0)
    fail("%s: cannot be written: %s", path, strerror(errno));
  json_decref(object);
}

void cell_run(const cell *self, arena *rows) {
  char folder[path_size];
  const double started = now_seconds();
  const splits raw = {rows->train.x, rows->test.x, rows->train.labels,
                      rows->train.n, rows->test.n, rows->train.dim};
  outcome result = {0};
  make_folder(self->out);
  snprintf(folder, sizeof folder, "%s/%s", self->out, self->encoder->name);
  make_folder(folder);
  splits made = treat(self->arm, &raw, self->seed, folder, rows->pool);
  const mapped both = {
      {made.train, rows->train.labels, made.n_train, made.dim, rows->classes},
      {made.test, rows->test.labels, made.n_test, made.dim, rows->classes}};
  must_do(outcome_begin(&result, made.n_test));
  must_do(measures_take(rows, self->arm->name, &both, &result));
  write_scores(self, &result, made.n_test);
  write_values(self, &result, train_accuracy(&both.train, rows), now_seconds() - started);
  outcome_free(&result);
  splits_free(&made);
}

/* ---- reading ---- */

static void read_scores(const cell *self, cell_result *result) {
  char path[path_size];
  pflow_rows *file;
  path_of(self, ".npy", path);
  must(pflow_rows_open(&file, path));
  result->n = pflow_rows_dim(file);
  float *row = must_alloc(result->n, sizeof *row);
  for (size_t c = 0, at = 0; c < column_count; c++) {
    if (!column_about((column)c)->by_row) continue;
    must(pflow_rows_read(file, at++, 1, row));
    result->scores[c] = must_alloc(result->n, sizeof *result->scores[c]);
    for (size_t i = 0; i < result->n; i++)
      result->scores[c][i] = row[i];
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
  json_error_t error;
  *result = (cell_result){0};
  path_of(self, ".json", path);
  json_t *object = json_load_file(path, 0, &error);
  if (!object) fail("%s: line %d: %s", path, error.line, error.text);
  for (size_t c = 0; c < column_count; c++)
    result->value[c] = number_in(object, column_about((column)c)->key);
  result->train_linear = number_in(object, "linear_train");
  result->seconds = number_in(object, "seconds");
  json_decref(object);
  read_scores(self, result);
}

void cell_result_free(cell_result *result) {
  for (size_t c = 0; c < column_count; c++)
    pflow_free(result->scores[c]);
}
