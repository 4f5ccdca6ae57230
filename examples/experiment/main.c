/*
 * experiment - does the flow help? Every arm on the same features, over several encoders
 * and flow seeds, with the measures of `pflow compare`.
 *
 *   cifar10 --data DIR --seed 0 --out out/0       a network and its features, twice or
 *   cifar10 --data DIR --seed 1 --out out/1       more
 *   cifar10 --data OTHER --encode --out out/0     images that they were not trained for
 *   experiment --encoders cifar-10=out/0,cifar-10=out/1 --out out/experiment
 *   python3 examples/experiment/report.py out/experiment/results.json docs/experiment
 */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/say.h"
#include "common/must.h"
#include "compare/measures.h"
#include "files.h"
#include "summary.h"

typedef struct settings {
  const char *encoders, *out, *arms, *commit;
  size_t flow_seeds, max_rows, field_rows, threads;
  int summary;
} settings;

/* ---- the plan ---- */

static void add_arm(plan *self, const arm *which) {
  for (size_t i = 0; i < self->arm_count; i++)
    if (self->arms[i] == which) return;
  self->arms[self->arm_count++] = which;
}

static int read_arms(plan *self, const char *list) {
  add_arm(self, &arms[0]);
  for (size_t i = 0; !list && i < arm_count; i++)
    add_arm(self, &arms[i]);
  for (const char *word = list; word && *word;) {
    const size_t length = strcspn(word, ",");
    const arm *found = arm_find(word, length);
    if (!found) return say_misused("--arms: no arm \"%.*s\"", (int)length, word);
    add_arm(self, found);
    word += length + (word[length] == ',');
  }
  return status_ok;
}

/* ---- running ---- */

/* Of the linear probe, for all arms alike: wide enough that none wants the last one.
 * Features of length 1 want more than the library tries. */
static const double strengths[] = {1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4};

/* The cells of one encoder with one seed. */
typedef struct batch {
  const plan *all;
  size_t encoder;
  uint64_t seed;
} batch;

static bool is_left(const batch *self, const arm *which) {
  const cell one = plan_cell(self->all, self->encoder, which, self->seed);
  return self->seed < plan_seeds(self->all, which) && !cell_is_done(&one);
}

static size_t cells_left(const batch *self) {
  size_t left = 0;
  for (size_t i = 0; i < self->all->arm_count; i++)
    left += is_left(self, self->all->arms[i]);
  return left;
}

static void run_batch(const batch *self) {
  progress bar;
  const encoder_rows *encoder = &self->all->encoders[self->encoder];
  arena rows = {.pool = self->all->pool,
                .bar = &bar,
                .grid = strengths,
                .grid_size = sizeof strengths / sizeof *strengths};
  const size_t left = cells_left(self);
  if (left == 0) return;
  encoder_rows_load(encoder, self->all->max_rows, &rows);
  const pflow_features foreign = encoder_rows_foreign(encoder, rows.train.dim);
  progress_begin(&bar, encoder->name, left * measure_steps);
  for (size_t i = 0; i < self->all->arm_count; i++) {
    const cell one = plan_cell(self->all, self->encoder, self->all->arms[i], self->seed);
    if (is_left(self, one.arm)) cell_run(&one, &rows, &foreign);
  }
  progress_end(&bar);
  pflow_free((float *)(uintptr_t)foreign.x);
  arena_free(&rows);
}

/* Features are only needed where something is still to be computed of them. */
static void check_encoder(const plan *self, size_t encoder) {
  const encoder_rows *one = &self->encoders[encoder];
  size_t left = 0;
  if (encoder_rows_present(one)) {
    encoder_rows_keep(one, self->out);
    return;
  }
  for (uint64_t seed = 0; seed < self->flow_seeds; seed++)
    left += cells_left(&(batch){self, encoder, seed});
  if (left > 0)
    fail("%s: no train_x.npy, and %zu cells of %s are still to be computed", one->folder,
         left, one->name);
}

/* A run that is cut short has all arms on some encoders, rather than all seeds of some
 * arms. */
static void run_all(const plan *self) {
  make_folder(self->out);
  for (size_t e = 0; e < self->count; e++)
    check_encoder(self, e);
  for (uint64_t seed = 0; seed < self->flow_seeds; seed++)
    for (size_t e = 0; e < self->count; e++)
      run_batch(&(batch){self, e, seed});
}

static int write_summary(const plan *self) {
  char path[path_size];
  path_in(self->out, "results.json", path);
  json_write(summary_of(self), path);
  printf("written to %s\n", path);
  return say_flush();
}

static int run(const void *options) {
  const settings *opts = options;
  plan self = {.out = opts->out,
               .commit = opts->commit,
               .flow_seeds = opts->flow_seeds,
               .max_rows = opts->max_rows,
               .field_rows = opts->field_rows};
  try_status(read_arms(&self, opts->arms));
  self.count = encoder_rows_read(self.encoders, opts->encoders);
  if (opts->threads) try_library(pflow_pool_create(&self.pool, opts->threads));
  if (!opts->summary) run_all(&self);
  const int status = write_summary(&self);
  pflow_pool_destroy(self.pool);
  return status;
}

/* ---- the command line ---- */

static const option_spec specs[] = {
    {.name = "encoders",
     .kind = text_option,
     .offset = offsetof(settings, encoders),
     .value = "DATASET=DIR,...",
     .required = true,
     .help = "folders of features that cifar10 has left, with the data set's name"},
    {.name = "out",
     .kind = text_option,
     .offset = offsetof(settings, out),
     .value = "DIR",
     .help = "folder for results; what is there already is not run again"},
    {.name = "arms",
     .kind = text_option,
     .offset = offsetof(settings, arms),
     .value = "LIST",
     .help = "names of arms to run, with commas (default: all)"},
    {.name = "flow-seeds",
     .kind = count_option,
     .offset = offsetof(settings, flow_seeds),
     .value = "N",
     .least = 1,
     .most = 64,
     .help = "runs of every arm that draws random numbers"},
    {.name = "max-rows",
     .kind = count_option,
     .offset = offsetof(settings, max_rows),
     .value = "N",
     .most = 1e9,
     .help = "train rows used at most (0: all)"},
    {.name = "field-rows",
     .kind = count_option,
     .offset = offsetof(settings, field_rows),
     .value = "N",
     .least = 2,
     .most = 1e9,
     .has_zero = true,
     .help = "sources of an exact field, sampled from the train rows (0: all)"},
    {.name = "summary",
     .kind = flag_option,
     .offset = offsetof(settings, summary),
     .help = "run nothing: only summarise what is there"},
    {.name = "commit",
     .kind = text_option,
     .offset = offsetof(settings, commit),
     .value = "ID",
     .help = "commit of the program, kept with what it computes"},
    OPTION_THREADS(settings),
};

static const settings defaults = {.out = "out/experiment", .flow_seeds = 2};

static const command experiment = {
    .name = "experiment",
    .usage = "--encoders DATASET=DIR,... [options]",
    .about = "Treats the features of several networks in every way there is, measures "
             "what became of them, and compares each with the features as they are. "
             "Goes on where it was stopped.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run};

int main(int argc, char **argv) {
  settings values = defaults;
  bool ended = false;
  say_as("experiment", NULL);
  const int status = options_read(&experiment, &values, argc, argv, &ended);
  return status != status_ok || ended ? status : run(&values);
}
