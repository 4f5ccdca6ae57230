#include "compare/tell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "compare/cells.h"

void tell_rows(char *text, size_t size, const input *rows) {
  if (rows->n < rows->of)
    snprintf(text, size, "%s: %zu of %zu rows of %zu value%s", rows->path, rows->n,
             rows->of, rows->dim, plural(rows->dim));
  else
    snprintf(text, size, "%s: %zu rows of %zu value%s", rows->path, rows->n, rows->dim,
             plural(rows->dim));
}

void tell_sampling(char *text, size_t size, const comparison *self) {
  const arena *rows = self->rows;
  const bool sampled = rows->train.n < rows->train.of || rows->test.n < rows->test.of;
  const int used = snprintf(text, size,
                            "%zu class%s; seed %" PRIu64
                            "%s; all measures are of the test rows, round trip of at "
                            "most 1000 of them, uniformity of at most 10000",
                            rows->classes, rows->classes == 1 ? "" : "es", rows->seed,
                            sampled ? " (rows sampled)" : "");
  if (self->seeds > 1 && used > 0 && (size_t)used < size)
    snprintf(text + used, size - (size_t)used,
             "; methods that draw random numbers fitted with %zu seeds: mean~deviation",
             self->seeds);
}

void tell_shared(char *text, size_t size, const arena *rows) {
  text[0] = '\0';
  if (rows->shared > 0)
    snprintf(
        text, size,
        "beware: %zu of the %zu test rows %s equal to training rows, so that accuracies "
        "say less of new ones",
        rows->shared, rows->test.n, rows->shared == 1 ? "is" : "are");
}

/* ---- words ---- */

static int print_tables(const comparison *self, bool markdown) {
  for (size_t i = 0; i < grid_count; i++) {
    grid table;
    try_status(cells_make(&table, self->all, i));
    if (markdown)
      cells_print_markdown(&table, stdout);
    else
      cells_print(&table, stdout);
    cells_free(&table);
  }
  return status_ok;
}

static void print_notes(const comparison *self, bool markdown) {
  for (size_t i = 0; i < self->all->count; i++) {
    const entrant *of = &self->all->entrants[i];
    if (of->note[0])
      printf("%s%s: %s%s\n", markdown ? "- " : "", of->name, of->note,
             markdown ? "." : "");
  }
}

int tell_text(const comparison *self, bool markdown) {
  const char *end = markdown ? "  \n" : "\n";
  char text[1024], shared[256];
  tell_rows(text, sizeof text, &self->rows->train);
  printf("fitted to %s%s", text, end);
  tell_rows(text, sizeof text, &self->rows->test);
  printf("tested on %s%s", text, end);
  tell_sampling(text, sizeof text, self);
  tell_shared(shared, sizeof shared, self->rows);
  printf("%s%s%s\n", text, shared[0] ? end : "", shared);
  try_status(print_tables(self, markdown));
  printf("\n%s of a column; + better, - worse than none beyond chance (of all methods "
         "together)\n",
         markdown ? "bold: best" : "* best");
  if (markdown) putchar('\n');
  print_notes(self, markdown);
  printf("\n%s%s%s\n", markdown ? "**" : "", self->advice, markdown ? "**" : "");
  return say_flush();
}

/* ---- JSON ---- */

static json_t *rows_json(const input *rows) {
  json_t *object = json_out_object();
  put_text(object, "file", rows->path);
  put_size(object, "rows", rows->n);
  put_size(object, "rows_of_file", rows->of);
  put_size(object, "dim", rows->dim);
  return object;
}

static json_t *difference_json(const entrant *of, column which) {
  json_t *object = json_out_object();
  put_real(object, "mean", of->difference[which].mean);
  put_real(object, "low", of->difference[which].low);
  put_real(object, "high", of->difference[which].high);
  put_text(object, "beyond_chance",
           of->clear[which] > 0   ? "better"
           : of->clear[which] < 0 ? "worse"
                                  : "no");
  return object;
}

static json_t *measure_json(const roster *all, size_t place, column which) {
  const entrant *of = &all->entrants[place];
  json_t *object = json_out_object();
  put_real(object, "value", of->mean[which]);
  put_bool(object, "best", verdict_is_best(all, place, which));
  if (of->repeats > 1) {
    json_t *values = json_out_array();
    for (size_t i = 0; i < of->repeats; i++)
      add_json(values, isfinite(of->values[i][which]) ? json_real(of->values[i][which])
                                                      : json_null());
    put_real(object, "deviation", of->deviation[which]);
    put_json(object, "values", values);
  }
  if (place > 0 && column_about(which)->by_row)
    put_json(object, "difference", difference_json(of, which));
  return object;
}

static json_t *entrant_json(const roster *all, size_t place) {
  const entrant *of = &all->entrants[place];
  json_t *object = json_out_object(), *measures = json_out_object();
  put_text(object, "name", of->name);
  put_text(object, "file", of->file);
  put_bool(object, "fitted", of->fitted);
  put_size(object, "fits", of->repeats);
  put_text(object, "note", of->note[0] ? of->note : NULL);
  if (of->fitted) {
    put_text(object, "method", pflow_map_method_name(of->info.method));
    put_size(object, "out_dim", of->info.out_dim);
    put_bool(object, "leave_alone", of->info.leave_alone);
    if (of->info.method == PFLOW_MAP_POISSON) {
      put_text(object, "field", pflow_map_field_name(of->info.field));
      put_size(object, "dims", of->info.dims);
      put_real(object, "aug", of->info.aug_dim);
      put_real(object, "start", of->info.start);
      put_real(object, "strength", of->info.strength);
      if (of->info.steps) put_size(object, "steps", of->info.steps);
    }
  }
  for (size_t c = 0; c < column_count; c++)
    put_json(measures, column_about((column)c)->key, measure_json(all, place, (column)c));
  put_json(object, "measures", measures);
  return object;
}

int tell_json(const comparison *self) {
  json_t *object = json_out_object(), *methods = json_out_array();
  put_json(object, "train", rows_json(&self->rows->train));
  put_json(object, "test", rows_json(&self->rows->test));
  put_size(object, "test_rows_in_train", self->rows->shared);
  put_size(object, "classes", self->rows->classes);
  put_seed(object, "seed", self->rows->seed);
  put_size(object, "seeds", self->seeds);
  for (size_t i = 0; i < self->all->count; i++)
    add_json(methods, entrant_json(self->all, i));
  put_json(object, "methods", methods);
  put_text(object, "advice", self->advice);
  return json_out_print(object);
}
