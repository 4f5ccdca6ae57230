/*
 * info.c - pflow info: what a file is, from as little of it as tells.
 */
#include <stdio.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "commands.h"

typedef struct info_options {
  const char *file;
  int json;
} info_options;

static int tell_rows(const info_options *options, const pflow_rows *rows) {
  const size_t n = pflow_rows_count(rows), dim = pflow_rows_dim(rows);
  if (!options->json) {
    printf("%s: %zu rows of %zu values\n", options->file, n, dim);
    return say_flush();
  }
  json_t *object = json_out_object();
  put_text(object, "file", options->file);
  put_text(object, "kind", "rows");
  put_size(object, "rows", n);
  put_size(object, "dim", dim);
  return json_out_print(object);
}

static int run_info(const void *given) {
  const info_options *options = given;
  pflow_rows *rows;
  try_library(pflow_rows_open(&rows, options->file));
  const int status = tell_rows(options, rows);
  pflow_rows_close(rows);
  return status;
}

static const option_spec specs[] = {OPTION_JSON(info_options)};
static const info_options defaults = {0};

const command info_command = {
    .name = "info",
    .summary = "say what a file of rows, labels or a map is",
    .usage = "FILE [--json]",
    .about = "Says what a file is: a map with its settings and how it was fitted, rows, "
             "labels, or another safetensors file. Reads no more of it than tells.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .takes_file = true,
    .file_offset = offsetof(info_options, file),
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_info,
};
