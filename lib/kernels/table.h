/*
 * table.h - the hot loops, one set a CPU level.
 *
 * A kernel is a function in lib/kernels/vector/<topic>.c, compiled once a level with
 * vectors of that level's width, and its oracle in lib/kernels/reference/<topic>.c in
 * plain C. Each such file fills its part of the table; a new file is one line in
 * pf_kernel_topics and one member of pf_kernels. Kernels run on the calling thread,
 * allocate nothing, take any length unless they say otherwise, and check nothing.
 */
#ifndef LIBPFLOW_TABLE_H
#define LIBPFLOW_TABLE_H

#include <stddef.h>

#include "base/cpu.h"
#include "kernels/distance_kernels.h"
#include "kernels/exact_kernels.h"
#include "kernels/fft_kernels.h"
#include "kernels/gemm_kernels.h"
#include "kernels/logistic_kernels.h"
#include "kernels/mlp_kernels.h"
#include "kernels/neighbours_kernels.h"
#include "kernels/norm_kernels.h"
#include "kernels/normal_kernels.h"
#include "kernels/pool_kernels.h"
#include "kernels/rows_kernels.h"

/* Every topic: the name of its files, of its member and of its fill functions. */
#define pf_kernel_topics(x)                                                              \
  x(distance) x(exact) x(fft) x(gemm) x(logistic) x(mlp) x(neighbours) x(norm) x(normal) \
      x(pool) x(rows)

typedef struct pf_kernels {
  pf_distance_kernels distance;
  pf_exact_kernels exact;
  pf_fft_kernels fft;
  pf_gemm_kernels gemm;
  pf_logistic_kernels logistic;
  pf_mlp_kernels mlp;
  pf_neighbours_kernels neighbours;
  pf_norm_kernels norm;
  pf_normal_kernels normal;
  pf_pool_kernels pool;
  pf_rows_kernels rows;
} pf_kernels;

/* The table of the level in use. Thread-safe, never fails. */
const pf_kernels *pf_kernels_get(void);

/* The table of a level; NULL where this machine or build lacks it. For tests. */
const pf_kernels *pf_kernels_at(pf_cpu_level level);

#endif
