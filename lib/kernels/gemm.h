/*
 * gemm.h - matrix products: the library's own, in a pool, and the CBLAS's.
 *
 * Matrices are row-major; no size may be 0. Products of the CBLAS have their sizes
 * checked against its int; call them from the caller's thread, never from inside a
 * parallel-for: the BLAS has threads of its own, and its bits depend on its own set-up
 * only.
 */
#ifndef LIBPFLOW_GEMM_H
#define LIBPFLOW_GEMM_H

#include <stddef.h>

#include "base/base.h"
#include "pflow/threads.h"

typedef enum pf_trans { pf_plain = 0, pf_transposed = 1 } pf_trans;

/* A factor: `stride` floats from one stored row to the next. */
typedef struct pf_operand {
  const float *values;
  size_t stride;
  pf_trans trans;
} pf_operand;

/* c (m x n) = op(a) op(b), or c += op(a) op(b); op(a) is m x k, op(b) k x n. */
typedef struct pf_gemm_job {
  size_t m, n, k;
  pf_operand a, b;
  float *c;
  size_t c_stride;
  bool add;
  float *scratch; /* pf_gemm_scratch floats, aligned to PFLOW_ALIGNMENT */
} pf_gemm_job;

/*
 * The library's own product. A value's bits depend on its row of op(a), its column of
 * op(b) and the CPU level alone. At the reference level it is the CBLAS's product.
 * Allocates nothing. m, n and k should be sizes of matrices that exist.
 */
pflow_err pf_gemm(pflow_pool *pool, const pf_gemm_job *job);

/* Floats of scratch of a product with an op(a) of m x k. PFLOW_EOVERFLOW. */
pflow_err pf_gemm_scratch(size_t *floats, size_t m, size_t k);

/* The same product by the CBLAS. */
pflow_err pf_gemm_blas(const pf_gemm_job *job);

/* c (m x n) = op(a) op(b) + beta c, without gaps between rows, op(a) m x k, op(b) k x n,
 * all dense. */
pflow_err pf_sgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const float *a, const float *b, float beta, float *c);
pflow_err pf_dgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const double *a, const double *b, double beta, double *c);

#endif
