/*
 * chart.h - small pictures in SVG, written into a page.
 */
#ifndef COMPARE_CHART_H
#define COMPARE_CHART_H

#include <stdint.h>
#include <stdio.h>

#include "draw/plot.h"

/* Text with the characters of markup escaped; bytes that are no UTF-8 become "?". */
void chart_text(FILE *out, const char *text);

/* Points of a plane, numbered in `chosen` (n of them), coloured by label. */
typedef struct chart_points {
  const double *x, *y;
  const int32_t *labels;
  const size_t *chosen;
  size_t n, classes;
  plot_range range;
} chart_points;

/* `alt` is what a reader who does not see the picture is told. */
void chart_draw_points(FILE *out, const char *alt, const chart_points *points);

typedef struct chart_bars {
  const double *heights;
  size_t n;
  double most;                    /* height of the whole chart */
  const char *first, *last, *top; /* labels of the axes' ends */
  const char *x_label, *y_label;
} chart_bars;

void chart_draw_bars(FILE *out, const char *alt, const chart_bars *bars);

/* Paths of `points` points each, from a ring to a disc, coloured by label. */
typedef struct chart_paths {
  const double *x, *y; /* paths x points */
  const int32_t *labels;
  size_t paths, points;
  plot_range range;
} chart_paths;

void chart_draw_paths(FILE *out, const char *alt, const chart_paths *paths);

#endif
