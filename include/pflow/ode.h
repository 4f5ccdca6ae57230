/*
 * pflow/ode.h - ordinary differential equations dy/ds = f(s, y) for many rows at once.
 *
 * Each row of y (n x dim) is a problem of its own. Fixed-step methods share one step; the
 * adaptive ones give every row its own step size and leave a row alone once it has
 * arrived. Integration may go either way (s1 < s0).
 *
 *   pflow_ode_config oc;
 *   pflow_ode_config_init(&oc);
 *   oc.method = PFLOW_ODE_RK4;
 *   oc.steps = 100;
 *   pflow_ode_solve(&oc, rhs, user, 0.0, 1.0, y, n, dim, &stats);
 *
 * Rows are integrated in blocks: a block goes through all stages of all its steps before
 * the next one begins, so that it stays in a processor's cache. By default all blocks run
 * in the calling thread, and the right-hand side may use a pool of its own. With
 * `concurrent` blocks run in the threads of a pool, which suits a right-hand side that
 * may be called from several threads at once. Solves may run at the same time in
 * different threads.
 */
#ifndef PFLOW_ODE_H
#define PFLOW_ODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* Rows handed to a right-hand side or an observer. */
typedef struct pflow_ode_rows {
  size_t n, dim;
  const double *s;   /* n: each row's own independent variable */
  const float *y;    /* n x dim */
  const size_t *row; /* n: each row's index in the caller's y */
} pflow_ode_rows;

/*
 * Writes dy/ds (n x dim) for the given rows. 0 go on; > 0 a point is outside the domain:
 * an adaptive method retries with a smaller step, a fixed-step method stops politely;
 * < 0 abort. A non-finite derivative is handled as > 0 by adaptive methods and ends a
 * fixed-step solve with PFLOW_ENONFINITE naming the row.
 *
 * With `concurrent` it is called from several threads at once, each time with other rows;
 * the calls for one block come one after another.
 *
 * When an adaptive solve gets > 0 for several rows it asks again with fewer, down to one,
 * to find out which row it was. A row that is outside at s0 already has failed.
 */
typedef int (*pflow_rhs_fn)(const pflow_ode_rows *rows, float *dy, void *user);

/*
 * Called with the rows that have just made a step, where they are now, and with all rows
 * of a block at the start (step 0). `step` counts the block's calls. 0 go on, > 0 stop
 * politely, < 0 abort. With `concurrent` it is called from several threads, never from
 * two at once: one block's calls come in order, between them those of other blocks.
 */
typedef int (*pflow_ode_observer_fn)(const pflow_ode_rows *rows, size_t step, void *user);

typedef enum pflow_ode_method {
  PFLOW_ODE_EULER = 0,
  PFLOW_ODE_MIDPOINT = 1,
  PFLOW_ODE_HEUN = 2, /* explicit trapezoid, order 2 */
  PFLOW_ODE_RK4 = 3,
  PFLOW_ODE_BS23 = 4,  /* Bogacki and Shampine 1989, adaptive 3(2) */
  PFLOW_ODE_DOPRI5 = 5 /* Dormand and Prince 1980, adaptive 5(4) */
} pflow_ode_method;

#define PFLOW_ODE_MAX_STAGES 16

/*
 * An explicit Runge-Kutta method as data. Row i of a holds i coefficients, rows one after
 * another (stages * (stages - 1) / 2 in all). error is b - b* of the embedded method, or
 * NULL for a fixed-step method. fsal: the last stage is the next step's first, that is,
 * a's last row is b. name may be NULL. The arrays must last as long as the solve.
 */
typedef struct pflow_ode_tableau {
  size_t struct_size; /* sizeof(pflow_ode_tableau) */
  const char *name;
  size_t stages;
  int order;       /* of b */
  int error_order; /* of b*, 0 without */
  int fsal;
  const double *a, *b, *c, *error;
} pflow_ode_tableau;

/* The tableau of a built-in method; NULL for a number outside the enum. */
PFLOW_API const pflow_ode_tableau *pflow_ode_tableau_get(pflow_ode_method method);

/*
 * Checks a tableau: sizes, c_i = sum_j a_ij, fsal, and the order conditions of b (and b*)
 * up to order 5 (Butcher 1963), to 1e-10. Errors: PFLOW_EINVAL naming the condition that
 * fails, PFLOW_ENULL for a missing array.
 */
PFLOW_API pflow_err pflow_ode_tableau_check(const pflow_ode_tableau *tableau);

typedef struct pflow_ode_config {
  size_t struct_size;
  pflow_ode_method method;          /* default PFLOW_ODE_RK4 */
  const pflow_ode_tableau *tableau; /* a method of your own; NULL: `method` */
  size_t steps;                     /* of a fixed-step method; default 100 */
  int adaptive; /* 1: step control wherever the tableau has an error estimate; 0: fixed
                   steps always; default 1 */
  /* A step is accepted where rms(error / (atol + rtol * |y|)) <= 1 over the row, |y| the
     larger of before and after the step. rtol >= 0, atol > 0. The settings from here to
     max_steps are of adaptive methods only. */
  double rtol, atol;              /* default 1e-4, 1e-6 */
  double h_first;                 /* first step; 0 (default): chosen (Hairer, Norsett,
                                     Wanner 1993, II.4) */
  double h_min;                   /* a row whose step of this size is rejected ends with
                                     PFLOW_EDIVERGED; 0 (default): the rounding of s */
  double h_max;                   /* largest step; 0 (default): |s1 - s0| */
  size_t max_steps;               /* tried steps of one row, rejected ones included;
                                     default 10000 */
  size_t block_rows;              /* rows that are integrated together; default 128 */
  pflow_ode_observer_fn observer; /* NULL: none */
  void *observer_user;
  int *row_status;  /* NULL, or n entries: a pflow_err for each row; PFLOW_STOPPED for
                       rows that were under way when the solve ended */
  int concurrent;   /* 1: the right-hand side may be called from several threads at once,
                       and blocks run in those of `pool`; default 0 */
  pflow_pool *pool; /* used if concurrent; NULL: the default pool */
} pflow_ode_config;

static inline void pflow_ode_config_init(pflow_ode_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->method = PFLOW_ODE_RK4;
  config->steps = 100;
  config->adaptive = 1;
  config->rtol = 1e-4;
  config->atol = 1e-6;
  config->max_steps = 10000;
  config->block_rows = 128;
}

typedef struct pflow_ode_stats {
  uint64_t accepted;            /* row steps taken */
  uint64_t rejected;            /* row steps tried again with a smaller step */
  uint64_t evaluations;         /* row evaluations of the right-hand side */
  uint64_t calls;               /* calls of the right-hand side */
  size_t arrived;               /* rows that reached s1 */
  size_t limited;               /* rows ended by max_steps: PFLOW_LIMIT */
  size_t failed;                /* rows ended by h_min or a non-finite value */
  double h_smallest, h_largest; /* |h| over accepted steps; 0 if there were none */
} pflow_ode_stats;

/*
 * Integrates every row of y from s0 to s1, in place. config NULL: the defaults; stats
 * may be NULL. The result of a row depends neither on the other rows nor on block_rows as
 * long as the right-hand side's does not, and then neither results nor statistics depend
 * on `concurrent` and the pool. With s0 == s1 nothing is evaluated.
 * Returns PFLOW_OK; PFLOW_LIMIT when some rows ended at max_steps (they hold the state
 * they reached, with their status in row_status); PFLOW_STOPPED; PFLOW_EDIVERGED when
 * some rows failed (likewise); PFLOW_ECALLBACK; PFLOW_EINVAL, PFLOW_ENULL, PFLOW_ENOMEM;
 * PFLOW_ENONFINITE for non-finite y at the start, or met by a fixed-step method. On an
 * error before the first step y is unchanged; on a later one, or a stop, each row of y
 * holds the end of its last whole step.
 *
 * What ends a whole solve (a stop, an error) ends its block there, and the blocks behind
 * it do not begin. With `concurrent` some of them may have begun or even arrived: they
 * end with their current step, row_status tells which rows arrived, and stats count what
 * was done. Blocks before it always end as if nothing had happened, so the code and the
 * message are those of the first such block in the order of rows, as without
 * `concurrent`.
 */
PFLOW_API pflow_err pflow_ode_solve(const pflow_ode_config *config, pflow_rhs_fn rhs,
                                    void *user, double s0, double s1, float *y, size_t n,
                                    size_t dim, pflow_ode_stats *stats);

/*
 * The same with memory that was allocated before: a solver for up to max_rows rows of dim
 * values, whose runs allocate nothing. One run at a time. The config is copied; what it
 * points to is borrowed (row_status needs max_rows entries). Errors of create:
 * PFLOW_EINVAL, PFLOW_EOVERFLOW, PFLOW_ENOMEM; of run: as above, and PFLOW_ESHAPE above
 * max_rows.
 */
typedef struct pflow_ode pflow_ode;

PFLOW_API pflow_err pflow_ode_create(pflow_ode **ode, size_t max_rows, size_t dim,
                                     const pflow_ode_config *config);
PFLOW_API void pflow_ode_destroy(pflow_ode *ode);
PFLOW_API pflow_err pflow_ode_run(pflow_ode *ode, pflow_rhs_fn rhs, void *user, double s0,
                                  double s1, float *y, size_t n, pflow_ode_stats *stats);

PFLOW_END_DECLS

#endif
