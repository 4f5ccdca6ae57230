/*
 * test_neighbours.c - the kernels of the search for nearest rows at every CPU level, and
 * the search where rounding to float is at its worst.
 */
#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eval/nearest.h"
#include "support/levels.h"
#include "support/suite.h"

/* ---- kernels ---- */

static void check_distances(const pf_kernels *kernels, const char *level) {
  for (size_t dim = 1; dim < 140; dim++) {
    float *a = normal_values(dim, 1), *b = normal_values(dim, 2);
    b[dim - 1] = 1e30f;
    double want = 0.0, got = kernels->neighbours.distance(a, b, dim);
    for (size_t k = 0; k < dim; k++)
      want += pow((double)a[k] - (double)b[k], 2.0);
    ck_assert_msg(fabs(got - want) <= 1e-14 * want, "%s: dim %zu: %g, wants %g", level,
                  dim, got, want);
    ck_assert(kernels->neighbours.distance(a, a, dim) == 0.0);
    pflow_free(b);
    pflow_free(a);
  }
}

START_TEST(distances_at_every_level) {
  for_levels(check_distances);
}
END_TEST

/* All values are small integers, so that no sum is rounded. */
static void check_find(const pf_kernels *kernels, const char *level) {
  enum { most = pf_gemm_most_rows * pf_gemm_most_columns };
  float products[most], half[pf_gemm_most_columns], reach[pf_gemm_most_columns];
  float slope[pf_gemm_most_rows], limit[pf_gemm_most_rows];
  uint16_t found[most];
  pflow_rng rng;
  pflow_rng_init(&rng, 7, 0);
  const size_t n = kernels->gemm.columns;
  for (size_t round = 0; round < 300; round++) {
    const size_t m = round % kernels->gemm.rows + 1;
    for (size_t i = 0; i < m * n; i++)
      products[i] = (float)pflow_rng_below(&rng, 50);
    for (size_t j = 0; j < n; j++) {
      half[j] = j + 1 == n ? INFINITY : (float)pflow_rng_below(&rng, 9);
      reach[j] = (float)pflow_rng_below(&rng, 3);
    }
    for (size_t i = 0; i < m; i++) {
      slope[i] = (float)pflow_rng_below(&rng, 3);
      limit[i] = (float)pflow_rng_below(&rng, 5) + 40.0f + (float)(round % 20);
    }
    if (round % 3 == 0) products[round % (m * n)] = NAN;
    if (round % 7 == 0) limit[0] = -INFINITY;
    const size_t count =
        kernels->neighbours.find(products, m, n, half, reach, slope, limit, found);
    size_t at = 0;
    for (size_t i = 0; i < m; i++)
      for (size_t j = 0; j < n; j++)
        if (!(products[i * n + j] - half[j] + slope[i] * reach[j] < limit[i]))
          ck_assert_msg(at < count && found[at++] == i * n + j, "%s: %zu, %zu", level, i,
                        j);
    ck_assert_uint_eq(at, count);
  }
}

START_TEST(finds_at_every_level) {
  for_levels(check_find);
}
END_TEST

/* ---- the bound ---- */

/* a . b in float, rising order, each operation rounded: one of the orders allowed. */
static float float_product(const float *a, const float *b, size_t dim) {
  float sum = 0.0f;
  for (size_t k = 0; k < dim; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Whether `find` lists row b for query a when it must be nearer than `distance`. */
static bool lists(const pf_frame *frame, const float *a, const float *b,
                  double distance) {
  float in[2][64], half[16], reach[16], products[16], slope, limit;
  uint16_t found[16];
  const double length = pf_frame_put(frame, a, in[0], 1);
  pf_frame_known(pf_frame_put(frame, b, in[1], 1), half, reach);
  pf_frame_limit(frame, length, distance, &slope, &limit);
  products[0] = float_product(in[0], in[1], frame->dim);
  for (size_t j = 1; j < 16; j++) {
    products[j] = products[0];
    half[j] = half[0];
    reach[j] = reach[0];
  }
  return pf_kernels_get()->neighbours.find(products, 1, 16, half, reach, &slope, &limit,
                                           found) == 16;
}

/* Rows of one spread around a centre, each seen from another at a distance of its own. */
static void check_bound(float center, float spread, float apart) {
  enum { n = 60, dim = 13 };
  float *x = normal_values(n * dim, 5);
  double middle[dim];
  pf_frame frame;
  for (size_t i = 0; i < n * dim; i++)
    x[i] = center + spread * x[i] + (i / dim % 2 ? apart : 0.0f);
  pf_frame_set(&frame, x, n, dim, middle);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      const float *a = x + i * dim, *b = x + j * dim;
      const double distance = pf_kernels_get()->neighbours.distance(a, b, dim);
      ck_assert_msg(lists(&frame, a, b, distance), "rows %zu, %zu at %g", i, j, distance);
      /* And it is tight where rows lie about the centre. */
      if (apart == 0.0f && i != j)
        ck_assert_msg(!lists(&frame, a, b, 0.9999 * distance), "rows %zu, %zu", i, j);
    }
  }
  pflow_free(x);
}

START_TEST(bound_lists_what_is_near) {
  check_bound(0.0f, 1.0f, 0.0f);
  check_bound(0.0f, 1e-30f, 0.0f);
  check_bound(0.0f, 1e30f, 0.0f);
  check_bound(0.0f, 1.0f, 1e5f); /* lengths that drown distances */
  check_bound(0.0f, 1e-3f, 1e5f);
  check_bound(0.0f, 1e-40f, 1.0f); /* values too small for a float in the frame */
  check_bound(1000.0f, 1.0f, 3.0f);
  check_bound(0.0f, 1e37f, 1e38f);
}
END_TEST

START_TEST(rows_too_long_for_float_are_always_listed) {
  const float x[] = {1.0f, 1.0f + FLT_EPSILON}, far[] = {1e38f};
  double center;
  float slope, limit, out = 7.0f;
  pf_frame frame;
  pf_frame_set(&frame, x, 2, 1, &center);
  ck_assert(pf_frame_put(&frame, far, &out, 1) == INFINITY && out == 0.0f);
  pf_frame_limit(&frame, INFINITY, 1.0, &slope, &limit);
  ck_assert(slope == 0.0f && limit == -INFINITY);
}
END_TEST

/* ---- the whole ---- */

/* Each query's nearest row and its own label: the search must agree with a plain one. */
static void check_nearest(const float *known, size_t n, const float *x, size_t queries,
                          size_t dim) {
  int32_t *labels = pflow_alloc(n, sizeof *labels);
  int32_t *nearest = pflow_alloc(queries, sizeof *nearest);
  for (size_t i = 0; i < n; i++)
    labels[i] = (int32_t)i;
  pflow_labelled train = {known, labels, n, dim, n};
  ck_ok(pflow_knn_predict(&train, x, queries, 1, nearest, NULL));
  for (size_t i = 0; i < queries; i++) {
    double least = INFINITY;
    size_t best = 0;
    for (size_t j = 0; j < n; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < dim; k++)
        sum += pow((double)x[i * dim + k] - (double)known[j * dim + k], 2.0);
      if (sum >= least) continue;
      least = sum;
      best = j;
    }
    ck_assert_msg((size_t)nearest[i] == best, "query %zu: row %d, wants %zu", i,
                  nearest[i], best);
  }
  pflow_free(nearest);
  pflow_free(labels);
  ck_assert_uint_eq(pflow_live_blocks(), (size_t)2);
}

/* Clusters so far apart that a float of the product says nothing within them, an outlier
 * among the rows and one among the queries, and values at the ends of the range. */
START_TEST(search_is_exact_on_hostile_rows) {
  const size_t sizes[][3] = {{1, 1, 1}, {31, 13, 3}, {33, 15, 17}, {400, 90, 12}};
  const float scales[] = {1e-42f, 1e-20f, 1.0f, 1e37f};
  for (size_t s = 0; s < 4; s++) {
    for (size_t t = 0; t < 4; t++) {
      const size_t n = sizes[s][0], queries = sizes[s][1], dim = sizes[s][2];
      float *known = normal_values(n * dim, 3), *x = normal_values(queries * dim, 4);
      for (size_t i = 0; i < n * dim; i++)
        known[i] = scales[t] * (known[i] + (i / dim % 3 == 1 ? 1e-6f : 0.0f));
      for (size_t i = 0; i < queries * dim; i++)
        x[i] = scales[t] * x[i];
      known[n * dim - 1] = 2e38f;
      x[queries * dim - 1] = -3e38f;
      check_nearest(known, n, x, queries, dim);
      for (size_t i = 0; i < n * dim; i++)
        known[i] = 1e-3f * known[i] / scales[t] + (i / dim % 2 ? 5e5f : 0.0f);
      known[n * dim - 1] = 1.0f;
      memcpy(x, known, (queries < n ? queries : n) * dim * sizeof *x);
      check_nearest(known, n, x, queries < n ? queries : n, dim);
      pflow_free(x);
      pflow_free(known);
    }
  }
}
END_TEST

/* A copy of values that end where memory may not be read any more: a search that looks
 * behind its rows ends the program. One page beyond them is none of the process's. */
typedef struct guarded {
  char *pages;
  size_t size;
  float *values;
} guarded;

static guarded guard(const float *values, size_t n) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = n * sizeof *values;
  const size_t used = (bytes + page - 1) / page * page;
  guarded made = {.size = used + page};
  made.pages =
      mmap(NULL, made.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(made.pages, MAP_FAILED);
  ck_assert_int_eq(mprotect(made.pages + used, page, PROT_NONE), 0);
  made.values = (float *)(void *)(made.pages + used - bytes);
  memcpy(made.values, values, bytes);
  return made;
}

/* So many rows that those which place the frame do not see the outlier, and queries that
 * leave the last panel half empty: rows beyond it are nobody's. */
START_TEST(outliers_that_the_frame_has_not_seen) {
  enum { n = 2503, dim = 5, queries = 17 };
  float *known = normal_values(n * dim, 5), *drawn = normal_values(queries * dim, 6);
  guarded x = guard(drawn, queries * dim);
  const float outliers[] = {1e19f, 1e25f, -3e38f};
  for (size_t i = 0; i < 3; i++) {
    known[17 * dim + 2] = outliers[i];
    check_nearest(known, n, x.values, queries, dim);
    x.values[3 * dim] = -outliers[i];
    check_nearest(known, n, x.values, queries, dim);
    x.values[3 * dim] = 1.0f;
  }
  munmap(x.pages, x.size);
  pflow_free(drawn);
  pflow_free(known);
}
END_TEST

/* The same with each row leaving itself out, of which lists are of the rows' own number.
 */
START_TEST(outliers_among_rows_that_leave_themselves_out) {
  enum { n = 2503, dim = 5 };
  float *drawn = normal_values(n * dim, 7);
  size_t *nearest = pflow_alloc(n, sizeof *nearest);
  drawn[17 * dim + 2] = 1e20f;
  guarded held = guard(drawn, n * dim);
  const float *x = held.values;
  const pflow_features rows = {x, n, dim};
  ck_ok(pflow_neighbours_within(&rows, NULL, 0, 1, nearest, NULL, NULL));
  for (size_t i = 0; i < n; i++) {
    double least = INFINITY, own = 0.0;
    for (size_t j = 0; j < n; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < dim; k++)
        sum += pow((double)x[i * dim + k] - (double)x[j * dim + k], 2.0);
      if (j == nearest[i]) own = sum;
      if (j != i && sum < least) least = sum;
    }
    ck_assert_msg(nearest[i] != i && nearest[i] < n && own == least, "row %zu: %zu", i,
                  nearest[i]);
  }
  munmap(held.pages, held.size);
  pflow_free(nearest);
  pflow_free(drawn);
}
END_TEST

int main(void) {
  return run_tests("neighbours", TESTS(distances_at_every_level, finds_at_every_level,
                                       bound_lists_what_is_near,
                                       rows_too_long_for_float_are_always_listed,
                                       search_is_exact_on_hostile_rows,
                                       outliers_that_the_frame_has_not_seen,
                                       outliers_among_rows_that_leave_themselves_out));
}
