/*
 * test_contrast.c - losses on two views, beside sums in double written down from their
 * definitions and central differences of those.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/suite.h"
#include "support/two_views.h"
#include "support/values.h"

/* Both views in double: x, then y. */
static double *widen(const two_views *v) {
  const size_t size = v->n * v->dim;
  double *wide = calloc(2 * size, sizeof *wide);
  ck_assert(wide != NULL);
  for (size_t i = 0; i < size; i++) {
    wide[i] = v->x[i];
    wide[size + i] = v->y[i];
  }
  return wide;
}

static double define(const loss_case *c, const two_views *v, const double *wide) {
  return c->define(wide, wide + v->n * v->dim, v->n, v->dim, c->p);
}

/* The derivative by one value, by fourth-order central differences. */
static double slope(const loss_case *c, const two_views *v, double *wide, size_t at) {
  const double h = 1e-3, kept = wide[at], step[4] = {-2, -1, 1, 2};
  const double factor[4] = {1, -8, 8, -1};
  double sum = 0.0;
  for (size_t s = 0; s < 4; s++) {
    wide[at] = kept + step[s] * h;
    sum += factor[s] * define(c, v, wide);
  }
  wide[at] = kept;
  return sum / (12 * h);
}

/* Loss and every derivative of one case. */
static void check_case(const loss_case *c, const two_views *v) {
  pflow_contrast_work *work = loss_case_work(NULL);
  const size_t size = v->n * v->dim;
  double *wide = widen(v), loss, largest = 0.0, worst = 0.0;
  ck_ok(c->call(work, v, c->p, &loss, v->dx, v->dy));
  const double want = define(c, v, wide);
  ck_assert_msg(fabs(loss - want) <= 2e-7 * fmax(1.0, fabs(want)),
                "%s: %.12g, wants %.12g", c->name, loss, want);
  for (size_t i = 0; i < 2 * size; i++) {
    const double got = i < size ? v->dx[i] : v->dy[i - size];
    const double by = slope(c, v, wide, i);
    largest = fmax(largest, fabs(by));
    worst = worst_of(worst, fabs(got - by));
  }
  ck_assert_msg(worst <= 2e-6 * largest, "%s %g %g %g: off by %g of %g", c->name, c->p[0],
                c->p[1], c->p[2], worst, largest);
  free(wide);
  pflow_contrast_work_destroy(work);
}

static void check_all(size_t n, size_t dim, float length) {
  two_views v = two_views_make(n, dim, length);
  for (size_t i = 0; i < loss_case_count; i++)
    check_case(&loss_cases[i], &v);
  two_views_free(&v);
}

START_TEST(unit_rows_give_losses_and_gradients) {
  check_all(2, 3, 1.0f);
  check_all(9, 5, 1.0f);
  check_all(34, 17, 1.0f);
}
END_TEST

/* A last block of one row, and one that is the row itself. */
START_TEST(blocks_of_others_are_joined) {
  check_all(65, 3, 1.0f);
}
END_TEST

/* More coordinates than are packed at a time. */
START_TEST(long_rows_are_cut) {
  check_all(5, 131, 1.0f);
}
END_TEST

START_TEST(rows_need_not_have_length_1) {
  check_all(12, 6, 2.0f);
  check_all(12, 6, 0.3f);
}
END_TEST

/*
 * Powers of 1 have a kink where rows coincide; there the central difference is 0, and so
 * is the gradient of that pair.
 */
START_TEST(coinciding_rows_do_not_pull) {
  two_views v = two_views_make(8, 4, 1.0f);
  memcpy(v.y, v.x, 8 * sizeof *v.x);                 /* two positives */
  memcpy(v.x + 5 * 4, v.x + 6 * 4, 4 * sizeof *v.x); /* two negatives */
  for (size_t i = 0; i < loss_case_count; i++)
    if (loss_cases[i].p[0] == 1.0 || loss_cases[i].p[0] == 2.0)
      check_case(&loss_cases[i], &v);
  two_views_free(&v);
}
END_TEST

START_TEST(equal_rows_everywhere_give_finite_numbers) {
  two_views v = two_views_make(6, 3, 1.0f);
  pflow_contrast_work *work = loss_case_work(NULL);
  for (size_t i = 0; i < 6; i++) {
    memcpy(v.x + 3 * i, v.x, 3 * sizeof *v.x);
    memcpy(v.y + 3 * i, v.x, 3 * sizeof *v.x);
  }
  for (size_t c = 0; c < loss_case_count; c++) {
    double loss;
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
    ck_assert(isfinite(loss));
    for (size_t i = 0; i < 18; i++)
      ck_assert(isfinite(v.dx[i]) && isfinite(v.dy[i]));
  }
  ck_ok(pflow_loss_align_uniform(work, v.x, v.y, 6, 3, NULL, &(double){0}, v.dx, v.dy));
  for (size_t i = 0; i < 18; i++)
    ck_assert(v.dx[i] == 0.0f && v.dy[i] == 0.0f);
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

/* Many rows: along a random direction, the derivative is the gradient's product with it.
 */
START_TEST(many_rows_agree_along_a_direction) {
  two_views v = two_views_make(loss_case_rows, 40, 1.0f);
  pflow_contrast_work *work = loss_case_work(NULL);
  const size_t size = v.n * v.dim;
  float *direction = normal_values(2 * size, 9);
  double *wide = widen(&v), *moved = calloc(2 * size, sizeof *moved);
  ck_assert(moved != NULL);
  for (size_t c = 0; c < loss_case_count; c++) {
    double loss, product_sum = 0.0, length = 0.0, difference[2];
    const double h = 1e-5;
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
    for (size_t i = 0; i < 2 * size; i++) {
      const double part = i < size ? v.dx[i] : v.dy[i - size];
      product_sum += part * direction[i];
      length += part * part;
    }
    for (int side = 0; side < 2; side++) {
      for (size_t i = 0; i < 2 * size; i++)
        moved[i] = wide[i] + (side ? h : -h) * direction[i];
      difference[side] = define(&loss_cases[c], &v, moved);
    }
    const double want = (difference[1] - difference[0]) / (2 * h);
    ck_assert_msg(fabs(product_sum - want) <= 1e-5 * sqrt(length), "%s: %g, wants %g",
                  loss_cases[c].name, product_sum, want);
  }
  free(moved);
  free(wide);
  pflow_free(direction);
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

/* ---- reference values ---- */

START_TEST(reference_values_are_met) {
  golden x = golden_load("metrics", "x"), y = golden_load("metrics", "y");
  golden nce = golden_load("metrics", "infonce_tau0p5_f64");
  golden align = golden_load("metrics", "alignment_alpha2_f64");
  golden uniform = golden_load("metrics", "uniformity_t2_f64");
  const size_t n = x.shape[0], dim = x.shape[1];
  pflow_contrast_work *work = loss_case_work(NULL);
  pflow_align_uniform_config config;
  double loss;
  ck_ok(pflow_loss_infonce(work, x.f32, y.f32, n, dim, NULL, &loss, NULL, NULL));
  check_close_f64("InfoNCE", &loss, nce.f64, 1, 1e-8);
  ck_ok(pflow_loss_align_uniform(work, x.f32, x.f32, n, dim, NULL, &loss, NULL, NULL));
  check_close_f64("uniformity", &loss, uniform.f64, 1, 1e-8);
  pflow_align_uniform_config_init(&config);
  config.lambda = 0.0;
  ck_ok(pflow_loss_align_uniform(work, x.f32, y.f32, n, dim, &config, &loss, NULL, NULL));
  check_close_f64("alignment", &loss, align.f64, 1, 1e-7);
  pflow_contrast_work_destroy(work);
  golden_free(&x);
  golden_free(&y);
  golden_free(&nce);
  golden_free(&align);
  golden_free(&uniform);
}
END_TEST

/* Rows so far apart that every e^(-t d^2) underflows still have a uniformity. */
START_TEST(far_rows_do_not_underflow) {
  const float x[4] = {0, 0, 300, 400};
  float dx[4], dy[4];
  double loss;
  pflow_contrast_work *work = loss_case_work(NULL);
  ck_ok(pflow_loss_align_uniform(work, x, x, 2, 2, NULL, &loss, dx, dy));
  ck_assert_double_eq_tol(loss, -2.0 * 250000.0, 1e-6);
  ck_assert_float_eq_tol(dx[0], 0.5f * 4 * 300, 1e-3f); /* -t d(d^2) / dx, half of it */
  ck_assert_float_eq_tol(dx[3], -0.5f * 4 * 400, 1e-3f);
  pflow_contrast_work_destroy(work);
}
END_TEST

int main(void) {
  return run_tests(
      "contrast",
      TESTS(unit_rows_give_losses_and_gradients, blocks_of_others_are_joined,
            long_rows_are_cut, rows_need_not_have_length_1, coinciding_rows_do_not_pull,
            equal_rows_everywhere_give_finite_numbers, many_rows_agree_along_a_direction,
            reference_values_are_met, far_rows_do_not_underflow));
}
