/*
 * test_tensor.c - shapes, ownership and views.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

START_TEST(owned_tensor_is_zero_and_row_major) {
  pflow_tensor *tensor;
  ck_ok(pflow_tensor_create(&tensor, (size_t[]){2, 3, 4}, 3));
  ck_assert_uint_eq(pflow_tensor_size(tensor), 24);
  ck_assert_uint_eq(pflow_tensor_row_size(tensor), 12);
  ck_assert_uint_eq(pflow_tensor_ndim(tensor), 3);
  ck_assert_uint_eq(pflow_tensor_dim(tensor, 2), 4);
  ck_assert_uint_eq(pflow_tensor_dim(tensor, 3), 1);
  for (size_t i = 0; i < 24; i++)
    ck_assert(pflow_tensor_const_values(tensor)[i] == 0.0f);
  ck_assert_uint_eq((uintptr_t)pflow_tensor_values(tensor) % PFLOW_ALIGNMENT, 0);
  pflow_tensor_destroy(tensor);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(views_share_values) {
  float values[6] = {0, 1, 2, 3, 4, 5};
  pflow_tensor *whole, *rows, *flat, *copy;
  ck_ok(pflow_tensor_wrap(&whole, values, (size_t[]){3, 2}, 2));
  ck_ok(pflow_tensor_rows(&rows, whole, 1, 3));
  ck_ok(pflow_tensor_reshape(&flat, whole, (size_t[]){6}, 1));
  ck_ok(pflow_tensor_copy(&copy, rows));
  pflow_tensor_values(rows)[0] = 7;
  ck_assert(values[2] == 7 && pflow_tensor_values(flat)[2] == 7);
  ck_assert(pflow_tensor_values(copy)[0] == 2);
  ck_assert_uint_eq(pflow_tensor_dim(rows, 0), 2);
  pflow_tensor_destroy(copy);
  pflow_tensor_destroy(flat);
  pflow_tensor_destroy(rows);
  pflow_tensor_destroy(whole);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_shapes_are_named) {
  pflow_tensor *tensor = NULL;
  const size_t huge = SIZE_MAX / 2;
  ck_fails(pflow_tensor_create(NULL, (size_t[]){1}, 1), PFLOW_ENULL, "tensor");
  ck_fails(pflow_tensor_create(&tensor, NULL, 1), PFLOW_ENULL, "shape");
  ck_fails(pflow_tensor_create(&tensor, (size_t[]){1}, 0), PFLOW_EINVAL, "got 0");
  ck_fails(pflow_tensor_create(&tensor, (size_t[]){1, 1, 1, 1, 1}, 5), PFLOW_EINVAL,
           "got 5");
  ck_fails(pflow_tensor_create(&tensor, (size_t[]){2, 0}, 2), PFLOW_EINVAL,
           "dimension 1");
  ck_fails(pflow_tensor_create(&tensor, (size_t[]){huge, 3}, 2), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_tensor_create(&tensor, (size_t[]){huge}, 1), PFLOW_EOVERFLOW, "bytes");
  ck_fails(pflow_tensor_wrap(&tensor, NULL, (size_t[]){1}, 1), PFLOW_ENULL, "values");
  ck_fails(pflow_tensor_wrap(NULL, (float[]){1}, (size_t[]){1}, 1), PFLOW_ENULL,
           "tensor");
  ck_fails(pflow_tensor_wrap(&tensor, (float[]){1}, NULL, 1), PFLOW_ENULL, "shape");
  ck_fails(pflow_tensor_copy(&tensor, NULL), PFLOW_ENULL, "source");
  ck_assert_ptr_null(tensor);
}
END_TEST

START_TEST(bad_views_are_named) {
  pflow_tensor *tensor, *view;
  ck_ok(pflow_tensor_create(&tensor, (size_t[]){3, 2}, 2));
  ck_fails(pflow_tensor_rows(&view, tensor, 1, 4), PFLOW_EINVAL, "with 3 rows");
  ck_fails(pflow_tensor_rows(&view, tensor, 2, 2), PFLOW_EINVAL, "rows 2 to 2");
  ck_fails(pflow_tensor_reshape(&view, tensor, (size_t[]){7}, 1), PFLOW_ESHAPE, "6");
  ck_fails(pflow_tensor_reshape(&view, tensor, (size_t[]){6, 0}, 2), PFLOW_EINVAL, "0");
  ck_fails(pflow_tensor_reshape(NULL, tensor, (size_t[]){6}, 1), PFLOW_ENULL, "view");
  ck_fails(pflow_tensor_reshape(&view, NULL, (size_t[]){6}, 1), PFLOW_ENULL, "source");
  ck_fails(pflow_tensor_reshape(&view, tensor, NULL, 1), PFLOW_ENULL, "shape");
  ck_fails(pflow_tensor_rows(NULL, tensor, 0, 1), PFLOW_ENULL, "view");
  ck_fails(pflow_tensor_rows(&view, NULL, 0, 1), PFLOW_ENULL, "source");
  ck_assert_ptr_null(view);
  pflow_tensor_destroy(tensor);
  pflow_tensor_destroy(NULL);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(non_finite_values_are_found) {
  float values[6] = {0, 1, 2, 3, INFINITY, NAN};
  ck_ok(pflow_check_finite(values, 2, 2, "rows"));
  ck_fails(pflow_check_finite(values, 3, 2, "train rows"), PFLOW_ENONFINITE,
           "train rows: row 2, column 0 is inf");
  ck_fails(pflow_check_finite(NULL, 1, 1, "rows"), PFLOW_ENULL, "values");
}
END_TEST

START_TEST(questions_about_no_tensor_are_answered) {
  ck_assert_ptr_null(pflow_tensor_values(NULL));
  ck_assert_ptr_null(pflow_tensor_const_values(NULL));
  ck_assert_uint_eq(pflow_tensor_ndim(NULL), 0);
  ck_assert_uint_eq(pflow_tensor_dim(NULL, 0), 0);
  ck_assert_uint_eq(pflow_tensor_size(NULL), 0);
  ck_assert_uint_eq(pflow_tensor_row_size(NULL), 0);
}
END_TEST

static pflow_err make_tensors(void *user) {
  (void)user;
  pflow_tensor *whole, *copy = NULL, *rows = NULL, *flat = NULL;
  pflow_err rc = pflow_tensor_create(&whole, (size_t[]){4, 3}, 2);
  if (rc == PFLOW_OK) rc = pflow_tensor_copy(&copy, whole);
  if (rc == PFLOW_OK) rc = pflow_tensor_rows(&rows, whole, 1, 3);
  if (rc == PFLOW_OK) rc = pflow_tensor_reshape(&flat, rows, (size_t[]){6}, 1);
  if (rc < 0) ck_assert_ptr_null(flat);
  pflow_tensor_destroy(flat);
  pflow_tensor_destroy(rows);
  pflow_tensor_destroy(copy);
  pflow_tensor_destroy(whole);
  return rc;
}

START_TEST(failed_allocations_leave_nothing) {
  failing_install();
  ck_assert_uint_eq(check_failures(make_tensors, NULL), 6);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("tensor", TESTS(owned_tensor_is_zero_and_row_major, views_share_values,
                                   bad_shapes_are_named, bad_views_are_named,
                                   non_finite_values_are_found,
                                   questions_about_no_tensor_are_answered,
                                   failed_allocations_leave_nothing));
}
