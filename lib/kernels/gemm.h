/*
 * gemm.h - matrix products through CBLAS, with sizes checked against its int.
 *
 * Matrices are row-major without gaps between rows; no size may be 0. Call from the
 * caller's thread, never from inside a parallel-for: the BLAS has threads of its own, and
 * its bits depend on its own set-up only.
 */
#ifndef LIBPFLOW_GEMM_H
#define LIBPFLOW_GEMM_H

#include <stddef.h>

#include "base/base.h"

typedef enum pf_trans { pf_plain = 0, pf_transposed = 1 } pf_trans;

/* c (m x n) = op(a) op(b) + beta c, op(a) m x k, op(b) k x n, all dense. */
pflow_err pf_sgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const float *a, const float *b, float beta, float *c);
pflow_err pf_dgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const double *a, const double *b, double beta, double *c);

#endif
