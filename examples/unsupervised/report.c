#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"

/* ---- the table ---- */

static void print_head(FILE *out, const table *rows, const dataset *data) {
  const options *opts = rows->opts;
  fprintf(out, "%s, %zu train and %zu test images, loss %s", data->name,
          pflow_images_count(data->train), pflow_images_count(data->test), opts->loss);
  if (strcmp(opts->loss, "infonce") == 0) fprintf(out, " (tau %g)", opts->tau);
  if (strcmp(opts->loss, "l2") == 0) fprintf(out, " (beta %g)", opts->beta);
  fprintf(out, ",\npreset %s, width %g, %zu epoch%s, batch %zu, seed %llu\n\n",
          opts->preset, opts->width, opts->epochs, opts->epochs == 1 ? "" : "s",
          opts->batch, (unsigned long long)opts->seed);
}

static void print_rows(FILE *out, const table *rows) {
  fprintf(out,
          "| %-32s | %4s | %6s | %6s | %8s | %8s |\n|---|---:|---:|---:|---:|---:|\n",
          "features", "dims", "linear", "kNN", "uniform.", "ideal");
  for (size_t i = 0; i < rows->count; i++) {
    const table_row *row = &rows->row[i];
    fprintf(out, "| %-32s | %4zu | %6.2f | %6.2f | %8.4f | %8.4f |\n", row->name,
            row->dim, 100.0 * row->linear, 100.0 * row->neighbours, row->uniformity,
            row->ideal);
  }
}

static void print_notes(FILE *out, const table *rows) {
  fprintf(
      out,
      "\nTest accuracies in %%: a linear probe with its strength cross-validated, and "
      "the\nvote of %d nearest train rows. Uniformity: ln mean exp(-2 d^2) over pairs "
      "of\nnormalised test rows, and the least value there is in as many dimensions.\n",
      table_neighbours);
  for (size_t i = 0; i < rows->count; i++) {
    const table_row *row = &rows->row[i];
    if (!row->converged)
      fprintf(out, "%s: the probe ended before its tolerance.\n", row->name);
    if (row->mapped)
      fprintf(out, "%s: %zu sources, D %g, start %g, strength %g%s.\n", row->name,
              row->map.sources, row->map.aug_dim, row->map.start, row->map.strength,
              row->map.leave_alone ? "; the choice was to leave the rows alone" : "");
  }
}

void report_table(const table *rows, const dataset *data) {
  char path[4096], *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) fail("no memory for the table");
  print_head(out, rows, data);
  print_rows(out, rows);
  print_notes(out, rows);
  if (fclose(out) != 0) fail("no memory for the table");
  printf("\n%s", text);
  options_out_path(rows->opts, path, "table.md");
  must(pflow_file_write(path, text, size));
  free(text);
}

/* ---- JSON ---- */

static json_t *map_json(const pflow_map_info *map) {
  return json_pack("{s:I, s:I, s:f, s:f, s:f, s:b, s:I, s:f, s:f}", "sources",
                   (json_int_t)map->sources, "dims", (json_int_t)map->dims, "aug_dim",
                   map->aug_dim, "start", map->start, "strength", map->strength,
                   "leave_alone", map->leave_alone, "trials", (json_int_t)map->trials,
                   "score_before", map->score_before, "score_after", map->score_after);
}

static json_t *rows_json(const table *rows) {
  json_t *list = json_array();
  for (size_t i = 0; i < rows->count; i++) {
    const table_row *row = &rows->row[i];
    json_t *object =
        json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:b}", "name", row->name, "dim",
                  (json_int_t)row->dim, "linear_accuracy", row->linear, "knn_accuracy",
                  row->neighbours, "uniformity", row->uniformity, "uniformity_ideal",
                  row->ideal, "converged", row->converged);
    if (row->mapped) json_object_set_new(object, "map", map_json(&row->map));
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *options_json(const options *opts) {
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f}",
                "preset", opts->preset, "data", opts->data, "loss", opts->loss, "seed",
                (json_int_t)opts->seed, "train_limit", (json_int_t)opts->train_limit,
                "test_limit", (json_int_t)opts->test_limit, "epochs",
                (json_int_t)opts->epochs, "batch", (json_int_t)opts->batch, "map_rows",
                (json_int_t)opts->map_rows, "lr", opts->lr, "width", opts->width,
                "crop_area", opts->crop_area, "tau", opts->tau, "beta", opts->beta);
  if (opts->supervised)
    json_object_set_new(object, "supervised", json_string(opts->supervised));
  return object;
}

void report_json(const table *rows, const dataset *data, const encoder *enc) {
  char path[4096];
  json_t *root = json_pack(
      "{s:s, s:s, s:I, s:I, s:o, s:o, s:O}", "pflow_version", pflow_version(), "dataset",
      data->name, "train_images", (json_int_t)pflow_images_count(data->train),
      "test_images", (json_int_t)pflow_images_count(data->test), "options",
      options_json(rows->opts), "rows", rows_json(rows), "encoder", enc->history);
  char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
  if (!text) fail("the results cannot be written as JSON (a value is not finite)");
  options_out_path(rows->opts, path, "results.json");
  const size_t length = strlen(text);
  text[length] = '\n'; /* in place of the terminator */
  must(pflow_file_write(path, text, length + 1));
  free(text);
  json_decref(root);
}
