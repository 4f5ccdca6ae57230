/*
 * transform.c - pflow transform and pflow inverse: a map applied, and undone.
 */
#include "apply.h"
#include "cli/output.h"
#include "cli/say.h"
#include "commands.h"

typedef struct transform_options {
  const char *map, *in, *out;
  double strength;
  size_t threads;
} transform_options;

static pflow_err transform(const apply_map *map, const float *x, uint64_t first, size_t n,
                           float *y, const void *user) {
  (void)first;
  (void)user;
  return pflow_map_transform(map->map, map->work, x, n, y);
}

static pflow_err inverse(const apply_map *map, const float *y, uint64_t first, size_t n,
                         float *x, const void *user) {
  (void)first;
  (void)user;
  return pflow_map_inverse(map->map, map->work, y, n, x);
}

static int transform_file(const apply_map *map, const transform_options *options) {
  const apply_job job = {.title = "transform",
                         .in = options->in,
                         .out = options->out,
                         .in_dim = pflow_map_in_dim(map->map),
                         .out_dim = pflow_map_out_dim(map->map),
                         .step = transform};
  return apply_run(map, &job);
}

static int inverse_file(const apply_map *map, const transform_options *options) {
  const apply_job job = {.title = "inverse",
                         .in = options->in,
                         .out = options->out,
                         .in_dim = pflow_map_out_dim(map->map),
                         .out_dim = pflow_map_in_dim(map->map),
                         .step = inverse};
  if (!pflow_map_is_invertible(map->map))
    return say_failed("%s: this map has no way back", map->path);
  return apply_run(map, &job);
}

static int run(const transform_options *options,
               int (*use)(const apply_map *, const transform_options *)) {
  apply_map map;
  try_status(output_check_rows(options->out));
  try_status(output_apart("out", options->out, "map", options->map));
  int status = apply_open(&map, options->map, options->strength, options->threads);
  if (status == status_ok) status = use(&map, options);
  apply_close(&map);
  return status;
}

static int run_transform(const void *options) {
  return run(options, transform_file);
}

static int run_inverse(const void *options) {
  return run(options, inverse_file);
}

#define TEXT(member, what, sentence)                                                     \
  {                                                                                      \
    .name = #member, .kind = text_option, .offset = offsetof(transform_options, member), \
    .value = what, .required = true, .help = sentence                                    \
  }

static const option_spec specs[] = {
    TEXT(map, "FILE", "map that fit wrote"),
    TEXT(in, "FILE", "rows, .npy or .fvecs; they may be more than fit in memory"),
    TEXT(out, "FILE", "result, .npy or .fvecs, which appears whole or not at all"),
    {.name = "strength",
     .kind = real_option,
     .offset = offsetof(transform_options, strength),
     .value = "S",
     .least = 0.0,
     .most = 1.0,
     .has_auto = true,
     .auto_value = PFLOW_MAP_AUTO,
     .help = "how far the flow goes, 0 to 1, in place of the map's own (auto)"},
    OPTION_THREADS(transform_options),
};

static const transform_options defaults = {.strength = PFLOW_MAP_AUTO};

const command transform_command = {
    .name = "transform",
    .summary = "apply a map to rows",
    .usage = "--map FILE --in FILE --out FILE [--strength S]",
    .about = "Applies a map to rows. What becomes of a row depends on that row alone. A "
             "row with NaN or infinity is named, and nothing is written.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_transform,
};

const command inverse_command = {
    .name = "inverse",
    .summary = "take mapped rows back",
    .usage = "--map FILE --in FILE --out FILE [--strength S]",
    .about = "Undoes transform. What a map does not keep does not come back: directions "
             "beyond its principal ones, and the lengths of rows with target sphere. Use "
             "the --strength that transform was used with.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_inverse,
};
