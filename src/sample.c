/*
 * sample.c - pflow sample: new rows from the distribution that a map was fitted to.
 */
#include "apply.h"
#include "cli/output.h"
#include "cli/say.h"
#include "commands.h"

typedef struct sample_options {
  const char *map, *out;
  size_t n, threads;
  uint64_t seed;
} sample_options;

static pflow_err draw(const apply_map *map, const float *none, uint64_t first, size_t n,
                      float *x, const void *user) {
  const sample_options *options = user;
  (void)none;
  return pflow_map_sample(map->map, map->work, options->seed, first, n, x);
}

static int sample_file(const apply_map *map, const sample_options *options) {
  const size_t dim = pflow_map_in_dim(map->map);
  const apply_job job = {.title = "sample",
                         .out = options->out,
                         .n = options->n,
                         .in_dim = dim,
                         .out_dim = dim,
                         .step = draw,
                         .user = options};
  return apply_run(map, &job);
}

static int run_sample(const void *given) {
  const sample_options *options = given;
  apply_map map;
  try_status(output_check_rows(options->out));
  try_status(output_apart("out", options->out, "map", options->map));
  int status = apply_open(&map, options->map, PFLOW_MAP_AUTO, options->threads);
  if (status == status_ok) status = sample_file(&map, options);
  apply_close(&map);
  return status;
}

static const option_spec specs[] = {
    {.name = "map",
     .kind = text_option,
     .offset = offsetof(sample_options, map),
     .value = "FILE",
     .required = true,
     .help = "map that fit --method poisson wrote"},
    {.name = "n",
     .kind = count_option,
     .offset = offsetof(sample_options, n),
     .value = "N",
     .least = 1,
     .most = 1e12,
     .required = true,
     .help = "rows to draw"},
    OPTION_SEED(sample_options),
    {.name = "out",
     .kind = text_option,
     .offset = offsetof(sample_options, out),
     .value = "FILE",
     .required = true,
     .help = "result, .npy or .fvecs, which appears whole or not at all"},
    OPTION_THREADS(sample_options),
};

static const sample_options defaults = {0};

const command sample_command = {
    .name = "sample",
    .summary = "draw new rows from the distribution a map was fitted to",
    .usage = "--map FILE --n N [--seed N] --out FILE",
    .about = "Draws rows from the uniform end of the flow and takes them back to the "
             "data's side. The first rows for a seed are the same for every --n.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_sample,
};
