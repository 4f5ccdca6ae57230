/*
 * test_affine_input.c - affine transforms: memory and bad input.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"

static const pflow_affine_kind kinds[] = {
    PFLOW_AFFINE_CENTER,     PFLOW_AFFINE_PCA,    PFLOW_AFFINE_PCA_WHITEN,
    PFLOW_AFFINE_ZCA_WHITEN, PFLOW_AFFINE_ROTATE, PFLOW_AFFINE_ALL_BUT_TOP};

static pflow_err fit_and_destroy(void *user) {
  const float x[] = {0, 1, 2, 5, 3, 1};
  pflow_affine *affine;
  pflow_err rc =
      pflow_affine_fit(&affine, *(const pflow_affine_kind *)user, x, 3, 2, NULL);
  ck_assert((rc == PFLOW_OK) == (affine != NULL));
  pflow_affine_destroy(affine);
  return rc;
}

START_TEST(failing_memory_leaves_nothing) {
  failing_install();
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    pflow_affine_kind kind = kinds[k];
    ck_assert_uint_ge(check_failures(fit_and_destroy, &kind), 2);
  }
  failing_remove();
}
END_TEST

START_TEST(apply_allocates_nothing) {
  const float x[] = {0, 1, 2, 5, 3, 1};
  float y[6], back[6];
  counting_install();
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    pflow_affine *affine;
    ck_ok(pflow_affine_fit(&affine, kinds[k], x, 3, 2, NULL));
    size_t before = counting_calls();
    ck_assert_uint_gt(before, 0);
    ck_ok(pflow_affine_apply(affine, x, 3, y));
    if (kinds[k] != PFLOW_AFFINE_ALL_BUT_TOP)
      ck_ok(pflow_affine_invert(affine, y, 3, back));
    ck_assert_uint_eq(counting_calls(), before);
    pflow_affine_destroy(affine);
  }
  counting_remove();
}
END_TEST

START_TEST(fit_refuses_bad_input) {
  float x[] = {0, 1, 2, 5, 3, 1}, equal[] = {0.1f, 0.2f, 0.1f, 0.2f};
  pflow_affine *affine;
  const pflow_affine_kind pca = PFLOW_AFFINE_PCA, white = PFLOW_AFFINE_PCA_WHITEN;
  ck_fails(pflow_affine_fit(NULL, pca, x, 3, 2, NULL), PFLOW_ENULL, "affine");
  ck_fails(pflow_affine_fit(&affine, pca, NULL, 3, 2, NULL), PFLOW_ENULL, "x");
  ck_fails(pflow_affine_fit(&affine, pca, x, 0, 2, NULL), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_affine_fit(&affine, pca, x, 3, 0, NULL), PFLOW_EINVAL, "3 x 0");
  ck_fails(pflow_affine_fit(&affine, pca, x, 1, 2, NULL), PFLOW_EINVAL, "1 row");
  ck_fails(pflow_affine_fit(&affine, pca, x, SIZE_MAX, 2, NULL), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_affine_fit(&affine, (pflow_affine_kind)6, x, 3, 2, NULL), PFLOW_EINVAL,
           "kind is 6");
  ck_fails(pflow_affine_fit(&affine, white, equal, 2, 2, NULL), PFLOW_EINVAL,
           "component 0");
  x[3] = NAN;
  ck_fails(pflow_affine_fit(&affine, pca, x, 3, 2, NULL), PFLOW_ENONFINITE,
           "row 1, column 1");
  ck_assert_ptr_null(affine);
  pflow_affine_destroy(NULL);
  ck_assert_uint_eq(pflow_affine_in_dim(NULL), 0);
  ck_assert_uint_eq(pflow_affine_out_dim(NULL), 0);
  ck_assert_ptr_null(pflow_affine_variances(NULL));
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static void refuse_setting(pflow_affine_kind kind, size_t out_dim, double eps,
                           const char *text) {
  const float x[] = {0, 1, 2, 5, 3, 1};
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.out_dim = out_dim;
  config.eps = eps;
  pflow_affine *affine;
  ck_fails(pflow_affine_fit(&affine, kind, x, 3, 2, &config), PFLOW_EINVAL, text);
  ck_assert_ptr_null(affine);
}

START_TEST(fit_refuses_bad_settings) {
  refuse_setting(PFLOW_AFFINE_PCA, 3, 1e-6, "out_dim is 3, wants 0 to 2");
  refuse_setting(PFLOW_AFFINE_ZCA_WHITEN, 1, 1e-6, "out_dim is 1, wants 0 or 2");
  refuse_setting(PFLOW_AFFINE_PCA_WHITEN, 0, -0.5, "eps is -0.5");
  refuse_setting(PFLOW_AFFINE_PCA_WHITEN, 0, NAN, "eps is");
  refuse_setting(PFLOW_AFFINE_PCA_WHITEN, 0, INFINITY, "eps is inf");
}
END_TEST

START_TEST(apply_refuses_bad_input) {
  float x[] = {0, 1, 2, 5, 3, 1}, y[8] = {0};
  pflow_affine *affine;
  ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA_WHITEN, x, 3, 2, NULL));
  ck_fails(pflow_affine_apply(NULL, x, 3, y), PFLOW_ENULL, "affine");
  ck_fails(pflow_affine_apply(affine, NULL, 3, y), PFLOW_ENULL, "x");
  ck_fails(pflow_affine_apply(affine, x, 3, NULL), PFLOW_ENULL, "y");
  ck_fails(pflow_affine_apply(affine, x, 0, y), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_affine_apply(affine, x, SIZE_MAX, y), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_affine_apply(affine, x, 3, x), PFLOW_EINVAL, "overlaps");
  ck_fails(pflow_affine_apply(affine, y, 2, y + 3), PFLOW_EINVAL, "overlaps");
  x[5] = -INFINITY;
  ck_fails(pflow_affine_apply(affine, x, 3, y), PFLOW_ENONFINITE, "row 2, column 1");
  pflow_affine_destroy(affine);
  float huge[] = {3e38f, -3e38f, -3e38f, 3e38f};
  ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_CENTER, huge, 2, 2, NULL));
  pflow_affine_destroy(affine);
  ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_ROTATE, huge, 2, 2, NULL));
  ck_fails(pflow_affine_apply(affine, huge, 2, y), PFLOW_ENONFINITE, "row 0");
  pflow_affine_destroy(affine);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Rows of which a number of the transform would be beyond float32. */
START_TEST(fit_refuses_what_floats_do_not_reach) {
  float huge[] = {3e38f, -3e38f, -3e38f, 3e38f}, tiny[] = {1e-39f, 0, 0, 2e-39f};
  pflow_affine *affine;
  const pflow_affine_kind by_axes[] = {PFLOW_AFFINE_PCA, PFLOW_AFFINE_PCA_WHITEN,
                                       PFLOW_AFFINE_ZCA_WHITEN, PFLOW_AFFINE_ALL_BUT_TOP};
  for (size_t i = 0; i < sizeof by_axes / sizeof *by_axes; i++)
    ck_fails(pflow_affine_fit(&affine, by_axes[i], huge, 2, 2, NULL), PFLOW_ENONFINITE,
             "too large or too small");
  ck_fails(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA_WHITEN, tiny, 2, 2, NULL),
           PFLOW_ENONFINITE, "too large or too small");
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.eps = 1e300;
  float x[] = {0, 1, 2, 5, 3, 1};
  ck_fails(pflow_affine_fit(&affine, PFLOW_AFFINE_PCA_WHITEN, x, 3, 2, &config),
           PFLOW_ENONFINITE, "too large or too small");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("map input",
                   TESTS(failing_memory_leaves_nothing, apply_allocates_nothing,
                         fit_refuses_bad_input, fit_refuses_bad_settings,
                         fit_refuses_what_floats_do_not_reach, apply_refuses_bad_input));
}
