#include "compare/chart.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "draw/palette.h"

/* Drawn in units of about a pixel of a small screen. */
enum { width = 300, height = 260, left = 34, right = 8, top = 10, bottom = 34 };

/* Length of the UTF-8 character at text, or 0 if it is none. */
static size_t character(const char *text) {
  const unsigned char first = (unsigned char)text[0];
  const size_t length = first < 0x80                     ? 1
                        : first >= 0xc2 && first <= 0xdf ? 2
                        : first >= 0xe0 && first <= 0xef ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  for (size_t i = 1; i < length; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
  return length;
}

static const char *escaped(char letter) {
  switch (letter) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return (unsigned char)letter < 0x20 || letter == 0x7f ? "?" : NULL;
  }
}

void chart_text(FILE *out, const char *text) {
  while (*text) {
    const size_t length = character(text);
    const char *instead = length == 0 ? "?" : length == 1 ? escaped(*text) : NULL;
    if (instead)
      fputs(instead, out);
    else
      fwrite(text, 1, length, out);
    text += length ? length : 1;
  }
}

static void begin(FILE *out, const char *alt) {
  fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", width, height);
  chart_text(out, alt);
  fprintf(out, "</title><path class=\"axis\" d=\"M%d %dV%dH%d\"/>", left, top,
          height - bottom, width - right);
}

static void end(FILE *out) {
  fputs("</svg>\n", out);
}

static double across(const plot_range *range, double x) {
  const double extent = range->x1 - range->x0;
  return left + (extent > 0.0 ? (x - range->x0) / extent : 0.5) * (width - left - right);
}

static double down(const plot_range *range, double y) {
  const double extent = range->y1 - range->y0;
  return height - bottom -
         (extent > 0.0 ? (y - range->y0) / extent : 0.5) * (height - top - bottom);
}

static void put_text(FILE *out, double x, double y, const char *anchor,
                     const char *text) {
  fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">", x, y, anchor);
  chart_text(out, text);
  fputs("</text>", out);
}

static void put_labels(FILE *out, const char *x_label, const char *y_label) {
  put_text(out, 0.5 * (left + width - right), height - 6, "middle", x_label);
  fprintf(out, "<g transform=\"translate(11 %.0f) rotate(-90)\">",
          0.5 * (top + height - bottom));
  put_text(out, 0, 0, "middle", y_label);
  fputs("</g>", out);
}

/* Ten paths of dots, one a colour: a line of no length with round ends is a dot. */
static void put_dots(FILE *out, const chart_points *points, int color) {
  bool open = false;
  for (size_t i = 0; i < points->n; i++) {
    const size_t at = points->chosen[i];
    if (points->labels[at] % palette_size != color) continue;
    if (!open)
      fprintf(out, "<path class=\"dots\" stroke=\"#%06x\" d=\"", palette_color(color));
    open = true;
    fprintf(out, "M%.1f %.1fh0", across(&points->range, points->x[at]),
            down(&points->range, points->y[at]));
  }
  if (open) fputs("\"/>", out);
}

void chart_draw_points(FILE *out, const char *alt, const chart_points *points) {
  begin(out, alt);
  put_labels(out, "first principal coordinate", "second");
  for (int color = 0; color < palette_size; color++)
    put_dots(out, points, color);
  end(out);
}

void chart_draw_bars(FILE *out, const char *alt, const chart_bars *bars) {
  const plot_range range = {0.0, (double)bars->n, 0.0, bars->most};
  begin(out, alt);
  fprintf(out, "<path class=\"bars\" d=\"M%d %d", left, height - bottom);
  for (size_t i = 0; i < bars->n; i++)
    fprintf(out, "V%.1fH%.1f", down(&range, fmin(bars->heights[i], bars->most)),
            across(&range, (double)i + 1.0));
  fprintf(out, "V%dZ\"/>", height - bottom);
  put_text(out, left, height - bottom + 13, "start", bars->first);
  put_text(out, width - right, height - bottom + 13, "end", bars->last);
  put_text(out, left - 4, top + 9, "end", bars->top);
  put_text(out, left - 4, height - bottom, "end", "0");
  put_labels(out, bars->x_label, bars->y_label);
  end(out);
}

void chart_draw_paths(FILE *out, const char *alt, const chart_paths *paths) {
  begin(out, alt);
  put_labels(out, "first coordinate", "second");
  for (size_t p = 0; p < paths->paths; p++) {
    const double *x = paths->x + p * paths->points, *y = paths->y + p * paths->points;
    const unsigned color = palette_color(paths->labels[p]);
    const size_t last = paths->points - 1;
    fprintf(out, "<path class=\"way\" stroke=\"#%06x\" d=\"", color);
    for (size_t i = 0; i < paths->points; i++)
      fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', across(&paths->range, x[i]),
              down(&paths->range, y[i]));
    fprintf(out,
            "\"/><circle class=\"from\" stroke=\"#%06x\" cx=\"%.1f\" cy=\"%.1f\" "
            "r=\"2.5\"/><circle fill=\"#%06x\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
            color, across(&paths->range, x[0]), down(&paths->range, y[0]), color,
            across(&paths->range, x[last]), down(&paths->range, y[last]));
  }
  end(out);
}
