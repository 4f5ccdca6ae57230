/*
 * test_contrast_rules.c - losses on two views: threads, what may be left out, values that
 * are not finite, memory, bad arguments.
 */
#include <math.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"
#include "support/two_views.h"

START_TEST(threads_change_no_bit) {
  two_views v = two_views_make(203, 37, 1.0f);
  const size_t size = v.n * v.dim * sizeof *v.dx;
  float *dx = pflow_alloc(1, size), *dy = pflow_alloc(1, size);
  for (size_t c = 0; c < loss_case_count; c++) {
    double first = 0.0;
    for (size_t threads = 1; threads <= 5; threads++) {
      double loss;
      pflow_pool *pool;
      ck_ok(pflow_pool_create(&pool, threads));
      pflow_contrast_work *work = loss_case_work(pool);
      ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
      if (threads > 1)
        ck_assert(loss == first && memcmp(dx, v.dx, size) == 0 &&
                  memcmp(dy, v.dy, size) == 0);
      first = loss;
      memcpy(dx, v.dx, size);
      memcpy(dy, v.dy, size);
      pflow_contrast_work_destroy(work);
      pflow_pool_destroy(pool);
    }
  }
  pflow_free(dx);
  pflow_free(dy);
  two_views_free(&v);
}
END_TEST

START_TEST(gradients_may_be_left_out) {
  two_views v = two_views_make(70, 9, 1.0f);
  const size_t size = v.n * v.dim * sizeof *v.dx;
  float *alone = pflow_alloc(1, size);
  pflow_contrast_work *work = loss_case_work(NULL);
  for (size_t c = 0; c < loss_case_count; c++) {
    double loss, again;
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &again, alone, NULL));
    ck_assert(again == loss && memcmp(alone, v.dx, size) == 0);
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &again, NULL, alone));
    ck_assert(again == loss && memcmp(alone, v.dy, size) == 0);
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &again, NULL, NULL));
    ck_assert(again == loss);
  }
  pflow_free(alone);
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

START_TEST(what_is_not_finite_shows) {
  const float bad[3] = {NAN, INFINITY, 1e30f};
  two_views v = two_views_make(70, 9, 1.0f);
  pflow_contrast_work *work = loss_case_work(NULL);
  for (size_t c = 0; c < loss_case_count; c++) {
    for (size_t b = 0; b < 3; b++) {
      float *place = (b % 2 ? v.y : v.x) + 13, kept = *place;
      double loss;
      *place = bad[b];
      ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
      /* Alignment of 1e30 is a number of its own in double. */
      ck_assert_msg(!isfinite(loss) || (b == 2 && fabs(loss) > 1e20), "%s: %g",
                    loss_cases[c].name, loss);
      *place = kept;
    }
  }
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

START_TEST(a_loss_allocates_nothing) {
  counting_install();
  two_views v = two_views_make(70, 9, 1.0f);
  pflow_contrast_work *work = loss_case_work(NULL);
  double loss;
  ck_ok(loss_cases[0].call(work, &v, loss_cases[0].p, &loss, v.dx,
                           v.dy)); /* the default pool */
  const size_t before = counting_calls();
  for (size_t c = 0; c < loss_case_count; c++)
    ck_ok(loss_cases[c].call(work, &v, loss_cases[c].p, &loss, v.dx, v.dy));
  ck_assert_uint_eq(counting_calls(), before);
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

static pflow_err make_and_destroy(void *user) {
  pflow_contrast_work *work;
  pflow_err rc = pflow_contrast_work_create(&work, *(size_t *)user, NULL);
  ck_assert((rc == PFLOW_OK) == (work != NULL));
  pflow_contrast_work_destroy(work);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  size_t rows = 10;
  failing_install();
  ck_assert_uint_eq(check_failures(make_and_destroy, &rows), 1);
  failing_remove();
}
END_TEST

START_TEST(bad_settings_are_named) {
  static const struct {
    size_t which;
    double p[3];
    const char *text;
  } bad[] = {
      {0, {0.9, 2, 1}, "alpha is 0.9"},
      {0, {NAN, 2, 1}, "alpha is"},
      {0, {2, 0, 1}, "t is 0"},
      {0, {2, INFINITY, 1}, "t is inf"},
      {0, {2, 2, -0.5}, "lambda is -0.5"},
      {0, {2, 2, NAN}, "lambda is"},
      {4, {0, 0}, "tau is 0"},
      {4, {INFINITY, 0}, "tau is inf"},
      {8, {0.5, 1, 1}, "alpha is 0.5"},
      {8, {2, 0.5, 1}, "beta is 0.5"},
      {8, {2, 1, -0.5}, "lambda is -0.5"},
      {8, {2, INFINITY, 1}, "beta is inf"},
  };
  two_views v = two_views_make(5, 3, 1.0f);
  pflow_contrast_work *work = loss_case_work(NULL);
  double loss = 7.0;
  v.dx[0] = 5.0f;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_fails(loss_cases[bad[i].which].call(work, &v, bad[i].p, &loss, v.dx, v.dy),
             PFLOW_EINVAL, bad[i].text);
  pflow_align_uniform_config a = {0};
  pflow_infonce_config b = {0};
  pflow_l2_contrast_config c = {0};
  ck_fails(pflow_loss_align_uniform(work, v.x, v.y, 5, 3, &a, &loss, NULL, NULL),
           PFLOW_EINVAL, "struct_size");
  ck_fails(pflow_loss_infonce(work, v.x, v.y, 5, 3, &b, &loss, NULL, NULL), PFLOW_EINVAL,
           "struct_size");
  ck_fails(pflow_loss_l2_contrast(work, v.x, v.y, 5, 3, &c, &loss, NULL, NULL),
           PFLOW_EINVAL, "struct_size");
  ck_assert(loss == 7.0 && v.dx[0] == 5.0f);
  pflow_contrast_work_destroy(work);
  two_views_free(&v);
}
END_TEST

typedef pflow_err (*any_loss)(pflow_contrast_work *work, const float *x, const float *y,
                              size_t n, size_t dim, const void *config, double *loss,
                              float *dx, float *dy);

static pflow_err any_align(pflow_contrast_work *work, const float *x, const float *y,
                           size_t n, size_t dim, const void *config, double *loss,
                           float *dx, float *dy) {
  return pflow_loss_align_uniform(work, x, y, n, dim, config, loss, dx, dy);
}

static pflow_err any_infonce(pflow_contrast_work *work, const float *x, const float *y,
                             size_t n, size_t dim, const void *config, double *loss,
                             float *dx, float *dy) {
  return pflow_loss_infonce(work, x, y, n, dim, config, loss, dx, dy);
}

static pflow_err any_l2(pflow_contrast_work *work, const float *x, const float *y,
                        size_t n, size_t dim, const void *config, double *loss, float *dx,
                        float *dy) {
  return pflow_loss_l2_contrast(work, x, y, n, dim, config, loss, dx, dy);
}

START_TEST(bad_arguments_are_named) {
  static const any_loss losses[3] = {any_align, any_infonce, any_l2};
  float x[12] = {1, 2, 3, 4}, y[12] = {2, 3}, dx[12], dy[12];
  double loss;
  pflow_contrast_work *work, *none;
  ck_ok(pflow_contrast_work_create(&work, 4, NULL));
  for (size_t i = 0; i < 3; i++) {
    const any_loss f = losses[i];
    ck_fails(f(NULL, x, y, 4, 3, NULL, &loss, dx, dy), PFLOW_ENULL, "work is NULL");
    ck_fails(f(work, NULL, y, 4, 3, NULL, &loss, dx, dy), PFLOW_ENULL, "x is NULL");
    ck_fails(f(work, x, NULL, 4, 3, NULL, &loss, dx, dy), PFLOW_ENULL, "y is NULL");
    ck_fails(f(work, x, y, 4, 3, NULL, NULL, dx, dy), PFLOW_ENULL, "loss is NULL");
    ck_fails(f(work, x, y, 1, 3, NULL, &loss, dx, dy), PFLOW_EINVAL, "over 1 rows");
    ck_fails(f(work, x, y, 0, 3, NULL, &loss, dx, dy), PFLOW_EINVAL, "over 0 rows");
    ck_fails(f(work, x, y, 5, 3, NULL, &loss, dx, dy), PFLOW_EINVAL, "room for 4");
    ck_fails(f(work, x, y, 4, 0, NULL, &loss, dx, dy), PFLOW_EINVAL, "dim 0");
    ck_fails(f(work, x, y, 4, SIZE_MAX / 4, NULL, &loss, dx, dy), PFLOW_EOVERFLOW, "*");
    ck_fails(f(work, x, y, 4, 3, NULL, &loss, x, dy), PFLOW_EINVAL, "dx is x");
    ck_fails(f(work, x, y, 4, 3, NULL, &loss, y, dy), PFLOW_EINVAL, "dx is y");
    ck_fails(f(work, x, y, 4, 3, NULL, &loss, dx, x), PFLOW_EINVAL, "dy is x");
    ck_fails(f(work, x, y, 4, 3, NULL, &loss, dx, y), PFLOW_EINVAL, "dy is y");
    ck_fails(f(work, x, y, 4, 3, NULL, &loss, dx, dx), PFLOW_EINVAL, "dy is dx");
    ck_ok(f(work, x, x, 4, 3, NULL, &loss, dx, dy));
  }
  ck_fails(pflow_contrast_work_create(&none, 1, NULL), PFLOW_EINVAL, "max_rows is 1");
  ck_fails(pflow_contrast_work_create(&none, SIZE_MAX / 8, NULL), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_contrast_work_create(NULL, 4, NULL), PFLOW_ENULL, "work is NULL");
  ck_assert_ptr_null(none);
  pflow_contrast_work_destroy(work);
  pflow_contrast_work_destroy(NULL);
}
END_TEST

int main(void) {
  return run_tests("contrast_rules",
                   TESTS(threads_change_no_bit, gradients_may_be_left_out,
                         what_is_not_finite_shows, a_loss_allocates_nothing,
                         failing_allocations_leave_nothing, bad_settings_are_named,
                         bad_arguments_are_named));
}
