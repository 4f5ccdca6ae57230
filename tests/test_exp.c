/*
 * test_exp.c - exponentials and logarithms of the kernels at every CPU level, against
 * the C library's in double.
 * With PFLOW_TEST_SWEEP set, every float there is goes through them.
 */
#include <math.h>
#include <string.h>

#include "support/levels.h"
#include "support/suite.h"

enum { block = pf_logistic_rows };

/* A block of the floats from some bits on, `step` apart; those past the last are it. */
static void floats_from(uint64_t bits, uint32_t step, uint32_t last, float *x) {
  for (size_t i = 0; i < block; i++) {
    const uint64_t at = bits + i * step;
    const uint32_t value = at < last ? (uint32_t)at : last;
    memcpy(x + i, &value, sizeof value);
  }
}

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* ---- e^x and log(1 + y) in double: two classes whose logits are 0 and -t ---- */

static void check_odds(const pf_kernels *kernels, const char *level, const float *t) {
  double logits[2 * block], want = 0.0;
  int32_t labels[block] = {0};
  for (size_t i = 0; i < block; i++) {
    logits[i] = 0.0;
    logits[block + i] = -(double)t[i];
    want += log1p(exp(-(double)t[i]));
  }
  const double loss = kernels->logistic.losses(logits, 2, labels, block, 1.0);
  ck_assert_msg(fabs(loss - want) <= 4e-15 * want + 1e-300, "%s: t %g: loss %g, not %g",
                level, (double)t[0], loss, want);
  for (size_t i = 0; i < block; i++) {
    const double odds = exp(-(double)t[i]), p = odds / (1.0 + odds);
    ck_assert_msg(fabs(logits[block + i] - p) <= 2e-15 * p + 1e-300,
                  "%s: t %g: residual %g, not %g", level, (double)t[i], logits[block + i],
                  p);
  }
}

static void sweep_odds(const pf_kernels *kernels, const char *level) {
  const uint32_t step = sweep_step(), last = bits_of(800.0f);
  float t[block];
  for (uint64_t bits = 0; bits <= last; bits += (uint64_t)step * block) {
    floats_from(bits, step, last, t);
    check_odds(kernels, level, t);
  }
}

START_TEST(odds_of_every_float) {
  for_levels(sweep_odds);
}
END_TEST

/* ---- e^x in float: x / (1 + e^-x) and its slope ---- */

static void check_silu(const pf_kernels *kernels, const char *level, const float *x) {
  float y[block], slope[block], ones[block];
  memcpy(y, x, sizeof y);
  for (size_t i = 0; i < block; i++)
    ones[i] = 1.0f;
  kernels->mlp.silu(block, y);
  kernels->mlp.silu_slopes(block, x, ones, slope);
  for (size_t i = 0; i < block; i++) {
    const double at = x[i], s = 1.0 / (1.0 + exp(-at)), want = at * s;
    const double rise = s + at * s * (1.0 - s);
    ck_assert_msg(fabs((double)y[i] - want) <= 5e-7 * fabs(want) + 2e-36,
                  "%s: silu(%g) is %g, not %g", level, at, (double)y[i], want);
    ck_assert_msg(fabs((double)slope[i] - rise) <= 1e-6,
                  "%s: slope of silu at %g is %g, not %g", level, at, (double)slope[i],
                  rise);
  }
}

static void sweep_silu(const pf_kernels *kernels, const char *level) {
  const uint32_t step = sweep_step(), last = 0x7f7fffffu, sign = 0x80000000u;
  float x[block];
  for (uint64_t bits = 0; bits <= last; bits += (uint64_t)step * block) {
    floats_from(bits, step, last, x);
    check_silu(kernels, level, x);
    floats_from(bits + sign, step, last + sign, x);
    check_silu(kernels, level, x);
  }
}

START_TEST(silu_of_every_float) {
  for_levels(sweep_silu);
}
END_TEST

int main(void) {
  return run_tests("exp", TESTS(odds_of_every_float, silu_of_every_float));
}
