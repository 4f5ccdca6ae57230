/*
 * test_logistic_kernels.c - the kernels of logistic regression at every CPU level.
 */
#include <math.h>

#include "support/levels.h"
#include "support/suite.h"

enum { rows = pf_logistic_rows };

static const size_t class_counts[] = {2, 3, 4, 5, 6, 9, 10, 11, 13, 20, 23};
enum { counts = sizeof class_counts / sizeof *class_counts };

static double *wide_values(size_t n, uint64_t seed, double scale) {
  float *narrow = normal_values(n, seed);
  double *wide = pflow_alloc(n, sizeof *wide);
  for (size_t i = 0; i < n; i++)
    wide[i] = scale * narrow[i];
  pflow_free(narrow);
  return wide;
}

static void close_to(const char *level, const char *what, double got, double want,
                     double room) {
  ck_assert_msg(fabs(got - want) <= room, "%s: %s is %.17g, wants %.17g", level, what,
                got, want);
}

/* ---- logits ---- */

static void check_logits(const pf_kernels *kernels, const char *level) {
  const size_t lanes = kernels->logistic.lanes, lengths[] = {1, 2, 17, 100};
  ck_assert_uint_le(lanes, pf_logistic_most_lanes);
  ck_assert_uint_eq(rows % lanes, 0);
  for (size_t test = 0; test < 4 * counts; test++) {
    const size_t classes = class_counts[test / 4], k = lengths[test % 4];
    float *panel = normal_values(k * lanes, 1);
    double *weights = wide_values(k * classes, 2, 1.0);
    double *logits = wide_values(classes * rows, 3, 1.0);
    double *before = wide_values(classes * rows, 3, 1.0);
    kernels->logistic.logits(k, panel, weights, classes, logits);
    for (size_t c = 0; c < classes; c++) {
      for (size_t i = 0; i < rows; i++) {
        double want = before[c * rows + i];
        for (size_t q = 0; q < k && i < lanes; q++)
          want += weights[q * classes + c] * (double)panel[q * lanes + i];
        close_to(level, "logit", logits[c * rows + i], want, 1e-13 * (double)k);
      }
    }
    pflow_free(before);
    pflow_free(logits);
    pflow_free(weights);
    pflow_free(panel);
  }
}

START_TEST(logits_at_every_level) {
  for_levels(check_logits);
}
END_TEST

/* ---- losses ---- */

/* One row in long double, from the formula. */
static double check_row(const char *level, const double *logit, const double *residual,
                        size_t classes, size_t label, double c) {
  long double rest = 0.0L, top = logit[0];
  for (size_t k = 1; k < classes; k++)
    top = fmaxl(top, logit[k * rows]);
  size_t at = 0;
  while (logit[at * rows] != (double)top)
    at++;
  for (size_t k = 0; k < classes; k++)
    rest += k == at ? 0.0L : expl(logit[k * rows] - top);
  long double others = 0.0L;
  for (size_t k = 0; k < classes; k++) {
    const long double p = expl(logit[k * rows] - top) / (1.0L + rest);
    others += k == label ? 0.0L : p;
    if (k == label) continue;
    /* Relative, down to the end of the normal numbers. */
    close_to(level, "residual", residual[k * rows], (double)(c * p),
             3e-15 * (double)(c * p) + 1e-300 * c);
  }
  close_to(level, "own residual", residual[label * rows], (double)(-c * others),
           5e-15 * (double)(c * others) + 1e-300 * c);
  return (double)(top - logit[label * rows] + log1pl(rest));
}

static void check_losses_of(const pf_kernels *kernels, const char *level, size_t classes,
                            size_t n, double spread) {
  double *logits = wide_values(classes * rows, 4, spread);
  double *before = wide_values(classes * rows, 4, spread);
  int32_t labels[rows];
  for (size_t i = 0; i < rows; i++)
    labels[i] = (int32_t)((5 * i + 1) % classes);
  /* Ties of the largest: the first one is it. */
  for (size_t c = 0; c < classes; c++)
    logits[c * rows] = before[c * rows] = 1.5;
  double want = 0.0, got = kernels->logistic.losses(logits, classes, labels, n, 2.5);
  for (size_t i = 0; i < n; i++)
    want += check_row(level, before + i, logits + i, classes, (size_t)labels[i], 2.5);
  close_to(level, "loss", got, want, 3e-15 * want);
  for (size_t c = 0; c < classes; c++)
    for (size_t i = n; i < rows; i++)
      ck_assert(logits[c * rows + i] == 0.0);
  pflow_free(before);
  pflow_free(logits);
}

static void check_losses(const pf_kernels *kernels, const char *level) {
  const double spreads[] = {1e-9, 0.01, 1.0, 20.0, 400.0};
  const size_t ns[] = {1, 3, 8, 9, 31, 63, 64};
  for (size_t c = 0; c < counts; c++)
    for (size_t s = 0; s < 5; s++)
      for (size_t n = 0; n < 7; n++)
        check_losses_of(kernels, level, class_counts[c], ns[n], spreads[s]);
}

START_TEST(losses_at_every_level) {
  for_levels(check_losses);
}
END_TEST

/* Losses far below the rounding of 1 count; exp and log1p over their whole range. */
static void check_small_losses(const pf_kernels *kernels, const char *level) {
  const int32_t label[] = {0};
  for (double gap = 0.0; gap < 700.0; gap += 0.37) {
    double logits[2 * rows] = {0.0};
    logits[rows] = -gap;
    const double got = kernels->logistic.losses(logits, 2, label, 1, 1.0);
    const double want = log1p(exp(-gap));
    close_to(level, "loss", got, want, 1e-15 * want);
    close_to(level, "residual", logits[rows], exp(-gap) / (1.0 + exp(-gap)),
             1e-15 * exp(-gap));
  }
  double nan[2 * rows] = {0.0}, far[2 * rows] = {0.0};
  nan[0] = NAN;
  ck_assert(isnan(kernels->logistic.losses(nan, 2, label, 1, 1.0)));
  far[rows] = -1e300;
  ck_assert(kernels->logistic.losses(far, 2, label, 1, 1.0) == 0.0);
  ck_assert(far[0] == 0.0 && far[rows] == 0.0);
}

START_TEST(small_losses_at_every_level) {
  for_levels(check_small_losses);
}
END_TEST

/* ---- gradient ---- */

static void check_gradient_of(const pf_kernels *kernels, const char *level,
                              size_t classes, size_t dim, size_t n) {
  const size_t stride = dim + 3, width = dim + 1;
  float *x = normal_values(rows * stride, 5);
  double *residuals = wide_values(classes * rows, 6, 1.0);
  double *got = wide_values(classes * width, 7, 1.0);
  double *want = wide_values(classes * width, 7, 1.0);
  for (size_t c = 0; c < classes; c++) {
    for (size_t i = 0; i < rows; i++) {
      double *r = &residuals[c * rows + i];
      if (i >= n) *r = 0.0;
      want[c * width] += *r;
      for (size_t k = 0; k < dim; k++)
        want[c * width + 1 + k] += *r * (double)x[i * stride + k];
    }
  }
  kernels->logistic.gradient(n, x, stride, dim, residuals, classes, got, width);
  for (size_t i = 0; i < classes * width; i++)
    close_to(level, "derivative", got[i], want[i], 1e-13);
  pflow_free(want);
  pflow_free(got);
  pflow_free(residuals);
  pflow_free(x);
}

static void check_gradients(const pf_kernels *kernels, const char *level) {
  const size_t dims[] = {1, 7, 8, 15, 16, 17, 40}, ns[] = {1, 5, 64};
  for (size_t c = 0; c < counts; c++)
    for (size_t d = 0; d < 7; d++)
      for (size_t n = 0; n < 3; n++)
        check_gradient_of(kernels, level, class_counts[c], dims[d], ns[n]);
}

START_TEST(gradients_at_every_level) {
  for_levels(check_gradients);
}
END_TEST

int main(void) {
  return run_tests("logistic kernels",
                   TESTS(logits_at_every_level, losses_at_every_level,
                         small_losses_at_every_level, gradients_at_every_level));
}
