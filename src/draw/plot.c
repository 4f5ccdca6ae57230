#include "draw/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "draw/late.h"
#include "draw/palette.h"

/* Margins of a panel in pixels, for the title and the axis labels. */
enum { left_margin = 62, right_margin = 16, top_margin = 34, bottom_margin = 46 };

/* Of the pictures there are; NULL where there can be none. */
static const late_cairo *late;

static void use_color(plot *self, int color, double alpha) {
  unsigned rgb = palette_color(color);
  late->set_source_rgba(self->cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                        (rgb & 255) / 255.0, alpha);
}

static cairo_status_t append_bytes(void *closure, const unsigned char *data,
                                   unsigned length) {
  plot_bytes *bytes = closure;
  if (bytes->size + length > bytes->room) {
    size_t room = 2 * (bytes->size + length);
    unsigned char *larger = pflow_alloc(room, 1);
    if (!larger) return CAIRO_STATUS_NO_MEMORY;
    if (bytes->data) memcpy(larger, bytes->data, bytes->size);
    pflow_free(bytes->data);
    bytes->data = larger;
    bytes->room = room;
  }
  memcpy(bytes->data + bytes->size, data, length);
  bytes->size += length;
  return CAIRO_STATUS_SUCCESS;
}

static bool is_svg(const char *path) {
  const size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".svg") == 0;
}

void plot_begin_grid(plot *self, const char *path, int columns, int rows, int width,
                     int height) {
  *self = (plot){.path = path, .columns = columns, .width = width, .height = height};
  late = late_load();
  if (!late) return;
  self->surface =
      is_svg(path) ? late->svg_surface_create_for_stream(append_bytes, &self->bytes,
                                                         columns * width, rows * height)
                   : late->image_surface_create(CAIRO_FORMAT_RGB24, columns * width,
                                                rows * height);
  self->cairo = late->create(self->surface);
  late->set_source_rgb(self->cairo, 1, 1, 1);
  late->paint(self->cairo);
  late->select_font_face(self->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         CAIRO_FONT_WEIGHT_NORMAL);
}

void plot_begin(plot *self, const char *path, int panels, int width, int height) {
  plot_begin_grid(self, path, panels, 1, width, height);
}

/* Text with its anchor at (x, y): ax, ay 0 left/bottom, 0.5 middle, 1 right/top. */
static void draw_text(plot *self, double x, double y, double ax, double ay,
                      const char *text) {
  cairo_text_extents_t size;
  late->text_extents(self->cairo, text, &size);
  late->move_to(self->cairo, x - ax * size.width - size.x_bearing,
                y + (ay - 1.0) * size.height - size.y_bearing);
  late->show_text(self->cairo, text);
}

static double to_x(const plot *self, double x) {
  if (self->is_log) x = log10(x);
  double part = (x - self->range.x0) / (self->range.x1 - self->range.x0);
  return self->left + part * (self->right - self->left);
}

static double to_y(const plot *self, double y) {
  if (self->is_log) y = log10(y);
  double part = (y - self->range.y0) / (self->range.y1 - self->range.y0);
  return self->bottom - part * (self->bottom - self->top);
}

/* A round distance (1, 2 or 5 times a power of ten) for about six ticks. */
static double tick_distance(double low, double high) {
  double raw = (high - low) / 6.0;
  double power = pow(10.0, floor(log10(raw)));
  double digit = raw / power;
  return power * (digit <= 1.0 ? 1.0 : digit <= 2.0 ? 2.0 : digit <= 5.0 ? 5.0 : 10.0);
}

static void draw_tick(plot *self, double value, int vertical) {
  char text[32];
  snprintf(text, sizeof text, "%.6g", fabs(value) < 1e-12 ? 0.0 : value);
  double x = vertical ? self->left : to_x(self, value);
  double y = vertical ? to_y(self, value) : self->bottom;
  late->set_source_rgb(self->cairo, 0.88, 0.88, 0.88);
  late->move_to(self->cairo, x, y);
  late->line_to(self->cairo, vertical ? self->right : x, vertical ? y : self->top);
  late->stroke(self->cairo);
  late->set_source_rgb(self->cairo, 0.2, 0.2, 0.2);
  if (vertical)
    draw_text(self, x - 6, y, 1.0, 0.5, text);
  else
    draw_text(self, x, y + 6, 0.5, 1.0, text);
}

static void draw_ticks(plot *self, double low, double high, int vertical) {
  double step = tick_distance(low, high);
  double first = ceil(low / step - 1e-9);
  double last = floor(high / step + 1e-9);
  for (double k = first; k <= last; k += 1.0)
    draw_tick(self, k * step, vertical);
}

/* Powers of ten between low and high, which are logarithms; 2 and 5 times them as well
 * where there is room for it. */
static void draw_log_ticks(plot *self, double low, double high, int vertical) {
  static const double digits[] = {1.0, 2.0, 5.0};
  size_t shown = high - low > 3.0 ? 1 : 3;
  for (double power = floor(low); power <= high; power += 1.0)
    for (size_t i = 0; i < shown; i++) {
      double at = power + log10(digits[i]);
      if (at >= low && at <= high) draw_tick(self, pow(10.0, at), vertical);
    }
}

static void draw_labels(plot *self, const char *title, const char *x_label,
                        const char *y_label) {
  double middle = 0.5 * (self->left + self->right);
  late->set_source_rgb(self->cairo, 0, 0, 0);
  draw_text(self, middle, self->bottom + 36, 0.5, 0.0, x_label);
  late->save(self->cairo);
  late->translate(self->cairo, self->left - 46, 0.5 * (self->top + self->bottom));
  late->rotate(self->cairo, -1.5707963267948966);
  draw_text(self, 0, 0, 0.5, 0.5, y_label);
  late->restore(self->cairo);
  late->set_font_size(self->cairo, 14);
  draw_text(self, middle, self->top - 10, 0.5, 0.0, title);
}

/* Makes a panel the current one and clears what the last one left behind. */
static void begin_panel(plot *self, int index, plot_range range, bool is_log) {
  int column = index % self->columns, row = index / self->columns;
  late->reset_clip(self->cairo);
  self->left = column * self->width + left_margin;
  self->right = (column + 1) * self->width - right_margin;
  self->top = row * self->height + top_margin;
  self->bottom = (row + 1) * self->height - bottom_margin;
  if (!(range.x1 > range.x0)) range.x1 = range.x0 + 1.0;
  if (!(range.y1 > range.y0)) range.y1 = range.y0 + 1.0;
  self->range = range;
  self->is_log = is_log;
  late->set_line_width(self->cairo, 1.0);
  late->set_font_size(self->cairo, 11);
}

static void draw_frame(plot *self) {
  late->rectangle(self->cairo, self->left, self->top, self->right - self->left,
                  self->bottom - self->top);
  late->set_source_rgb(self->cairo, 0.3, 0.3, 0.3);
  late->stroke_preserve(self->cairo);
  late->clip(self->cairo);
}

void plot_panel(plot *self, int index, const char *title, const char *x_label,
                const char *y_label, plot_range range) {
  if (!late) return;
  begin_panel(self, index, range, false);
  draw_ticks(self, self->range.x0, self->range.x1, 0);
  draw_ticks(self, self->range.y0, self->range.y1, 1);
  draw_labels(self, title, x_label, y_label);
  draw_frame(self);
}

void plot_panel_log(plot *self, int index, const char *title, const char *x_label,
                    const char *y_label, plot_range range) {
  if (!late) return;
  plot_range logs = {log10(range.x0), log10(range.x1), log10(range.y0), log10(range.y1)};
  begin_panel(self, index, logs, true);
  draw_log_ticks(self, logs.x0, logs.x1, 0);
  draw_log_ticks(self, logs.y0, logs.y1, 1);
  draw_labels(self, title, x_label, y_label);
  draw_frame(self);
}

void plot_line(plot *self, const double *x, const double *y, size_t n, int color) {
  if (!late) return;
  late->new_path(self->cairo);
  for (size_t i = 0; i < n; i++)
    late->line_to(self->cairo, to_x(self, x[i]), to_y(self, y[i]));
  use_color(self, color, 0.9);
  late->set_line_width(self->cairo, 1.6);
  late->stroke(self->cairo);
}

/* A mark of the same area for each shape. */
static void draw_mark(plot *self, double x, double y, int color, double radius) {
  const int shape = color / palette_size % 3;
  late->new_path(self->cairo);
  if (shape == 0) {
    late->arc(self->cairo, x, y, radius, 0, 6.2831853);
  } else if (shape == 1) {
    const double side = 1.772 * radius;
    late->rectangle(self->cairo, x - 0.5 * side, y - 0.5 * side, side, side);
  } else {
    late->move_to(self->cairo, x, y - 1.555 * radius);
    late->line_to(self->cairo, x - 1.347 * radius, y + 0.778 * radius);
    late->line_to(self->cairo, x + 1.347 * radius, y + 0.778 * radius);
    late->close_path(self->cairo);
  }
  late->fill(self->cairo);
}

void plot_dots(plot *self, const double *x, const double *y, const int32_t *color,
               size_t n, double radius) {
  if (!late) return;
  for (size_t i = 0; i < n; i++) {
    const int mark = color ? color[i] : 0;
    use_color(self, mark, 0.65);
    draw_mark(self, to_x(self, x[i]), to_y(self, y[i]), mark, radius);
  }
}

void plot_legend(plot *self, int row, int color, const char *text) {
  if (!late) return;
  const double y = (row < 0 ? self->bottom + 2 : self->top + 14) + 16 * row;
  cairo_text_extents_t size;
  late->set_font_size(self->cairo, 11);
  late->text_extents(self->cairo, text, &size);
  late->set_source_rgba(self->cairo, 1, 1, 1, 0.8);
  late->rectangle(self->cairo, self->right - size.width - 26, y - 8, size.width + 25, 16);
  late->fill(self->cairo);
  use_color(self, color, 1.0);
  draw_mark(self, self->right - 11, y, color, 5.0);
  late->set_source_rgb(self->cairo, 0.1, 0.1, 0.1);
  draw_text(self, self->right - 22, y, 1.0, 0.5, text);
}

/* The bytes of a PNG are made here, those of an SVG when the surface is finished. */
static cairo_status_t finish(plot *self) {
  cairo_status_t status = late->status(self->cairo);
  if (status == CAIRO_STATUS_SUCCESS && !is_svg(self->path))
    status = late->surface_write_to_png_stream(self->surface, append_bytes, &self->bytes);
  late->destroy(self->cairo);
  late->surface_finish(self->surface);
  if (status == CAIRO_STATUS_SUCCESS) status = late->surface_status(self->surface);
  late->surface_destroy(self->surface);
  return status;
}

void plot_drop(plot *self) {
  if (late) {
    late->destroy(self->cairo);
    late->surface_destroy(self->surface);
  }
  pflow_free(self->bytes.data);
}

int plot_end(plot *self) {
  if (!late) return say_failed("%s: no picture: %s", self->path, late_error());
  const cairo_status_t drawn = finish(self);
  const int status =
      drawn == CAIRO_STATUS_SUCCESS
          ? say_result(pflow_file_write(self->path, self->bytes.data, self->bytes.size))
          : say_failed("%s: %s", self->path, late->status_to_string(drawn));
  pflow_free(self->bytes.data);
  return status;
}

void plot_widen(const double *values, size_t n, double *low, double *high) {
  double least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    least = fmin(least, values[i]);
    most = fmax(most, values[i]);
  }
  least = fmin(*low, least);
  most = fmax(*high, most);
  double margin = 0.05 * (most - least);
  if (least < *low) *low = least - margin;
  if (most > *high) *high = most + margin;
  if (*low < *high) return;
  *low -= 1.0;
  *high += 1.0;
}
