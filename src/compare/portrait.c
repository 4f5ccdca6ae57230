#include "compare/portrait.h"

#include <math.h>
#include <string.h>

#include "cli/say.h"
#include "compare/chart.h"
#include "draw/scatter.h"

enum {
  most_points = 1500,
  most_bars = 256,
  bin_width = 2,
  bins = 31, /* the last one: 60 and more */
  most_ways = 20,
  stops = 25 /* strengths 0, 1/24, ... 1 */
};

static void put_caption(FILE *out, const char *text) {
  fputs("<figcaption>", out);
  chart_text(out, text);
  fputs("</figcaption></figure>\n", out);
}

/* What failed is said: of values that overflow in what is drawn, in place of the figure,
 * as they do not keep the page from being written. */
static int without_figure(FILE *out, const char *what, pflow_err rc) {
  char text[256];
  if (rc != PFLOW_ENONFINITE) return say_result(rc);
  snprintf(text, sizeof text, "%s not drawn: %s", what, pflow_errmsg());
  fputs("<figure>", out);
  put_caption(out, text);
  return status_ok;
}

static pflow_features mapped_rows(const arena *rows, const entrant *of) {
  return (pflow_features){of->mapped, rows->test.n, of->mapped_dim};
}

/* ---- the plane ---- */

static void draw_plane(FILE *out, const arena *rows, const entrant *of,
                       const scatter *plane, const size_t *chosen, size_t n) {
  char text[160];
  const chart_points points = {plane->x, plane->y,      rows->test.labels, chosen,
                               n,        rows->classes, plane->range};
  snprintf(text, sizeof text,
           "%s: %zu test rows by their first two principal coordinates", of->name, n);
  fputs("<figure>", out);
  chart_draw_points(out, text, &points);
  snprintf(text, sizeof text, "%zu test rows; the plane has %.0f %% of their variance", n,
           100.0 * (plane->share[0] + plane->share[1]));
  put_caption(out, text);
}

static int plane_figure(FILE *out, const arena *rows, const entrant *of) {
  const pflow_features features = mapped_rows(rows, of);
  const size_t n = features.n < most_points ? features.n : most_points;
  size_t chosen[most_points];
  scatter plane;
  const pflow_err rc = scatter_make(&plane, &features);
  if (rc < 0) return without_figure(out, "plane", rc);
  input_choose(chosen, n, features.n, rows->seed);
  draw_plane(out, rows, of, &plane, chosen, n);
  scatter_free(&plane);
  return status_ok;
}

/* ---- singular values ---- */

/* Shares of the largest; of more than fit, every few. */
static void draw_values(FILE *out, const entrant *of, const double *variances,
                        size_t dim) {
  char alt[128], last[32], caption[128];
  double heights[most_bars];
  const size_t step = (dim + most_bars - 1) / most_bars, n = (dim + step - 1) / step;
  for (size_t i = 0; i < n; i++)
    heights[i] = variances[0] > 0.0 ? sqrt(variances[i * step] / variances[0]) : 0.0;
  snprintf(alt, sizeof alt, "%s: singular values, largest first", of->name);
  snprintf(last, sizeof last, "%zu", dim);
  snprintf(caption, sizeof caption,
           "singular values; the middle one is %.3f of the first", heights[n / 2]);
  fputs("<figure>", out);
  chart_draw_bars(out, alt,
                  &(chart_bars){heights, n, 1.0, "1", last, "1", "component",
                                "share of the largest"});
  put_caption(out, caption);
}

static int values_figure(FILE *out, const arena *rows, const entrant *of) {
  const pflow_features features = mapped_rows(rows, of);
  double *variances = say_alloc(features.dim, sizeof *variances);
  if (!variances) return status_failed;
  const pflow_err rc = pflow_spectrum(&features, variances);
  if (rc >= 0) draw_values(out, of, variances, features.dim);
  pflow_free(variances);
  return rc < 0 ? without_figure(out, "singular values", rc) : status_ok;
}

/* ---- occurrences ---- */

static void draw_counts(FILE *out, const entrant *of, const size_t *counts, size_t n,
                        const pflow_hubs *hubs) {
  char alt[128], top[32], caption[160];
  double shares[bins] = {0}, most = 0.0;
  for (size_t i = 0; i < n; i++) {
    const size_t bin = counts[i] / bin_width;
    shares[bin < bins ? bin : bins - 1] += 1.0 / (double)n;
  }
  for (size_t b = 0; b < bins; b++)
    most = fmax(most, shares[b]);
  snprintf(alt, sizeof alt, "%s: histogram of occurrences among the 10 nearest",
           of->name);
  snprintf(top, sizeof top, "%.0f%%", 100.0 * most);
  snprintf(caption, sizeof caption,
           "occurrences among neighbours; the mean is 10, the most %zu, %.1f %% never",
           hubs->most, 100.0 * hubs->antihubs);
  fputs("<figure>", out);
  chart_draw_bars(
      out, alt,
      &(chart_bars){shares, bins, most, "0", "60 or more", top, "occurrences", "rows"});
  put_caption(out, caption);
}

static int count_occurrences(FILE *out, const arena *rows, const entrant *of,
                             size_t *lists, size_t *counts) {
  const pflow_features features = mapped_rows(rows, of);
  const size_t n = features.n, k = arena_neighbours;
  pflow_hubs hubs;
  try_library(pflow_neighbours_within(&features, NULL, 0, k, lists, NULL, rows->pool));
  try_library(pflow_hubness(lists, n, k, n, &hubs, counts));
  draw_counts(out, of, counts, n, &hubs);
  return status_ok;
}

static int counts_figure(FILE *out, const arena *rows, const entrant *of) {
  size_t *lists = say_alloc(rows->test.n, arena_neighbours * sizeof *lists);
  size_t *counts = say_alloc(rows->test.n, sizeof *counts);
  const int status =
      lists && counts ? count_occurrences(out, rows, of, lists, counts) : status_failed;
  pflow_free(counts);
  pflow_free(lists);
  return status;
}

int portrait_draw(FILE *out, const arena *rows, const entrant *of) {
  try_status(plane_figure(out, rows, of));
  try_status(values_figure(out, rows, of));
  return counts_figure(out, rows, of);
}

/* ---- along the flow ---- */

/* Some rows and where they are at each stop. */
typedef struct ways {
  size_t n;
  int32_t labels[most_ways];
  double x[most_ways * stops], y[most_ways * stops];
  float *from, *to; /* most_ways x columns before and after */
} ways;

/* The first test rows of each class in turn, as many of each as there is room for. */
static void choose_ways(ways *self, const arena *rows) {
  const size_t dim = rows->test.dim, each = most_ways / rows->classes + 1;
  size_t taken[most_ways] = {0};
  for (size_t i = 0; i < rows->test.n && self->n < most_ways; i++) {
    const int32_t label = rows->test.labels[i];
    if (label >= most_ways || taken[label] == each) continue;
    taken[label]++;
    self->labels[self->n] = label;
    memcpy(self->from + self->n++ * dim, rows->test.x + i * dim, dim * sizeof(float));
  }
}

static pflow_err take_stop(ways *self, const entrant *of, size_t stop) {
  pflow_map_work_config config;
  pflow_map_work *work;
  pflow_map_work_config_init(&config);
  config.max_rows = most_ways;
  config.strength = (double)stop / (stops - 1);
  pflow_err rc = pflow_map_work_create(&work, of->map, &config);
  if (rc < 0) return rc;
  rc = pflow_map_transform(of->map, work, self->from, self->n, self->to);
  for (size_t i = 0; rc >= 0 && i < self->n; i++) {
    self->x[i * stops + stop] = self->to[i * of->mapped_dim];
    self->y[i * stops + stop] =
        of->mapped_dim > 1 ? self->to[i * of->mapped_dim + 1] : 0.0;
  }
  pflow_map_work_destroy(work);
  return rc;
}

static void draw_ways(FILE *out, const entrant *of, const ways *self) {
  char text[200];
  chart_paths paths = {self->x, self->y, self->labels, self->n, stops, {0, 0, 0, 0}};
  plot_widen(self->x, self->n * stops, &paths.range.x0, &paths.range.x1);
  plot_widen(self->y, self->n * stops, &paths.range.y0, &paths.range.y1);
  snprintf(text, sizeof text, "%s: paths of %zu test rows as the strength grows",
           of->name, self->n);
  fputs("<figure>", out);
  chart_draw_paths(out, text, &paths);
  snprintf(
      text, sizeof text,
      "%s: %zu test rows from strength 0 (rings) to 1 (discs), first two coordinates "
      "of the result",
      of->name, self->n);
  put_caption(out, text);
}

static bool has_strength(const entrant *of) {
  return of->map && of->info.method == PFLOW_MAP_POISSON &&
         of->info.field != PFLOW_MAP_POST;
}

int portrait_ways(FILE *out, const arena *rows, const entrant *of, bool *drawn) {
  if (!has_strength(of)) return status_ok;
  ways *self = say_alloc(1, sizeof *self);
  if (!self) return status_failed;
  self->from = say_alloc(most_ways, rows->test.dim * sizeof *self->from);
  self->to = say_alloc(most_ways, of->mapped_dim * sizeof *self->to);
  const int status = self->from && self->to ? status_ok : status_failed;
  if (status == status_ok) {
    pflow_err rc = PFLOW_OK;
    choose_ways(self, rows);
    for (size_t stop = 0; stop < stops && rc >= 0; stop++)
      rc = take_stop(self, of, stop);
    *drawn = rc >= 0;
    if (*drawn) draw_ways(out, of, self);
  }
  pflow_free(self->to);
  pflow_free(self->from);
  pflow_free(self);
  return status;
}
