/*
 * fft.c - the oracle of the Fourier transforms' kernels: sums by the definition, in
 * double, over rows and then over columns.
 */
#include <math.h>
#include <string.h>

#include "kernels/fft_kernels.h"

enum { lanes = 4, most = 32 };

static const double two_pi = 6.283185307179586476925286766559;

/* A transform of n x n; values of real planes have im 0. */
typedef struct grid {
  size_t n;
  double re[most][most], im[most][most];
} grid;

/* One transform of n values `step` doubles apart. */
static void transform(size_t n, double sign, double *re, double *im, size_t step) {
  double to_re[most] = {0.0}, to_im[most] = {0.0};
  for (size_t k = 0; k < n; k++) {
    for (size_t j = 0; j < n; j++) {
      const double angle = two_pi * (double)(j * k % n) / (double)n;
      const double c = cos(angle), s = sign * sin(angle);
      to_re[k] += re[j * step] * c - im[j * step] * s;
      to_im[k] += re[j * step] * s + im[j * step] * c;
    }
  }
  for (size_t k = 0; k < n; k++) {
    re[k * step] = to_re[k];
    im[k * step] = to_im[k];
  }
}

static void transform_grid(grid *g, double sign) {
  for (size_t y = 0; y < g->n; y++)
    transform(g->n, sign, g->re[y], g->im[y], 1);
  for (size_t x = 0; x < g->n; x++)
    transform(g->n, sign, &g->re[0][x], &g->im[0][x], most);
}

/* Place of number u, v of the transform among the pairs; v <= n/2. */
static size_t pair_of(size_t n, size_t u, size_t v) {
  return v % (n / 2) == 0 ? v + u : v * n + u;
}

static void store_grid(const grid *g, float *to, size_t pair) {
  const size_t h = g->n / 2;
  for (size_t v = 0; v <= h; v++) {
    for (size_t u = 0; u < (v % h ? g->n : h); u++) {
      float *at = to + pair_of(g->n, u, v) * pair;
      at[0] = (float)g->re[u][v];
      at[lanes] = (float)(v % h == 0 && u == 0 ? g->re[h][v] : g->im[u][v]);
    }
  }
}

/* Fills both halves of the transform from the pairs. */
static void load_grid(grid *g, const float *from, size_t pair) {
  const size_t n = g->n, h = n / 2;
  for (size_t v = 0; v <= h; v++) {
    for (size_t u = 0; u < (v % h ? n : h); u++) {
      const float *at = from + pair_of(n, u, v) * pair;
      const size_t mu = (n - u) % n, mv = (n - v) % n;
      const int real = v % h == 0 && u == 0;
      g->re[u][v] = g->re[mu][mv] = at[0];
      g->im[u][v] = real ? 0.0 : at[lanes];
      g->im[mu][mv] = -g->im[u][v];
      if (real) g->re[h][v] = at[lanes];
      if (real) g->im[h][v] = 0.0;
    }
  }
}

static void forward(const pf_fft_shape *shape, const float *planes, size_t used,
                    float *to, size_t pair) {
  for (size_t lane = 0; lane < lanes; lane++) {
    grid g = {.n = shape->n};
    const float *plane = planes + lane * shape->height * shape->width;
    for (size_t y = 0; y < shape->height && lane < used; y++)
      for (size_t x = 0; x < shape->width; x++)
        g.re[y][x] = plane[y * shape->width + x];
    transform_grid(&g, -1.0);
    store_grid(&g, to + lane, pair);
  }
}

static void inverse(const pf_fft_shape *shape, const float *from, size_t pair,
                    const float *bias, size_t used, float *planes) {
  for (size_t lane = 0; lane < used; lane++) {
    grid g = {.n = shape->n};
    float *plane = planes + lane * shape->height * shape->width;
    load_grid(&g, from + lane, pair);
    transform_grid(&g, 1.0);
    for (size_t y = 0; y < shape->height; y++)
      for (size_t x = 0; x < shape->width; x++)
        plane[y * shape->width + x] =
            (float)(g.re[y][x] + (bias ? (double)bias[lane] : 0.0));
  }
}

/* Where tap 0, 1, 2 of an axis lies: at -1, 0, 1, or turned round. */
static size_t tap_at(size_t n, size_t tap, int flip) {
  return flip ? (n + 1 - tap) % n : (n + tap - 1) % n;
}

static void taps(const pf_fft_taps *t, const float *kernels, int flip, float *to,
                 size_t pair) {
  for (size_t lane = 0; lane < lanes; lane++) {
    grid g = {.n = t->n};
    for (size_t k = 0; k < 9 && lane < t->used; k++)
      g.re[tap_at(t->n, k / 3, flip)][tap_at(t->n, k % 3, flip)] =
          (double)kernels[lane * t->stride + k] / (double)(t->n * t->n);
    transform_grid(&g, -1.0);
    store_grid(&g, to + lane, pair);
  }
}

static void add_taps(const pf_fft_taps *t, const float *from, size_t pair,
                     float *kernels) {
  for (size_t lane = 0; lane < t->used; lane++) {
    grid g = {.n = t->n};
    load_grid(&g, from + lane, pair);
    transform_grid(&g, 1.0);
    for (size_t k = 0; k < 9; k++)
      kernels[lane * t->stride + k] +=
          (float)(g.re[tap_at(t->n, k / 3, 0)][tap_at(t->n, k % 3, 0)] /
                  (double)(t->n * t->n));
  }
}

/* Adds one product to a result, whose numbers lie `lanes` apart. */
static void add_product(int split, double a_re, double a_im, const float *b,
                        double c[2]) {
  const double b_re = b[0], b_im = b[lanes];
  c[0] += split ? a_re * b_re : a_re * b_re - a_im * b_im;
  c[1] += split ? a_im * b_im : a_re * b_im + a_im * b_re;
}

/* Result (i, lane) of a product; correlate's a runs along q, multiply's along i. */
static void product_value(const pf_fft_product *p, int along_q, size_t i, size_t lane) {
  double c[2] = {0.0, 0.0};
  for (size_t q = 0; q < p->k; q++) {
    const float *a = along_q ? p->a + q * 2 * lanes + i
                             : p->a + q / lanes * p->a_stride + i * 2 * lanes + q % lanes;
    const double im = along_q && !p->split ? -(double)a[lanes] : (double)a[lanes];
    add_product(p->split, a[0], im, p->b + q * 2 * lanes + lane, c);
  }
  p->c[i * 2 * lanes + lane] = (float)c[0];
  p->c[i * 2 * lanes + lanes + lane] = (float)c[1];
}

static void multiply(const pf_fft_product *p) {
  for (size_t i = 0; i < p->m; i++)
    for (size_t lane = 0; lane < lanes; lane++)
      product_value(p, 0, i, lane);
}

static void correlate(const pf_fft_product *p) {
  for (size_t i = 0; i < p->m; i++)
    for (size_t lane = 0; lane < lanes; lane++)
      product_value(p, 1, i, lane);
}

void pf_fill_fft_reference(pf_fft_kernels *to);
void pf_fill_fft_reference(pf_fft_kernels *to) {
  *to = (pf_fft_kernels){lanes, forward, inverse, taps, add_taps, multiply, correlate};
}
