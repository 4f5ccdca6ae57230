/*
 * test_layers.c - the built-in layers but conv2d against reference vectors, differences
 * and closed forms.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/golden.h"
#include "support/gradient.h"
#include "support/suite.h"
#include "support/trial.h"

/* Builds a trial for a golden input and runs it on golden x and gy. */
static void run_golden(trial *t, const char *folder) {
  golden x = golden_load(folder, "x"), gy = golden_load(folder, "gy");
  memcpy(t->x, x.f32, x.size * sizeof *t->x);
  memcpy(t->dy, gy.f32, gy.size * sizeof *t->dy);
  trial_run(t);
  golden_free(&x);
  golden_free(&gy);
}

static void build_golden(trial *t, const char *folder) {
  golden x = golden_load(folder, "x");
  trial_build(t, x.shape + 1, x.ndim - 1, x.shape[0]);
  golden_free(&x);
}

static void set_golden(const trial *t, const char *array, const char *folder,
                       const char *name) {
  golden values = golden_load(folder, name);
  ck_assert_uint_eq(trial_array(t, array).size, values.size);
  trial_set(t, array, values.f32);
  golden_free(&values);
}

static void compare(const char *folder, const char *name, const float *got) {
  golden want = golden_load(folder, name);
  double error = check_close(name, got, &want, 1e-5);
  printf("%s/%s: %.1e\n", folder, name, error);
  golden_free(&want);
}

START_TEST(linear_matches_golden) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_linear(t.net, 7, 1));
  build_golden(&t, "linear");
  set_golden(&t, "0.weight", "linear", "w");
  set_golden(&t, "0.bias", "linear", "b");
  run_golden(&t, "linear");
  compare("linear", "y", t.y);
  compare("linear", "gx", t.dx);
  compare("linear", "gw", trial_array(&t, "0.weight").grad);
  compare("linear", "gb", trial_array(&t, "0.bias").grad);
  trial_end(&t);
}
END_TEST

START_TEST(l2norm_matches_golden) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_l2norm(t.net));
  build_golden(&t, "l2norm");
  run_golden(&t, "l2norm");
  compare("l2norm", "y", t.y);
  compare("l2norm", "gx", t.dx);
  trial_end(&t);
}
END_TEST

START_TEST(maxpool_matches_golden) {
  const char *folders[] = {"maxpool2d/h32", "maxpool2d/h15", "maxpool2d/h7"};
  for (size_t i = 0; i < 3; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_maxpool2d(t.net, 3, 2));
    build_golden(&t, folders[i]);
    run_golden(&t, folders[i]);
    compare(folders[i], "y", t.y);
    compare(folders[i], "gx", t.dx);
    trial_end(&t);
  }
}
END_TEST

START_TEST(batchnorm_matches_golden) {
  const char *folders[] = {"batchnorm/bn1d", "batchnorm/bn2d"};
  for (size_t i = 0; i < 2; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_batchnorm(t.net));
    build_golden(&t, folders[i]);
    set_golden(&t, "0.weight", folders[i], "gamma");
    set_golden(&t, "0.bias", folders[i], "beta");
    run_golden(&t, folders[i]);
    compare(folders[i], "y_train", t.y);
    compare(folders[i], "gx", t.dx);
    compare(folders[i], "ggamma", trial_array(&t, "0.weight").grad);
    compare(folders[i], "gbeta", trial_array(&t, "0.bias").grad);
    compare(folders[i], "running_mean", trial_array(&t, "0.running_mean").value);
    compare(folders[i], "running_var", trial_array(&t, "0.running_var").value);
    ck_ok(pflow_net_predict(t.net, t.work, t.x, t.rows, t.y));
    compare(folders[i], "y_eval", t.y);
    trial_end(&t);
  }
}
END_TEST

/* ---- gradients against differences ---- */

/* Distinct values a multiple of `gap` away from 0 and from each other. */
static void spread_values(float *x, size_t n, double gap) {
  size_t place[512];
  pflow_rng rng;
  ck_assert(n <= 512);
  pflow_rng_init(&rng, 7, 0);
  pflow_rng_permutation(&rng, place, n);
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(gap * ((double)place[i] - (double)(n / 2) + 0.5));
}

static void check_trial(trial *t, const char *what, double tolerance) {
  printf("%s: %.1e\n", what,
         check_gradients_at(t->net, t->x, t->rows, 0x1p-4f, tolerance));
  trial_end(t);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(linear_gradients) {
  for (int bias = 0; bias <= 1; bias++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_linear(t.net, 3, bias));
    trial_build(&t, (size_t[]){5}, 1, 4);
    check_trial(&t, "linear", 1e-4);
  }
}
END_TEST

START_TEST(batchnorm_gradients) {
  const size_t shapes[][3] = {{7}, {3, 2, 2}, {2, 5, 3}, {1, 1, 1}};
  for (size_t i = 0; i < 4; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_batchnorm(t.net));
    trial_build(&t, shapes[i], i == 0 ? 1 : 3, 6);
    for (size_t k = 0; k < t.rows * t.in; k++)
      t.x[k] = 2.0f * t.x[k] + 3.0f;
    check_trial(&t, "batchnorm", 1e-4);
  }
}
END_TEST

START_TEST(relu_gradients) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_relu(t.net));
  trial_build(&t, (size_t[]){2, 3, 3}, 3, 3);
  spread_values(t.x, t.rows * t.in, 0.5);
  check_trial(&t, "relu", 1e-4);
}
END_TEST

START_TEST(silu_gradients) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_silu(t.net));
  trial_build(&t, (size_t[]){17}, 1, 3);
  for (size_t i = 0; i < t.rows * t.in; i++)
    t.x[i] *= 3.0f;
  check_trial(&t, "silu", 1e-4);
}
END_TEST

START_TEST(maxpool_gradients) {
  const size_t settings[][2] = {{3, 2}, {2, 2}, {2, 1}, {1, 1}, {2, 3}, {1, 4}};
  for (size_t i = 0; i < 6; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_maxpool2d(t.net, settings[i][0], settings[i][1]));
    trial_build(&t, (size_t[]){2, 5, 7}, 3, 2);
    spread_values(t.x, t.rows * t.in, 0.3);
    check_trial(&t, "maxpool2d", 1e-4);
  }
}
END_TEST

START_TEST(l2norm_gradients) {
  const size_t shapes[][3] = {{9}, {2, 3, 2}};
  for (size_t i = 0; i < 2; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_l2norm(t.net));
    trial_build(&t, shapes[i], i == 0 ? 1 : 3, 4);
    check_trial(&t, "l2norm", 1e-4);
  }
}
END_TEST

/* ---- closed forms and rules ---- */

START_TEST(silu_is_exact_over_the_whole_range) {
  enum { n = 4001 };
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_silu(t.net));
  trial_build(&t, (size_t[]){n}, 1, 1);
  for (size_t i = 0; i < n; i++)
    t.x[i] = (float)i * 0.1f - 200.0f;
  trial_run(&t);
  for (size_t i = 0; i < n; i++) {
    double x = t.x[i], s = 1.0 / (1.0 + exp(-x)), y = x * s;
    double slope = (double)t.dy[i] * s * (1.0 + x * (1.0 - s));
    ck_assert_msg(fabs((double)t.y[i] - y) <= 5e-7 * fabs(y) + 1e-35, "silu(%g)", x);
    ck_assert_msg(fabs((double)t.dx[i] - slope) <= 1e-6 * fabs((double)t.dy[i]),
                  "slope of silu at %g: %g, wants %g", x, t.dx[i], slope);
  }
  trial_end(&t);
}
END_TEST

START_TEST(relu_has_no_slope_at_zero) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_relu(t.net));
  trial_build(&t, (size_t[]){4}, 1, 1);
  memcpy(t.x, (float[]){-1, 0, 2, -INFINITY}, 4 * sizeof *t.x);
  trial_run(&t);
  ck_assert(t.y[0] == 0 && t.y[1] == 0 && t.y[2] == 2 && t.y[3] == 0);
  ck_assert(t.dx[0] == 0 && t.dx[1] == 0 && t.dx[2] == t.dy[2] && t.dx[3] == 0);
  trial_end(&t);
}
END_TEST

START_TEST(nan_passes) {
  pflow_err (*const add[])(pflow_net *) = {pflow_net_add_relu, pflow_net_add_silu,
                                           pflow_net_add_l2norm, pflow_net_add_flatten};
  for (size_t i = 0; i < 5; i++) {
    trial t = trial_begin(NULL, 0);
    ck_ok(i < 4 ? add[i](t.net) : pflow_net_add_maxpool2d(t.net, 2, 2));
    trial_build(&t, (size_t[]){1, 2, 4}, 3, 1);
    t.x[1] = NAN; /* in its window neither the first value nor the last */
    trial_run(&t);
    ck_assert(isnan(t.y[i < 4]));
    ck_assert(i == 2 || !isnan(t.y[t.out - 1]));
    trial_end(&t);
  }
}
END_TEST

START_TEST(maxpool_gives_ties_to_the_first) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_maxpool2d(t.net, 3, 3));
  trial_build(&t, (size_t[]){1, 3, 6}, 3, 1);
  memset(t.x, 0, t.in * sizeof *t.x);
  t.x[5] = t.x[9] = t.x[17] = 1.0f; /* second window, three times its largest */
  trial_run(&t);
  ck_assert(t.dx[0] == t.dy[0] && t.dx[5] == t.dy[1]);
  for (size_t i = 1; i < t.in; i++)
    ck_assert(i == 5 || t.dx[i] == 0.0f);
  trial_end(&t);
}
END_TEST

/* Wide lines go through the pooling in pieces. */
START_TEST(maxpool_of_wide_images) {
  enum { width = 301, height = 4, out = 150 };
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_maxpool2d(t.net, 3, 2));
  trial_build(&t, (size_t[]){2, height, width}, 3, 2);
  trial_run(&t);
  for (size_t plane = 0; plane < 4; plane++) {
    for (size_t x = 0; x < out; x++) {
      float best = -INFINITY;
      for (size_t i = 0; i < 9; i++)
        best = fmaxf(best, t.x[(plane * height + i / 3) * width + 2 * x + i % 3]);
      ck_assert(t.y[plane * out + x] == best);
    }
  }
  trial_end(&t);
}
END_TEST

START_TEST(l2norm_keeps_zero_rows_and_extreme_scales) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_l2norm(t.net));
  trial_build(&t, (size_t[]){3}, 1, 4);
  memcpy(t.x, (float[]){0, 0, 0, 1e-40f, 0, 0, 3e38f, -3e38f, 0, 3, 0, 4},
         12 * sizeof *t.x);
  trial_run(&t);
  for (size_t i = 0; i < 3; i++)
    ck_assert(t.y[i] == 0.0f && t.dx[i] == 0.0f);
  ck_assert(t.y[3] == 1.0f && fabsf(t.y[6] - sqrtf(0.5f)) < 1e-6f);
  ck_assert(fabsf(t.y[9] - 0.6f) < 1e-7f && fabsf(t.y[11] - 0.8f) < 1e-7f);
  trial_end(&t);
}
END_TEST

/* Statistics of a large mean: two passes in double, against two passes in double. */
START_TEST(batchnorm_bears_large_means) {
  enum { rows = 40, places = 300 };
  for (int image = 0; image <= 1; image++) {
    const size_t count = image ? rows * places : rows;
    trial t = trial_begin(NULL, 0);
    ck_ok(pflow_net_add_batchnorm(t.net));
    trial_build(&t, image ? (size_t[]){1, 1, places} : (size_t[]){1}, image ? 3 : 1,
                rows);
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < count; i++)
      mean += (double)(t.x[i] += 1000.0f) / (double)count;
    for (size_t i = 0; i < count; i++)
      square += pow((double)t.x[i] - mean, 2);
    trial_run(&t);
    double var = trial_array(&t, "0.running_var").value[0];
    double want = 0.9 + 0.1 * square / (double)(count - 1);
    ck_assert_msg(fabs(var - want) <= 1e-6 * want, "variance %.9g of %.9g", var, want);
    trial_end(&t);
  }
}
END_TEST

START_TEST(batchnorm_uses_its_settings) {
  pflow_batchnorm_config config;
  pflow_batchnorm_config_init(&config);
  config.eps = 3.0;
  config.momentum = 0.75;
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_batchnorm_config(t.net, &config));
  trial_build(&t, (size_t[]){1}, 1, 2);
  trial_set(&t, "0.weight", (float[]){1});
  trial_set(&t, "0.bias", (float[]){0});
  t.x[0] = 4.0f;
  t.x[1] = 6.0f; /* mean 5, biased variance 1, unbiased 2 */
  trial_run(&t);
  ck_assert(t.y[0] == -0.5f && t.y[1] == 0.5f);
  ck_assert(trial_array(&t, "0.running_mean").value[0] == 3.75f);
  ck_assert(trial_array(&t, "0.running_var").value[0] == 1.75f);
  trial_end(&t);
}
END_TEST

START_TEST(batchnorm_wants_two_values_a_channel) {
  trial t = trial_begin(NULL, 0);
  const float *y;
  ck_ok(pflow_net_add_relu(t.net));
  ck_ok(pflow_net_add_batchnorm(t.net));
  trial_build(&t, (size_t[]){3, 1, 1}, 3, 2);
  ck_fails(pflow_net_forward(t.net, t.work, t.x, 1, &y), PFLOW_ESHAPE,
           "batchnorm 1 wants at least 2 values a channel to train on, got 1");
  ck_ok(pflow_net_predict(t.net, t.work, t.x, 1, t.y));
  ck_ok(pflow_net_forward(t.net, t.work, t.x, 2, &y));
  trial_end(&t);
}
END_TEST

int main(void) {
  return run_tests(
      "layers",
      TESTS(linear_matches_golden, l2norm_matches_golden, maxpool_matches_golden,
            batchnorm_matches_golden, linear_gradients, batchnorm_gradients,
            relu_gradients, silu_gradients, maxpool_gradients, l2norm_gradients,
            silu_is_exact_over_the_whole_range, relu_has_no_slope_at_zero, nan_passes,
            maxpool_gives_ties_to_the_first, maxpool_of_wide_images,
            l2norm_keeps_zero_rows_and_extreme_scales, batchnorm_bears_large_means,
            batchnorm_uses_its_settings, batchnorm_wants_two_values_a_channel));
}
