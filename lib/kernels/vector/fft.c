/*
 * fft.c - Fourier transforms with a channel in each lane, and products of spectra.
 *
 * Transforms are straight-line code of radix 2, built up size by size: of real values
 * along rows, then of complex ones along columns. A product of two complex numbers takes
 * three multiplications (Gauss), whose sums are kept apart until the end:
 *   k1 = br (ar + ai), k2 = ar (bi - br), k3 = ai (br + bi); re = k1 - k3, im = k1 + k2.
 */
#include "kernels/fft_kernels.h"
#include "kernels/vector/vector.h"

enum { most = 32, most_half = most / 2 }; /* the largest transform */

/* cos and sin of 2 pi i / 32; sin(i) is cos(i - 8). */
static const float cosine[most] = {
    1.0f,          0.980785280f,  0.923879533f,  0.831469612f,  0.707106781f,
    0.555570233f,  0.382683432f,  0.195090322f,  0.0f,          -0.195090322f,
    -0.382683432f, -0.555570233f, -0.707106781f, -0.831469612f, -0.923879533f,
    -0.980785280f, -1.0f,         -0.980785280f, -0.923879533f, -0.831469612f,
    -0.707106781f, -0.555570233f, -0.382683432f, -0.195090322f, 0.0f,
    0.195090322f,  0.382683432f,  0.555570233f,  0.707106781f,  0.831469612f,
    0.923879533f,  0.980785280f};

pf_always_inline float cos_of(size_t n, size_t i) {
  return cosine[i * (most / n) % most];
}

pf_always_inline float sin_of(size_t n, size_t i) {
  return cosine[(i * (most / n) + most - most / 4) % most];
}

/* ---- transforms of one length; `sign` is that of the exponent ---- */

/* to[k] and to[k + n/2] from the halves' k-th values. */
pf_always_inline void butterfly(size_t n, size_t k, float sign, const vf even[2],
                                const vf odd[2], vf *re, vf *im) {
  const size_t h = n / 2;
  const float c = cos_of(n, k), s = sign * sin_of(n, k);
  vf r = odd[0], i = odd[1];
  if (k == n / 4) {
    r = -sign * odd[1];
    i = sign * odd[0];
  } else if (k > 0) {
    r = c * odd[0] - s * odd[1];
    i = c * odd[1] + s * odd[0];
  }
  re[k] = even[0] + r;
  im[k] = even[1] + i;
  re[k + h] = even[0] - r;
  im[k + h] = even[1] - i;
}

pf_always_inline void complex_2(float sign, const vf *re, const vf *im, size_t stride,
                                vf *to_re, vf *to_im) {
  (void)sign;
  to_re[0] = re[0] + re[stride];
  to_im[0] = im[0] + im[stride];
  to_re[1] = re[0] - re[stride];
  to_im[1] = im[0] - im[stride];
}

#define define_complex(n, h)                                                             \
  pf_always_inline void complex_##n(float sign, const vf *re, const vf *im,              \
                                    size_t stride, vf *to_re, vf *to_im) {               \
    vf even_re[h], even_im[h], odd_re[h], odd_im[h];                                     \
    complex_##h(sign, re, im, 2 * stride, even_re, even_im);                             \
    complex_##h(sign, re + stride, im + stride, 2 * stride, odd_re, odd_im);             \
    _Pragma("GCC unroll 16") for (size_t k = 0; k < h; k++)                              \
        butterfly(n, k, sign, (const vf[2]){even_re[k], even_im[k]},                     \
                  (const vf[2]){odd_re[k], odd_im[k]}, to_re, to_im);                    \
  }
define_complex(4, 2) define_complex(8, 4) define_complex(16, 8) define_complex(32, 16)

    /* Of real values: to[k] for k <= n/2, imaginary parts for 0 < k < n/2 alone. */
    pf_always_inline void real_2(const vf *from, size_t stride, vf *re, vf *im) {
  (void)im;
  re[0] = from[0] + from[stride];
  re[1] = from[0] - from[stride];
}

/* to[k] and to[n/2 - k], 0 < k < n/4. */
pf_always_inline void real_butterfly(size_t n, size_t k, const vf even[2],
                                     const vf odd[2], vf *re, vf *im) {
  const float c = cos_of(n, k), s = sin_of(n, k);
  const vf r = c * odd[0] + s * odd[1], i = c * odd[1] - s * odd[0];
  re[k] = even[0] + r;
  im[k] = even[1] + i;
  re[n / 2 - k] = even[0] - r;
  im[n / 2 - k] = i - even[1];
}

#define define_real(n, h)                                                                \
  pf_always_inline void real_##n(const vf *from, size_t stride, vf *re, vf *im) {        \
    vf even_re[h / 2 + 1], even_im[h / 2 + 1], odd_re[h / 2 + 1], odd_im[h / 2 + 1];     \
    real_##h(from, 2 * stride, even_re, even_im);                                        \
    real_##h(from + stride, 2 * stride, odd_re, odd_im);                                 \
    re[0] = even_re[0] + odd_re[0];                                                      \
    re[h] = even_re[0] - odd_re[0];                                                      \
    re[h / 2] = even_re[h / 2];                                                          \
    im[h / 2] = -odd_re[h / 2];                                                          \
    _Pragma("GCC unroll 16") for (size_t k = 1; k < h / 2; k++)                          \
        real_butterfly(n, k, (const vf[2]){even_re[k], even_im[k]},                      \
                       (const vf[2]){odd_re[k], odd_im[k]}, re, im);                     \
  }
define_real(4, 2) define_real(8, 4) define_real(16, 8) define_real(32, 16)

    /* The way back: n times as large. */
    pf_always_inline void unreal_2(const vf *re, const vf *im, vf *to, size_t stride) {
  (void)im;
  to[0] = re[0] + re[1];
  to[stride] = re[0] - re[1];
}

pf_always_inline void unreal_butterfly(size_t n, size_t k, const vf *re, const vf *im,
                                       vf even[2], vf odd[2]) {
  const size_t h = n / 2;
  const float c = cos_of(n, k), s = sin_of(n, k);
  const vf r = re[k] - re[h - k], i = im[k] + im[h - k];
  even[0] = re[k] + re[h - k];
  even[1] = im[k] - im[h - k];
  odd[0] = c * r - s * i;
  odd[1] = c * i + s * r;
}

#define define_unreal(n, h)                                                              \
  pf_always_inline void unreal_##n(const vf *re, const vf *im, vf *to, size_t stride) {  \
    vf even_re[h / 2 + 1], even_im[h / 2 + 1], odd_re[h / 2 + 1], odd_im[h / 2 + 1];     \
    even_re[0] = re[0] + re[h];                                                          \
    odd_re[0] = re[0] - re[h];                                                           \
    even_re[h / 2] = re[h / 2] + re[h / 2];                                              \
    odd_re[h / 2] = -(im[h / 2] + im[h / 2]);                                            \
    _Pragma("GCC unroll 16") for (size_t k = 1; k < h / 2; k++) {                        \
      vf even[2], odd[2];                                                                \
      unreal_butterfly(n, k, re, im, even, odd);                                         \
      even_re[k] = even[0];                                                              \
      even_im[k] = even[1];                                                              \
      odd_re[k] = odd[0];                                                                \
      odd_im[k] = odd[1];                                                                \
    }                                                                                    \
    unreal_##h(even_re, even_im, to, 2 * stride);                                        \
    unreal_##h(odd_re, odd_im, to + stride, 2 * stride);                                 \
  }
define_unreal(4, 2) define_unreal(8, 4) define_unreal(16, 8) define_unreal(32, 16)

    /* ---- planes to vectors, one a pixel, and back ---- */

    static void load_pixels(const float *planes, size_t pixels, size_t used, vf *to) {
  size_t p = 0;
  for (; p + pf_lanes <= pixels; p += pf_lanes) {
    vf row[pf_lanes];
    pf_each (i, pf_lanes)
      row[i] = i < used ? vf_load(planes + i * pixels + p) : (vf){0.0f};
    vf_transpose(row);
    pf_each (i, pf_lanes)
      to[p + i] = row[i];
  }
  for (; p < pixels; p++) {
    float lane[pf_lanes] = {0.0f};
    for (size_t i = 0; i < used; i++)
      lane[i] = planes[i * pixels + p];
    to[p] = vf_load(lane);
  }
}

static void store_pixels(const vf *from, size_t pixels, size_t used, float *planes) {
  size_t p = 0;
  for (; p + pf_lanes <= pixels; p += pf_lanes) {
    vf row[pf_lanes];
    pf_each (i, pf_lanes)
      row[i] = from[p + i];
    vf_transpose(row);
    pf_each (i, pf_lanes)
      if (i < used) vf_store(planes + i * pixels + p, row[i]);
  }
  for (; p < pixels; p++) {
    float lane[pf_lanes];
    vf_store(lane, from[p]);
    for (size_t i = 0; i < used; i++)
      planes[i * pixels + p] = lane[i];
  }
}

/* ---- images ---- */

/* Number v of a row's transform, for all rows: the columns that are transformed next. */
typedef struct columns {
  vf re[most_half + 1][most], im[most_half + 1][most];
} columns;

pf_always_inline void store_pair(float *to, size_t pair, size_t at, vf first, vf second) {
  vf_store(to + at * pair, first);
  vf_store(to + at * pair + pf_lanes, second);
}

#define define_image(n, h)                                                               \
  static void rows_##n(const pf_fft_shape *shape, const vf *pixels, columns *to) {       \
    for (size_t y = 0; y < n; y++) {                                                     \
      vf row[n], re[h + 1], im[h + 1] = {{0.0f}};                                        \
      if (y >= shape->height) {                                                          \
        for (size_t v = 0; v <= h; v++)                                                  \
          to->re[v][y] = to->im[v][y] = (vf){0.0f};                                      \
        continue;                                                                        \
      }                                                                                  \
      _Pragma("GCC unroll 32") for (size_t x = 0; x < n; x++) row[x] =                   \
          x < shape->width ? pixels[y * shape->width + x] : (vf){0.0f};                  \
      real_##n(row, 1, re, im);                                                          \
      _Pragma("GCC unroll 32") for (size_t v = 0; v <= h; v++) {                         \
        to->re[v][y] = re[v];                                                            \
        if (v > 0 && v < h) to->im[v][y] = im[v];                                        \
      }                                                                                  \
    }                                                                                    \
  }                                                                                      \
  static void columns_##n(const columns *from, float *to, size_t pair) {                 \
    for (size_t v = 0; v <= h; v += h) {                                                 \
      vf re[h + 1], im[h + 1];                                                           \
      float *out = to + v * pair;                                                        \
      real_##n(from->re[v], 1, re, im);                                                  \
      store_pair(out, pair, 0, re[0], re[h]);                                            \
      _Pragma("GCC unroll 16") for (size_t u = 1; u < h; u++)                            \
          store_pair(out, pair, u, re[u], im[u]);                                        \
    }                                                                                    \
    for (size_t v = 1; v < h; v++) {                                                     \
      vf re[n], im[n];                                                                   \
      complex_##n(-1.0f, from->re[v], from->im[v], 1, re, im);                           \
      _Pragma("GCC unroll 32") for (size_t u = 0; u < n; u++)                            \
          store_pair(to, pair, v *n + u, re[u], im[u]);                                  \
    }                                                                                    \
  }                                                                                      \
  static void uncolumns_##n(const float *from, size_t pair, vf bias, columns *to) {      \
    for (size_t v = 0; v <= h; v += h) {                                                 \
      vf re[h + 1], im[h + 1];                                                           \
      const float *in = from + v * pair;                                                 \
      re[0] = v == 0 ? vf_load(in) + bias : vf_load(in);                                 \
      re[h] = vf_load(in + pf_lanes);                                                    \
      _Pragma("GCC unroll 16") for (size_t u = 1; u < h; u++) {                          \
        re[u] = vf_load(in + u * pair);                                                  \
        im[u] = vf_load(in + u * pair + pf_lanes);                                       \
      }                                                                                  \
      unreal_##n(re, im, to->re[v], 1);                                                  \
    }                                                                                    \
    for (size_t v = 1; v < h; v++) {                                                     \
      vf re[n], im[n];                                                                   \
      _Pragma("GCC unroll 32") for (size_t u = 0; u < n; u++) {                          \
        re[u] = vf_load(from + (v * n + u) * pair);                                      \
        im[u] = vf_load(from + (v * n + u) * pair + pf_lanes);                           \
      }                                                                                  \
      complex_##n(1.0f, re, im, 1, to->re[v], to->im[v]);                                \
    }                                                                                    \
  }                                                                                      \
  static void unrows_##n(const pf_fft_shape *shape, const columns *from, vf *pixels) {   \
    for (size_t y = 0; y < shape->height; y++) {                                         \
      vf row[n], re[h + 1], im[h + 1];                                                   \
      _Pragma("GCC unroll 32") for (size_t v = 0; v <= h; v++) {                         \
        re[v] = from->re[v][y];                                                          \
        if (v > 0 && v < h) im[v] = from->im[v][y];                                      \
      }                                                                                  \
      unreal_##n(re, im, row, 1);                                                        \
      _Pragma("GCC unroll 32") for (size_t x = 0; x < n; x++) if (x < shape->width)      \
          pixels[y * shape->width + x] = row[x];                                         \
    }                                                                                    \
  }
define_image(8, 4) define_image(16, 8) define_image(32, 16)

    static void forward(const pf_fft_shape *shape, const float *planes, size_t used,
                        float *to, size_t pair) {
  vf pixels[(most - 1) * (most - 1)];
  columns c;
  load_pixels(planes, shape->height * shape->width, used, pixels);
  if (shape->n == 8) {
    rows_8(shape, pixels, &c);
    columns_8(&c, to, pair);
  } else if (shape->n == 16) {
    rows_16(shape, pixels, &c);
    columns_16(&c, to, pair);
  } else {
    rows_32(shape, pixels, &c);
    columns_32(&c, to, pair);
  }
}

static void inverse(const pf_fft_shape *shape, const float *from, size_t pair,
                    const float *bias, size_t used, float *planes) {
  vf pixels[(most - 1) * (most - 1)];
  columns c;
  vf add = {0.0f};
  if (bias) add = used == pf_lanes ? vf_load(bias) : vf_load_part(bias, used);
  if (shape->n == 8) {
    uncolumns_8(from, pair, add, &c);
    unrows_8(shape, &c, pixels);
  } else if (shape->n == 16) {
    uncolumns_16(from, pair, add, &c);
    unrows_16(shape, &c, pixels);
  } else {
    uncolumns_32(from, pair, add, &c);
    unrows_32(shape, &c, pixels);
  }
  store_pixels(pixels, shape->height * shape->width, used, planes);
}

/* ---- kernels of 3 x 3: few values, so the sums are written out ---- */

/* A value at offset 0 and the sum and difference of those at 1 and -1. */
typedef struct triple {
  vf at, sum, difference;
} triple;

pf_always_inline triple make_triple(vf before, vf at, vf after) {
  return (triple){at, after + before, after - before};
}

/* Lane i gets number `at` of kernel i. */
static void load_taps(const pf_fft_taps *t, const float *kernels, vf tap[9]) {
  for (size_t k = 0; k < 9; k++) {
    float lane[pf_lanes] = {0.0f};
    for (size_t i = 0; i < t->used; i++)
      lane[i] = kernels[i * t->stride + k];
    tap[k] = vf_load(lane);
  }
}

/* Column v: from the rows' triples to the three rows' transforms, as triples along u. */
pf_always_inline void taps_column(size_t n, size_t v, const triple row[3], float sign,
                                  triple *re, triple *im) {
  const float c = cos_of(n, v), s = sign * sin_of(n, v);
  vf r[3], i[3];
  for (size_t y = 0; y < 3; y++) {
    r[y] = row[y].at + c * row[y].sum;
    i[y] = s * row[y].difference;
  }
  *re = make_triple(r[0], r[1], r[2]);
  *im = make_triple(i[0], i[1], i[2]);
}

pf_always_inline void taps_transform(size_t n, const vf tap[9], float sign, float *to,
                                     size_t pair) {
  const size_t h = n / 2;
  triple row[3], re, im;
  for (size_t y = 0; y < 3; y++)
    row[y] = make_triple(tap[3 * y], tap[3 * y + 1], tap[3 * y + 2]);
  for (size_t v = 0; v <= h; v++) {
    const size_t end = v % h == 0 ? h : n;
    float *out = to + (v % h == 0 ? v : v * n) * pair;
    taps_column(n, v, row, sign, &re, &im);
    for (size_t u = 0; u < end; u++) {
      const float c = cos_of(n, u), s = sign * sin_of(n, u);
      const vf r = re.at + c * re.sum - s * im.difference;
      const vf i = im.at + c * im.sum + s * re.difference;
      if (v % h == 0 && u == 0)
        store_pair(out, pair, 0, re.at + re.sum, re.at - re.sum);
      else
        store_pair(out, pair, u, r, i);
    }
  }
}

static void taps(const pf_fft_taps *t, const float *kernels, int flip, float *to,
                 size_t pair) {
  vf tap[9];
  load_taps(t, kernels, tap);
  const float scale = 1.0f / (float)(t->n * t->n), sign = flip ? 1.0f : -1.0f;
  for (size_t k = 0; k < 9; k++)
    tap[k] *= scale;
  if (t->n == 8)
    taps_transform(8, tap, sign, to, pair);
  else if (t->n == 16)
    taps_transform(16, tap, sign, to, pair);
  else
    taps_transform(32, tap, sign, to, pair);
}

/* Sums over u of column v: plain, times cos, times i sin; re and im. */
typedef struct column_sums {
  vf plain[2], cosine[2], sine[2];
} column_sums;

/* A column whose other half is its conjugate: all sums are real. */
pf_always_inline column_sums sum_edge(size_t n, const float *from, size_t pair) {
  const vf first = vf_load(from), second = vf_load(from + pf_lanes);
  column_sums sums = {{{0.0f}, {0.0f}}, {{0.0f}, {0.0f}}, {{0.0f}, {0.0f}}};
  for (size_t u = 1; u < n / 2; u++) {
    const vf re = 2.0f * vf_load(from + u * pair);
    const vf im = 2.0f * vf_load(from + u * pair + pf_lanes);
    sums.plain[0] += re;
    sums.cosine[0] += cos_of(n, u) * re;
    sums.sine[0] -= sin_of(n, u) * im;
  }
  sums.plain[0] += first + second;
  sums.cosine[0] += first - second;
  return sums;
}

pf_always_inline column_sums sum_column(size_t n, const float *from, size_t pair) {
  column_sums sums = {{{0.0f}, {0.0f}}, {{0.0f}, {0.0f}}, {{0.0f}, {0.0f}}};
  for (size_t u = 0; u < n; u++) {
    const vf re = vf_load(from + u * pair), im = vf_load(from + u * pair + pf_lanes);
    const float c = cos_of(n, u), s = sin_of(n, u);
    sums.plain[0] += re;
    sums.plain[1] += im;
    sums.cosine[0] += c * re;
    sums.cosine[1] += c * im;
    sums.sine[0] -= s * im;
    sums.sine[1] += s * re;
  }
  return sums;
}

/* Adds a row's part of column v, whose sum over u is (re, im), to its three taps. */
pf_always_inline void add_row(size_t n, size_t v, vf re, vf im, vf tap[3]) {
  const float c = cos_of(n, v), s = sin_of(n, v), twice = v % (n / 2) == 0 ? 1.0f : 2.0f;
  const vf plain = twice * re, across = twice * c * re, along = twice * s * im;
  tap[0] += across + along;
  tap[1] += plain;
  tap[2] += across - along;
}

pf_always_inline void taps_back(size_t n, const float *from, size_t pair, vf tap[9]) {
  const size_t h = n / 2;
  for (size_t v = 0; v <= h; v++) {
    const column_sums s = v % h == 0 ? sum_edge(n, from + v * pair, pair)
                                     : sum_column(n, from + v * n * pair, pair);
    add_row(n, v, s.cosine[0] - s.sine[0], s.cosine[1] - s.sine[1], tap);
    add_row(n, v, s.plain[0], s.plain[1], tap + 3);
    add_row(n, v, s.cosine[0] + s.sine[0], s.cosine[1] + s.sine[1], tap + 6);
  }
}

static void add_taps(const pf_fft_taps *t, const float *from, size_t pair,
                     float *kernels) {
  vf tap[9] = {{0.0f}};
  if (t->n == 8)
    taps_back(8, from, pair, tap);
  else if (t->n == 16)
    taps_back(16, from, pair, tap);
  else
    taps_back(32, from, pair, tap);
  const float scale = 1.0f / (float)(t->n * t->n);
  for (size_t k = 0; k < 9; k++) {
    float lane[pf_lanes];
    vf_store(lane, scale * tap[k]);
    for (size_t i = 0; i < t->used; i++)
      kernels[i * t->stride + k] += lane[i];
  }
}

/* ---- products ---- */

/* Three sums a row, three vectors of b and three of a: as many rows as registers hold. */
#if pf_lanes == 8
enum { product_rows = 3 };
#else
enum { product_rows = 8 };
#endif

/* Sums of a row: k1, k2, k3 of a complex product; the two sums of a split one. */
typedef vf sums[product_rows][3];

/* One q: rows of a lie `stride` apart. */
pf_always_inline void add_complex(size_t m, const float *a, size_t stride, const float *b,
                                  int conjugate, sums sum) {
  const vf re = vf_load(b), im = vf_load(b + pf_lanes);
  const vf difference = im - re, total = re + im;
  pf_each (i, m) {
    vf a_re = vf_set(a[i * stride]), a_im = vf_set(a[i * stride + pf_lanes]);
    vf_keep(a_re);
    vf_keep(a_im);
    sum[i][0] += (conjugate ? a_re - a_im : a_re + a_im) * re;
    sum[i][1] += a_re * difference;
    sum[i][2] += a_im * total;
  }
}

pf_always_inline void add_split(size_t m, const float *a, size_t stride, const float *b,
                                sums sum) {
  const vf first = vf_load(b), second = vf_load(b + pf_lanes);
  pf_each (i, m) {
    sum[i][0] += a[i * stride] * first;
    sum[i][1] += a[i * stride + pf_lanes] * second;
  }
}

pf_always_inline void store_sums(size_t m, int split, int conjugate, sums sum, float *c) {
  pf_each (i, m) {
    const vf third = conjugate ? -sum[i][2] : sum[i][2];
    vf_store(c + i * 2 * pf_lanes, split ? sum[i][0] : sum[i][0] - third);
    vf_store(c + i * 2 * pf_lanes + pf_lanes, split ? sum[i][1] : sum[i][0] + sum[i][1]);
  }
}

pf_always_inline void clear_sums(size_t m, sums sum) {
  pf_each (i, m)
    sum[i][0] = sum[i][1] = sum[i][2] = (vf){0.0f};
}

pf_always_inline void multiply_rows(size_t m, int split, const pf_fft_product *p) {
  sums sum;
  clear_sums(m, sum);
  const float *b = p->b;
  for (size_t first = 0; first < p->k; first += pf_lanes) {
    const size_t left = p->k - first, end = left < pf_lanes ? left : pf_lanes;
    const float *a = p->a + first / pf_lanes * p->a_stride;
    /* The rows of the next channels, else of the next call: no stream that the processor
     * would follow by itself. */
    const float *next = end < left ? a + p->a_stride : p->a + m * 2 * pf_lanes;
    pf_each (i, 2 * m)
      vf_fetch(next + i * pf_lanes);
    for (size_t q = 0; q < end; q++, b += 2 * pf_lanes) {
      if (split)
        add_split(m, a + q, 2 * pf_lanes, b, sum);
      else
        add_complex(m, a + q, 2 * pf_lanes, b, 0, sum);
    }
  }
  store_sums(m, split, 0, sum, p->c);
}

pf_always_inline void correlate_rows(size_t m, int split, const pf_fft_product *p) {
  sums sum;
  clear_sums(m, sum);
  for (size_t q = 0; q < p->k; q++) {
    const float *a = p->a + q * 2 * pf_lanes, *b = p->b + q * 2 * pf_lanes;
    if (split)
      add_split(m, a, 1, b, sum);
    else
      add_complex(m, a, 1, b, 1, sum);
  }
  store_sums(m, split, 1, sum, p->c);
}

/* m rows, m a constant, of both kinds. */
#define define_products(m)                                                               \
  static void multiply_##m(const pf_fft_product *p) {                                    \
    if (p->split)                                                                        \
      multiply_rows(m, 1, p);                                                            \
    else                                                                                 \
      multiply_rows(m, 0, p);                                                            \
  }                                                                                      \
  static void correlate_##m(const pf_fft_product *p) {                                   \
    if (p->split)                                                                        \
      correlate_rows(m, 1, p);                                                           \
    else                                                                                 \
      correlate_rows(m, 0, p);                                                           \
  }
define_products(1) define_products(2) define_products(3)
#if pf_lanes != 8
    define_products(4) define_products(5) define_products(6) define_products(7)
        define_products(8)
#endif

            typedef void (*product_of_rows)(const pf_fft_product *p);

static const product_of_rows multiplies[product_rows] = {
    multiply_1, multiply_2, multiply_3,
#if pf_lanes != 8
    multiply_4, multiply_5, multiply_6, multiply_7, multiply_8,
#endif
};

static const product_of_rows correlates[product_rows] = {
    correlate_1, correlate_2, correlate_3,
#if pf_lanes != 8
    correlate_4, correlate_5, correlate_6, correlate_7, correlate_8,
#endif
};

/* Any number of rows, `step` floats apart in a. */
pf_always_inline void for_rows(const product_of_rows table[], const pf_fft_product *p,
                               size_t step) {
  pf_fft_product part = *p;
  for (size_t left = p->m; left > 0; left -= part.m) {
    part.m = left < product_rows ? left : product_rows;
    table[part.m - 1](&part);
    part.a += part.m * step;
    part.c += part.m * 2 * pf_lanes;
  }
}

static void multiply(const pf_fft_product *p) {
  for_rows(multiplies, p, 2 * pf_lanes);
}

static void correlate(const pf_fft_product *p) {
  for_rows(correlates, p, 1);
}

void pf_fill(fft)(pf_fft_kernels *to);
void pf_fill(fft)(pf_fft_kernels *to) {
  *to = (pf_fft_kernels){pf_lanes, forward, inverse, taps, add_taps, multiply, correlate};
}
