/*
 * plot_scaling - draws how the time of jobs grows with one of their sizes: a panel for
 * each job and size, both axes logarithmic, a line for each side.
 *
 * usage: plot_scaling TABLE PICTURE.png
 *
 * A line of TABLE: job, size, side, the size's value, seconds, with tabs between them.
 * Lines of a panel follow one another.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "draw/plot.h"

enum { most_points = 1000, columns = 3, panel_width = 340, panel_height = 280 };

typedef struct point {
  char job[64], axis[32], side[32];
  double size, seconds;
} point;

static size_t read_points(const char *path, point *to) {
  FILE *file = fopen(path, "r");
  if (!file) fail("%s cannot be opened", path);
  size_t n = 0;
  char line[256];
  for (; n < most_points && fgets(line, sizeof line, file); n++) {
    point *p = &to[n];
    if (sscanf(line, "%63[^\t]\t%31[^\t]\t%31[^\t]\t%lf\t%lf", p->job, p->axis, p->side,
               &p->size, &p->seconds) != 5 ||
        p->size <= 0.0 || p->seconds <= 0.0)
      fail("%s: line %zu is malformed", path, n + 1);
  }
  fclose(file);
  if (n == 0) fail("%s holds no points", path);
  return n;
}

static bool same_panel(const point *a, const point *b) {
  return strcmp(a->job, b->job) == 0 && strcmp(a->axis, b->axis) == 0;
}

/* Points from the first on that belong to its panel. */
static size_t panel_points(const point *first, size_t rest) {
  size_t n = 1;
  while (n < rest && same_panel(first, first + n))
    n++;
  return n;
}

static plot_range range_of(const point *points, size_t n) {
  plot_range range = {INFINITY, 0.0, INFINITY, 0.0};
  for (size_t i = 0; i < n; i++) {
    double ms = 1e3 * points[i].seconds;
    range.x0 = fmin(range.x0, points[i].size);
    range.x1 = fmax(range.x1, points[i].size);
    range.y0 = fmin(range.y0, ms);
    range.y1 = fmax(range.y1, ms);
  }
  /* Room around the lines, and above them for the legend. */
  return (plot_range){range.x0 / 1.3, range.x1 * 1.3, range.y0 / 1.6, range.y1 * 5.0};
}

static void draw_side(plot *picture, const point *points, size_t n, const char *side,
                      int color) {
  double x[most_points], y[most_points];
  int32_t colors[most_points];
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(points[i].side, side) != 0) continue;
    x[used] = points[i].size;
    y[used] = 1e3 * points[i].seconds;
    colors[used++] = color;
  }
  if (used == 0) return;
  plot_line(picture, x, y, used, color);
  plot_dots(picture, x, y, colors, used, 3.5);
  plot_legend(picture, color, color, side);
}

static void draw_panel(plot *picture, int index, const point *points, size_t n) {
  plot_panel_log(picture, index, points->job, points->axis, "ms", range_of(points, n));
  draw_side(picture, points, n, "libpflow", 0);
  draw_side(picture, points, n, "PyTorch", 1);
}

int main(int argc, char **argv) {
  static point points[most_points];
  if (argc != 3) fail("usage: plot_scaling TABLE PICTURE.png");
  size_t n = read_points(argv[1], points), panels = 0;
  for (size_t i = 0; i < n; i += panel_points(points + i, n - i))
    panels++;
  int rows = (int)((panels + columns - 1) / columns), index = 0;
  plot picture;
  plot_begin_grid(&picture, argv[2], columns, rows, panel_width, panel_height);
  for (size_t i = 0; i < n; i += panel_points(points + i, n - i))
    draw_panel(&picture, index++, points + i, panel_points(points + i, n - i));
  must_do(plot_end(&picture));
  return 0;
}
