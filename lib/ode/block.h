/*
 * block.h - a block of rows under way, and what the two drivers do with it.
 *
 * Row r of the block is row `row[r]` of the caller's y. The state is kept in double, so
 * that many small steps lose nothing in float; the right-hand side sees `stage`, rounded.
 */
#ifndef LIBPFLOW_BLOCK_H
#define LIBPFLOW_BLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "kernels/table.h"
#include "pflow/ode.h"

_Static_assert(pf_rows_most_terms == PFLOW_ODE_MAX_STAGES + 1,
               "a step adds its start and all stages");

/* Step control of one row. */
typedef struct pf_ode_control {
  double s, h;      /* place, and size of the next step */
  double step;      /* signed step that is being tried */
  double error;     /* of the last accepted step, in tolerances */
  size_t tried;     /* steps */
  bool last;        /* the step ends at s1 */
  bool refused;     /* a derivative of the step could not be had */
  bool shrunk;      /* the step before was rejected */
  bool moved;       /* the step was accepted */
  pflow_err status; /* PFLOW_STOPPED while under way */
} pf_ode_control;

/* What the threads of a solve share. */
typedef struct pf_ode_shared {
  pthread_mutex_t observer_lock;
  atomic_size_t ended; /* first row of the first block that ended the solve; SIZE_MAX */
} pf_ode_shared;

/* One thread's part of a solve: the problem, and the block under way. */
typedef struct pf_ode_solver {
  pf_ode_shared *shared;
  atomic_bool taken; /* by a thread */
  const pf_rows_kernels *kernels;
  pflow_ode_config config;
  pflow_ode_tableau method;
  bool adaptive;
  size_t weighted; /* stages that make up a step: all but the last of an fsal method */
  pflow_rhs_fn rhs;
  void *user;
  double s0, s1;
  float *y;
  size_t n, dim;
  pflow_ode_stats stats;
  size_t first_failed; /* row, n while there is none */
  double failed_s;

  size_t begin; /* first row of the block */
  size_t count; /* rows in the block that are under way */
  size_t *row;
  double *state, *s;
  float *stage, *k[PFLOW_ODE_MAX_STAGES + 1];
  double *next; /* fixed steps, and no way to go: the state at the end of the step */
  double *sum;  /* adaptive only, like the next: one row */
  pf_ode_control *control;
  size_t *moved;
} pf_ode_solver;

/* Buffers for the largest block of so many rows, all or (on error) some; release frees
 * what there is. */
pflow_err pf_ode_allocate(pf_ode_solver *self, size_t max_rows);
void pf_ode_release(pf_ode_solver *self);

/* Makes rows begin to begin + count of y the block, with s at s0. */
void pf_ode_load(pf_ode_solver *self, size_t begin, size_t count);

/* Writes row r's state to the caller's y. */
void pf_ode_store(pf_ode_solver *self, size_t r);

/* Counts the end of row r at s, and tells row_status. */
void pf_ode_finish(pf_ode_solver *self, size_t r, double s, pflow_err status);

/* Counts an accepted step of size h for so many rows. */
void pf_ode_count_steps(pf_ode_solver *self, double h, size_t rows);

/* sum_j weight_j k_j from row r on, over the first `stages` stages. */
pf_rows_terms pf_ode_terms(const pf_ode_solver *self, size_t r, const double *weight,
                           size_t stages);

/* The j weights of k_0 to k_(j-1) in stage j; j = weighted is the end of the step. */
const double *pf_ode_stage_weights(const pf_ode_solver *self, size_t j);

/* Where in a step from s by h, to `end`, stage j lies. */
double pf_ode_stage_s(const pf_ode_solver *self, size_t j, double s, double h,
                      double end);

/* k_j of rows begin to end from s and stage; what the right-hand side returned. */
int pf_ode_call(pf_ode_solver *self, size_t j, size_t begin, size_t end);

/* Shows s and stage of the first `count` rows, numbered by `row`, to the observer. */
pflow_err pf_ode_observe(pf_ode_solver *self, const size_t *row, size_t count,
                         size_t step);

/* Whether a block before this one has ended the solve. */
bool pf_ode_overtaken(const pf_ode_solver *self);

/* Takes the loaded block to s1, or as far as it gets. PFLOW_STOPPED or an error ends the
 * whole solve; rows that end early on their own do not. */
pflow_err pf_ode_run_fixed(pf_ode_solver *self);
pflow_err pf_ode_run_adaptive(pf_ode_solver *self);

#endif
