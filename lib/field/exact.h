/*
 * exact.h - the exact field's object and the parts of an evaluation.
 *
 * Queries are taken a tile at a time, as panels of the kernels, and sources a part at a
 * time. A part is computed alone and then added to its tile's totals, parts in rising
 * order: so threads may share out tiles or parts, and no bit depends on which.
 */
#ifndef LIBPFLOW_EXACT_H
#define LIBPFLOW_EXACT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "kernels/table.h"
#include "pflow/field.h"

enum {
  pf_exact_tile = 64,  /* queries; a whole number of panels at every level */
  pf_exact_groups = 9, /* of sources, in a block: the first cache holds its weights */
  pf_exact_block = pf_exact_groups * pf_exact_group,
  pf_exact_part = 32 * pf_exact_block /* sources */
};

/* Weighted sums of some sources: weights are relative to the squared distance `least`. */
typedef struct pf_exact_sums {
  float least[pf_exact_tile], weight[pf_exact_tile];
} pf_exact_sums;

/* Where one tile, or one part of the sources for a tile, is computed. */
typedef struct pf_exact_slot {
  atomic_bool taken;
  float *x, *sum; /* panels of dim x width */
  double *total;  /* likewise */
  pf_exact_sums sums;
} pf_exact_slot;

struct pflow_exact {
  size_t n, dim, stride;
  float
      *source; /* n rows, `stride` floats apart: (s - center) / unit, without rounding */
  float *center; /* dim */
  double unit;   /* a power of two */
  double power;  /* (N + D) / 2 */
  double reach;  /* (1 + reach)^-power is the least weight that counts */
  pflow_pool *pool;
  const pf_exact_kernels *kernels;
  pf_exact_slot *slot;
  size_t slots;
  atomic_size_t waiting; /* calls, for a slot to come free */
  pthread_mutex_t lock;  /* of those that wait and those that wake them */
  pthread_cond_t freed;
  float *scratch; /* of all slots */
};

/* Queries of one tile in the units of the sources; lanes behind `count` repeat the last.
 */
typedef struct pf_exact_queries {
  size_t count;
  double height[pf_exact_tile]; /* squared */
  size_t leave_out[pf_exact_tile];
} pf_exact_queries;

/* The sums of the sources begin <= j < end for the queries in x (panels) into a slot. */
void pf_exact_add_part(const pflow_exact *exact, const pf_exact_queries *queries,
                       const float *x, size_t begin, size_t end, pf_exact_slot *to);

/* Panels of a tile of so many queries, and the lanes in use of one of them. */
size_t pf_exact_panels(const pflow_exact *exact, size_t count);
size_t pf_exact_lanes(const pflow_exact *exact, size_t count, size_t panel);

/* Takes a free slot: NULL if there is none, or when one comes free; and gives it back. */
pf_exact_slot *pf_exact_try_slot(const pflow_exact *exact);
pf_exact_slot *pf_exact_wait_slot(const pflow_exact *exact);
void pf_exact_release_slot(const pflow_exact *exact, pf_exact_slot *slot);

/* What an evaluation reads and writes. */
typedef struct pf_exact_job {
  const pflow_exact *exact;
  const float *x;
  const double *height, *log_height; /* one of them */
  const size_t *leave_out, *row;     /* leave_out[row[i]] or, without row, leave_out[i] */
  size_t n;
  bool as_derivative; /* write x - xhat, NaN where there is none */
  float *out;
} pf_exact_job;

pflow_err pf_exact_run(const pf_exact_job *job);

#endif
