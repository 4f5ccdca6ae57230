/*
 * gemm.c - sizes in the terms of CBLAS, and its calls.
 */
#include "kernels/gemm.h"

#include <cblas.h>
#include <limits.h>

/* m, n, k and the leading dimensions of op(a) and op(b) as CBLAS wants them. */
typedef struct gemm_sizes {
  int m, n, k, lda, ldb, ldc;
  CBLAS_TRANSPOSE ta, tb;
} gemm_sizes;

static pflow_err set_sizes(gemm_sizes *sizes, pf_trans trans_a, pf_trans trans_b,
                           size_t m, size_t n, size_t k) {
  if (m > INT_MAX || n > INT_MAX || k > INT_MAX)
    return pf_fail(PFLOW_EOVERFLOW,
                   "matrix product %zu x %zu x %zu: above the BLAS's int", m, n, k);
  sizes->m = (int)m;
  sizes->n = (int)n;
  sizes->k = (int)k;
  sizes->lda = trans_a == pf_plain ? sizes->k : sizes->m;
  sizes->ldb = trans_b == pf_plain ? sizes->n : sizes->k;
  sizes->ldc = sizes->n;
  sizes->ta = trans_a == pf_plain ? CblasNoTrans : CblasTrans;
  sizes->tb = trans_b == pf_plain ? CblasNoTrans : CblasTrans;
  return PFLOW_OK;
}

pflow_err pf_sgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const float *a, const float *b, float beta, float *c) {
  gemm_sizes s;
  pf_try(set_sizes(&s, trans_a, trans_b, m, n, k));
  cblas_sgemm(CblasRowMajor, s.ta, s.tb, s.m, s.n, s.k, 1.0f, a, s.lda, b, s.ldb, beta, c,
              s.n);
  return PFLOW_OK;
}

/* Replaces the leading dimensions of dense matrices by those of a job. */
static pflow_err set_strides(gemm_sizes *sizes, const pf_gemm_job *job) {
  if (job->a.stride > INT_MAX || job->b.stride > INT_MAX || job->c_stride > INT_MAX)
    return pf_fail(PFLOW_EOVERFLOW,
                   "matrix rows %zu, %zu, %zu apart: above the BLAS's int", job->a.stride,
                   job->b.stride, job->c_stride);
  sizes->lda = (int)job->a.stride;
  sizes->ldb = (int)job->b.stride;
  sizes->ldc = (int)job->c_stride;
  return PFLOW_OK;
}

pflow_err pf_gemm_blas(const pf_gemm_job *job) {
  gemm_sizes s;
  pf_try(set_sizes(&s, job->a.trans, job->b.trans, job->m, job->n, job->k));
  pf_try(set_strides(&s, job));
  cblas_sgemm(CblasRowMajor, s.ta, s.tb, s.m, s.n, s.k, 1.0f, job->a.values, s.lda,
              job->b.values, s.ldb, job->add ? 1.0f : 0.0f, job->c, s.ldc);
  return PFLOW_OK;
}

pflow_err pf_dgemm(pf_trans trans_a, pf_trans trans_b, size_t m, size_t n, size_t k,
                   const double *a, const double *b, double beta, double *c) {
  gemm_sizes s;
  pf_try(set_sizes(&s, trans_a, trans_b, m, n, k));
  cblas_dgemm(CblasRowMajor, s.ta, s.tb, s.m, s.n, s.k, 1.0, a, s.lda, b, s.ldb, beta, c,
              s.n);
  return PFLOW_OK;
}
