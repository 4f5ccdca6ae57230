/*
 * pflow/denoiser.h - the learned field: a network that predicts the mean of the sources.
 *
 * Notation as for the exact field in pflow/field.h: sources s in R^N, D augmented
 * dimensions, heights r. The kernel of a height (Xu et al. 2023, arXiv 2302.04265,
 * "PFGM++") is
 *
 *   p_r(x | s) ~ (||x - s||^2 + r^2)^-((N + D) / 2),
 *
 * and the exact field's xhat(x, r) is E[s | x, r] under it, which is what least squares
 * teaches a network that sees x and r and is asked for s. It costs the same for any
 * number of sources, and gives rows that were not seen what it gives those that were.
 *
 *   pflow_denoiser_create(&denoiser, dim, &config);
 *   pflow_denoiser_fit(denoiser, x, n, &report);
 *   pflow_denoiser_flow_create(&flow, denoiser, threads);
 *   pflow_ode_solve(&oc, pflow_denoiser_rhs, flow, log(r0), log(r1), y, rows, dim, NULL);
 */
#ifndef PFLOW_DENOISER_H
#define PFLOW_DENOISER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/field.h"
#include "pflow/ode.h"
#include "pflow/random.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- the kernel of a height ---- */

typedef struct pflow_kernel_rows {
  const float
      *s; /* n x dim; NULL: the origin for each, as for the prior of a flow back */
  const double *r; /* n heights, 0 < r < infinity */
  size_t n, dim;
  double aug_dim; /* D, 1 to 1e30 */
} pflow_kernel_rows;

/*
 * Draws a row x ~ p_r(. | s) for each s. p_r is Student's t in N dimensions with D
 * degrees of freedom and scale r / sqrt(D): x = s + r / sqrt(c) e with e ~ N(0, I_N), c ~
 * chi^2(D), so that R = ||x - s|| is r sqrt(B / (1 - B)), B ~ Beta(N / 2, D / 2), in a
 * uniform direction. c is drawn as Marsaglia and Tsang 2000 do; from D = 1e12 on it is D,
 * which is within the rounding of x. Row i uses words of its own of the generator, which
 * is moved behind them all, so results do not depend on the pool. x (n x dim) may be s.
 * Errors: PFLOW_ENULL; PFLOW_EINVAL naming the row of a height out of range, for no rows
 * or columns, for aug_dim; PFLOW_EOVERFLOW. Values of s are not checked.
 */
PFLOW_API pflow_err pflow_kernel_draw(const pflow_kernel_rows *rows, pflow_rng *rng,
                                      float *x, pflow_pool *pool);

/* ---- the denoiser ---- */

/*
 * The network's answer is put together as in Karras et al. 2022 (arXiv 2206.00364,
 * "EDM"), so that what it reads and says is of unit size at all heights. With the
 * sources' mean m, variances v_k along the axes, their average v, and the largest
 * distance rho from m:
 *
 *   xhat_k = m_k + v_k / (v_k + u) (x_k - m_k) + sqrt(u v_k / (v_k + u)) F_k,
 *   F = network((x_k - m_k) / sqrt(v_k + u), features of ln r and ln u).
 *
 * Without F that is the exact answer for a normal source of these variances. u is the
 * squared width of the kernel that x was seen through. For D -> infinity it is r^2 / D.
 * For small D the kernel mixes all widths; of them, one that moved s by d is seen with
 *
 *   u = (r^2 + d^2) / (N + D),
 *
 * the inverse of the posterior mean of 1 / width^2. d^2 is estimated from q = ||x -
 * m||^2: the larger of what a normal source of variance v leads to expect at u0 = r^2 /
 * D, q (u0 / (v + u0))^2 + N u0 v / (v + u0), and of (sqrt(q) - rho)^2 for sqrt(q) > rho,
 * as no source is nearer. So a row far outside, as D = 1 makes many, is read at its own
 * scale.
 */
typedef struct pflow_denoiser pflow_denoiser;

typedef struct pflow_denoiser_progress {
  size_t step, steps; /* done, and in all */
  double loss;        /* mean over about the last 100 steps */
  double lr;          /* of the last step */
  double seconds;     /* since this call began */
} pflow_denoiser_progress;

/* 0 go on, > 0 stop politely, < 0 abort. */
typedef int (*pflow_denoiser_fn)(const pflow_denoiser_progress *progress, void *user);

typedef struct pflow_denoiser_config {
  size_t struct_size;
  double aug_dim;      /* D, 1 to 1e30; must be set */
  double r_min, r_max; /* heights to learn, 0 < r_min < r_max; must be set */
  size_t width;        /* of the hidden layers; default 256 */
  size_t layers;       /* hidden layers, SiLU behind each; default 3 */
  size_t steps;        /* of the optimiser; default 20000 */
  size_t batch;        /* rows of a step; default 256 */
  double lr;           /* of Adam: rises for steps / 20, then falls by half a cosine to 0;
                          default 5e-3 */
  double ema_decay;    /* of the average of the weights, which is the result; 0: the last
                          weights; default 0.999 */
  uint64_t seed;       /* of the first weights and of all draws */
  pflow_pool *pool;    /* borrowed for the denoiser's life; NULL: the default pool */
  pflow_denoiser_fn on_step; /* after each step; NULL: none */
  void *user;
} pflow_denoiser_config;

static inline void pflow_denoiser_config_init(pflow_denoiser_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->width = 256;
  config->layers = 3;
  config->steps = 20000;
  config->batch = 256;
  config->lr = 5e-3;
  config->ema_decay = 0.999;
}

/*
 * A denoiser for rows of dim values, to be fitted. Errors: PFLOW_ENULL, PFLOW_EINVAL
 * naming the setting, PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_denoiser_create(pflow_denoiser **denoiser, size_t dim,
                                          const pflow_denoiser_config *config);
PFLOW_API void pflow_denoiser_destroy(pflow_denoiser *denoiser);

/* Values of a row; optimiser steps done, 0 before a fit; the settings, borrowed. */
PFLOW_API size_t pflow_denoiser_dim(const pflow_denoiser *denoiser);
PFLOW_API size_t pflow_denoiser_steps(const pflow_denoiser *denoiser);
PFLOW_API const pflow_denoiser_config *
pflow_denoiser_settings(const pflow_denoiser *denoiser);

typedef struct pflow_denoiser_report {
  size_t steps;                 /* done in all */
  double first_loss, last_loss; /* means over about the first and the last 100 steps */
  double seconds;               /* of this call */
} pflow_denoiser_report;

/*
 * Learns from n rows of x (n x dim), which should be centred and of root-mean-square norm
 * about 1. A step draws rows, and heights uniform in asinh(h / r) over [r_min, r_max],
 * one in each of `batch` equal parts, h = sqrt(D) times the sources' root-mean-square
 * distance from m: log-uniform below h, rarer above, where xhat is almost m. Then x ~
 * p_r(. | s). The loss is the mean over rows and coordinates of (xhat_k - s_k)^2, divided
 * by the mean over k of u v_k / (v_k + u), which makes it about 1; the norm of the
 * gradient is cut to 1. What a step draws follows from the seed and the number of the
 * step.
 *
 * A fit that was stopped, or whose callback failed, goes on where it was when called
 * again with the same rows; the denoiser can be used in between, also by the callback,
 * for what it has learned so far. One that ended, or was loaded without its training
 * (pflow/io.h), is not fitted again: PFLOW_ESTATE. Loaded with a training that had done
 * its last step, it ends at once.
 * Allocates nothing between the first and the last step. The weights do not depend on the
 * pool.
 *
 * report may be NULL; it is filled after an error too. Returns PFLOW_OK or PFLOW_STOPPED.
 * Errors: PFLOW_EINVAL (no rows, no variance, other rows than before), PFLOW_ENONFINITE
 * naming row and column, PFLOW_EDIVERGED when loss or gradient are no longer finite,
 * PFLOW_ECALLBACK, PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_denoiser_fit(pflow_denoiser *denoiser, const float *x, size_t n,
                                       pflow_denoiser_report *report);

/* ---- evaluation ---- */

typedef struct pflow_denoiser_work pflow_denoiser_work;

/* Room for calls, max_rows rows at a time; one for each thread. It borrows the denoiser.
 * Errors: PFLOW_EINVAL, PFLOW_EOVERFLOW, PFLOW_ENOMEM. */
PFLOW_API pflow_err pflow_denoiser_work_create(pflow_denoiser_work **work,
                                               const pflow_denoiser *denoiser,
                                               size_t max_rows);
PFLOW_API void pflow_denoiser_work_destroy(pflow_denoiser_work *work);

/*
 * xhat (n x dim) at n rows of x and their heights r; any n; xhat may be x. A denoiser may
 * be evaluated by any number of threads at once, each with its own work. Allocates
 * nothing. A row's bits depend on the row, the weights and the CPU level alone (but for
 * the BLAS's rounding at the level `reference`). Heights outside [r_min, r_max] are
 * computed with the network's answer for the nearer end. Errors: PFLOW_ENULL;
 * PFLOW_ESTATE before a fit, or for a work of another denoiser; PFLOW_EINVAL naming the
 * row for a height out of range; PFLOW_ENONFINITE naming the row for NaN or infinity;
 * after this error some rows are written.
 */
PFLOW_API pflow_err pflow_denoiser_mean(const pflow_denoiser *denoiser,
                                        pflow_denoiser_work *work, const float *x,
                                        const double *r, size_t n, float *xhat);

/*
 * What the right-hand side below takes as `user`: a denoiser, borrowed, and workspaces
 * for `concurrent` calls at a time, 1 to PFLOW_MAX_THREADS; more wait for one of them to
 * end. For a solve with `concurrent`: the threads of its pool. One flow may serve any
 * number of solves at once. Errors: PFLOW_EINVAL, PFLOW_ENOMEM.
 */
typedef struct pflow_denoiser_flow pflow_denoiser_flow;
PFLOW_API pflow_err pflow_denoiser_flow_create(pflow_denoiser_flow **flow,
                                               const pflow_denoiser *denoiser,
                                               size_t concurrent);
PFLOW_API void pflow_denoiser_flow_destroy(pflow_denoiser_flow *flow);

/*
 * dx/ds = x - xhat(x, e^s), a pflow_rhs_fn. May be called from several threads at once;
 * dx may be the rows' y. A row that is not finite gets a derivative of NaN, which the
 * integrators know how to handle. Errors: PFLOW_ENULL, PFLOW_ESHAPE, PFLOW_ESTATE before
 * a fit.
 */
PFLOW_API int pflow_denoiser_rhs(const pflow_ode_rows *rows, float *dx, void *flow);

/* ---- error against the exact field ---- */

/* The stream of the probe's seed: one draw of the kernel after another, in rising order
 * of heights. */
#define PFLOW_DENOISER_PROBE_STREAM UINT64_C(0x706f00000005)

typedef struct pflow_denoiser_probe {
  size_t struct_size;
  const float *x; /* n x dim: rows to go out from; must be set */
  size_t n;
  const size_t *leave_out; /* NULL for rows that are no sources, or n: as in
                              pflow_exact_queries, the source that each row is */
  size_t heights;          /* spaced evenly in ln r over [r_min, r_max]; default 7 */
  uint64_t seed;           /* of the draws */
  double r_min, r_max;     /* 0 < r_min <= r_max; both 0 (default): the denoiser's own */
} pflow_denoiser_probe;

static inline void pflow_denoiser_probe_init(pflow_denoiser_probe *probe) {
  memset(probe, 0, sizeof *probe);
  probe->struct_size = sizeof *probe;
  probe->heights = 7;
}

/* At one height, over the rows. */
typedef struct pflow_denoiser_error_at {
  double r;
  double median, upper;             /* quantiles of ||a - b|| / ||b||: 1/2 and 9/10 */
  double total;                     /* root of sum ||a - b||^2 / sum ||b||^2 */
  double cosine_median, cosine_low; /* quantiles of a . b / (||a|| ||b||): 1/2 and 1/10 */
} pflow_denoiser_error_at;

/*
 * Compares the learned field a = x - xhat(x, r) with the exact one, b, of the same D:
 * each of n rows is moved to each height by a draw of the kernel, and both are taken
 * there. errors gets one entry a height, in rising order. The exact field of a finite
 * sample is itself rough near its sources; at low heights rows that were not seen measure
 * that, too. Errors: PFLOW_ENULL; PFLOW_ESTATE before a fit; PFLOW_ESHAPE when the exact
 * field has another dimension; PFLOW_EINVAL for no rows or heights, another D, a source
 * to leave out that does not exist, r_min or r_max out of range; PFLOW_ENONFINITE;
 * PFLOW_EOVERFLOW; PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_denoiser_error(const pflow_denoiser *denoiser,
                                         const pflow_exact *exact,
                                         const pflow_denoiser_probe *probe,
                                         pflow_denoiser_error_at *errors);

PFLOW_END_DECLS

#endif
