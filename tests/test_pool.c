/*
 * test_pool.c - max-pooling at every CPU level and in the layer, against a search of each
 * window.
 */
#include <math.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"
#include "support/trial.h"

/* ---- the witness ---- */

/* Place of a window's winner: the last NaN, or else the first of the largest. */
static size_t winner_of(const pf_pool_shape *s, const float *corner) {
  size_t nan = SIZE_MAX, largest = SIZE_MAX;
  float most = 0.0f;
  for (size_t y = 0; y < s->kernel; y++) {
    for (size_t x = 0; x < s->kernel; x++) {
      const float v = corner[y * s->width + x];
      if (isnan(v)) nan = y * s->kernel + x;
      if (isnan(v) || (largest != SIZE_MAX && v <= most)) continue;
      most = v;
      largest = y * s->kernel + x;
    }
  }
  return nan != SIZE_MAX ? nan : largest;
}

static size_t corner_of(const pf_pool_shape *s, size_t plane, size_t oy, size_t ox) {
  return (plane * s->height + oy * s->stride) * s->width + ox * s->stride;
}

static size_t input_of(const pf_pool_shape *s, size_t corner, size_t place) {
  return corner + place / s->kernel * s->width + place % s->kernel;
}

/* ---- values that tell rules apart ---- */

/* Few different values, so that ties abound; zeros of both signs, infinities, NaNs. */
static float *hard_values(size_t n, uint64_t seed) {
  static const float some[] = {1.0f, 2.0f, 3.0f, 0.0f, -0.0f, -1.0f, INFINITY, -INFINITY};
  float *values = normal_values(n, seed);
  pflow_rng rng;
  pflow_rng_init(&rng, seed, 1);
  for (size_t i = 0; i < n; i++) {
    const uint64_t draw = pflow_rng_below(&rng, 24);
    if (draw < 8) values[i] = some[draw];
    if (draw > 8 && draw < 12) values[i] = floorf(values[i]);
    if (draw == 8) { /* one of many NaNs */
      const uint32_t bits = UINT32_C(0x7fc00000) | (uint32_t)(i % 1000 + 1);
      memcpy(&values[i], &bits, sizeof bits);
    }
  }
  return values;
}

static pf_pool_shape shape_of(size_t kernel, size_t stride, size_t planes, size_t height,
                              size_t width) {
  return (pf_pool_shape){kernel,
                         stride,
                         planes,
                         height,
                         width,
                         (height - kernel) / stride + 1,
                         (width - kernel) / stride + 1};
}

/* ---- kernels ---- */

static size_t place_at(const pf_pool_shape *s, const uint32_t *places, size_t i) {
  return s->kernel <= pf_pool_most_bytes ? ((const uint8_t *)places)[i] : places[i];
}

static void check_planes(const pf_pool_shape *s, size_t begin, size_t end, const float *x,
                         const float *y, const uint32_t *places, const char *level) {
  for (size_t plane = begin; plane < end; plane++)
    for (size_t oy = 0; oy < s->out_h; oy++)
      for (size_t ox = 0; ox < s->out_w; ox++) {
        const size_t out = (plane * s->out_h + oy) * s->out_w + ox;
        const size_t corner = corner_of(s, plane, oy, ox);
        const size_t want = winner_of(s, x + corner);
        ck_assert_msg(place_at(s, places, out) == want,
                      "%s: %zu x %zu, kernel %zu stride %zu: place %zu of output %zu, "
                      "wants %zu",
                      level, s->height, s->width, s->kernel, s->stride,
                      place_at(s, places, out), out, want);
        ck_assert(memcmp(&y[out], &x[input_of(s, corner, want)], sizeof *y) == 0);
      }
}

/* The planes from begin to end are right, and no others are written. */
static void check_shape(const pf_kernels *kernels, const pf_pool_shape *s, size_t begin,
                        size_t end, const char *level) {
  const size_t out = s->out_h * s->out_w, outputs = s->planes * out;
  const size_t place = s->kernel <= pf_pool_most_bytes ? 1 : sizeof(uint32_t);
  float *x = hard_values(s->planes * s->height * s->width, s->height + s->width);
  float *y = pflow_alloc(outputs, sizeof *y), *alone = pflow_alloc(outputs, sizeof *y);
  uint32_t *places = pflow_alloc(outputs, sizeof *places);
  ck_assert(x && y && alone && places);
  memset(y, 0x5a, outputs * sizeof *y);
  memset(places, 0x5a, outputs * place);
  kernels->pool.forward(s, begin, end, x, y, places);
  kernels->pool.forward(s, begin, end, x, alone, NULL);
  check_planes(s, begin, end, x, y, places, level);
  ck_assert_mem_eq(y + begin * out, alone + begin * out, (end - begin) * out * sizeof *y);
  for (size_t i = 0; i < outputs * sizeof *y; i++)
    ck_assert((i >= begin * out * sizeof *y && i < end * out * sizeof *y) ||
              ((unsigned char *)y)[i] == 0x5a);
  for (size_t i = 0; i < outputs * place; i++)
    ck_assert((i >= begin * out * place && i < end * out * place) ||
              ((unsigned char *)places)[i] == 0x5a);
  pflow_free(places);
  pflow_free(alone);
  pflow_free(y);
  pflow_free(x);
}

static void check_level(const pf_kernels *kernels, const char *level) {
  static const size_t windows[][2] = {{3, 2}, {2, 2}, {1, 1}, {2, 1}, {3, 1},
                                      {1, 2}, {4, 2}, {5, 3}, {2, 5}, {17, 1}};
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
    for (size_t width = windows[i][0]; width < 72; width += width < 36 ? 1 : 5)
      for (size_t height = windows[i][0]; height < windows[i][0] + 5; height += 2) {
        const pf_pool_shape s = shape_of(windows[i][0], windows[i][1], 4, height, width);
        check_shape(kernels, &s, 0, 4, level);
        check_shape(kernels, &s, 1, 3, level);
      }
}

START_TEST(windows_at_every_level) {
  for_levels(check_level);
}
END_TEST

/* ---- the layer ---- */

/* dx of the layer: dy at the winners, added in the order of the outputs. */
static void check_trial(const trial *t, const pf_pool_shape *s) {
  float *dx = pflow_alloc(t->rows * t->in, sizeof *dx);
  ck_assert_ptr_nonnull(dx);
  for (size_t plane = 0, out = 0; plane < s->planes; plane++)
    for (size_t oy = 0; oy < s->out_h; oy++)
      for (size_t ox = 0; ox < s->out_w; ox++, out++) {
        const size_t corner = corner_of(s, plane, oy, ox);
        const size_t at = input_of(s, corner, winner_of(s, t->x + corner));
        ck_assert(memcmp(&t->y[out], &t->x[at], sizeof *t->y) == 0);
        dx[at] += t->dy[out];
      }
  ck_assert_mem_eq(dx, t->dx, t->rows * t->in * sizeof *dx);
  pflow_free(dx);
}

static void run_layer(const pf_pool_shape *s, size_t rows, size_t threads) {
  pflow_pool *pool;
  ck_ok(pflow_pool_create(&pool, threads));
  trial t = trial_begin(pool, 0);
  ck_ok(pflow_net_add_maxpool2d(t.net, s->kernel, s->stride));
  trial_build(&t, (size_t[]){s->planes / rows, s->height, s->width}, 3, rows);
  float *hard = hard_values(t.rows * t.in, threads);
  memcpy(t.x, hard, t.rows * t.in * sizeof *hard);
  t.dy[0] = -0.0f;
  trial_run(&t);
  check_trial(&t, s);
  pflow_free(hard);
  trial_end(&t);
  pflow_pool_destroy(pool);
}

/* Channels of odd number, so that places of rows do not fill whole floats. */
START_TEST(the_layer_gives_dy_to_the_winners) {
  const pf_pool_shape shapes[] = {shape_of(3, 2, 21, 33, 35), shape_of(3, 2, 9, 7, 7),
                                  shape_of(2, 2, 15, 15, 16), shape_of(3, 1, 3, 9, 20),
                                  shape_of(16, 2, 3, 21, 20), shape_of(17, 3, 3, 21, 20)};
  const size_t threads[] = {1, 2, 3, 5};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (size_t k = 0; k < 4; k++)
      run_layer(&shapes[i], 3, threads[k]);
}
END_TEST

/* Places are bytes, and what a pool reads need not be kept for its backward. */
START_TEST(a_pool_keeps_little) {
  enum { rows = 4, side = 32, values = rows * 8 * side * side };
  size_t bytes[2];
  for (size_t pools = 0; pools < 2; pools++) {
    trial t = trial_begin(NULL, 0);
    for (size_t i = 0; i <= pools; i++)
      ck_ok(pflow_net_add_maxpool2d(t.net, 1, 1));
    trial_build(&t, (size_t[]){8, side, side}, 3, rows);
    bytes[pools] = pflow_net_work_bytes(t.work);
    trial_end(&t);
  }
  /* One pool: y and places. Two: besides, places again, and a gradient which may lie
     where the first y was, that nobody reads any more. */
  ck_assert_uint_lt(bytes[0], 5 * values + 4096);
  ck_assert_uint_lt(bytes[1], 10 * values + 4096);
}
END_TEST

int main(void) {
  return run_tests("pool", TESTS(windows_at_every_level,
                                 the_layer_gives_dy_to_the_winners, a_pool_keeps_little));
}
