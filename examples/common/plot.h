/*
 * plot.h - panels with axes, lines and points, drawn with cairo into one PNG.
 *
 *   plot *p = plot_create(2, 420, 380);
 *   plot_panel(p, 0, "loss", "epoch", "", (plot_range){0, 20, 0, 2.5});
 *   plot_line(p, x, y, n, 0);
 *   plot_save(p, "loss.png");
 */
#ifndef EXAMPLES_PLOT_H
#define EXAMPLES_PLOT_H

#include <stddef.h>
#include <stdint.h>

typedef struct plot plot;

typedef struct plot_range {
  double x0, x1, y0, y1;
} plot_range;

/* A picture of `panels` panels side by side, each of that many pixels; and one of rows of
 * `columns` panels. */
plot *plot_create(int panels, int width, int height);
plot *plot_create_grid(int columns, int rows, int width, int height);

/* Makes a panel the current one and draws its frame, ticks, title and axis labels. */
void plot_panel(plot *self, int index, const char *title, const char *x_label,
                const char *y_label, plot_range range);

/* The same with logarithmic axes; the range must be above 0. */
void plot_panel_log(plot *self, int index, const char *title, const char *x_label,
                    const char *y_label, plot_range range);

/* A polyline or dots in one of ten colours; points outside the range are clipped. */
void plot_line(plot *self, const double *x, const double *y, size_t n, int color);
void plot_dots(plot *self, const double *x, const double *y, const int32_t *color,
               size_t n, double radius);

/* A line of the legend in the upper right corner of the current panel. */
void plot_legend(plot *self, int row, int color, const char *text);

/* Writes the PNG, whole or not at all, and frees the plot. Ends the program on failure.
 */
void plot_save(plot *self, const char *path);

/* Widens [*low, *high] to take in n values, with a margin of 5 % where it grows. */
void plot_widen(const double *values, size_t n, double *low, double *high);

#endif
