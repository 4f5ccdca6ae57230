/*
 * test_norm.c - kernels of batch normalisation at every CPU level, and the ReLU that a
 * layer takes over.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

enum { gap = 5, most_channels = 70 };

/* ---- kernels ---- */

/* A block within a larger batch, and what the passes read. */
typedef struct trial {
  pf_norm_block block;
  pf_norm_affine affine;
  size_t size;
  float *x, *dy, *mean, *scale, *shift, *a, *b;
} trial;

static trial trial_create(size_t rows, size_t channels, size_t places) {
  trial t = {.block = {rows, channels * places + gap, channels, places}};
  t.size = rows * t.block.stride;
  t.x = normal_values(t.size, 1);
  t.dy = normal_values(t.size, 2);
  t.mean = normal_values(channels, 3);
  t.scale = normal_values(channels, 4);
  t.shift = normal_values(channels, 5);
  t.a = normal_values(channels, 6);
  t.b = normal_values(channels, 7);
  t.affine = (pf_norm_affine){t.mean, t.scale, t.shift, false};
  return t;
}

static void trial_destroy(trial *t) {
  float *const blocks[] = {t->x, t->dy, t->mean, t->scale, t->shift, t->a, t->b};
  for (size_t i = 0; i < 7; i++)
    pflow_free(blocks[i]);
}

static double y_of(const trial *t, size_t c, size_t at) {
  return ((double)t->x[at] - t->mean[c]) * t->scale[c] + t->shift[c];
}

/* dy as a pass with this affine sees it; *kink: y is too near 0 to tell. */
static double slope_of(const trial *t, size_t c, size_t at, bool *kink) {
  const double y = y_of(t, c, at);
  *kink = t->affine.rectify && fabs(y) < 1e-5;
  return t->affine.rectify && y <= 0.0 ? 0.0 : (double)t->dy[at];
}

/* Sums in double, and of sizes: what rounding may be measured by. */
typedef struct wanted {
  double value, square, slope, product, room;
} wanted;

static wanted add_channel(const trial *t, size_t c) {
  wanted w = {0.0, 0.0, 0.0, 0.0, 1.0};
  for (size_t i = 0; i < t->block.rows * t->block.places; i++) {
    const size_t places = t->block.places, row = i / places;
    const size_t at = row * t->block.stride + c * places + i % places;
    const double distance = (double)t->x[at] - t->mean[c];
    bool kink;
    const double slope = slope_of(t, c, at, &kink);
    w.value += t->x[at];
    w.square += distance * distance;
    w.slope += slope;
    w.product += slope * distance;
    w.room += 4e-7 * (fabs(distance * t->dy[at]) + distance * distance + fabs(t->x[at]) +
                      fabs(t->dy[at]));
    if (kink) w.room += fabs(t->dy[at]) * (1.0 + fabs(distance));
  }
  w.room -= 1.0 - 1e-6;
  return w;
}

static void check_sums(const pf_norm_kernels *k, const trial *t, const char *what) {
  double value[most_channels], square[most_channels], slope[most_channels],
      product[most_channels];
  k->sums(&t->block, t->x, value);
  k->squares(&t->block, t->x, t->mean, square);
  k->slopes(&t->block, &t->affine, t->x, t->dy, slope, product);
  for (size_t c = 0; c < t->block.channels; c++) {
    const wanted w = add_channel(t, c);
    ck_assert_msg(fabs(value[c] - w.value) <= w.room, "%s: sum %zu", what, c);
    ck_assert_msg(fabs(square[c] - w.square) <= w.room, "%s: squares %zu", what, c);
    ck_assert_msg(fabs(slope[c] - w.slope) <= w.room, "%s: slopes %zu", what, c);
    ck_assert_msg(fabs(product[c] - w.product) <= w.room, "%s: products %zu", what, c);
  }
}

/* Every value of an output: of the block as wanted, in the gaps as before. */
static void check_written(const trial *t, bool backward, const float *out,
                          const float *before, const char *what) {
  for (size_t i = 0; i < t->size; i++) {
    const size_t in_row = i % t->block.stride, c = in_row / t->block.places;
    double want = before[i];
    bool kink = false;
    if (c < t->block.channels && !backward) {
      want = y_of(t, c, i);
      if (t->affine.rectify && want < 0.0) want = 0.0;
    } else if (c < t->block.channels) {
      const double slope = slope_of(t, c, i, &kink);
      want = t->scale[c] * (slope - t->a[c] - ((double)t->x[i] - t->mean[c]) * t->b[c]);
    }
    ck_assert_msg(kink || fabs(out[i] - want) <= 4e-6 * (1.0 + fabs(want)),
                  "%s: %s value %zu is %g, not %g", what, backward ? "dx" : "y", i,
                  (double)out[i], want);
  }
}

/* Not in place, then in place: the same bits. */
static void check_writers(const pf_norm_kernels *k, const trial *t, const char *what) {
  const size_t bytes = t->size * sizeof(float);
  float *y = normal_values(t->size, 8), *dx = normal_values(t->size, 8);
  float *before = normal_values(t->size, 8), *over = normal_values(t->size, 2);
  k->forward(&t->block, &t->affine, t->x, y);
  check_written(t, false, y, before, what);
  k->backward(&t->block, &t->affine, t->a, t->b, t->x, t->dy, dx);
  check_written(t, true, dx, before, what);
  k->backward(&t->block, &t->affine, t->a, t->b, t->x, over, over);
  for (size_t row = 0; row < t->block.rows; row++) {
    const size_t at = row * t->block.stride;
    ck_assert_mem_eq(over + at, dx + at, (t->block.stride - gap) * sizeof(float));
  }
  memcpy(over, t->x, bytes);
  k->forward(&t->block, &t->affine, over, over);
  for (size_t row = 0; row < t->block.rows; row++) {
    const size_t at = row * t->block.stride;
    ck_assert_mem_eq(over + at, y + at, (t->block.stride - gap) * sizeof(float));
  }
  pflow_free(y);
  pflow_free(dx);
  pflow_free(before);
  pflow_free(over);
}

static void check_kernels(const pf_kernels *kernels, const char *level) {
  const size_t channels[] = {1, 3, 7, 16, 33, 70};
  const size_t places[] = {1, 2, 4, 15, 16, 17, 49, 63, 64, 67, 225, 1100};
  for (size_t i = 0; i < 6 * 12 * 2; i++) {
    char what[80];
    trial t = trial_create(i % 5 + 1, channels[i % 6], places[i / 6 % 12]);
    t.affine.rectify = i / 72;
    snprintf(what, sizeof what, "%s: %zu rows, %zu x %zu, rectify %d", level,
             t.block.rows, t.block.channels, t.block.places, t.affine.rectify);
    check_sums(&kernels->norm, &t, what);
    check_writers(&kernels->norm, &t, what);
    trial_destroy(&t);
  }
}

START_TEST(kernels_agree_with_double) {
  for_levels(check_kernels);
}
END_TEST

/* A long channel far from 0: float sums alone would be off in the third digit. */
static void check_long(const pf_kernels *kernels, const char *level) {
  enum { n = 1 << 20 };
  const pf_norm_block block = {4, n / 4, 1, n / 4}, column = {n / 4, 4, 4, 1};
  const float mean = 1000.0f, means[4] = {1000.0f, 1000.0f, 1000.0f, 1000.0f};
  double exact = 0.0, squares = 0.0, sum, square, parts[4], part_squares[4];
  float *x = normal_values(n, 9);
  for (size_t i = 0; i < n; i++) {
    x[i] += mean;
    exact += x[i];
    squares += ((double)x[i] - mean) * ((double)x[i] - mean);
  }
  kernels->norm.sums(&block, x, &sum);
  kernels->norm.squares(&block, x, &mean, &square);
  kernels->norm.sums(&column, x, parts);
  kernels->norm.squares(&column, x, means, part_squares);
  for (size_t c = 1; c < 4; c++) {
    parts[0] += parts[c];
    part_squares[0] += part_squares[c];
  }
  ck_assert_msg(fabs(sum / exact - 1.0) < 1e-6, "%s: %g", level, sum / exact - 1.0);
  ck_assert_double_lt(fabs(parts[0] / exact - 1.0), 1e-6);
  ck_assert_double_lt(fabs(square / squares - 1.0), 1e-6);
  ck_assert_double_lt(fabs(part_squares[0] / squares - 1.0), 1e-6);
  pflow_free(x);
}

START_TEST(long_sums_stay_exact) {
  for_levels(check_long);
}
END_TEST

/* NaN goes through both passes of a rectified layer. */
static void check_nan(const pf_kernels *kernels, const char *level) {
  for (size_t n = 1; n < 40; n++) {
    trial t = trial_create(1, 1, n);
    float *out = normal_values(t.size, 1);
    t.affine.rectify = true;
    t.x[n - 1] = NAN;
    kernels->norm.forward(&t.block, &t.affine, t.x, out);
    ck_assert_msg(isnan(out[n - 1]), "%s: %zu values", level, n);
    kernels->norm.backward(&t.block, &t.affine, t.a, t.b, t.x, t.dy, out);
    ck_assert_msg(isnan(out[n - 1]), "%s: %zu values", level, n);
    pflow_free(out);
    trial_destroy(&t);
  }
}

START_TEST(nan_passes) {
  for_levels(check_nan);
}
END_TEST

/* ---- the ReLU behind a layer ---- */

enum { rows = 6 };

/* A flatten that hides the ReLU behind it from the layer before. */
static pflow_err plan_screen(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  return PFLOW_OK;
}

static pflow_err forward_screen(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t bytes = call->rows * sizeof(float);
  for (size_t i = 0; i < call->in.ndim; i++)
    bytes *= call->in.dim[i];
  memcpy(call->y, call->x, bytes);
  return PFLOW_OK;
}

static pflow_err backward_screen(const pflow_layer_call *call, void *self) {
  (void)self;
  size_t bytes = call->rows * sizeof(float);
  for (size_t i = 0; i < call->in.ndim; i++)
    bytes *= call->in.dim[i];
  if (call->dx) memcpy(call->dx, call->dy, bytes);
  return PFLOW_OK;
}

static pflow_net *norm_net(pflow_pool *pool, bool screened, const size_t *shape,
                           size_t ndim) {
  const pflow_layer_class screen = {
      sizeof screen, "screen", plan_screen, forward_screen, backward_screen, NULL, NULL};
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.pool = pool;
  ck_ok(pflow_net_create(&net, &config));
  for (size_t i = 0; i < 2; i++) {
    ck_ok(pflow_net_add_batchnorm(net));
    if (screened) ck_ok(pflow_net_add_layer(net, &screen, NULL));
    ck_ok(pflow_net_add_relu(net));
  }
  ck_ok(pflow_net_build(net, shape, ndim));
  for (size_t i = 0; i < pflow_net_param_size(net); i++)
    pflow_net_params(net)[i] += 0.1f * (float)(i % 7) - 0.3f;
  return net;
}

typedef struct outcome {
  float *y, *dx, *predicted, *inner;
  pflow_net *net;
} outcome;

static outcome run(pflow_pool *pool, bool screened, const size_t *shape, size_t ndim) {
  outcome o = {.net = norm_net(pool, screened, shape, ndim)};
  const size_t size = rows * pflow_net_in_size(o.net);
  float *x = normal_values(size, 1), *dy = normal_values(size, 2);
  const float *y;
  pflow_net_work *work;
  o.y = normal_values(size, 3);
  o.dx = normal_values(size, 3);
  o.predicted = normal_values(size, 3);
  o.inner = normal_values(size, 3);
  ck_ok(pflow_net_work_create(&work, o.net, rows, PFLOW_TRAINING));
  ck_ok(pflow_net_forward(o.net, work, x, rows, &y));
  memcpy(o.y, y, size * sizeof *y);
  ck_ok(pflow_net_backward(o.net, work, dy, o.dx));
  ck_ok(pflow_net_predict(o.net, work, x, rows, o.predicted));
  ck_ok(pflow_net_predict_upto(o.net, work, screened ? 4 : 3, x, rows, o.inner));
  pflow_net_work_destroy(work);
  pflow_free(x);
  pflow_free(dy);
  return o;
}

static void free_outcome(outcome *o) {
  pflow_free(o->y);
  pflow_free(o->dx);
  pflow_free(o->predicted);
  pflow_free(o->inner);
  pflow_net_destroy(o->net);
}

static void check_same(const outcome *a, const outcome *b) {
  const size_t bytes = rows * pflow_net_in_size(a->net) * sizeof(float);
  ck_assert_mem_eq(a->y, b->y, bytes);
  ck_assert_mem_eq(a->dx, b->dx, bytes);
  ck_assert_mem_eq(a->predicted, b->predicted, bytes);
  ck_assert_mem_eq(a->inner, b->inner, bytes);
  ck_assert_mem_eq(pflow_net_grads(a->net), pflow_net_grads(b->net),
                   pflow_net_param_size(a->net) * sizeof(float));
  ck_assert_mem_eq(pflow_net_state(a->net), pflow_net_state(b->net),
                   pflow_net_state_size(a->net) * sizeof(float));
}

static const size_t shapes[][3] = {{5, 7, 7}, {3, 5, 13}, {2, 33, 32}, {70, 1, 1}};

START_TEST(a_relu_taken_over_changes_no_bit) {
  for (size_t s = 0; s < 4; s++) {
    const size_t ndim = shapes[s][1] == 1 ? 1 : 3;
    outcome fused = run(NULL, false, shapes[s], ndim);
    outcome apart = run(NULL, true, shapes[s], ndim);
    bool negative = false;
    check_same(&fused, &apart);
    for (size_t i = 0; i < rows * pflow_net_in_size(fused.net); i++) {
      ck_assert(fused.y[i] >= 0.0f && fused.predicted[i] >= 0.0f);
      negative = negative || fused.inner[i] < 0.0f;
    }
    ck_assert(negative); /* a prefix that ends before its ReLU is not rectified */
    free_outcome(&fused);
    free_outcome(&apart);
  }
}
END_TEST

START_TEST(threads_change_no_bit) {
  const size_t threads[] = {2, 3, 5};
  for (size_t s = 0; s < 4; s++) {
    const size_t ndim = shapes[s][1] == 1 ? 1 : 3;
    pflow_pool *one;
    ck_ok(pflow_pool_create(&one, 1));
    outcome alone = run(one, false, shapes[s], ndim);
    for (size_t t = 0; t < 3; t++) {
      pflow_pool *many;
      ck_ok(pflow_pool_create(&many, threads[t]));
      outcome shared = run(many, false, shapes[s], ndim);
      check_same(&alone, &shared);
      free_outcome(&shared);
      pflow_pool_destroy(many);
    }
    free_outcome(&alone);
    pflow_pool_destroy(one);
  }
}
END_TEST

/* What a network tells of itself knows nothing of the pair. */
START_TEST(the_relu_stays_in_the_list) {
  pflow_net *net = norm_net(NULL, false, shapes[0], 3);
  pflow_layer_info info;
  ck_assert_uint_eq(pflow_net_layers(net), 4);
  ck_ok(pflow_net_layer_info(net, 1, &info));
  ck_assert_str_eq(info.kind, "relu");
  ck_assert_uint_eq(info.out.dim[0], 5);
  pflow_net_destroy(net);
}
END_TEST

int main(void) {
  return run_tests("norm", TESTS(kernels_agree_with_double, long_sums_stay_exact,
                                 nan_passes, a_relu_taken_over_changes_no_bit,
                                 threads_change_no_bit, the_relu_stays_in_the_list));
}
