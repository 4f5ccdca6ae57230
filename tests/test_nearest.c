/*
 * test_nearest.c - nearest rows, with their numbers and distances.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"
#include "support/values.h"

typedef struct found {
  size_t *rows;
  double *squared;
} found;

static found found_create(size_t n, size_t k) {
  found made = {malloc(n * k * sizeof *made.rows), malloc(n * k * sizeof *made.squared)};
  ck_assert(made.rows && made.squared);
  return made;
}

static void found_free(found *self) {
  free(self->rows);
  free(self->squared);
}

static double distance2(const float *a, const float *b, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
  return sum;
}

/* Query x against all known rows but `own`: the list must be in order, right in its
 * distances, and no row outside it may come before its last one. (Check writes to a pipe
 * at each assertion: one a list.) */
static void check_list(const pflow_features *known, const float *x, size_t own, size_t k,
                       const size_t *rows, const double *squared) {
  char *listed = calloc(known->n, 1);
  bool good = listed != NULL;
  for (size_t i = 0; i < k && good; i++) {
    good = rows[i] < known->n && rows[i] != own && !listed[rows[i]];
    if (!good) break;
    listed[rows[i]] = 1;
    const double want = distance2(x, known->x + rows[i] * known->dim, known->dim);
    good = fabs(squared[i] - want) <= 1e-14 * want;
    if (i > 0 && squared[i - 1] >= squared[i])
      good = good && squared[i - 1] == squared[i] && rows[i - 1] < rows[i];
  }
  ck_assert_msg(good, "%zu of %zu x %zu rows: the list is wrong", k, known->n,
                known->dim);
  for (size_t j = 0; j < known->n && good; j++) {
    if (listed[j] || j == own) continue;
    const double other = distance2(x, known->x + j * known->dim, known->dim);
    good = other >= squared[k - 1] * (1.0 - 1e-14);
  }
  ck_assert_msg(good, "%zu of %zu x %zu rows: a row was left out", k, known->n,
                known->dim);
  free(listed);
}

static void check_queries(size_t n, size_t queries, size_t dim, size_t k) {
  float *at = normal_values(n * dim, 1), *x = normal_values(queries * dim, 2);
  const pflow_features known = {at, n, dim};
  found all = found_create(queries, k);
  ck_ok(pflow_neighbours(&known, x, queries, k, all.rows, all.squared, NULL));
  for (size_t i = 0; i < queries; i++)
    check_list(&known, x + i * dim, SIZE_MAX, k, all.rows + i * k, all.squared + i * k);
  found_free(&all);
  pflow_free(x);
  pflow_free(at);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

START_TEST(lists_are_brute_force) {
  check_queries(1, 1, 1, 1);
  check_queries(2100, 70, 7, 33);
  check_queries(33, 15, 129, 33);
  check_queries(3000, 20, 800, 9); /* more rows than are packed at once */
  check_queries(300, 4300, 3, 250);
}
END_TEST

/* Rows, some of them twice, as queries among themselves. */
static void check_within(size_t n, size_t dim, size_t k) {
  float *x = normal_values(n * dim, 3);
  for (size_t i = 0; i < n / 3; i++)
    memcpy(x + i * dim, x + (n - 1 - i) * dim, dim * sizeof *x);
  const pflow_features known = {x, n, dim};
  found all = found_create(n, k), some = found_create(n, k);
  size_t *chosen = malloc(n * sizeof *chosen);
  ck_assert_ptr_nonnull(chosen);
  ck_ok(pflow_neighbours_within(&known, NULL, 0, k, all.rows, all.squared, NULL));
  for (size_t i = 0; i < n; i++)
    check_list(&known, x + i * dim, i, k, all.rows + i * k, all.squared + i * k);
  if (n > 2) ck_assert_uint_eq(all.rows[0], n - 1);
  const size_t count = (n + 1) / 2;
  for (size_t i = 0; i < count; i++)
    chosen[i] = (7 * i + 3) % n;
  ck_ok(pflow_neighbours_within(&known, chosen, count, k, some.rows, some.squared, NULL));
  for (size_t i = 0; i < count; i++) {
    const size_t place = chosen[i] * k;
    ck_assert(memcmp(some.rows + i * k, all.rows + place, k * sizeof *some.rows) == 0 &&
              memcmp(some.squared + i * k, all.squared + place, k * sizeof(double)) == 0);
  }
  free(chosen);
  found_free(&some);
  found_free(&all);
  pflow_free(x);
}

START_TEST(rows_leave_themselves_out) {
  check_within(2, 3, 1);
  check_within(31, 5, 30);
  check_within(1100, 17, 10);
  check_within(1100, 1, 64);
}
END_TEST

START_TEST(ties_go_to_the_smaller_number) {
  const float x[] = {1, -1, 1, 0, -1, 1};
  const pflow_features known = {x, 6, 1};
  size_t rows[5];
  double squared[5];
  ck_ok(pflow_neighbours(&known, (const float[]){0}, 1, 5, rows, squared, NULL));
  ck_assert(rows[0] == 3 && rows[1] == 0 && rows[2] == 1 && rows[3] == 2 && rows[4] == 4);
  ck_ok(pflow_neighbours_within(&known, (const size_t[]){2}, 1, 5, rows, squared, NULL));
  ck_assert(rows[0] == 0 && rows[1] == 5 && rows[2] == 3 && rows[3] == 1 && rows[4] == 4);
  ck_assert(squared[0] == 0.0 && squared[2] == 1.0 && squared[4] == 4.0);
}
END_TEST

START_TEST(outputs_are_optional) {
  const float x[] = {0, 1, 3, 7};
  const pflow_features known = {x, 4, 1};
  size_t rows[8];
  double squared[8];
  ck_ok(pflow_neighbours_within(&known, NULL, 99, 2, rows, NULL, NULL));
  ck_assert(rows[0] == 1 && rows[1] == 2 && rows[6] == 2 && rows[7] == 1);
  ck_ok(pflow_neighbours_within(&known, NULL, 99, 2, NULL, squared, NULL));
  ck_assert(squared[0] == 1 && squared[1] == 9 && squared[6] == 16 && squared[7] == 36);
  ck_ok(pflow_neighbours(&known, x, 4, 2, NULL, NULL, NULL));
}
END_TEST

START_TEST(neighbours_refuse_bad_input) {
  float x[] = {0, 1, 2, 3}, y[] = {0, NAN};
  size_t rows[4] = {7}, far[] = {1, 2};
  pflow_features known = {x, 2, 2};
  ck_fails(pflow_neighbours(NULL, x, 1, 1, rows, NULL, NULL), PFLOW_ENULL, "known");
  ck_fails(pflow_neighbours(&known, NULL, 1, 1, rows, NULL, NULL), PFLOW_ENULL, "x");
  ck_fails(pflow_neighbours(&known, x, 1, 0, rows, NULL, NULL), PFLOW_EINVAL, "k is 0");
  ck_fails(pflow_neighbours(&known, x, 1, 3, rows, NULL, NULL), PFLOW_EINVAL, "k is 3");
  ck_fails(pflow_neighbours(&known, x, 0, 1, rows, NULL, NULL), PFLOW_EINVAL, "0 x 2");
  ck_fails(pflow_neighbours(&known, y, 1, 1, rows, NULL, NULL), PFLOW_ENONFINITE,
           "rows: row 0, column 1");
  ck_fails(pflow_neighbours_within(NULL, NULL, 0, 1, rows, NULL, NULL), PFLOW_ENULL,
           "known");
  ck_fails(pflow_neighbours_within(&known, NULL, 0, 2, rows, NULL, NULL), PFLOW_EINVAL,
           "k is 2");
  ck_fails(pflow_neighbours_within(&known, far, 0, 1, rows, NULL, NULL), PFLOW_EINVAL,
           "0 rows");
  ck_fails(pflow_neighbours_within(&known, far, 2, 1, rows, NULL, NULL), PFLOW_EINVAL,
           "chosen row 1 is 2");
  known.n = 1;
  ck_fails(pflow_neighbours_within(&known, NULL, 0, 1, rows, NULL, NULL), PFLOW_EINVAL,
           "k is 1");
  known.x = NULL;
  ck_fails(pflow_neighbours(&known, x, 1, 1, rows, NULL, NULL), PFLOW_ENULL, "known->x");
  ck_fails(pflow_neighbours_within(&known, NULL, 0, 1, rows, NULL, NULL), PFLOW_ENULL,
           "known->x");
  known = (pflow_features){y, 1, 2};
  ck_fails(pflow_neighbours(&known, x, 1, 1, rows, NULL, NULL), PFLOW_ENONFINITE,
           "known rows: row 0, column 1");
  ck_assert_uint_eq(rows[0], 7);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_do_not_change_lists) {
  enum { n = 900, dim = 9, k = 8 };
  float *x = normal_values(n * dim, 41);
  const pflow_features known = {x, n, dim};
  found first = found_create(n, k), now = found_create(n, k);
  ck_ok(pflow_neighbours_within(&known, NULL, 0, k, first.rows, first.squared, NULL));
  for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    pflow_pool *pool;
    ck_ok(pflow_pool_create(&pool, threads));
    ck_ok(pflow_neighbours_within(&known, NULL, 0, k, now.rows, now.squared, pool));
    ck_assert(memcmp(first.rows, now.rows, n * k * sizeof *now.rows) == 0);
    ck_assert(memcmp(first.squared, now.squared, n * k * sizeof *now.squared) == 0);
    pflow_pool_destroy(pool);
  }
  found_free(&now);
  found_free(&first);
  pflow_free(x);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err find(void *user) {
  const float x[] = {0, 1, 2, 0, 3, 5};
  const pflow_features known = {x, 3, 2};
  return pflow_neighbours_within(&known, NULL, 0, 2, user, NULL, NULL);
}

START_TEST(failing_memory_leaves_nothing) {
  size_t rows[6];
  failing_install();
  check_failures(find, rows);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("nearest",
                   TESTS(lists_are_brute_force, rows_leave_themselves_out,
                         ties_go_to_the_smaller_number, outputs_are_optional,
                         neighbours_refuse_bad_input, threads_do_not_change_lists,
                         failing_memory_leaves_nothing));
}
