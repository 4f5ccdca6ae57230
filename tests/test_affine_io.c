/*
 * test_affine_io.c - affine transforms: the way back, and in archives.
 */
#include <math.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"
#include "support/toy.h"

static const pflow_affine_kind kinds[] = {
    PFLOW_AFFINE_CENTER,     PFLOW_AFFINE_PCA,    PFLOW_AFFINE_PCA_WHITEN,
    PFLOW_AFFINE_ZCA_WHITEN, PFLOW_AFFINE_ROTATE, PFLOW_AFFINE_ALL_BUT_TOP};

enum { kinds_count = sizeof kinds / sizeof *kinds, rows = 60, dim = 19 };

/* Rows of falling variance around a mean far from 0. */
static float *make_rows(void) {
  float *x = normal_values(rows * dim, 3);
  for (size_t i = 0; i < rows * dim; i++)
    x[i] = x[i] * 4.0f / (float)(1 + i % dim) + 20.0f + (float)(i % dim);
  return x;
}

static pflow_affine *fit(pflow_affine_kind kind, const float *x, size_t out_dim,
                         int normalize) {
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.out_dim = out_dim;
  config.normalize = normalize;
  pflow_affine *affine;
  ck_ok(pflow_affine_fit(&affine, kind, x, rows, dim, &config));
  return affine;
}

START_TEST(inverse_gives_the_rows_back) {
  float *x = make_rows(), y[rows * dim], back[rows * dim];
  for (size_t k = 0; k + 1 < kinds_count; k++) {
    pflow_affine *affine = fit(kinds[k], x, 0, 1);
    ck_ok(pflow_affine_apply(affine, x, rows, y));
    ck_ok(pflow_affine_invert(affine, y, rows, back));
    for (size_t i = 0; i < rows * dim; i++)
      ck_assert_msg(fabs(back[i] - x[i]) < 1e-4, "kind %zu, value %zu: %g of %g", k, i,
                    (double)back[i], (double)x[i]);
    pflow_affine_destroy(affine);
  }
  pflow_free(x);
}
END_TEST

/* What came back differs from the rows only across the kept plane: it is a fixed point.
 */
START_TEST(fewer_components_give_the_nearest_point) {
  float *x = make_rows(), y[rows * dim], again[rows * dim], back[rows * dim];
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA, x, 5, 0);
  ck_ok(pflow_affine_apply(affine, x, rows, y));
  ck_ok(pflow_affine_invert(affine, y, rows, back));
  ck_ok(pflow_affine_apply(affine, back, rows, again));
  for (size_t i = 0; i < rows * 5; i++)
    ck_assert(fabs(again[i] - y[i]) < 1e-4);
  const double *variances = pflow_affine_variances(affine);
  double lost = 0.0, want = 0.0;
  for (size_t i = 0; i < rows * dim; i++)
    lost += pow((double)back[i] - x[i], 2.0) / (rows - 1);
  for (size_t i = 5; i < dim; i++)
    want += variances[i];
  ck_assert(fabs(lost / want - 1.0) < 1e-4);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

START_TEST(normalized_rows_have_rms_radius_one) {
  float *x = make_rows(), y[rows * dim];
  pflow_affine *affine = fit(PFLOW_AFFINE_PCA, x, 4, 1);
  ck_ok(pflow_affine_apply(affine, x, rows, y));
  double sum = 0.0;
  for (size_t i = 0; i < rows * 4; i++)
    sum += (double)y[i] * y[i];
  ck_assert(fabs(sum / (rows - 1) - 1.0) < 1e-5);
  pflow_affine_destroy(affine);
  pflow_free(x);
}
END_TEST

/* Without its first axes the rest keeps its variances; the way back is refused. */
START_TEST(all_but_the_top_loses_the_top) {
  float *x = make_rows(), y[rows * dim], back[rows * dim];
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.removed = 3;
  pflow_affine *affine, *after;
  ck_ok(pflow_affine_fit(&affine, PFLOW_AFFINE_ALL_BUT_TOP, x, rows, dim, &config));
  ck_ok(pflow_affine_apply(affine, x, rows, y));
  ck_ok(pflow_affine_fit(&after, PFLOW_AFFINE_PCA, y, rows, dim, NULL));
  for (size_t i = 0; i + 3 < dim; i++)
    ck_assert(fabs(pflow_affine_variances(after)[i] -
                   pflow_affine_variances(affine)[i + 3]) < 1e-5);
  ck_assert(pflow_affine_variances(after)[dim - 3] < 1e-9);
  ck_fails(pflow_affine_invert(affine, y, rows, back), PFLOW_EUNSUPPORTED, "come back");
  pflow_affine_destroy(after);
  pflow_affine_destroy(affine);
  config.removed = dim + 1;
  ck_fails(pflow_affine_fit(&affine, PFLOW_AFFINE_ALL_BUT_TOP, x, rows, dim, &config),
           PFLOW_EINVAL, "removed is 20, wants 0 to 19");
  pflow_free(x);
}
END_TEST

static pflow_archive *archive_of(const pflow_affine *affine) {
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_affine_put(archive, "pre.", affine));
  return archive;
}

START_TEST(archives_give_the_same_bits) {
  float *x = make_rows(), y[rows * dim], again[rows * dim];
  for (size_t k = 0; k < kinds_count; k++) {
    const size_t out = kinds[k] == PFLOW_AFFINE_PCA ? 7 : dim;
    pflow_affine *affine = fit(kinds[k], x, out == dim ? 0 : out, 0), *read;
    pflow_archive *archive = archive_of(affine);
    ck_ok(pflow_affine_get(archive, "pre.", &read, NULL));
    ck_assert_uint_eq(pflow_affine_out_dim(read), out);
    ck_ok(pflow_affine_apply(affine, x, rows, y));
    ck_ok(pflow_affine_apply(read, x, rows, again));
    ck_assert(memcmp(y, again, rows * out * sizeof *y) == 0);
    if (kinds[k] != PFLOW_AFFINE_ALL_BUT_TOP) {
      float back[rows * dim];
      ck_ok(pflow_affine_invert(affine, y, rows, back));
      ck_ok(pflow_affine_invert(read, y, rows, again));
      ck_assert(memcmp(back, again, rows * dim * sizeof *y) == 0);
    }
    pflow_archive_destroy(archive);
    pflow_affine_destroy(read);
    pflow_affine_destroy(affine);
  }
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* An archive whose description was written by hand. */
static void refuse(const char *text, pflow_err code, const char *sentence) {
  const float mean[] = {0, 0, 0, 0};
  const size_t shape[] = {2, 2};
  pflow_archive *archive;
  pflow_affine *affine;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_text(archive, "pflow.affine", text));
  ck_ok(pflow_archive_put(archive, "mean", mean, shape, 2));
  ck_fails(pflow_affine_get(archive, "", &affine, NULL), code, sentence);
  ck_assert_ptr_null(affine);
  pflow_archive_destroy(archive);
}

#define affine_text(numbers) "{\"format\": \"pflow.affine\", \"version\": 1, " numbers "}"

START_TEST(bad_archives_are_refused) {
  refuse(affine_text("\"kind\": 9, \"in_dim\": 2, \"out_dim\": 2"), PFLOW_EFORMAT,
         "kind 9");
  refuse(affine_text("\"kind\": 0, \"in_dim\": 2, \"out_dim\": 1"), PFLOW_EFORMAT,
         "2 values to 1");
  refuse(affine_text("\"kind\": 1, \"in_dim\": 2, \"out_dim\": 3"), PFLOW_EFORMAT,
         "2 values to 3");
  refuse(affine_text("\"kind\": 1, \"in_dim\": 0, \"out_dim\": 0"), PFLOW_EFORMAT,
         "0 values");
  refuse(affine_text("\"kind\": 0, \"in_dim\": 3, \"out_dim\": 3"), PFLOW_ESHAPE, "mean");
  refuse(affine_text("\"kind\": 1, \"in_dim\": 2, \"out_dim\": 2"), PFLOW_ENOTFOUND,
         "matrix");
  refuse(affine_text("\"in_dim\": 2, \"out_dim\": 2"), PFLOW_EFORMAT, "kind");
}
END_TEST

static pflow_err there_and_back(void *user) {
  const pflow_affine *affine = user;
  pflow_archive *archive = NULL;
  pflow_affine *read = NULL;
  pflow_err rc = pflow_archive_create(&archive);
  if (rc >= 0) rc = pflow_affine_put(archive, "pre.", affine);
  if (rc < 0 && archive) ck_assert_uint_eq(pflow_archive_count(archive), 0);
  if (rc >= 0) rc = pflow_affine_get(archive, "pre.", &read, NULL);
  pflow_affine_destroy(read);
  pflow_archive_destroy(archive);
  return rc;
}

START_TEST(failing_memory_leaves_nothing) {
  failing_install();
  float *x = make_rows();
  pflow_affine *affine = fit(PFLOW_AFFINE_ZCA_WHITEN, x, 0, 0);
  ck_assert_uint_gt(check_failures(there_and_back, affine), 5);
  pflow_affine_destroy(affine);
  pflow_free(x);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("affine io",
                   TESTS(inverse_gives_the_rows_back,
                         fewer_components_give_the_nearest_point,
                         normalized_rows_have_rms_radius_one,
                         all_but_the_top_loses_the_top, archives_give_the_same_bits,
                         bad_archives_are_refused, failing_memory_leaves_nothing));
}
