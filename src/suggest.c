/*
 * suggest.c - pflow suggest: what the rows look like, and the settings that follow.
 */
#include <stdio.h>

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/say.h"
#include "cli/wrap.h"
#include "commands.h"

typedef struct suggest_options {
  const char *in;
  size_t max_rows, threads;
  uint64_t seed;
  int json;
} suggest_options;

static void put_knob(json_t *knobs, const char *name, json_t *value, const char *why) {
  json_t *knob = json_out_object();
  put_json(knob, "value", value);
  put_text(knob, "why", why);
  put_json(knobs, name, knob);
}

static int print_json(const input *rows, const pflow_map_advice *advice) {
  json_t *object = json_out_object(), *knobs = json_out_object();
  put_text(object, "file", rows->path);
  put_size(object, "rows", rows->of);
  put_size(object, "rows_read", rows->n);
  put_size(object, "dim", rows->dim);
  put_real(object, "norm_mean", advice->norm_mean);
  put_real(object, "norm_std", advice->norm_std);
  put_real(object, "nearest", advice->nearest);
  put_real(object, "effective_rank", advice->effective_rank);
  put_real(object, "intrinsic_dim", advice->intrinsic_dim);
  put_knob(knobs, "dims", json_integer((json_int_t)advice->dims), advice->why_dims);
  put_knob(knobs, "aug", json_real(advice->aug_dim), advice->why_aug_dim);
  put_knob(knobs, "start", json_real(advice->start), advice->why_start);
  put_knob(knobs, "strength", json_real(advice->strength), advice->why_strength);
  put_knob(knobs, "target", json_string(pflow_map_target_name(advice->target)),
           advice->why_target);
  put_knob(knobs, "field", json_string(pflow_map_field_name(advice->field)),
           advice->why_field);
  put_json(object, "suggest", knobs);
  return json_out_print(object);
}

static void print_knob(const char *name, const char *value, const char *why) {
  char line[512];
  snprintf(line, sizeof line, "%s %s", name, value);
  printf("  %-20s", line);
  print_wrapped(why, 22);
}

static void print_number(const char *name, double value, const char *why) {
  char text[32];
  snprintf(text, sizeof text, "%.6g", value);
  print_knob(name, text, why);
}

static int print_text(const input *rows, const pflow_map_advice *advice) {
  printf("%s: %zu rows of %zu value%s\n", rows->path, rows->of, rows->dim,
         plural(rows->dim));
  if (rows->chosen) printf("  (a sample of %zu rows was looked at)\n", rows->n);
  printf("  length of a row      %.4g on average, standard deviation %.3g\n"
         "  nearest neighbour    %.4g away (median)\n"
         "  effective rank       %.1f\n"
         "  intrinsic dimension  %.1f\n\n",
         advice->norm_mean, advice->norm_std, advice->nearest, advice->effective_rank,
         advice->intrinsic_dim);
  print_number("--dims", (double)advice->dims, advice->why_dims);
  print_number("--aug", advice->aug_dim, advice->why_aug_dim);
  print_number("--start", advice->start, advice->why_start);
  print_number("--strength", advice->strength, advice->why_strength);
  print_knob("--target", pflow_map_target_name(advice->target), advice->why_target);
  print_knob("--field", pflow_map_field_name(advice->field), advice->why_field);
  putchar('\n');
  print_wrapped(
      "These follow from the rows, and were not tried. What fit is not given it tries "
      "on rows held out, and may find that these rows are better left alone.",
      0);
  return say_flush();
}

static int advise(const suggest_options *options, const input *rows) {
  pflow_map_advice advice;
  pflow_pool *pool;
  try_library(pflow_pool_create(&pool, options->threads));
  const int status =
      say_result_of(rows->path, pflow_map_suggest(rows->x, rows->n, rows->dim,
                                                  options->seed, pool, &advice));
  pflow_pool_destroy(pool);
  try_status(status);
  try_status(interrupt_status());
  return options->json ? print_json(rows, &advice) : print_text(rows, &advice);
}

static int run_suggest(const void *given) {
  const suggest_options *options = given;
  input rows;
  interrupt_watch();
  try_status(input_load(&rows, options->in, options->max_rows, options->seed));
  const int status = advise(options, &rows);
  input_free(&rows);
  return status;
}

static const option_spec specs[] = {
    {.name = "in",
     .kind = text_option,
     .offset = offsetof(suggest_options, in),
     .value = "FILE",
     .required = true,
     .help = "rows, .npy or .fvecs"},
    {.name = "max-rows",
     .kind = count_option,
     .offset = offsetof(suggest_options, max_rows),
     .value = "N",
     .least = 4,
     .most = 1e12,
     .has_zero = true,
     .help = "of more rows, a seeded sample of so many is read (0: all)"},
    OPTION_SEED(suggest_options),
    OPTION_THREADS(suggest_options),
    OPTION_JSON(suggest_options),
};

static const suggest_options defaults = {.max_rows = 400000};

const command suggest_command = {
    .name = "suggest",
    .summary = "suggest settings for a map of these rows, with reasons",
    .usage = "--in FILE [--json]",
    .about = "Looks at rows without labels and without fitting anything: lengths, "
             "distances of neighbours, intrinsic dimension; and says which settings of "
             "fit follow from them. What fit chooses for `auto` it finds by trying "
             "instead.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_suggest,
};
