/*
 * gemm_packed.c - the library's own matrix product.
 *
 * a is packed once, by all threads. Then the product is cut into blocks of some row
 * panels x one column panel; a block packs its column panel, a piece of k at a time, on
 * the stack and runs the tiles of that piece. A value of c is a sum of pieces in rising
 * order of k, whatever the block it falls in, so it depends neither on the threads nor on
 * the other rows and columns.
 */
#include "base/cpu.h"
#include "kernels/gemm.h"
#include "kernels/table.h"

enum {
  piece = 256,          /* of k: a column panel of this length fits the first cache */
  block_rows = 256,     /* of a: with a piece of k they fit the second cache */
  chunk_flops = 1 << 20 /* multiplications that are worth a thread's while */
};

typedef struct product {
  const pf_gemm_job *job;
  const pf_gemm_kernels *kernels;
  size_t row_panels, block_panels; /* of a: in all, and of a block */
  size_t column_panels;
} product;

static size_t round_up(size_t n, size_t step) {
  return (n + step - 1) / step * step;
}

pflow_err pf_gemm_scratch(size_t *floats, size_t m, size_t k) {
  size_t rows;
  pf_try(pf_add(&rows, m, pf_gemm_most_rows, "a matrix product"));
  pf_try(pf_add(&k, k, 1, "a matrix product"));
  return pf_mul(floats, rows, k, "a matrix product");
}

/* Where the packed piece of a row panel lies; pieces one after another, panels within. */
static float *packed_panel(const product *p, size_t panel, size_t first, size_t length) {
  const size_t rows = p->kernels->rows;
  return p->job->scratch + first * p->row_panels * rows + panel * length * rows;
}

static void pack(const pf_gemm_kernels *kernels, const pf_operand *from, bool along_k,
                 size_t at, size_t first, size_t length, size_t used, size_t width,
                 float *to) {
  if (along_k)
    kernels->turn(from->values + at * from->stride + first, from->stride, length, used,
                  width, to);
  else
    kernels->copy(from->values + first * from->stride + at, from->stride, length, used,
                  width, to);
}

static size_t piece_length(const product *p, size_t first) {
  const size_t left = p->job->k - first;
  return left < piece ? left : piece;
}

static int pack_panels(size_t begin, size_t end, void *user) {
  const product *p = user;
  const size_t rows = p->kernels->rows;
  for (size_t first = 0; first < p->job->k; first += piece) {
    const size_t length = piece_length(p, first);
    for (size_t panel = begin; panel < end; panel++) {
      const size_t at = panel * rows, left = p->job->m - at;
      pack(p->kernels, &p->job->a, p->job->a.trans == pf_plain, at, first, length,
           left < rows ? left : rows, rows, packed_panel(p, panel, first, length));
    }
  }
  return 0;
}

/* One piece of k of one block. */
static void run_piece(const product *p, size_t first, size_t begin, size_t end,
                      size_t column, const float *b) {
  const pf_gemm_job *job = p->job;
  const size_t rows = p->kernels->rows, length = piece_length(p, first);
  const size_t columns = job->n - column;
  for (size_t panel = begin; panel < end; panel++) {
    const size_t row = panel * rows, left = job->m - row;
    p->kernels->tile(length, packed_panel(p, panel, first, length), b,
                     job->c + row * job->c_stride + column, job->c_stride,
                     left < rows ? left : rows,
                     columns < p->kernels->columns ? columns : p->kernels->columns,
                     job->add || first > 0);
  }
}

static int run_blocks(size_t begin, size_t end, void *user) {
  const product *p = user;
  const pf_gemm_job *job = p->job;
  const size_t width = p->kernels->columns;
  _Alignas(64) float b[piece * pf_gemm_most_columns];
  for (size_t block = begin; block < end; block++) {
    const size_t first_panel = block / p->column_panels * p->block_panels;
    const size_t left = p->row_panels - first_panel;
    const size_t panels = left < p->block_panels ? left : p->block_panels;
    const size_t column = block % p->column_panels * width, columns = job->n - column;
    for (size_t first = 0; first < job->k; first += piece) {
      pack(p->kernels, &job->b, job->b.trans == pf_transposed, column, first,
           piece_length(p, first), columns < width ? columns : width, width, b);
      run_piece(p, first, first_panel, first_panel + panels, column, b);
    }
  }
  return 0;
}

static pflow_err run_packed(pflow_pool *pool, const pf_gemm_job *job,
                            const pf_gemm_kernels *kernels) {
  product p = {.job = job, .kernels = kernels};
  p.row_panels = round_up(job->m, kernels->rows) / kernels->rows;
  p.column_panels = round_up(job->n, kernels->columns) / kernels->columns;
  p.block_panels = block_rows / kernels->rows + 1;
  if (p.block_panels > p.row_panels) p.block_panels = p.row_panels;
  const size_t blocks = round_up(p.row_panels, p.block_panels) / p.block_panels;
  const size_t panel_work = job->k * kernels->rows;
  const size_t block_work = panel_work * p.block_panels * kernels->columns;
  pf_try(pflow_parallel_for(pool, p.row_panels, chunk_flops / 16 / panel_work + 1,
                            pack_panels, &p));
  return pflow_parallel_for(pool, blocks * p.column_panels, chunk_flops / block_work + 1,
                            run_blocks, &p);
}

pflow_err pf_gemm(pflow_pool *pool, const pf_gemm_job *job) {
  if (pf_cpu_get() == pf_cpu_reference) return pf_gemm_blas(job);
  return run_packed(pool, job, &pf_kernels_get()->gemm);
}
