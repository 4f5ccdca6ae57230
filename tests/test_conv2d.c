/*
 * test_conv2d.c - convolution against reference vectors, a direct sum and differences.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/gradient.h"
#include "support/suite.h"
#include "support/trial.h"

/* What a convolution computes, by six loops in double. */
typedef struct reference {
  double *y, *dx, *dw, *db;
} reference;

/* A layer, its input and the number of rows. */
typedef struct problem {
  pflow_conv2d_config config;
  size_t rows, channels, height, width;
} problem;

static double *zeros(size_t n) {
  double *values = calloc(n, sizeof *values);
  ck_assert(values != NULL);
  return values;
}

/* One output of one image: adds its products to y and to all gradients. */
static void reference_output(const problem *p, const trial *t, const float *w,
                             reference *r, size_t row, size_t out, size_t oy, size_t ox,
                             size_t at) {
  const pflow_conv2d_config *c = &p->config;
  for (size_t ch = 0; ch < p->channels; ch++) {
    for (size_t ky = 0; ky < c->kernel_h; ky++) {
      for (size_t kx = 0; kx < c->kernel_w; kx++) {
        size_t y = oy * c->stride_h + ky - c->pad_h, x = ox * c->stride_w + kx - c->pad_w;
        if (y >= p->height || x >= p->width) continue; /* also those that wrapped */
        size_t in = ((row * p->channels + ch) * p->height + y) * p->width + x;
        size_t k = ((out * p->channels + ch) * c->kernel_h + ky) * c->kernel_w + kx;
        r->y[at] += (double)w[k] * (double)t->x[in];
        r->dx[in] += (double)w[k] * (double)t->dy[at];
        r->dw[k] += (double)t->x[in] * (double)t->dy[at];
      }
    }
  }
}

static reference reference_create(const problem *p, const trial *t) {
  pflow_param weight = trial_array(t, "0.weight");
  pflow_layer_info info;
  ck_ok(pflow_net_layer_info(t->net, 0, &info));
  const size_t outs = info.out.dim[0], height = info.out.dim[1], width = info.out.dim[2];
  reference r = {zeros(t->rows * t->out), zeros(t->rows * t->in), zeros(weight.size),
                 zeros(outs)};
  for (size_t at = 0; at < t->rows * t->out; at++) {
    size_t plane = at / (height * width), out = plane % outs;
    if (p->config.bias) r.y[at] = (double)trial_array(t, "0.bias").value[out];
    r.db[out] += (double)t->dy[at];
    reference_output(p, t, weight.value, &r, plane / outs, out, at / width % height,
                     at % width, at);
  }
  return r;
}

static void reference_free(reference *r) {
  free(r->y);
  free(r->dx);
  free(r->dw);
  free(r->db);
}

static double compare(const char *what, const float *got, const double *want, size_t n) {
  double *wide = zeros(n);
  for (size_t i = 0; i < n; i++)
    wide[i] = (double)got[i];
  double error = check_close_f64(what, wide, want, n, 1e-5);
  free(wide);
  return error;
}

static trial trial_of(const problem *p, pflow_pool *pool, size_t scratch_bytes) {
  trial t = trial_begin(pool, scratch_bytes);
  ck_ok(pflow_net_add_conv2d_config(t.net, &p->config));
  trial_build(&t, (size_t[]){p->channels, p->height, p->width}, 3, p->rows);
  return t;
}

/* Runs a problem and compares everything with the reference; the largest error. */
static double check_problem(const problem *p, size_t scratch_bytes) {
  trial t = trial_of(p, NULL, scratch_bytes);
  pflow_param weight = trial_array(&t, "0.weight");
  for (size_t i = 0; i < weight.size; i++)
    if (i % 3 == 0) weight.value[i] *= -1.0f;
  trial_run(&t);
  reference want = reference_create(p, &t);
  double worst = compare("y", t.y, want.y, t.rows * t.out);
  worst = worst_of(worst, compare("dx", t.dx, want.dx, t.rows * t.in));
  worst = worst_of(worst, compare("dw", weight.grad, want.dw, weight.size));
  if (p->config.bias)
    worst = worst_of(worst, compare("db", trial_array(&t, "0.bias").grad, want.db,
                                    p->config.out_channels));
  reference_free(&want);
  trial_end(&t);
  return worst;
}

static size_t draw(pflow_rng *rng, size_t low, size_t high) {
  return low + (size_t)pflow_rng_below(rng, high - low + 1);
}

/* Small values of everything, such that the kernel fits into the padded image. */
static problem draw_problem(pflow_rng *rng) {
  problem p = {.rows = draw(rng, 1, 6), .channels = draw(rng, 1, 5)};
  pflow_conv2d_config *c = &p.config;
  pflow_conv2d_config_init(c);
  c->out_channels = draw(rng, 1, 5);
  c->kernel_h = draw(rng, 1, 5);
  c->kernel_w = draw(rng, 1, 5);
  c->stride_h = draw(rng, 1, 3);
  c->stride_w = draw(rng, 1, 3);
  if (draw(rng, 0, 1)) c->stride_h = c->stride_w = 1;
  c->pad_h = draw(rng, 0, 4);
  c->pad_w = draw(rng, 0, 1) ? c->kernel_w / 2 : draw(rng, 0, 4);
  c->bias = (int)draw(rng, 0, 1);
  p.height = draw(rng, c->kernel_h > 2 * c->pad_h ? c->kernel_h - 2 * c->pad_h : 1, 9);
  p.width = draw(rng, c->kernel_w > 2 * c->pad_w ? c->kernel_w - 2 * c->pad_w : 1, 9);
  return p;
}

START_TEST(random_problems_match_the_direct_sum) {
  const size_t scratch[] = {1, 4000, 20000, 0};
  double worst = 0.0;
  pflow_rng rng;
  pflow_rng_init(&rng, 3, 0);
  for (size_t i = 0; i < 400; i++) {
    problem p = draw_problem(&rng);
    worst = worst_of(worst, check_problem(&p, scratch[i % 4]));
  }
  printf("400 random convolutions: %.1e\n", worst);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* The Fourier way, where sums are up to 40 channels and both sides reach 31. */
START_TEST(transforms_match_the_direct_sum) {
  double worst = 0.0;
  pflow_rng rng;
  pflow_rng_init(&rng, 4, 0);
  for (size_t i = 0; i < 60; i++) {
    problem p = {.rows = draw(&rng, 1, 9), .channels = draw(&rng, 1, i % 4 ? 5 : 40)};
    pflow_conv2d_config_init(&p.config);
    p.config.algorithm = PFLOW_CONV_FFT;
    p.config.out_channels = draw(&rng, 1, i % 4 ? 5 : 40);
    p.config.pad_h = p.config.pad_w = 1;
    p.config.bias = (int)(i % 2);
    p.height = draw(&rng, 1, i % 4 ? 31 : 8);
    p.width = i % 3 ? p.height : draw(&rng, 1, i % 4 ? 31 : 8);
    worst = worst_of(worst, check_problem(&p, i % 5 ? 0 : 1));
  }
  printf("60 convolutions by transforms: %.1e\n", worst);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(extreme_settings_match_the_direct_sum) {
  problem p = {.rows = 2, .channels = 2, .height = 3, .width = 3};
  pflow_conv2d_config_init(&p.config);
  p.config.out_channels = 2;
  p.config.pad_h = p.config.pad_w = 2;
  p.config.stride_h = p.config.stride_w = SIZE_MAX; /* the first corner alone */
  check_problem(&p, 0);
  p.config.stride_h = p.config.stride_w = 1;
  p.config.kernel_h = p.config.kernel_w = 7; /* larger than the image */
  check_problem(&p, 0);
  p.config.kernel_h = 1;
  p.config.kernel_w = 9; /* as wide as the image, whole taps in the padding */
  p.config.pad_h = 0;
  p.config.pad_w = 4;
  check_problem(&p, 0);
}
END_TEST

/* ---- reference vectors ---- */

static double compare_golden(const char *folder, const char *name, const float *got) {
  golden want = golden_load(folder, name);
  double error = check_close(name, got, &want, 1e-5);
  golden_free(&want);
  return error;
}

static void check_golden(const char *name, pflow_conv2d_algorithm algorithm, size_t pad) {
  char folder[64];
  snprintf(folder, sizeof folder, "conv2d/%s", name);
  golden x = golden_load(folder, "x"), w = golden_load(folder, "w");
  golden gy = golden_load(folder, "gy");
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = w.shape[0];
  config.pad_h = config.pad_w = pad;
  config.algorithm = algorithm;
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_conv2d_config(t.net, &config));
  trial_build(&t, x.shape + 1, 3, x.shape[0]);
  ck_assert_uint_eq(t.rows * t.out, gy.size);
  trial_set(&t, "0.weight", w.f32);
  memcpy(t.x, x.f32, x.size * sizeof *t.x);
  memcpy(t.dy, gy.f32, gy.size * sizeof *t.dy);
  trial_run(&t);
  printf("%s, way %d: y %.1e, gx %.1e, gw %.1e\n", folder, algorithm,
         compare_golden(folder, "y", t.y), compare_golden(folder, "gx", t.dx),
         compare_golden(folder, "gw", trial_array(&t, "0.weight").grad));
  trial_end(&t);
  golden_free(&x);
  golden_free(&w);
  golden_free(&gy);
}

START_TEST(convolution_matches_golden) {
  const char *names[] = {"rgb32", "mid15", "deep7", "odd_nopad", "one_pixel"};
  for (size_t i = 0; i < 5; i++) {
    check_golden(names[i], PFLOW_CONV_GEMM, i == 3 ? 0 : 1);
    if (i != 0 && i != 3) check_golden(names[i], PFLOW_CONV_FFT, 1);
  }
}
END_TEST

/* ---- differences ---- */

START_TEST(gradients_match_differences) {
  const struct {
    size_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, height, width;
    int bias;
  } cases[] = {
      {3, 3, 1, 1, 1, 1, 5, 4, 1}, {1, 1, 1, 1, 0, 0, 3, 3, 0},
      {2, 3, 2, 1, 0, 1, 5, 4, 0}, {3, 2, 2, 3, 1, 0, 7, 5, 1},
      {3, 3, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 2, 2, 0, 0, 5, 5, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    problem p = {.rows = 3, .channels = 2};
    pflow_conv2d_config_init(&p.config);
    p.config.out_channels = 3;
    p.config.kernel_h = cases[i].kernel_h;
    p.config.kernel_w = cases[i].kernel_w;
    p.config.stride_h = cases[i].stride_h;
    p.config.stride_w = cases[i].stride_w;
    p.config.pad_h = cases[i].pad_h;
    p.config.pad_w = cases[i].pad_w;
    p.config.bias = cases[i].bias;
    p.height = cases[i].height;
    p.width = cases[i].width;
    trial t = trial_of(&p, NULL, 0);
    printf("case %zu: %.1e\n", i, check_gradients_at(t.net, t.x, t.rows, 0x1p-4f, 1e-4));
    trial_end(&t);
  }
}
END_TEST

int main(void) {
  return run_tests("conv2d",
                   TESTS(random_problems_match_the_direct_sum,
                         transforms_match_the_direct_sum,
                         extreme_settings_match_the_direct_sum,
                         convolution_matches_golden, gradients_match_differences));
}
