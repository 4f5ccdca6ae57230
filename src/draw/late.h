/*
 * late.h - cairo, loaded when the first picture is drawn.
 *
 * It brings two dozen libraries along, which would cost every other use of a program more
 * time to start than all the rest.
 */
#ifndef DRAW_LATE_H
#define DRAW_LATE_H

#include <cairo-svg.h>
#include <stdbool.h>

/* Each function of cairo that is called, without its prefix. */
#define LATE_CAIRO(X)                                                                    \
  X(arc)                                                                                 \
  X(clip)                                                                                \
  X(close_path)                                                                          \
  X(create)                                                                              \
  X(destroy)                                                                             \
  X(fill)                                                                                \
  X(image_surface_create)                                                                \
  X(line_to)                                                                             \
  X(move_to)                                                                             \
  X(new_path)                                                                            \
  X(paint)                                                                               \
  X(rectangle)                                                                           \
  X(reset_clip)                                                                          \
  X(restore)                                                                             \
  X(rotate)                                                                              \
  X(save)                                                                                \
  X(select_font_face)                                                                    \
  X(set_font_size)                                                                       \
  X(set_line_width)                                                                      \
  X(set_source_rgb)                                                                      \
  X(set_source_rgba)                                                                     \
  X(show_text)                                                                           \
  X(status)                                                                              \
  X(status_to_string)                                                                    \
  X(stroke)                                                                              \
  X(stroke_preserve)                                                                     \
  X(surface_destroy)                                                                     \
  X(surface_finish)                                                                      \
  X(surface_status)                                                                      \
  X(surface_write_to_png_stream)                                                         \
  X(svg_surface_create_for_stream)                                                       \
  X(text_extents)                                                                        \
  X(translate)

typedef struct late_cairo {
#define LATE_MEMBER(name) __typeof__(&cairo_##name) name;
  LATE_CAIRO(LATE_MEMBER)
#undef LATE_MEMBER
} late_cairo;

/* The functions, or NULL where cairo cannot be loaded; late_error says why. */
const late_cairo *late_load(void);
const char *late_error(void);

#endif
