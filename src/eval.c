/*
 * eval.c - pflow eval: measures of rows, alone, with labels, and against what they were.
 */
#include "eval.h"

#include <math.h>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "commands.h"

typedef struct eval_options {
  const char *in, *labels, *test, *test_labels, *reference;
  size_t max_rows, threads;
  uint64_t seed;
  int json;
} eval_options;

int eval_took(pflow_err rc, const char *measure) {
  if (rc == PFLOW_EINVAL)
    say_note("no %s: %s", measure, pflow_errmsg());
  else if (rc < 0)
    return say_failed("%s: %s", measure, pflow_errmsg());
  return interrupt_status();
}

/* ---- input ---- */

static int load_test(const eval_options *options, eval_data *data) {
  if (!options->test) return status_ok;
  try_status(input_load(&data->test, options->test, options->max_rows, options->seed));
  try_status(input_check_dim(&data->test, &data->rows));
  return options->test_labels ? input_load_labels(&data->test, options->test_labels)
                              : status_ok;
}

static int load(const eval_options *options, eval_data *data) {
  try_status(input_load(&data->rows, options->in, options->max_rows, options->seed));
  if (options->labels) try_status(input_load_labels(&data->rows, options->labels));
  try_status(load_test(options, data));
  if (options->labels)
    try_status(input_number_labels(&data->rows, data->test.labels ? &data->test : NULL));
  if (data->rows.n < 3)
    return say_failed("%s: too few rows to measure: %zu, wants 3 or more", options->in,
                      data->rows.n);
  return options->reference
             ? input_load_like(&data->reference, options->reference, &data->rows)
             : status_ok;
}

/* Lists that several measures need. */
static int find_neighbours(eval_data *data) {
  const pflow_features rows = input_features(&data->rows);
  data->k = (rows.n - 1) / 2 < eval_k ? (rows.n - 1) / 2 : eval_k;
  data->near = say_alloc(rows.n, data->k * sizeof *data->near);
  if (!data->near) return status_failed;
  try_library(
      pflow_neighbours_within(&rows, NULL, 0, data->k, data->near, NULL, data->pool));
  return status_ok;
}

/* ---- measuring ---- */

static const eval_measures nothing = {.uniformity = NAN,
                                      .ideal = NAN,
                                      .test_uniformity = NAN,
                                      .effective_rank = NAN,
                                      .two_nn = NAN,
                                      .mle = NAN,
                                      .nearest = NAN,
                                      .hubness = NAN,
                                      .hubs = NAN,
                                      .antihubs = NAN,
                                      .alignment = NAN,
                                      .knn = NAN,
                                      .probe = NAN,
                                      .probe_nll = NAN,
                                      .one_shot = NAN,
                                      .five_shot = NAN,
                                      .nmi = NAN,
                                      .kept = NAN,
                                      .trustworthiness = NAN,
                                      .continuity = NAN,
                                      .recall_bit = NAN,
                                      .recall_byte = NAN};

static int measure(const eval_options *options, eval_data *data) {
  eval_measures found = nothing;
  progress bar;
  progress_begin_quiet(&bar, "eval", 4);
  progress_show(&bar, 0, "neighbours");
  try_status(find_neighbours(data));
  try_status(interrupt_status());
  progress_show(&bar, 1, "rows");
  try_status(eval_geometry(data, &found));
  progress_show(&bar, 2, "labels");
  if (data->rows.labels) try_status(eval_labels(data, &found));
  progress_show(&bar, 3, "reference");
  if (data->reference.x) try_status(eval_reference(data, &found));
  try_status(interrupt_status());
  progress_end(&bar);
  return eval_print(data, &found, options->json);
}

static int load_and_measure(const eval_options *options, eval_data *data) {
  try_status(load(options, data));
  return measure(options, data);
}

static int check_together(const eval_options *options) {
  if (options->test_labels && !options->test)
    return say_misused("--test-labels wants --test");
  if (options->test_labels && !options->labels)
    return say_misused("--test-labels wants --labels");
  if (options->test && options->labels && !options->test_labels)
    return say_misused("--test with --labels wants --test-labels");
  return status_ok;
}

static int run_eval(const void *given) {
  const eval_options *options = given;
  eval_data data = {.seed = options->seed};
  interrupt_watch();
  try_status(check_together(options));
  try_library(pflow_pool_create(&data.pool, options->threads));
  const int status = load_and_measure(options, &data);
  input_free(&data.rows);
  input_free(&data.test);
  input_free(&data.reference);
  pflow_free(data.near);
  pflow_pool_destroy(data.pool);
  return status;
}

/* ---- the command ---- */

#define FILE_OPTION(word, member, ...)                                                   \
  {                                                                                      \
    .name = word, .kind = text_option, .offset = offsetof(eval_options, member),         \
    .value = "FILE", __VA_ARGS__                                                         \
  }

static const option_spec specs[] = {
    FILE_OPTION("in", in, .required = true, .help = "rows, .npy or .fvecs"),
    FILE_OPTION("labels", labels, .help = "their labels, .npy or .ivecs"),
    FILE_OPTION("test", test,
                .help = "rows to test neighbours, probe and few-shot on; without it the "
                        "rows themselves, each left out or a fifth held out"),
    FILE_OPTION("test-labels", test_labels, .help = "their labels"),
    FILE_OPTION("reference", reference,
                .help = "the rows as they were before a map: neighbours kept, "
                        "trustworthiness, continuity, recall of short codes"),
    {.name = "max-rows",
     .kind = count_option,
     .offset = offsetof(eval_options, max_rows),
     .value = "N",
     .least = 3,
     .most = 1e9,
     .has_zero = true,
     .help = "of more rows, a seeded sample of so many is read and measured (0: all)"},
    OPTION_SEED(eval_options),
    OPTION_THREADS(eval_options),
    OPTION_JSON(eval_options),
};

static const eval_options defaults = {.max_rows = 50000};

const command eval_command = {
    .name = "eval",
    .summary = "measure rows, with labels and against a reference",
    .usage = "--in FILE [--reference FILE] [--json]\n"
             "--in FILE --labels FILE [--test FILE --test-labels FILE]",
    .about = "Measures rows: uniformity beside its ideal, effective rank, intrinsic "
             "dimension, hubness; with labels alignment, neighbours, linear probe, "
             "few-shot and k-means; against a reference what became of neighbours.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_eval,
};
