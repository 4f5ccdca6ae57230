/*
 * gemm_packed.c - the library's own matrix product.
 *
 * a is packed once, by all threads. Then the product is cut into blocks of some row
 * panels x one column panel; a block packs its column panel, a piece of k at a time, on
 * the stack and runs the tiles of that piece. So a value of c depends neither on the
 * threads nor on the other rows and columns.
 */
#include "base/cpu.h"
#include "kernels/gemm.h"
#include "kernels/panels.h"

enum {
  block_rows = 256,     /* of a: with a piece of k they fit the second cache */
  chunk_flops = 1 << 22 /* multiplications that are worth a thread's while */
};

typedef struct product {
  const pf_gemm_job *job;
  pf_panels a;
  size_t block_panels; /* of a block */
  size_t column_panels;
} product;

pflow_err pf_gemm_scratch(size_t *floats, size_t m, size_t k) {
  size_t rows;
  pf_try(pf_add(&rows, m, pf_gemm_most_rows, "a matrix product"));
  pf_try(pf_add(&k, k, 1, "a matrix product"));
  return pf_mul(floats, rows, k, "a matrix product");
}

static int pack_panels(size_t begin, size_t end, void *user) {
  const product *p = user;
  pf_panels_pack(&p->a, &p->job->a, begin, end);
  return 0;
}

static int run_blocks(size_t begin, size_t end, void *user) {
  const product *p = user;
  const pf_gemm_job *job = p->job;
  _Alignas(64) float b[pf_panel_piece * pf_gemm_most_columns];
  for (size_t block = begin; block < end; block++) {
    const size_t panel = block / p->column_panels * p->block_panels;
    const size_t left = p->a.count - panel;
    const size_t panels = left < p->block_panels ? left : p->block_panels;
    const size_t column = block % p->column_panels * p->a.kernels->columns;
    for (size_t first = 0; first < job->k; first += pf_panel_piece) {
      const size_t columns = pf_panels_columns(&p->a, &job->b, column, job->n, first, b);
      pf_panels_multiply(&p->a, panel, panel + panels, first, b, columns, job->c + column,
                         job->c_stride, job->add || first > 0);
    }
  }
  return 0;
}

static size_t share(size_t n, size_t part) {
  return n / part + (n % part > 0);
}

static pflow_err run_packed(pflow_pool *pool, const pf_gemm_job *job) {
  product p = {.job = job, .a = pf_panels_at(job->m, job->k, job->scratch)};
  const pf_gemm_kernels *kernels = p.a.kernels;
  p.column_panels = share(job->n, kernels->columns);
  p.block_panels = block_rows / kernels->rows + 1;
  if (p.block_panels > p.a.count) p.block_panels = p.a.count;
  const size_t panel_work = job->k * kernels->rows;
  const size_t block_work = panel_work * p.block_panels * kernels->columns;
  pf_try(pflow_parallel_for(pool, p.a.count, chunk_flops / 16 / panel_work + 1,
                            pack_panels, &p));
  return pflow_parallel_for(pool, share(p.a.count, p.block_panels) * p.column_panels,
                            chunk_flops / block_work + 1, run_blocks, &p);
}

pflow_err pf_gemm(pflow_pool *pool, const pf_gemm_job *job) {
  if (pf_cpu_get() == pf_cpu_reference) return pf_gemm_blas(job);
  return run_packed(pool, job);
}
