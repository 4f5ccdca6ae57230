/*
 * test_loss.c - cross entropy and mean squared error.
 */
#include <math.h>

#include "support/golden.h"
#include "support/suite.h"

START_TEST(cross_entropy_equals_reference) {
  golden x = golden_load("cross_entropy", "x"), gx = golden_load("cross_entropy", "gx");
  golden labels = golden_load("cross_entropy", "labels");
  golden want = golden_load("cross_entropy", "loss_f64");
  double loss, alone;
  float *gradient = pflow_alloc(x.size, sizeof *gradient);
  ck_ok(pflow_loss_cross_entropy(x.f32, labels.i32, 16, 10, &loss, gradient));
  check_close_f64("loss", &loss, want.f64, 1, 1e-12);
  check_close("gradient", gradient, &gx, 1e-7);
  ck_ok(pflow_loss_cross_entropy(x.f32, labels.i32, 16, 10, &alone, NULL));
  ck_assert(alone == loss);
  ck_ok(pflow_loss_cross_entropy(x.f32, labels.i32, 16, 10, &alone, x.f32));
  ck_assert(alone == loss);
  ck_assert_mem_eq(x.f32, gradient, x.size * sizeof *gradient);
  pflow_free(gradient);
  golden_free(&x);
  golden_free(&gx);
  golden_free(&labels);
  golden_free(&want);
}
END_TEST

/* Equal logits cost log(classes), however large they are. */
START_TEST(cross_entropy_bears_extreme_logits) {
  const int32_t labels[2] = {1, 0};
  float shifted[6] = {3e38f, 3e38f, 3e38f, -3e38f, -3e38f, -3e38f}, gradient[6];
  double loss;
  ck_ok(pflow_loss_cross_entropy(shifted, labels, 2, 3, &loss, gradient));
  ck_assert_double_eq_tol(loss, log(3.0), 1e-15);
  for (size_t i = 0; i < 6; i++) {
    float want = (1.0f / 3 - (i == 1 || i == 3)) / 2;
    ck_assert_float_eq_tol(gradient[i], want, 1e-6f);
  }
}
END_TEST

START_TEST(bad_losses_are_refused) {
  const float x[4] = {0};
  int32_t labels[2] = {0, 2};
  double loss = 7.0;
  float gradient[4] = {5};
  ck_fails(pflow_loss_cross_entropy(x, labels, 2, 2, &loss, gradient), PFLOW_ELABEL,
           "row 1 has label 2");
  labels[1] = -1;
  ck_fails(pflow_loss_cross_entropy(x, labels, 2, 2, &loss, gradient), PFLOW_ELABEL,
           "row 1 has label -1");
  ck_assert(loss == 7.0 && gradient[0] == 5.0f);
  ck_fails(pflow_loss_cross_entropy(x, labels, 0, 2, &loss, NULL), PFLOW_EINVAL,
           "0 rows");
  ck_fails(pflow_loss_cross_entropy(x, labels, 2, 0, &loss, NULL), PFLOW_EINVAL,
           "classes 0");
  ck_fails(pflow_loss_cross_entropy(x, labels, SIZE_MAX, 2, &loss, NULL), PFLOW_EOVERFLOW,
           "*");
  ck_fails(pflow_loss_cross_entropy(NULL, labels, 2, 2, &loss, NULL), PFLOW_ENULL,
           "logits");
  ck_fails(pflow_loss_cross_entropy(x, NULL, 2, 2, &loss, NULL), PFLOW_ENULL, "labels");
  ck_fails(pflow_loss_cross_entropy(x, labels, 2, 2, NULL, NULL), PFLOW_ENULL, "loss");
  ck_fails(pflow_loss_mse(NULL, x, 2, 2, &loss, NULL), PFLOW_ENULL, "prediction");
  ck_fails(pflow_loss_mse(x, NULL, 2, 2, &loss, NULL), PFLOW_ENULL, "target");
  ck_fails(pflow_loss_mse(x, x, 2, 2, NULL, NULL), PFLOW_ENULL, "loss");
  ck_fails(pflow_loss_mse(x, x, 0, 2, &loss, NULL), PFLOW_EINVAL, "0 rows");
  ck_fails(pflow_loss_mse(x, x, 2, 0, &loss, NULL), PFLOW_EINVAL, "dim 0");
  ck_fails(pflow_loss_mse(x, x, SIZE_MAX / 2, 3, &loss, NULL), PFLOW_EOVERFLOW, "*");
}
END_TEST

START_TEST(mean_squared_error_by_hand) {
  float prediction[4] = {1, 2, 3, 4};
  const float target[4] = {1, 0, 4, 8};
  double loss, again;
  ck_ok(pflow_loss_mse(prediction, target, 2, 2, &loss, NULL));
  ck_assert(loss == (0 + 4 + 1 + 16) / 4.0);
  ck_ok(pflow_loss_mse(prediction, target, 2, 2, &again, prediction));
  ck_assert(again == loss);
  const float want[4] = {0, 1, -0.5f, -2};
  ck_assert_mem_eq(prediction, want, sizeof want);
}
END_TEST

/* Single values of 1e-4 would be lost beside 1e8 in a float sum. */
START_TEST(mean_squared_error_sums_in_double) {
  enum { n = 10001 };
  static float prediction[n], target[n];
  double loss;
  prediction[0] = 1e4f;
  for (size_t i = 1; i < n; i++)
    prediction[i] = 0.015625f;
  ck_ok(pflow_loss_mse(prediction, target, 1, n, &loss, NULL));
  double want = (1e8 + (n - 1) * 0.015625 * 0.015625) / n;
  ck_assert_double_eq_tol(loss, want, 1e-14 * want);
}
END_TEST

int main(void) {
  return run_tests("loss",
                   TESTS(cross_entropy_equals_reference,
                         cross_entropy_bears_extreme_logits, bad_losses_are_refused,
                         mean_squared_error_by_hand, mean_squared_error_sums_in_double));
}
