/*
 * plot.h - panels with axes, lines and points, drawn with cairo into one PNG or SVG.
 *
 *   plot p;
 *   plot_begin(&p, "loss.png", 2, 420, 380);
 *   plot_panel(&p, 0, "loss", "epoch", "", (plot_range){0, 20, 0, 2.5});
 *   plot_line(&p, x, y, n, 0);
 *   status = plot_end(&p);
 *
 * Drawing after something failed does nothing; plot_end tells.
 */
#ifndef DRAW_PLOT_H
#define DRAW_PLOT_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct plot_range {
  double x0, x1, y0, y1;
} plot_range;

/* The encoded picture as it grows. */
typedef struct plot_bytes {
  unsigned char *data;
  size_t size, room;
} plot_bytes;

typedef struct plot {
  const char *path; /* borrowed */
  plot_bytes bytes;
  cairo_surface_t *surface;
  cairo_t *cairo;
  int columns, width, height; /* width and height of one panel */
  double left, top, right, bottom;
  bool is_log;
  plot_range range; /* of the logarithms, if they are drawn */
} plot;

/* A picture of `panels` panels side by side, each of that many pixels; and one of rows of
 * `columns` panels. It is an SVG if the path ends so, else a PNG. */
void plot_begin(plot *self, const char *path, int panels, int width, int height);
void plot_begin_grid(plot *self, const char *path, int columns, int rows, int width,
                     int height);

/* Makes a panel the current one and draws its frame, ticks, title and axis labels. */
void plot_panel(plot *self, int index, const char *title, const char *x_label,
                const char *y_label, plot_range range);

/* The same with logarithmic axes; the range must be above 0. */
void plot_panel_log(plot *self, int index, const char *title, const char *x_label,
                    const char *y_label, plot_range range);

/* A polyline or dots in one of ten colours (palette.h); dots of the next ten are squares,
 * of the next triangles. Points outside the range are clipped. */
void plot_line(plot *self, const double *x, const double *y, size_t n, int color);
void plot_dots(plot *self, const double *x, const double *y, const int32_t *color,
               size_t n, double radius);

/* A line of the legend in the upper right corner of the current panel, the first of them
 * row 0, or in the lower right one, the last of them row -1. */
void plot_legend(plot *self, int row, int color, const char *text);

/* Writes the picture, whole or not at all, and lets go of it. Returns a status (say.h).
 */
int plot_end(plot *self);

/* Lets go of a picture that is not wanted any more, in place of plot_end. */
void plot_drop(plot *self);

/* Widens [*low, *high] to take in n values, with a margin of 5 % where it grows; values
 * that are all the same come to the middle. */
void plot_widen(const double *values, size_t n, double *low, double *high);

#endif
