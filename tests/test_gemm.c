/*
 * test_gemm.c - the matrix product: its kernels at every CPU level, and the whole.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/gemm.h"
#include "support/levels.h"
#include "support/suite.h"

/* ---- kernels ---- */

static float at(const float *panel, size_t width, size_t k, size_t i) {
  return panel[k * width + i];
}

/* A tile of m x n against a sum in double. */
static void check_tile(const pf_gemm_kernels *g, const char *level, size_t k, size_t m,
                       size_t n, bool add) {
  enum { stride = pf_gemm_most_columns + 3 };
  float *a = normal_values((k + 1) * g->rows, 1);
  float *b = normal_values((k + 1) * g->columns, 2);
  float *c = normal_values(pf_gemm_most_rows * stride, 3);
  float *before = normal_values(pf_gemm_most_rows * stride, 3);
  g->tile(k, a, b, c, stride, m, n, add);
  for (size_t i = 0; i < pf_gemm_most_rows; i++) {
    for (size_t j = 0; j < stride; j++) {
      double sum = add ? (double)before[i * stride + j] : 0.0, size = 1.0;
      for (size_t q = 0; q < k && i < m && j < n; q++) {
        sum += (double)at(a, g->rows, q, i) * at(b, g->columns, q, j);
        size += fabs((double)at(a, g->rows, q, i) * at(b, g->columns, q, j));
      }
      if (i >= m || j >= n) sum = before[i * stride + j];
      ck_assert_msg(fabs(sum - c[i * stride + j]) <= 6e-7 * size,
                    "%s: k %zu, %zu x %zu, value %zu %zu is %g, not %g", level, k, m, n,
                    i, j, (double)c[i * stride + j], sum);
    }
  }
  pflow_free(a);
  pflow_free(b);
  pflow_free(c);
  pflow_free(before);
}

static void check_tiles(const pf_kernels *kernels, const char *level) {
  const pf_gemm_kernels *g = &kernels->gemm;
  const size_t lengths[] = {0, 1, 2, 7, 100};
  ck_assert_uint_le(g->rows, pf_gemm_most_rows);
  ck_assert_uint_le(g->columns, pf_gemm_most_columns);
  for (size_t l = 0; l < 5; l++)
    for (size_t m = 1; m <= g->rows; m++)
      for (size_t n = 1; n <= g->columns; n++)
        check_tile(g, level, lengths[l], m, n, (m + n) % 2);
}

START_TEST(tiles_at_every_level) {
  for_levels(check_tiles);
}
END_TEST

/* One panel by copy or turn, value by value, and nothing written behind it. */
static void check_pack(const pf_gemm_kernels *g, const char *level, bool turn, size_t k,
                       size_t used, size_t width) {
  const size_t stride = (turn ? k : used) + 3;
  float *from = normal_values((turn ? used : k) * stride, 4);
  float *to = normal_values(k * width + 1, 5);
  const float behind = to[k * width];
  (turn ? g->turn : g->copy)(from, stride, k, used, width, to);
  for (size_t q = 0; q < k; q++) {
    for (size_t i = 0; i < width; i++) {
      float wanted = i >= used ? 0.0f
                     : turn    ? from[i * stride + q]
                               : from[q * stride + i];
      ck_assert_msg(at(to, width, q, i) == wanted, "%s: turn %d, k %zu, %zu of %zu",
                    level, turn, k, used, width);
    }
  }
  ck_assert(to[k * width] == behind);
  pflow_free(from);
  pflow_free(to);
}

static void check_packs(const pf_kernels *kernels, const char *level) {
  const pf_gemm_kernels *g = &kernels->gemm;
  const size_t lengths[] = {1, 3, 15, 16, 17, 40}, width[] = {g->rows, g->columns};
  for (size_t l = 0; l < 6; l++)
    for (size_t w = 0; w < 2; w++)
      for (size_t used = 1; used <= width[w]; used++)
        for (int turn = 0; turn < 2; turn++)
          check_pack(g, level, turn, lengths[l], used, width[w]);
}

START_TEST(packs_at_every_level) {
  for_levels(check_packs);
}
END_TEST

/* ---- the product ---- */

typedef struct sizes {
  size_t m, n, k;
} sizes;

/* Shapes: one value, edges of tiles, several pieces of k, several blocks. */
static const sizes shapes[] = {{1, 1, 1},     {14, 32, 256},  {15, 33, 257},
                               {13, 31, 255}, {300, 70, 600}, {5, 700, 40},
                               {600, 3, 30},  {129, 129, 129}};

static pf_gemm_job make_job(const sizes *s, int ta, int tb, bool add) {
  pf_gemm_job job = {.m = s->m, .n = s->n, .k = s->k, .c_stride = s->n + 2, .add = add};
  size_t floats;
  job.a = (pf_operand){normal_values((s->m + 5) * (s->k + 5), 1), (ta ? s->m : s->k) + 1,
                       ta ? pf_transposed : pf_plain};
  job.b = (pf_operand){normal_values((s->n + 5) * (s->k + 5), 2), (tb ? s->k : s->n) + 4,
                       tb ? pf_transposed : pf_plain};
  job.c = normal_values(s->m * job.c_stride, 3);
  ck_ok(pf_gemm_scratch(&floats, s->m, s->k));
  job.scratch = pflow_alloc(floats, sizeof(float));
  return job;
}

static void free_job(pf_gemm_job *job) {
  pflow_free((float *)job->a.values);
  pflow_free((float *)job->b.values);
  pflow_free(job->c);
  pflow_free(job->scratch);
}

/* The largest difference between two products' values, gaps included. */
static double difference(const pf_gemm_job *a, const pf_gemm_job *b) {
  double worst = 0.0;
  for (size_t i = 0; i < a->m * a->c_stride; i++)
    worst = worst_of(worst, fabs((double)a->c[i] - b->c[i]));
  return worst;
}

START_TEST(product_is_the_blas_s) {
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int kind = 0; kind < 8; kind++) {
      pf_gemm_job own = make_job(&shapes[s], kind & 1, kind & 2, kind & 4);
      pf_gemm_job blas = make_job(&shapes[s], kind & 1, kind & 2, kind & 4);
      ck_ok(pf_gemm(NULL, &own));
      ck_ok(pf_gemm_blas(&blas));
      double room = 1e-6 * sqrt((double)shapes[s].k) + 2e-6;
      ck_assert_double_le(difference(&own, &blas), 4.0 * room);
      free_job(&own);
      free_job(&blas);
    }
  }
}
END_TEST

START_TEST(threads_give_the_same_bits) {
  if (pf_cpu_get() == pf_cpu_reference) return; /* the BLAS has threads of its own */
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    pf_gemm_job alone = make_job(&shapes[s], 0, 1, false);
    for (size_t threads = 2; threads <= 5; threads += 3) {
      pflow_pool *one, *many;
      ck_ok(pflow_pool_create(&one, 1));
      ck_ok(pflow_pool_create(&many, threads));
      pf_gemm_job shared = make_job(&shapes[s], 0, 1, false);
      ck_ok(pf_gemm(one, &alone));
      ck_ok(pf_gemm(many, &shared));
      ck_assert_mem_eq(alone.c, shared.c, alone.m * alone.c_stride * sizeof(float));
      pflow_pool_destroy(one);
      pflow_pool_destroy(many);
      free_job(&shared);
    }
    free_job(&alone);
  }
}
END_TEST

/* A row's result is the same whether it comes alone or with others. */
START_TEST(rows_do_not_depend_on_their_neighbours) {
  if (pf_cpu_get() == pf_cpu_reference) return;
  const sizes all = {100, 70, 300};
  pf_gemm_job whole = make_job(&all, 0, 1, false);
  ck_ok(pf_gemm(NULL, &whole));
  for (size_t row = 0; row < all.m; row += 9) {
    float alone[70];
    pf_gemm_job one = whole;
    one.m = 1;
    one.a.values += row * one.a.stride;
    one.c = alone;
    ck_ok(pf_gemm(NULL, &one));
    ck_assert_mem_eq(alone, whole.c + row * whole.c_stride, sizeof alone);
  }
  free_job(&whole);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused) {
  size_t floats;
  ck_fails(pf_gemm_scratch(&floats, SIZE_MAX / 2, 3), PFLOW_EOVERFLOW, "matrix product");
  ck_fails(pf_gemm_scratch(&floats, SIZE_MAX, 1), PFLOW_EOVERFLOW, "matrix product");
}
END_TEST

int main(void) {
  return run_tests("gemm", TESTS(tiles_at_every_level, packs_at_every_level,
                                 product_is_the_blas_s, threads_give_the_same_bits,
                                 rows_do_not_depend_on_their_neighbours,
                                 sizes_that_overflow_are_refused));
}
