/*
 * compare.c - pflow compare: every method on the same rows, side by side, with intervals
 * and a sentence of advice.
 */
#include <stdio.h>

#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/output.h"
#include "cli/say.h"
#include "commands.h"
#include "compare/cells.h"
#include "compare/page.h"
#include "compare/tell.h"
#include "compare/verdict.h"

typedef struct compare_options {
  arena_files files;
  const char *methods, *html;
  size_t seeds, steps, threads;
  uint64_t seed;
  int json, markdown;
} compare_options;

static int run_all(roster *all, arena *rows, bool keep) {
  progress bar;
  int status = status_ok;
  progress_begin_quiet(&bar, "comparing", roster_steps(all));
  rows->bar = &bar;
  for (size_t i = 0; i < all->count && status == status_ok; i++)
    status = entrant_run(&all->entrants[i], rows, keep);
  progress_end(&bar);
  return status;
}

static int tell(const compare_options *options, const comparison *found) {
  try_status(options->json ? tell_json(found) : tell_text(found, options->markdown));
  return options->html ? page_write(found, options->html) : status_ok;
}

static int compare(const compare_options *options, arena *rows, roster *all) {
  comparison found = {.rows = rows, .all = all, .seeds = options->seeds};
  try_status(arena_load(rows, &options->files));
  try_status(run_all(all, rows, options->html != NULL));
  if (!all->entrants[0].fitted) return say_failed("none: %s", all->entrants[0].note);
  try_status(verdict_compare(all, rows));
  try_status(verdict_advise(all, rows, found.advice));
  return tell(options, &found);
}

/* Of the page, before anything is read. */
static int check_page(const compare_options *options) {
  const arena_files *files = &options->files;
  const char *page = options->html;
  if (!page) return status_ok;
  try_status(output_apart("html", page, "in", files->in));
  try_status(output_apart("html", page, "labels", files->labels));
  try_status(output_apart("html", page, "test", files->test));
  try_status(output_apart("html", page, "test-labels", files->test_labels));
  return output_check(page);
}

static int run_compare(const void *given) {
  const compare_options *options = given;
  interrupt_watch();
  if (options->json && options->markdown)
    return say_misused("--json does not go with --markdown");
  try_status(check_page(options));
  arena rows = {.seed = options->seed, .steps = options->steps};
  roster *all = say_alloc(1, sizeof *all);
  if (!all) return status_failed;
  int status = roster_read(all, options->methods, options->seeds);
  if (status == status_ok && options->threads)
    status = say_result(pflow_pool_create(&rows.pool, options->threads));
  if (status == status_ok) status = compare(options, &rows, all);
  roster_free(all);
  arena_free(&rows);
  pflow_pool_destroy(rows.pool);
  pflow_free(all);
  return status;
}

#define AT(member) offsetof(compare_options, member)

static const option_spec specs[] = {
    {.name = "in",
     .kind = text_option,
     .offset = AT(files.in),
     .value = "X.npy",
     .required = true,
     .help = "training rows: methods and probes are fitted to them"},
    {.name = "labels",
     .kind = text_option,
     .offset = AT(files.labels),
     .value = "y.npy",
     .required = true,
     .help = "their classes"},
    {.name = "test",
     .kind = text_option,
     .offset = AT(files.test),
     .value = "X2.npy",
     .required = true,
     .help = "test rows, which nothing is fitted to"},
    {.name = "test-labels",
     .kind = text_option,
     .offset = AT(files.test_labels),
     .value = "y2.npy",
     .required = true,
     .help = "their classes"},
    {.name = "methods",
     .kind = text_option,
     .offset = AT(methods),
     .value = "LIST",
     .help = "names with commas between them: none, center, l2, whiten, zca, abtt, "
             "rotate, quantile, poisson-exact, poisson-network (either also with a "
             "strength from 0 to 1: poisson-exact@0.5), poisson-post, or the "
             ".safetensors file of a map fitted to these rows"},
    {.name = "seeds",
     .kind = count_option,
     .offset = AT(seeds),
     .value = "N",
     .least = 1,
     .most = 1000,
     .help = "fits of each method that draws random numbers, shown as mean~deviation"},
    {.name = "steps",
     .kind = count_option,
     .offset = AT(steps),
     .value = "N",
     .most = 1e9,
     .help = "training steps of poisson-network (0: the library's choice)"},
    {.name = "max-rows",
     .kind = count_option,
     .offset = AT(files.max_rows),
     .value = "N",
     .least = arena_least_rows,
     .most = 1e9,
     .has_zero = true,
     .help = "training rows used at most, a seeded sample (0: all)"},
    {.name = "max-test",
     .kind = count_option,
     .offset = AT(files.max_test),
     .value = "N",
     .least = arena_least_rows,
     .most = 1e9,
     .has_zero = true,
     .help = "test rows used at most, a seeded sample (0: all)"},
    {.name = "html",
     .kind = text_option,
     .offset = AT(html),
     .value = "report.html",
     .help = "write a page with the tables and pictures as well, for any browser"},
    {.name = "markdown",
     .kind = flag_option,
     .offset = AT(markdown),
     .help = "print the tables as Markdown"},
    OPTION_SEED(compare_options),
    OPTION_THREADS(compare_options),
    OPTION_JSON(compare_options),
};

static const compare_options defaults = {
    .files = {.max_rows = 20000, .max_test = 10000}, .methods = roster_usual, .seeds = 1};

const command compare_command = {
    .name = "compare",
    .summary = "fit every method to rows, and measure which helps",
    .usage = "--in X.npy --labels y.npy --test X2.npy --test-labels y2.npy [option ...]",
    .about =
        "Fits each method to the training rows, transforms both files with it, and "
        "measures what came of it: uniformity, hubness, effective rank, neighbours kept, "
        "accuracy of neighbours, of a linear probe and of a few labels, recall of 1-bit "
        "and 8-bit codes, clusters, the way back, and time. Differences from the rows as "
        "they are (none) have paired bootstrap intervals over the test rows.\n"
        "The last line is advice, which may be to leave the features alone. It counts a "
        "difference only if it is more than chance when all methods are looked at.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_compare,
};
