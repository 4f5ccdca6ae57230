/*
 * im2col.c - both directions go plane by plane (one channel of one image), so that planes
 * can run in parallel and stay in the cache.
 *
 * Where the output is as wide as the image and the stride is 1, the taps of a plane are
 * the plane itself, shifted: one long run instead of one short run a row, with the
 * columns that wrapped around set to 0.
 */
#include "kernels/im2col.h"

#include <string.h>

/* Values of patch rows that a chunk of the parallel loops handles at least. */
enum { chunk_values = 32768 };

typedef struct planes {
  const pf_window *window;
  const float *from; /* images of im2col */
  float *to;         /* images of col2im */
  float *patches;
  size_t n, columns; /* images; columns of the patch matrix */
} planes;

/* Where one tap meets the image: outputs low <= i < high, at inputs i * stride + at. */
typedef struct axis {
  size_t low, high;
  ptrdiff_t at;
} axis;

/* n / stride, without the division where there is none. */
static size_t strides(size_t n, size_t stride) {
  return stride == 1 ? n : n / stride;
}

static axis meet(size_t out, size_t in, size_t stride, size_t pad, size_t tap) {
  size_t low = tap < pad ? strides(pad - tap - 1, stride) + 1 : 0;
  size_t high = tap < in + pad ? strides(in + pad - tap - 1, stride) + 1 : 0;
  if (high > out) high = out;
  if (low > high) low = high;
  return (axis){low, high, (ptrdiff_t)tap - (ptrdiff_t)pad};
}

/* The padding of a line is a value or two, for which a call would be long. */
static void clear(float *values, size_t n) {
  if (n == 1) values[0] = 0.0f;
  if (n > 1) memset(values, 0, n * sizeof *values);
}

static void copy(float *to, const float *from, size_t n) {
  memcpy(to, from, n * sizeof *to);
}

static void add(float *restrict to, const float *restrict from, size_t n) {
  for (size_t i = 0; i < n; i++)
    to[i] += from[i];
}

static bool is_shift(const pf_window *w) {
  return w->stride_h == 1 && w->stride_w == 1 && w->out_w == w->width;
}

/* A shifted tap as one run: outputs begin <= i < end are inputs i + at. */
typedef struct run {
  size_t begin, end;
  ptrdiff_t at;
} run;

static run shifted_run(const pf_window *w, const axis *y, const axis *x) {
  ptrdiff_t at = y->at * (ptrdiff_t)w->width + x->at;
  if (y->low == y->high || x->low == x->high) return (run){0, 0, at};
  return (run){y->low * w->width + x->low, (y->high - 1) * w->width + x->high, at};
}

/* Sets columns first <= j < last of the met output rows to 0. */
static void clear_columns(const pf_window *w, const axis *y, size_t first, size_t last,
                          float *row) {
  for (size_t j = first; j < last; j++)
    for (size_t i = y->low; i < y->high; i++)
      row[i * w->out_w + j] = 0.0f;
}

/* Sets to 0 the outputs of the met rows whose column lies in the padding. */
static void clear_wrapped(const pf_window *w, const axis *y, const axis *x, float *row) {
  clear_columns(w, y, 0, x->low, row);
  clear_columns(w, y, x->high, w->out_w, row);
}

static void read_shifted(const pf_window *w, const axis *y, const axis *x,
                         const float *plane, float *row) {
  run r = shifted_run(w, y, x);
  clear(row, r.begin);
  if (r.end > r.begin)
    copy(row + r.begin, plane + ((ptrdiff_t)r.begin + r.at), r.end - r.begin);
  clear(row + r.end, w->out_h * w->out_w - r.end);
  clear_wrapped(w, y, x, row);
}

static void add_shifted(const pf_window *w, const axis *y, const axis *x, float *row,
                        float *plane) {
  run r = shifted_run(w, y, x);
  if (r.end == r.begin) return;
  clear_wrapped(w, y, x, row);
  add(plane + ((ptrdiff_t)r.begin + r.at), row + r.begin, r.end - r.begin);
}

/* First input that output row i of a tap meets, at output column x->low. */
static ptrdiff_t line_start(const pf_window *w, const axis *y, const axis *x, size_t i) {
  ptrdiff_t line = (ptrdiff_t)(i * w->stride_h) + y->at;
  return line * (ptrdiff_t)w->width + (ptrdiff_t)(x->low * w->stride_w) + x->at;
}

static void read_lines(const pf_window *w, const axis *y, const axis *x,
                       const float *plane, float *row) {
  size_t met = x->high - x->low;
  clear(row, y->low * w->out_w);
  for (size_t i = y->low; i < y->high; i++) {
    float *line = row + i * w->out_w;
    clear(line, x->low);
    if (met > 0) {
      const float *from = plane + line_start(w, y, x, i);
      for (size_t j = 0; j < met; j++)
        line[x->low + j] = from[j * w->stride_w];
    }
    clear(line + x->high, w->out_w - x->high);
  }
  clear(row + y->high * w->out_w, (w->out_h - y->high) * w->out_w);
}

static void add_lines(const pf_window *w, const axis *y, const axis *x, const float *row,
                      float *plane) {
  if (x->low == x->high) return;
  for (size_t i = y->low; i < y->high; i++) {
    const float *from = row + i * w->out_w + x->low;
    float *to = plane + line_start(w, y, x, i);
    for (size_t j = 0; j < x->high - x->low; j++)
      to[j * w->stride_w] += from[j];
  }
}

/* ---- a block of the patch matrix ---- */

/* Outputs begin <= j < end of an output row that meets the input row `line`. */
static void read_segment(const axis *x, size_t stride, const float *line, size_t begin,
                         size_t end, float *to) {
  const size_t low = x->low > begin ? x->low : begin;
  const size_t high = x->high < end ? x->high : end;
  if (low >= high) {
    clear(to, end - begin);
    return;
  }
  const float *from = line + ((ptrdiff_t)(low * stride) + x->at);
  clear(to, low - begin);
  if (stride == 1) copy(to + (low - begin), from, high - low);
  for (size_t j = low; j < high && stride > 1; j++)
    to[j - begin] = from[(j - low) * stride];
  clear(to + (high - begin), end - high);
}

/* One row of a block. */
static void read_row(const pf_window *w, const float *image, size_t row, size_t begin,
                     size_t end, float *to) {
  const size_t taps = w->kernel_h * w->kernel_w, tap = row % taps;
  const axis y = meet(w->out_h, w->height, w->stride_h, w->pad_h, tap / w->kernel_w);
  const axis x = meet(w->out_w, w->width, w->stride_w, w->pad_w, tap % w->kernel_w);
  const float *plane = image + row / taps * w->height * w->width;
  size_t i = begin / w->out_w;
  for (size_t at = begin, next; at < end; at = next, i++) {
    const size_t first = at - i * w->out_w;
    next = end < (i + 1) * w->out_w ? end : (i + 1) * w->out_w;
    if (i < y.low || i >= y.high) {
      clear(to + (at - begin), next - at);
    } else {
      const ptrdiff_t line = (ptrdiff_t)(i * w->stride_h) + y.at;
      read_segment(&x, w->stride_w, plane + line * (ptrdiff_t)w->width, first,
                   first + (next - at), to + (at - begin));
    }
  }
}

void pf_patch_block(const pf_window *window, const float *image, size_t row, size_t count,
                    size_t begin, size_t end, float *to, size_t stride) {
  for (size_t i = 0; i < count; i++)
    read_row(window, image, row + i, begin, end, to + i * stride);
}

/* ---- one tap over the planes begin <= plane < end ---- */

/* Planes are numbered channel first, so that neighbours fill the same patch rows. */
static size_t image_offset(const planes *p, size_t plane) {
  const pf_window *w = p->window;
  return (plane % p->n * w->channels + plane / p->n) * w->height * w->width;
}

static float *patch_row(const planes *p, size_t plane, size_t tap) {
  const pf_window *w = p->window;
  size_t row = plane / p->n * w->kernel_h * w->kernel_w + tap;
  return p->patches + row * p->columns + plane % p->n * w->out_h * w->out_w;
}

static void read_tap(const planes *p, size_t tap, size_t begin, size_t end) {
  const pf_window *w = p->window;
  const axis y = meet(w->out_h, w->height, w->stride_h, w->pad_h, tap / w->kernel_w);
  const axis x = meet(w->out_w, w->width, w->stride_w, w->pad_w, tap % w->kernel_w);
  const bool shift = is_shift(w);
  for (size_t plane = begin; plane < end; plane++) {
    const float *from = p->from + image_offset(p, plane);
    if (shift) {
      read_shifted(w, &y, &x, from, patch_row(p, plane, tap));
    } else {
      read_lines(w, &y, &x, from, patch_row(p, plane, tap));
    }
  }
}

static void add_tap(const planes *p, size_t tap, size_t begin, size_t end) {
  const pf_window *w = p->window;
  const axis y = meet(w->out_h, w->height, w->stride_h, w->pad_h, tap / w->kernel_w);
  const axis x = meet(w->out_w, w->width, w->stride_w, w->pad_w, tap % w->kernel_w);
  const bool shift = is_shift(w);
  for (size_t plane = begin; plane < end; plane++) {
    float *to = p->to + image_offset(p, plane);
    if (shift) {
      add_shifted(w, &y, &x, patch_row(p, plane, tap), to);
    } else {
      add_lines(w, &y, &x, patch_row(p, plane, tap), to);
    }
  }
}

/* ---- all taps ---- */

static int read_planes(size_t begin, size_t end, void *user) {
  const planes *p = user;
  for (size_t tap = 0; tap < p->window->kernel_h * p->window->kernel_w; tap++)
    read_tap(p, tap, begin, end);
  return 0;
}

static int add_planes(size_t begin, size_t end, void *user) {
  const planes *p = user;
  const pf_window *w = p->window;
  for (size_t plane = begin; plane < end; plane++)
    clear(p->to + image_offset(p, plane), w->height * w->width);
  for (size_t tap = 0; tap < w->kernel_h * w->kernel_w; tap++)
    add_tap(p, tap, begin, end);
  return 0;
}

static pflow_err for_planes(pflow_pool *pool, planes *p, pflow_range_fn body) {
  const pf_window *w = p->window;
  size_t values = w->kernel_h * w->kernel_w * w->out_h * w->out_w;
  p->columns = p->n * w->out_h * w->out_w;
  return pflow_parallel_for(pool, p->n * w->channels, chunk_values / values + 1, body, p);
}

pflow_err pf_im2col(pflow_pool *pool, const pf_window *window, const float *images,
                    size_t n, float *patches) {
  planes p = {.window = window, .from = images, .patches = patches, .n = n};
  return for_planes(pool, &p, read_planes);
}

pflow_err pf_col2im(pflow_pool *pool, const pf_window *window, float *patches, size_t n,
                    float *images) {
  planes p = {.window = window, .to = images, .patches = patches, .n = n};
  return for_planes(pool, &p, add_planes);
}
