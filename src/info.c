/*
 * info.c - pflow info: what a file is, from as little of it as tells.
 */
#include "info.h"

#include <stdio.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "commands.h"
#include "map_report.h"

typedef struct info_options {
  const char *file;
  int json;
} info_options;

static int info_map(const char *path, bool json) {
  pflow_map_info info;
  try_library(pflow_map_load_info(path, &info));
  if (json) {
    json_t *object = map_report_json(&info);
    put_text(object, "file", path);
    put_text(object, "kind", "map");
    return json_out_print(object);
  }
  printf("%s: a map\n", path);
  map_report_print(&info);
  return say_flush();
}

/* Maps say so in their metadata. */
static bool is_map(const json_t *header) {
  return json_object_get(json_object_get(header, "__metadata__"), "pflow.map") != NULL;
}

static int info_archive(const char *path, bool json) {
  json_t *header = info_read_header(path);
  if (!header) return status_failed;
  const int status =
      is_map(header) ? info_map(path, json) : info_safetensors(path, header, json);
  json_decref(header);
  return status;
}

static bool ends_with(const char *path, const char *end) {
  const size_t length = strlen(path), tail = strlen(end);
  return length >= tail && strcmp(path + length - tail, end) == 0;
}

static int run_info(const void *given) {
  const info_options *options = given;
  const char *path = options->file;
  if (ends_with(path, ".npy")) return info_npy(path, options->json);
  if (ends_with(path, ".fvecs")) return info_rows(path, options->json);
  if (ends_with(path, ".ivecs")) return info_labels(path, options->json);
  return info_archive(path, options->json);
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
