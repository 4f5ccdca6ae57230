/*
 * fit.c - pflow fit: learns a map from rows.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "commands.h"
#include "map_report.h"

typedef struct fit_options {
  const char *in, *labels, *out, *checkpoint;
  const char *method, *field, *target, *objective; /* field to objective: or NULL */
  size_t dims, sources, steps, threads;
  double aug, start, strength, checkpoint_every;
  uint64_t seed;
  int resume, json;
} fit_options;

static const fit_options defaults = {.method = "poisson",
                                     .aug = PFLOW_MAP_AUTO,
                                     .start = PFLOW_MAP_AUTO,
                                     .strength = PFLOW_MAP_AUTO,
                                     .checkpoint_every = 60.0};

/* ---- settings ---- */

static int find_names(const fit_options *options, pflow_map_config *config) {
  try_library(pflow_map_method_find(options->method, &config->method));
  if (options->field) try_library(pflow_map_field_find(options->field, &config->field));
  if (options->target)
    try_library(pflow_map_target_find(options->target, &config->target));
  if (options->objective)
    try_library(pflow_map_objective_find(options->objective, &config->objective));
  return status_ok;
}

/* Maps that take an option. */
enum { by_exact = 1, by_network = 2, by_post = 4, by_some_methods = 8 };

static unsigned kind_of(const pflow_map_config *config) {
  static const unsigned fields[] = {[PFLOW_MAP_EXACT] = by_exact,
                                    [PFLOW_MAP_NETWORK] = by_network,
                                    [PFLOW_MAP_POST] = by_post};
  if (config->method == PFLOW_MAP_POISSON) return fields[config->field];
  return config->method == PFLOW_MAP_WHITEN || config->method == PFLOW_MAP_ABTT
             ? by_some_methods
             : 0;
}

static bool by_flow(const pflow_map_config *config) {
  return (kind_of(config) & (by_exact | by_network)) != 0;
}

/* An option that would change nothing is a misunderstanding. */
static int check_taken(const fit_options *options, const pflow_map_config *config) {
  const struct {
    const char *name;
    bool given;
    unsigned taken_by;
    const char *fields;
  } all[] = {
      {"field", options->field, by_exact | by_network | by_post, ""},
      {"dims", options->dims, by_exact | by_network | by_some_methods,
       "exact and network"},
      {"aug", options->aug != PFLOW_MAP_AUTO, by_exact | by_network, "exact and network"},
      {"start", options->start != PFLOW_MAP_AUTO, by_exact | by_network,
       "exact and network"},
      {"strength", options->strength != PFLOW_MAP_AUTO, by_exact | by_network,
       "exact and network"},
      {"target", options->target, by_exact | by_network, "exact and network"},
      {"objective", options->objective, by_exact | by_network, "exact and network"},
      {"sources", options->sources, by_exact, "exact"},
      {"steps", options->steps, by_network, "network"},
      {"checkpoint", options->checkpoint, by_exact | by_network, "exact and network"},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!all[i].given || (all[i].taken_by & kind_of(config))) continue;
    if (config->method == PFLOW_MAP_POISSON)
      return say_misused("--%s goes with --field %s, not %s", all[i].name, all[i].fields,
                         pflow_map_field_name(config->field));
    return say_misused("--%s goes with --method poisson%s, not %s", all[i].name,
                       all[i].taken_by & by_some_methods ? ", whiten and abtt" : "",
                       options->method);
  }
  return status_ok;
}

/* A map by another name would not be taken for one. */
static int check_out(const char *out) {
  return output_ends_in(out, ".safetensors", NULL);
}

/* What is written may not be what is read. */
static int check_files(const fit_options *options) {
  const char *checkpoint = options->checkpoint;
  try_status(output_apart("out", options->out, "in", options->in));
  try_status(output_apart("out", options->out, "labels", options->labels));
  try_status(output_apart("out", options->out, "checkpoint", checkpoint));
  if (!checkpoint) return status_ok;
  try_status(output_apart("checkpoint", checkpoint, "in", options->in));
  return output_apart("checkpoint", checkpoint, "labels", options->labels);
}

/* What is taken but changes nothing here. */
static void note_idle(const fit_options *options, const pflow_map_config *config) {
  const bool settled = options->dims && options->aug != PFLOW_MAP_AUTO &&
                       options->start != PFLOW_MAP_AUTO &&
                       options->strength != PFLOW_MAP_AUTO;
  if (options->labels && config->objective == PFLOW_MAP_NEIGHBOURS)
    say_note("--labels changes nothing without --objective knn or linear");
  if (options->checkpoint && settled && kind_of(config) == by_exact)
    say_note("--checkpoint writes nothing: no setting is left to search for");
}

/* What does not go together, found before anything is read. */
static int check_together(const fit_options *options, const pflow_map_config *config) {
  const bool wants_labels = config->objective != PFLOW_MAP_NEIGHBOURS;
  try_status(check_taken(options, config));
  if (wants_labels && !options->labels)
    return say_misused("--objective %s wants --labels", options->objective);
  if (options->resume && !options->checkpoint)
    return say_misused("--resume wants --checkpoint FILE");
  if (options->checkpoint_every != defaults.checkpoint_every && !options->checkpoint)
    return say_misused("--checkpoint-every wants --checkpoint FILE");
  if (options->dims == 1 && by_flow(config) && config->target == PFLOW_MAP_SPHERE)
    return say_misused(
        "--dims 1 does not go with --target sphere, which wants 2 or more");
  try_status(check_files(options));
  return check_out(options->out);
}

/* ---- progress ---- */

typedef struct fit_progress {
  progress bar;
  const char *stage;
} fit_progress;

static int on_progress(const pflow_map_progress *told, void *user) {
  fit_progress *self = user;
  if (!self->stage || strcmp(self->stage, told->stage) != 0) {
    if (self->stage) progress_end(&self->bar);
    progress_begin_quiet(&self->bar, told->stage, told->total);
    self->stage = told->stage;
  }
  progress_rate(&self->bar, told->done, "steps");
  return interrupt_seen() ? 1 : 0;
}

/* ---- the fit ---- */

static time_t begun;

/* A file that was there before is of another fit. */
static bool has_checkpoint(const fit_options *options) {
  struct stat file;
  return options->checkpoint && stat(options->checkpoint, &file) == 0 &&
         (options->resume || file.st_mtime >= begun);
}

static int say_stopped(const fit_options *options) {
  if (has_checkpoint(options))
    return say_failed("interrupted; the same command with --resume goes on from %s",
                      options->checkpoint);
  return say_failed("interrupted, nothing was written");
}

static int print_result(const fit_options *options, const input *rows,
                        const pflow_map *map) {
  pflow_map_info info;
  try_library(pflow_map_get_info(map, &info));
  if (options->json) {
    json_t *object = map_report_json(&info);
    put_text(object, "in", rows->path);
    put_text(object, "out", options->out);
    return json_out_print(object);
  }
  printf("%s -> %s\n", rows->path, options->out);
  map_report_print(&info);
  return say_flush();
}

/* A sentence on the checkpoint begins with its path; all others are on the rows. */
static int say_unfitted(const fit_options *options, pflow_err rc) {
  const char *file = options->checkpoint;
  if (file && strncmp(pflow_errmsg(), file, strlen(file)) == 0) return say_result(rc);
  return say_result_of(options->in, rc);
}

static int fit_map(const fit_options *options, const input *rows, fit_progress *shown,
                   pflow_map *map) {
  const pflow_err rc = pflow_map_fit(map, rows->x, rows->labels, rows->n, rows->dim);
  if (rc == PFLOW_OK && shown->stage) progress_end(&shown->bar);
  if (rc == PFLOW_STOPPED || (rc == PFLOW_OK && interrupt_seen()))
    return say_stopped(options);
  try_status(say_unfitted(options, rc));
  try_library(pflow_map_save(map, options->out));
  return print_result(options, rows, map);
}

static int fit_rows(const fit_options *options, pflow_map_config *config,
                    const input *rows) {
  pflow_denoiser_config denoiser;
  fit_progress shown = {0};
  pflow_map *map;
  pflow_denoiser_config_init(&denoiser);
  if (options->steps) denoiser.steps = options->steps;
  config->denoiser = &denoiser;
  config->on_progress = on_progress;
  config->user = &shown;
  try_library(pflow_map_create(&map, config));
  const int status = fit_map(options, rows, &shown, map);
  pflow_map_destroy(map);
  return status;
}

static int fit_file(const fit_options *options, pflow_map_config *config) {
  input rows;
  try_status(input_load(&rows, options->in, 0, options->seed));
  int status = options->labels ? input_load_labels(&rows, options->labels) : status_ok;
  if (status == status_ok && options->dims > rows.dim)
    status = say_failed("--dims is %zu, %s has %zu column%s", options->dims, rows.path,
                        rows.dim, plural(rows.dim));
  if (status == status_ok) status = fit_rows(options, config, &rows);
  input_free(&rows);
  return status;
}

static int run_fit(const void *given) {
  const fit_options *options = given;
  pflow_map_config config;
  interrupt_watch();
  begun = time(NULL);
  pflow_map_config_init(&config);
  config.dims = options->dims;
  config.aug_dim = options->aug;
  config.start = options->start;
  config.strength = options->strength;
  config.max_sources = options->sources;
  config.seed = options->seed;
  config.checkpoint = options->checkpoint;
  config.checkpoint_seconds = options->checkpoint_every;
  config.resume = options->resume;
  try_status(find_names(options, &config));
  try_status(check_together(options, &config));
  note_idle(options, &config);
  try_status(output_check(options->out));
  if (options->checkpoint) try_status(output_check(options->checkpoint));
  try_library(pflow_pool_create(&config.pool, options->threads));
  const int status = fit_file(options, &config);
  pflow_pool_destroy(config.pool);
  return status;
}

/* ---- the command ---- */

#define TEXT(member, what, ...)                                                          \
  {                                                                                      \
    .name = #member, .kind = text_option, .offset = offsetof(fit_options, member),       \
    .value = what, __VA_ARGS__                                                           \
  }
#define COUNT(member, what, ...)                                                         \
  {                                                                                      \
    .name = #member, .kind = count_option, .offset = offsetof(fit_options, member),      \
    .value = what, __VA_ARGS__                                                           \
  }
#define AUTO(member, what, low, high, sentence)                                          \
  {                                                                                      \
    .name = #member, .kind = real_option, .offset = offsetof(fit_options, member),       \
    .value = what, .least = low, .most = high, .has_auto = true,                         \
    .auto_value = PFLOW_MAP_AUTO, .help = sentence                                       \
  }

static const option_spec specs[] = {
    TEXT(in, "FILE", .required = true, .help = "rows to learn from, .npy or .fvecs"),
    TEXT(labels, "FILE",
         .help = "their labels, .npy or .ivecs, for --objective knn and linear"),
    TEXT(method, "poisson|none|center|l2|whiten|zca|abtt|rotate|quantile",
         .help = "the flow, or one of its plain rivals"),
    TEXT(field, "exact|network|post",
         .help = "exact keeps the rows and sums over them (default), network learns the "
                 "field, post is the 2023 post's"),
    COUNT(dims, "K|auto", .least = 1, .most = 1e6, .has_auto = true, .auto_value = 0,
          .help = "principal coordinates kept; for abtt, removed"),
    AUTO(aug, "D|auto", 1.0, 1e30, "augmented dimensions, 1 or more (PFGM: 1)"),
    AUTO(start, "F|auto", 1e-6, 1e6,
         "height where the flow begins, in distances of nearest neighbours"),
    AUTO(strength, "S|auto", 0.0, 1.0, "how far the flow goes, 0 not at all, 1 uniform"),
    TEXT(target, "sphere|hemisphere|gaussian|ball|raw",
         .help = "what the rows are spread over (default sphere)"),
    TEXT(objective, "neighbours|knn|linear",
         .help = "what `auto` looks for on held-out rows (default neighbours: the most "
                 "uniform map that keeps half of the 10 nearest)"),
    COUNT(sources, "N", .least = 2, .most = 1e12, .has_zero = true,
          .help = "rows that the exact field keeps, a seeded sample (0: all)"),
    COUNT(steps, "N", .most = 1e9,
          .help = "training steps of the network (0: the library's choice)"),
    OPTION_SEED(fit_options),
    OPTION_THREADS(fit_options),
    TEXT(checkpoint, "FILE",
         .help = "where training keeps its state, now and then and when interrupted"),
    {.name = "checkpoint-every",
     .kind = real_option,
     .offset = offsetof(fit_options, checkpoint_every),
     .value = "N",
     .most = 1e6,
     .help = "seconds from one writing of --checkpoint to the next (0: at each step)"},
    {.name = "resume",
     .kind = flag_option,
     .offset = offsetof(fit_options, resume),
     .help = "go on from --checkpoint, if it is there"},
    TEXT(out, "FILE", .required = true,
         .help = "the map, a file that ends in .safetensors"),
    OPTION_JSON(fit_options),
};

const command fit_command = {
    .name = "fit",
    .summary = "learn a map from rows",
    .usage = "--in FILE --out FILE [option ...]\n"
             "--in FILE --labels FILE --objective knn|linear --out FILE",
    .about = "Learns a map from rows and keeps it in a file. What is left at `auto` is "
             "chosen by trying on rows held out of the fit, which may end in the advice "
             "to leave the features alone. The first interrupt (Ctrl-C) ends the fit in "
             "order, the second at once.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_fit,
};
