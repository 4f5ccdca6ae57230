/*
 * test_conv2d_ways.c - the ways to compute a convolution against each other, and what
 * their results may depend on.
 * With PFLOW_TEST_SWEEP set, thousands of random shapes are tried.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "support/levels.h"
#include "support/suite.h"
#include "support/trial.h"

typedef struct problem {
  size_t rows, in, out, height, width;
  int bias;
} problem;

static trial trial_of(const problem *p, pflow_conv2d_algorithm algorithm,
                      pflow_pool *pool, size_t scratch_bytes) {
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = p->out;
  config.pad_h = config.pad_w = 1;
  config.bias = p->bias;
  config.algorithm = algorithm;
  trial t = trial_begin(pool, scratch_bytes);
  ck_ok(pflow_net_add_conv2d_config(t.net, &config));
  trial_build(&t, (size_t[]){p->in, p->height, p->width}, 3, p->rows);
  float *params = pflow_net_params(t.net);
  for (size_t i = 0; i < pflow_net_param_size(t.net); i++)
    if (i % 3 != 1) params[i] -= 1.0f;
  trial_run(&t);
  return t;
}

/* Largest difference, relative to the largest value. */
static double difference(const float *a, const float *b, size_t n) {
  double scale = 1e-30, worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    scale = fmax(scale, fabs((double)b[i]));
    worst = worst_of(worst, fabs((double)a[i] - (double)b[i]));
  }
  return worst / scale;
}

static double check_same(const trial *a, const trial *b, double tolerance) {
  const double y = difference(a->y, b->y, a->rows * a->out);
  const double dx = difference(a->dx, b->dx, a->rows * a->in);
  const double grads = difference(pflow_net_grads(a->net), pflow_net_grads(b->net),
                                  pflow_net_param_size(a->net));
  ck_assert_msg(y <= tolerance && dx <= tolerance && grads <= tolerance,
                "%zu rows of %zu to %zu values: y %.1e, dx %.1e, gradients %.1e", a->rows,
                a->in, a->out, y, dx, grads);
  return worst_of(y, worst_of(dx, grads));
}

static size_t draw(pflow_rng *rng, size_t low, size_t high) {
  return low + (size_t)pflow_rng_below(rng, high - low + 1);
}

/* Transforms in plain C are slow: there, every 21st shape is a large one. */
static problem draw_problem(pflow_rng *rng, size_t i) {
  const bool large = pf_cpu_get() != pf_cpu_reference || i % 21 == 0;
  const size_t channels = large ? 40 : 8, side = large ? 31 : 15;
  problem p;
  p.rows = draw(rng, 1, 9);
  p.in = draw(rng, 1, channels);
  p.out = draw(rng, 1, channels);
  p.height = draw(rng, 1, side);
  p.width = draw(rng, 1, side);
  p.bias = (int)draw(rng, 0, 1);
  if (i % 2) p.width = p.height;
  return p;
}

START_TEST(both_ways_agree) {
  const size_t shapes = sweep_step() == 1 ? 5000 : 200;
  double worst = 0.0;
  pflow_rng rng;
  pflow_rng_init(&rng, 5, 0);
  for (size_t i = 0; i < shapes; i++) {
    const problem p = draw_problem(&rng, i);
    trial fft = trial_of(&p, PFLOW_CONV_FFT, NULL, i % 3 ? 0 : 1 + i * 4000);
    trial gemm = trial_of(&p, PFLOW_CONV_GEMM, NULL, 0);
    worst = worst_of(worst, check_same(&fft, &gemm, 1e-5));
    trial_end(&fft);
    trial_end(&gemm);
  }
  printf("%zu shapes: %.1e\n", shapes, worst);
}
END_TEST

/* ---- what a result may depend on, for each way ---- */

/* Transforms in plain C are too slow for more than a few shapes. */
static void for_ways(void (*check)(pflow_conv2d_algorithm way)) {
  check(PFLOW_CONV_GEMM);
  if (pf_cpu_get() != pf_cpu_reference) check(PFLOW_CONV_FFT);
}

/* The BLAS of the reference level rounds by the sizes of its products. */
static void check_equal(const float *a, const float *b, size_t n) {
  if (pf_cpu_get() != pf_cpu_reference) {
    ck_assert_mem_eq(a, b, n * sizeof *a);
  } else {
    ck_assert_double_le(difference(a, b, n), 1e-6);
  }
}

/* Outputs and gradients of images have the same bits; sums over pieces are rounded. */
static void check_scratch(pflow_conv2d_algorithm way) {
  const problem p = {21, 40, 70, 7, 6, 1};
  const size_t scratch[] = {1, 300000, 1000000, 2000000};
  trial whole = trial_of(&p, way, NULL, (size_t)1 << 30);
  for (size_t i = 0; i < 4; i++) {
    trial t = trial_of(&p, way, NULL, scratch[i]);
    ck_assert_uint_lt(pflow_net_work_bytes(t.work), pflow_net_work_bytes(whole.work));
    check_equal(t.y, whole.y, t.rows * t.out);
    check_equal(t.dx, whole.dx, t.rows * t.in);
    check_same(&t, &whole, 1e-6);
    trial_end(&t);
  }
  trial_end(&whole);
}

static void check_threads(pflow_conv2d_algorithm way) {
  const problem p = {19, 37, 50, 15, 13, 1};
  const size_t threads[] = {1, 2, 3, 5};
  trial first = {0};
  pflow_pool *pool[4];
  for (size_t i = 0; i < 4; i++) {
    ck_ok(pflow_pool_create(&pool[i], threads[i]));
    trial t = trial_of(&p, way, pool[i], 3000000);
    if (i == 0) {
      first = t;
      continue;
    }
    ck_assert_mem_eq(t.y, first.y, t.rows * t.out * sizeof *t.y);
    ck_assert_mem_eq(t.dx, first.dx, t.rows * t.in * sizeof *t.dx);
    ck_assert_mem_eq(pflow_net_grads(t.net), pflow_net_grads(first.net),
                     pflow_net_param_size(t.net) * sizeof(float));
    trial_end(&t);
  }
  trial_end(&first);
  for (size_t i = 0; i < 4; i++)
    pflow_pool_destroy(pool[i]);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

static void check_rows(pflow_conv2d_algorithm way) {
  const problem p = {30, 20, 33, 7, 7, 0};
  trial t = trial_of(&p, way, NULL, 0);
  float *y = malloc(p.rows * t.out * sizeof *y);
  ck_assert_ptr_nonnull(y);
  for (size_t rows = 1; rows <= p.rows; rows += 3) {
    pflow_net_work *work;
    ck_ok(pflow_net_work_create(&work, t.net, rows, PFLOW_INFERENCE));
    ck_ok(pflow_net_predict(t.net, work, t.x, p.rows, y));
    check_equal(y, t.y, p.rows * t.out);
    pflow_net_work_destroy(work);
  }
  free(y);
  trial_end(&t);
}

static void check_gradients_add_up(pflow_conv2d_algorithm way) {
  const problem p = {9, 17, 18, 7, 7, 1};
  trial t = trial_of(&p, way, NULL, 0);
  const size_t size = pflow_net_param_size(t.net);
  float *twice = malloc(size * sizeof *twice), *grads = pflow_net_grads(t.net);
  ck_assert_ptr_nonnull(twice);
  for (size_t i = 0; i < size; i++)
    twice[i] = 2.0f * grads[i];
  trial_run_again(&t);
  ck_assert(difference(twice, grads, size) <= 1e-6);
  free(twice);
  trial_end(&t);
}

START_TEST(scratch_changes_rounding_alone) {
  for_ways(check_scratch);
}
END_TEST

START_TEST(threads_change_nothing) {
  for_ways(check_threads);
}
END_TEST

START_TEST(a_row_does_not_depend_on_the_others) {
  for_ways(check_rows);
}
END_TEST

START_TEST(gradients_add_up_and_do_not_need_dx) {
  for_ways(check_gradients_add_up);
}
END_TEST

/* ---- the choice ---- */

static pflow_err build(pflow_conv2d_config *config, size_t side) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_relu(net));
  pflow_err rc = pflow_net_add_conv2d_config(net, config);
  if (rc == PFLOW_OK) rc = pflow_net_build(net, (size_t[]){2, side, 7}, 3);
  pflow_net_destroy(net);
  return rc;
}

START_TEST(shapes_that_transforms_do_not_serve_are_refused) {
  pflow_conv2d_config good;
  pflow_conv2d_config_init(&good);
  good.out_channels = 3;
  good.pad_h = good.pad_w = 1;
  good.algorithm = PFLOW_CONV_FFT;
  ck_ok(build(&good, 31));
  ck_fails(build(&good, 32), PFLOW_EUNSUPPORTED, "conv2d 1");
  pflow_conv2d_config bad = good;
  bad.stride_w = 2;
  ck_fails(build(&bad, 7), PFLOW_EUNSUPPORTED, "stride 1");
  bad = good;
  bad.pad_h = 0;
  ck_fails(build(&bad, 7), PFLOW_EUNSUPPORTED, "padding 1");
  bad = good;
  bad.kernel_w = 5;
  ck_fails(build(&bad, 7), PFLOW_EUNSUPPORTED, "3 x 3");
  bad.algorithm = PFLOW_CONV_AUTO;
  ck_ok(build(&bad, 7));
  bad.algorithm = (pflow_conv2d_algorithm)3;
  ck_fails(build(&bad, 7), PFLOW_EINVAL, "algorithm");
}
END_TEST

static void check_choice(const problem *p, pflow_conv2d_algorithm wanted) {
  trial automatic = trial_of(p, PFLOW_CONV_AUTO, NULL, 0);
  trial forced = trial_of(p, wanted, NULL, 0);
  ck_assert_mem_eq(automatic.y, forced.y, forced.rows * forced.out * sizeof(float));
  trial_end(&automatic);
  trial_end(&forced);
}

START_TEST(the_library_chooses_by_shape_and_level) {
  const problem wide = {3, 24, 24, 7, 7, 0}, narrow = {3, 3, 24, 7, 7, 0};
  const bool vectors = pf_cpu_get() != pf_cpu_reference;
  check_choice(&wide, vectors ? PFLOW_CONV_FFT : PFLOW_CONV_GEMM);
  check_choice(&narrow, PFLOW_CONV_GEMM);
}
END_TEST

int main(void) {
  return run_tests("conv2d_ways",
                   TESTS(both_ways_agree, scratch_changes_rounding_alone,
                         threads_change_nothing, a_row_does_not_depend_on_the_others,
                         gradients_add_up_and_do_not_need_dx,
                         shapes_that_transforms_do_not_serve_are_refused,
                         the_library_chooses_by_shape_and_level));
}
