/*
 * test_fft.c - kernels of convolutions in the Fourier domain, at every CPU level.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

static const double two_pi = 6.283185307179586476925286766559;

/* A spectrum of `rows` rows a pair, with a gap before the next. */
typedef struct spectrum {
  size_t n, rows, lanes, pair;
  float *values;
} spectrum;

static spectrum spectrum_create(size_t n, size_t rows, size_t lanes) {
  spectrum s = {n, rows, lanes, (2 * rows + 2) * lanes, NULL};
  s.values = normal_values(n * n / 2 * s.pair, 7);
  return s;
}

/* Value (u, v) of the plane in `lane` of a row, from one half or from the other. */
static void spectrum_at(const spectrum *s, size_t row, size_t lane, size_t u, size_t v,
                        double value[2]) {
  const size_t h = s->n / 2;
  const int other = v > h || (v % h == 0 && u > h);
  if (other) u = (s->n - u) % s->n, v = (s->n - v) % s->n;
  const int edge = v % h == 0, second = edge && u == h;
  const size_t at = edge ? v + (second ? 0 : u) : v * s->n + u;
  const float *pair = s->values + at * s->pair + row * 2 * s->lanes + lane;
  const int real = edge && u % h == 0;
  value[0] = pair[second ? s->lanes : 0];
  value[1] = real ? 0.0 : other ? -(double)pair[s->lanes] : (double)pair[s->lanes];
}

/* The transform of a plane, by its definition, with exponents of one sign. */
static void dft(size_t n, size_t height, size_t width, const float *plane, size_t u,
                size_t v, double value[2]) {
  value[0] = value[1] = 0.0;
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < width; x++) {
      const double angle = -two_pi * (double)((u * y + v * x) % n) / (double)n;
      value[0] += (double)plane[y * width + x] * cos(angle);
      value[1] += (double)plane[y * width + x] * sin(angle);
    }
  }
}

static void check_value(const char *level, const char *what, double got, double wanted,
                        double size) {
  ck_assert_msg(fabs(got - wanted) <= 1e-6 * size, "%s: %s is %g, not %g", level, what,
                got, wanted);
}

/* Every number of the spectra of `used` planes, and of the missing ones. */
static void check_forward(const pf_fft_kernels *f, const char *level,
                          const pf_fft_shape *shape, size_t used) {
  const size_t pixels = shape->height * shape->width;
  float *planes = normal_values(used * pixels, 1);
  spectrum s = spectrum_create(shape->n, 1, f->lanes);
  f->forward(shape, planes, used, s.values, s.pair);
  for (size_t lane = 0; lane < f->lanes; lane++) {
    for (size_t i = 0; i < shape->n * shape->n; i++) {
      double got[2], wanted[2] = {0.0, 0.0};
      const size_t u = i / shape->n, v = i % shape->n;
      spectrum_at(&s, 0, lane, u, v, got);
      if (lane < used)
        dft(shape->n, shape->height, shape->width, planes + lane * pixels, u, v, wanted);
      check_value(level, "forward", got[0], wanted[0], sqrt((double)pixels) + 4.0);
      check_value(level, "forward", got[1], wanted[1], sqrt((double)pixels) + 4.0);
    }
  }
  pflow_free(s.values);
  pflow_free(planes);
}

/* inverse(forward(planes)) is planes * n^2 + bias, and writes no more than that. */
static void check_inverse(const pf_fft_kernels *f, const char *level,
                          const pf_fft_shape *shape, size_t used, int bias) {
  const size_t pixels = shape->height * shape->width, size = used * pixels;
  const double scale = (double)(shape->n * shape->n);
  float *planes = normal_values(size, 2), *back = normal_values(size + 1, 3);
  float *biases = normal_values(used, 4);
  const float behind = back[size];
  spectrum s = spectrum_create(shape->n, 1, f->lanes);
  f->forward(shape, planes, used, s.values, s.pair);
  f->inverse(shape, s.values, s.pair, bias ? biases : NULL, used, back);
  for (size_t i = 0; i < size; i++)
    check_value(level, "inverse", back[i] / scale,
                planes[i] + (bias ? (double)biases[i / pixels] / scale : 0.0), 5.0);
  ck_assert(back[size] == behind);
  pflow_free(s.values);
  pflow_free(planes);
  pflow_free(back);
  pflow_free(biases);
}

static void check_images(const pf_kernels *kernels, const char *level) {
  static const pf_fft_shape shapes[] = {{8, 1, 1},    {8, 7, 7},    {8, 4, 6},
                                        {16, 15, 15}, {16, 8, 3},   {16, 1, 12},
                                        {32, 31, 31}, {32, 16, 20}, {32, 2, 31}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    check_forward(&kernels->fft, level, &shapes[i], i % kernels->fft.lanes + 1);
    for (size_t used = 1; used <= kernels->fft.lanes; used++)
      check_inverse(&kernels->fft, level, &shapes[i], used, used % 2);
  }
  check_forward(&kernels->fft, level, &shapes[1], kernels->fft.lanes);
}

START_TEST(images_at_every_level) {
  for_levels(check_images);
}
END_TEST

/* ---- kernels of 3 x 3 ---- */

/* Taps lie at offsets -1, 0, 1, or at 1, 0, -1. */
static double tap_angle(size_t n, size_t u, size_t v, size_t tap, int flip) {
  const double y = (double)(tap / 3) - 1.0, x = (double)(tap % 3) - 1.0;
  const double angle = two_pi * ((double)u * y + (double)v * x) / (double)n;
  return flip ? angle : -angle;
}

static void check_taps(const pf_fft_kernels *f, const char *level, size_t n, size_t used,
                       size_t stride, int flip) {
  const pf_fft_taps taps = {n, used, stride};
  float *kernels = normal_values(used * stride, 5);
  spectrum s = spectrum_create(n, 1, f->lanes);
  f->taps(&taps, kernels, flip, s.values, s.pair);
  for (size_t lane = 0; lane < f->lanes; lane++) {
    for (size_t i = 0; i < n * n; i++) {
      double got[2], wanted[2] = {0.0, 0.0};
      spectrum_at(&s, 0, lane, i / n, i % n, got);
      for (size_t k = 0; k < 9 && lane < used; k++) {
        const double angle = tap_angle(n, i / n, i % n, k, flip);
        wanted[0] += (double)kernels[lane * stride + k] * cos(angle);
        wanted[1] += (double)kernels[lane * stride + k] * sin(angle);
      }
      const double scale = 1.0 / (double)(n * n);
      check_value(level, "taps", got[0], wanted[0] * scale, 4.0 * scale);
      check_value(level, "taps", got[1], wanted[1] * scale, 4.0 * scale);
    }
  }
  pflow_free(s.values);
  pflow_free(kernels);
}

/* Any spectrum's way back at the taps, from all of its n x n numbers. */
static void check_add_taps(const pf_fft_kernels *f, const char *level, size_t n,
                           size_t used, size_t stride) {
  const pf_fft_taps taps = {n, used, stride};
  float *kernels = normal_values(used * stride, 6);
  float *before = normal_values(used * stride, 6);
  spectrum s = spectrum_create(n, 1, f->lanes);
  f->add_taps(&taps, s.values, s.pair, kernels);
  for (size_t at = 0; at < used * stride; at++) {
    double wanted = before[at], value[2];
    for (size_t i = 0; i < n * n && at % stride < 9; i++) {
      const double angle = tap_angle(n, i / n, i % n, at % stride, 1);
      spectrum_at(&s, 0, at / stride, i / n, i % n, value);
      wanted += (value[0] * cos(angle) - value[1] * sin(angle)) / (double)(n * n);
    }
    check_value(level, "add_taps", kernels[at], wanted, 4.0);
  }
  pflow_free(s.values);
  pflow_free(kernels);
  pflow_free(before);
}

static void check_all_taps(const pf_kernels *kernels, const char *level) {
  for (size_t n = 8; n <= 32; n *= 2) {
    for (size_t used = 1; used <= kernels->fft.lanes; used++) {
      check_taps(&kernels->fft, level, n, used, used % 2 ? 9 : 30, used % 4 < 2);
      check_add_taps(&kernels->fft, level, n, used, used % 2 ? 9 : 30);
    }
  }
}

START_TEST(taps_at_every_level) {
  for_levels(check_all_taps);
}
END_TEST

/* ---- products ---- */

/* Numbers of a value of a: first and second. */
static const float *a_at(const pf_fft_product *p, size_t lanes, int correlate, size_t i,
                         size_t q) {
  return correlate ? p->a + q * 2 * lanes + i
                   : p->a + q / lanes * p->a_stride + i * 2 * lanes + q % lanes;
}

static void check_product(const pf_fft_product *p, const char *level, size_t lanes,
                          int correlate) {
  for (size_t at = 0; at < p->m * lanes; at++) {
    const size_t i = at / lanes, lane = at % lanes;
    double re = 0.0, im = 0.0, size = 1.0;
    for (size_t q = 0; q < p->k; q++) {
      const float *a = a_at(p, lanes, correlate, i, q), *b = p->b + q * 2 * lanes + lane;
      const double a_im = correlate ? -(double)a[lanes] : (double)a[lanes];
      const double b_re = b[0], b_im = b[lanes];
      re += p->split ? a[0] * b_re : a[0] * b_re - a_im * b_im;
      im += p->split ? a[lanes] * b_im : a[0] * b_im + a_im * b_re;
      size += (fabs((double)a[0]) + fabs(a_im)) * (fabs(b_re) + fabs(b_im));
    }
    check_value(level, "product", p->c[i * 2 * lanes + lane], re, size);
    check_value(level, "product", p->c[i * 2 * lanes + lanes + lane], im, size);
  }
}

static void run_product(const pf_fft_kernels *f, const char *level, size_t m, size_t k,
                        int correlate, int split) {
  const size_t row = 2 * f->lanes, rows = correlate ? k : m + 1;
  const size_t blocks = correlate ? 1 : (k + f->lanes - 1) / f->lanes;
  float *a = normal_values(blocks * rows * row, 8), *b = normal_values(k * row, 9);
  float *c = normal_values((m + 1) * row, 10);
  const float behind = c[m * row];
  const pf_fft_product p = {m, k, split, a, rows * row, b, c};
  (correlate ? f->correlate : f->multiply)(&p);
  check_product(&p, level, f->lanes, correlate);
  ck_assert(c[m * row] == behind);
  pflow_free(a);
  pflow_free(b);
  pflow_free(c);
}

static void check_products(const pf_kernels *kernels, const char *level) {
  const size_t lengths[] = {1, 2, 3, 4, 5, 15, 16, 17, 40}, lanes = kernels->fft.lanes;
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
    for (size_t m = 1; m <= 19; m++) {
      for (int split = 0; split < 2; split++) {
        run_product(&kernels->fft, level, m, lengths[l], 0, split);
        run_product(&kernels->fft, level, m % lanes + 1, lengths[l], 1, split);
      }
    }
  }
}

START_TEST(products_at_every_level) {
  for_levels(check_products);
}
END_TEST

int main(void) {
  return run_tests(
      "fft", TESTS(images_at_every_level, taps_at_every_level, products_at_every_level));
}
