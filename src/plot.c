/*
 * plot.c - pflow plot: rows as points of the plane of their first two principal
 * coordinates.
 */
#include <stdio.h>

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/say.h"
#include "commands.h"
#include "draw/scatter.h"

typedef struct plot_options {
  const char *in, *labels, *out;
  size_t max_rows;
  uint64_t seed;
} plot_options;

enum { side = 640, most_named = 30, dots_at_once = 8192 };

/* The least label above `last`, or -1. */
static int32_t next_label(const input *rows, int32_t last) {
  int32_t next = -1;
  for (size_t i = 0; i < rows->n; i++)
    if (rows->labels[i] > last && (next < 0 || rows->labels[i] < next))
      next = rows->labels[i];
  return next;
}

/* One line for each class that has rows, up to so many. */
static void draw_legend(plot *picture, const input *rows) {
  char text[32];
  int32_t label = next_label(rows, -1);
  for (int shown = 0; label >= 0 && shown < most_named; shown++) {
    snprintf(text, sizeof text, "%d", (int)label);
    plot_legend(picture, shown, (int)label, text);
    label = next_label(rows, label);
  }
}

/* Rows may be so many that the drawing of them takes long. */
static int draw_dots(plot *picture, const scatter *points, const input *rows) {
  const double radius = rows->n < 1000 ? 3.0 : rows->n < 5000 ? 2.0 : 1.4;
  for (size_t i = 0, n; i < rows->n; i += n) {
    n = rows->n - i < dots_at_once ? rows->n - i : dots_at_once;
    plot_dots(picture, points->x + i, points->y + i,
              rows->labels ? rows->labels + i : NULL, n, radius);
    try_status(interrupt_status());
  }
  return status_ok;
}

static int draw(plot *picture, const scatter *points, const input *rows) {
  char title[160], x_label[80], y_label[80];
  plot_range range = points->range;
  if (rows->labels) range.x1 += 0.1 * (range.x1 - range.x0); /* room for the legend */
  if (rows->n < rows->of)
    snprintf(title, sizeof title, "%zu of %zu rows of %zu value%s", rows->n, rows->of,
             rows->dim, plural(rows->dim));
  else
    snprintf(title, sizeof title, "%zu rows of %zu value%s", rows->n, rows->dim,
             plural(rows->dim));
  snprintf(x_label, sizeof x_label, "first principal coordinate (%.1f %% of variance)",
           100.0 * points->share[0]);
  if (rows->dim > 1)
    snprintf(y_label, sizeof y_label, "second principal coordinate (%.1f %%)",
             100.0 * points->share[1]);
  else
    snprintf(y_label, sizeof y_label, "rows of 1 value have no second coordinate");
  plot_panel(picture, 0, title, x_label, y_label, range);
  try_status(draw_dots(picture, points, rows));
  if (rows->labels) draw_legend(picture, rows);
  return status_ok;
}

static int draw_file(const plot_options *options, const input *rows) {
  const pflow_features features = input_features(rows);
  scatter points;
  plot picture;
  if (rows->n < 2) return say_failed("%s: 1 row has no plane, 2 are needed", rows->path);
  try_status(say_result_of(rows->path, scatter_make(&points, &features)));
  plot_begin(&picture, options->out, 1, side, side);
  int status = draw(&picture, &points, rows);
  if (status == status_ok)
    status = plot_end(&picture);
  else
    plot_drop(&picture);
  scatter_free(&points);
  return status;
}

static int plot_rows(const plot_options *options, input *rows) {
  if (options->labels) try_status(input_load_labels(rows, options->labels));
  try_status(draw_file(options, rows));
  if (rows->n < rows->of)
    printf("%s: %zu of %zu rows, drawn from seed %llu\n", options->out, rows->n, rows->of,
           (unsigned long long)options->seed);
  return say_flush();
}

static int run_plot(const void *given) {
  const plot_options *options = given;
  input rows;
  interrupt_watch();
  try_status(output_ends_in(options->out, ".png", ".svg"));
  try_status(output_apart("out", options->out, "in", options->in));
  try_status(output_apart("out", options->out, "labels", options->labels));
  try_status(output_check(options->out));
  try_status(input_load(&rows, options->in, options->max_rows, options->seed));
  const int status = plot_rows(options, &rows);
  input_free(&rows);
  return status;
}

static const option_spec specs[] = {
    {.name = "in",
     .kind = text_option,
     .offset = offsetof(plot_options, in),
     .value = "X.npy",
     .required = true,
     .help = "rows"},
    {.name = "labels",
     .kind = text_option,
     .offset = offsetof(plot_options, labels),
     .value = "y.npy",
     .help = "their classes, for colours and the legend"},
    {.name = "out",
     .kind = text_option,
     .offset = offsetof(plot_options, out),
     .value = "fig.png",
     .required = true,
     .help = "the picture: .png or .svg"},
    {.name = "max-rows",
     .kind = count_option,
     .offset = offsetof(plot_options, max_rows),
     .value = "N",
     .least = 2,
     .most = 1e9,
     .has_zero = true,
     .help = "rows drawn at most, a seeded sample (0: all)"},
    OPTION_SEED(plot_options),
};

static const plot_options defaults = {.max_rows = 20000};

const command plot_command = {
    .name = "plot",
    .summary = "draw rows in the plane of their first two principal coordinates",
    .usage = "--in X.npy [--labels y.npy] --out fig.png|.svg [option ...]",
    .about =
        "Draws rows as points of the plane in which they vary most. Classes have ten "
        "colours that colour-blind readers tell apart; the eleventh class begins "
        "again with squares, the twenty-first with triangles.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run_plot,
};
