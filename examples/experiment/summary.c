#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* The cells of one arm on one data set. */
typedef struct group {
  const plan *all;
  const arm *arm;
  size_t encoders, seeds;
  cell_result *cells; /* encoders x seeds */
} group;

static group group_read(const plan *all, const arm *which, const char *data) {
  group made = {.all = all, .arm = which, .seeds = plan_seeds(all, which)};
  made.cells = must_alloc(all->count * made.seeds, sizeof *made.cells);
  for (size_t e = 0; e < all->count; e++) {
    if (strcmp(all->encoders[e].data, data) != 0) continue;
    for (size_t s = 0; s < made.seeds; s++) {
      const cell one = plan_cell(all, e, which, s);
      cell_read(&one, &made.cells[made.encoders * made.seeds + s]);
    }
    made.encoders++;
  }
  return made;
}

static void group_free(group *self) {
  for (size_t i = 0; i < self->encoders * self->seeds; i++)
    cell_result_free(&self->cells[i]);
  pflow_free(self->cells);
}

/* ---- values ---- */

/* Mean over seeds on each encoder, and over those. */
static double means(const group *self, size_t which, double *by_encoder) {
  double sum = 0.0;
  for (size_t e = 0; e < self->encoders; e++) {
    by_encoder[e] = 0.0;
    for (size_t s = 0; s < self->seeds; s++)
      by_encoder[e] +=
          self->cells[e * self->seeds + s].value[which] / (double)self->seeds;
    sum += by_encoder[e];
  }
  return sum / (double)self->encoders;
}

/* ---- differences from the raw features ---- */

static double *row_differences(const cell_result *ours, const cell_result *raw,
                               size_t which) {
  double *made = must_alloc(ours->n, sizeof *made);
  if (raw->n != ours->n) fail("cells of %zu and %zu test rows", ours->n, raw->n);
  for (size_t i = 0; i < ours->n; i++)
    made[i] = ours->scores[which][i] - raw->scores[which][i];
  return made;
}

static pflow_interval interval(const group *self, const group *raw, size_t which) {
  nest encoders[most_encoders];
  double **rows = must_alloc(self->encoders * self->seeds, sizeof *rows);
  for (size_t e = 0; e < self->encoders; e++) {
    const size_t first = e * self->seeds;
    for (size_t s = 0; s < self->seeds; s++)
      rows[first + s] =
          row_differences(&self->cells[first + s], &raw->cells[e * raw->seeds], which);
    encoders[e] =
        (nest){self->seeds, self->cells[first].n, (const double *const *)rows + first};
  }
  const pflow_interval found =
      nested_bootstrap(encoders, self->encoders, which, self->all->pool);
  for (size_t i = 0; i < self->encoders * self->seeds; i++)
    pflow_free(rows[i]);
  pflow_free(rows);
  return found;
}

static void put_difference(json_t *to, const group *self, const group *raw, size_t which,
                           const double *ours, const double *theirs) {
  pflow_resample_config config;
  double p;
  pflow_resample_config_init(&config);
  must(pflow_sign_flip_test(ours, theirs, self->encoders, &config, &p));
  put_real(to, "p", p);
  if (!value_by_row(which)) return;
  const pflow_interval found = interval(self, raw, which);
  put_real(to, "difference", found.mean);
  put_real(to, "low", found.low);
  put_real(to, "high", found.high);
}

static json_t *measure_json(const group *self, const group *raw, size_t which) {
  double ours[most_encoders], theirs[most_encoders];
  json_t *made = json_out_object(), *each = json_out_array();
  put_real(made, "mean", means(self, which, ours));
  means(raw, which, theirs);
  bool finite = true;
  for (size_t e = 0; e < self->encoders; e++) {
    add_json(each, isfinite(ours[e]) ? json_real(ours[e]) : json_null());
    finite &= isfinite(ours[e]) && isfinite(theirs[e]);
  }
  put_json(made, "encoders", each);
  if (finite && self->arm != raw->arm)
    put_difference(made, self, raw, which, ours, theirs);
  return made;
}

/* ---- the whole ---- */

/* Not measured here. */
static bool is_left_out(size_t which) {
  return which == col_round_trip || which == col_fit || which == col_transform;
}

static json_t *notes_json(const group *self, double *seconds) {
  json_t *notes = json_out_array();
  for (size_t i = 0; i < self->encoders * self->seeds; i++) {
    *seconds += self->cells[i].seconds;
    add_json(notes, json_incref(self->cells[i].notes));
  }
  return notes;
}

static json_t *arm_json(const plan *all, const arm *which, const group *raw,
                        const char *data) {
  group self = group_read(all, which, data);
  json_t *made = json_out_object(), *values = json_out_object();
  double seconds = 0.0;
  for (size_t v = 0; v < value_count; v++)
    if (!is_left_out(v)) put_json(values, value_key(v), measure_json(&self, raw, v));
  json_t *notes = notes_json(&self, &seconds);
  put_text(made, "name", which->name);
  put_text(made, "about", which->about);
  put_size(made, "seeds", self.seeds);
  put_real(made, "seconds", seconds);
  put_text(made, "commit", self.cells[0].commit);
  put_json(made, "values", values);
  put_json(made, "notes", notes);
  group_free(&self);
  return made;
}

static bool is_first(const plan *self, size_t encoder) {
  for (size_t i = 0; i < encoder; i++)
    if (strcmp(self->encoders[i].data, self->encoders[encoder].data) == 0) return false;
  return true;
}

static json_t *data_json(const plan *self, const char *data) {
  group raw = group_read(self, self->arms[0], data);
  json_t *made = json_out_object(), *list = json_out_array(), *heads = json_out_array();
  for (size_t i = 0; i < self->arm_count; i++)
    add_json(list, arm_json(self, self->arms[i], &raw, data));
  for (size_t e = 0; e < self->count; e++)
    if (strcmp(self->encoders[e].data, data) == 0)
      add_json(heads, encoder_rows_head(&self->encoders[e]));
  put_text(made, "data", data);
  put_size(made, "encoders", raw.encoders);
  put_size(made, "test_rows", raw.cells[0].n);
  put_json(made, "heads", heads);
  put_json(made, "arms", list);
  group_free(&raw);
  return made;
}

/* The processor's name as Linux tells it, and how many there are. */
static void name_machine(char *name, size_t size) {
  char line[256] = "", model[200] = "a processor without a name";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "model name%*[^:]: %199[^\n]", model) == 1) break;
  if (file) fclose(file);
  snprintf(name, size, "%s, %ld processors", model, sysconf(_SC_NPROCESSORS_ONLN));
}

json_t *summary_of(const plan *self) {
  char machine[256], date[16];
  const time_t now = time(NULL);
  struct tm day;
  strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &day));
  name_machine(machine, sizeof machine);
  json_t *made = json_out_object(), *sets = json_out_array();
  for (size_t e = 0; e < self->count; e++)
    if (is_first(self, e)) add_json(sets, data_json(self, self->encoders[e].data));
  put_text(made, "pflow_version", pflow_version());
  put_text(made, "date", date);
  put_text(made, "machine", machine);
  put_size(made, "flow_seeds", self->flow_seeds);
  put_size(made, "max_rows", self->max_rows);
  put_size(made, "field_rows", self->field_rows);
  put_json(made, "sets", sets);
  return made;
}
