/*
 * pflow/field.h - Poisson fields: perturbation, targets, learning, and clocks for the
 * flow.
 *
 * Notation (Xu et al. 2022, arXiv 2209.11178, "PFGM"): data x in R^d lie in the
 * hyperplane z = 0 of R^(d+1); y = (x, z) is an augmented point. Each source y_j attracts
 * y with weight ||y - y_j||^-(d+1). As in PFGM the field points toward the data; the flow
 * runs against it.
 *
 *   pflow_field_fit(net, x, n, d, &fit, &report);            learn a field
 *   pflow_field_create_net(&field, net);                     make it a field object
 *   pflow_clock_create(&clock, field, n, &cc);               choose a clock
 *   pflow_ode_solve(&oc, pflow_clock_rhs, clock, 0, 1, y, n, d + 1, &stats);
 */
#ifndef PFLOW_FIELD_H
#define PFLOW_FIELD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/nn.h"
#include "pflow/ode.h"
#include "pflow/optim.h"
#include "pflow/random.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- augmented points ---- */

/*
 * Rows (x_i, z) of dim + 1 values in y from n rows of x (n x dim): where a flow starts.
 * project is the way back: x gets the rows of y without their last value, and may be y
 * itself. augment's y may not overlap x.
 * Errors: PFLOW_ENULL, PFLOW_EINVAL for no rows or columns, PFLOW_EOVERFLOW.
 */
PFLOW_API pflow_err pflow_points_augment(const float *x, size_t n, size_t dim, double z,
                                         float *y);
PFLOW_API pflow_err pflow_points_project(const float *y, size_t n, size_t dim, float *x);

/* ---- perturbation (PFGM, algorithm 2) ---- */

typedef struct pflow_perturb_config {
  size_t struct_size;
  double sigma;   /* std of z and of the noise at m = 0; default 0.01;
                     sigma (1 + tau)^M must be below 1e15 */
  double tau;     /* growth a unit of m; default 0.03 */
  double m_max;   /* M: m ~ U[0, M]; default 20 (the post); PFGM's CIFAR value is 291 */
  int restrict_m; /* 1: where |z| < sigma / 2, m ~ U[0, 0.7 M] (PFGM); default 0 (the
                     post) */
} pflow_perturb_config;

static inline void pflow_perturb_config_init(pflow_perturb_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->sigma = 0.01;
  config->tau = 0.03;
  config->m_max = 20.0;
}

/*
 * PFGM's rule: M = floor(0.75 ln(norm^2 / (2 sqrt(d) sigma^2)) / ln(1 + tau)) + 1, with
 * the largest norm of the data. Errors: PFLOW_EINVAL, also when M would be negative.
 */
PFLOW_API pflow_err pflow_perturb_rule_m(double norm, size_t dim, double sigma,
                                         double tau, double *m_max);

/* The draws of one row, before they are put together. */
typedef struct pflow_perturb_draw {
  double abs_z;      /* |N(0, sigma^2)| */
  double m;          /* exponent in [0, M] */
  double noise_norm; /* ||e||, e ~ N(0, sigma^2 I_d) */
  const float *unit; /* d: uniform direction */
} pflow_perturb_draw;

/* y (d + 1 values) = (x + noise_norm (1+tau)^m unit, abs_z (1+tau)^m). y may be unit. */
PFLOW_API pflow_err pflow_perturb_apply(const float *x, size_t dim, double tau,
                                        const pflow_perturb_draw *draw, float *y);

/*
 * Perturbs n rows of x (n x dim) into y (n x (dim + 1)). Row i uses words of its own of
 * the generator, which is moved behind them all, so results do not depend on the pool.
 * config NULL: the defaults. Errors: PFLOW_EINVAL, PFLOW_EOVERFLOW, PFLOW_ENONFINITE.
 */
PFLOW_API pflow_err pflow_perturb(const pflow_perturb_config *config, const float *x,
                                  size_t n, size_t dim, pflow_rng *rng, float *y,
                                  pflow_pool *pool);

/* ---- targets ---- */

/* Sources in the plane z = 0: n rows of dim values, borrowed. */
typedef struct pflow_sources {
  const float *x;
  size_t n, dim;
} pflow_sources;

/*
 * E(y) = sum_j w_j (y_j - y) / sum_j w_j, w_j = ||y - y_j||^-(dim+1), for q points y
 * (q x (dim + 1)); e is q x (dim + 1) (PFGM, eq. 7 and 9, up to the positive factor that
 * cancels there). Weights are taken relative to the nearest source; the farthest ones are
 * left out as long as they weigh no more than 1e-7 of it together. On a source itself E
 * is 0. Distances should lie between 1e-18 and 1e18, where their squares are floats.
 * Values are not checked: NaN in gives NaN out. e may not overlap y. Allocates nothing.
 * pool NULL: the default pool. Errors: PFLOW_EINVAL for no sources, no coordinates or no
 * points; PFLOW_EOVERFLOW.
 */
PFLOW_API pflow_err pflow_poisson_direction(const pflow_sources *sources, const float *y,
                                            size_t q, float *e, pflow_pool *pool);

/*
 * The training target sqrt(dim) E / (||E|| + gamma) (PFGM, section 3.2), 0 where E is 0;
 * gamma >= 0.
 */
PFLOW_API pflow_err pflow_poisson_target(const pflow_sources *sources, const float *y,
                                         size_t q, double gamma, float *target,
                                         pflow_pool *pool);

/* ---- the exact field in any number of augmented dimensions ---- */

/*
 * For sources s_j in R^N, D >= 1 augmented dimensions and a height r > 0 (Xu et al. 2023,
 * arXiv 2302.04265, "PFGM++"):
 *
 *   xhat(x, r) = sum_j w_j s_j / sum_j w_j,  w_j = (||x - s_j||^2 + r^2)^-((N + D) / 2),
 *   dx / d ln r = x - xhat(x, r).
 *
 * D = 1 is PFGM; D -> infinity with r = sigma sqrt(D) is diffusion of width sigma. The
 * flow runs from a height r0 to r1 and back; for r > 0 it has no singularity. Rows hold x
 * alone: the height is the flow's independent variable, as s = ln r.
 *
 *   pflow_exact_create(&exact, &(pflow_sources){x, n, dim}, &config);
 *   pflow_exact_flow flow = {exact, leave_out};
 *   pflow_ode_solve(&oc, pflow_exact_rhs, &flow, log(r0), log(r1), y, rows, dim, NULL);
 *
 * Accuracy. Distances come from differences, never from an expanded square: the relative
 * error of a weight is about (N + D) / 2 * 2e-7 * d^2 / (d^2 + r^2), d the distance,
 * whatever the distance of all from the origin. Weights are relative to the nearest
 * source; one below 2^-31 of it is left out. Sums of weighted sources are float within
 * 4032 sources and double beyond: xhat is off by about 2e-7 of the largest coordinate, by
 * 6e-6 at worst (many equal weights, whose roundings add up). A coordinate whose values
 * lie within a factor of two is measured from their middle, so a cluster far from the
 * origin loses nothing. Coordinates should lie within 1e18 times the largest spread of
 * the sources; differences below 1e-18 of it count as none.
 */
typedef struct pflow_exact pflow_exact;

typedef struct pflow_exact_config {
  size_t struct_size;
  double aug_dim;   /* D, 1 to 1e30; default 1 */
  pflow_pool *pool; /* borrowed; NULL: the default pool */
} pflow_exact_config;

static inline void pflow_exact_config_init(pflow_exact_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->aug_dim = 1.0;
}

/*
 * The rows are copied, once; besides them there are about 1 KiB * dim of scratch for each
 * of two to four calls a thread. The object is not changed by its use: any number of
 * threads may evaluate it at once, and nothing is allocated after this call.
 * config NULL: the defaults. Errors: PFLOW_ENULL, PFLOW_EINVAL, PFLOW_ENONFINITE,
 * PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_exact_create(pflow_exact **exact, const pflow_sources *sources,
                                       const pflow_exact_config *config);
PFLOW_API void pflow_exact_destroy(pflow_exact *exact);

/* In place of a source to leave out: none. */
#define PFLOW_NO_SOURCE SIZE_MAX

typedef struct pflow_exact_queries {
  const float *x;          /* n x N */
  const double *r;         /* n heights > 0 */
  const size_t *leave_out; /* NULL, or n: the source that a row must not see, as one that
                              is that source itself, or PFLOW_NO_SOURCE */
  size_t n;
} pflow_exact_queries;

/*
 * xhat (n x N), which may be x itself. A row's bits depend on that row, the sources and
 * the CPU level alone. Many rows share the threads out; few rows share out the sources.
 * Errors: PFLOW_ENULL; PFLOW_EINVAL naming the row for a height out of range, a source
 * that does not exist, or when the only source is left out; PFLOW_ENONFINITE naming the
 * row for NaN, infinity, or a row too far away; after this error some rows are written.
 */
PFLOW_API pflow_err pflow_exact_mean(const pflow_exact *exact,
                                     const pflow_exact_queries *queries, float *xhat);

/* What the right-hand side below takes as `user`; all of it borrowed. */
typedef struct pflow_exact_flow {
  const pflow_exact *exact;
  const size_t *leave_out; /* NULL, or one for each row of the solve, as above */
} pflow_exact_flow;

/*
 * dx/ds = x - xhat(x, e^s), a pflow_rhs_fn. Re-entrant: may be called at the same time
 * for different rows; dx may be the rows' y. A row that is not finite, or too far away,
 * gets a derivative of NaN, which the integrators know how to handle. Errors as above.
 */
PFLOW_API int pflow_exact_rhs(const pflow_ode_rows *rows, float *dx, void *flow);

/* ---- field objects ---- */

typedef struct pflow_field pflow_field;
typedef struct pflow_field_work pflow_field_work;

/*
 * A field of your own over augmented points. `work` is what work_create made (NULL
 * without one); eval must be re-entrant for different work. Only kind and eval are
 * required. Functions return PFLOW_OK or a code that is passed on.
 */
typedef struct pflow_field_class {
  size_t struct_size; /* sizeof(pflow_field_class) */
  const char *kind;   /* outlives the field */
  pflow_err (*work_create)(void **work, size_t max_rows, const void *self);
  void (*work_destroy)(void *work);
  pflow_err (*eval)(const float *y, size_t n, float *e, void *work, const void *self);
  void (*destroy)(void *self);
} pflow_field_class;

/*
 * dim is the dimension of augmented points, d + 1, at least 2. The class is copied. self
 * is destroyed with the field, and by this call when it fails.
 */
PFLOW_API pflow_err pflow_field_create(pflow_field **field, size_t dim,
                                       const pflow_field_class *field_class, void *self);

/*
 * The field of a built network with equal input and output size. The network is borrowed
 * and must not be trained while the field is in use. Errors: PFLOW_ESTATE before build,
 * PFLOW_ESHAPE.
 */
PFLOW_API pflow_err pflow_field_create_net(pflow_field **field, const pflow_net *net);

/*
 * The exact field of a set of sources: pflow_poisson_direction. The rows are copied, the
 * pool (NULL: the default pool) is borrowed. Errors: PFLOW_EINVAL, PFLOW_ENONFINITE.
 */
PFLOW_API pflow_err pflow_field_create_sources(pflow_field **field,
                                               const pflow_sources *sources,
                                               pflow_pool *pool);

PFLOW_API void pflow_field_destroy(pflow_field *field);
PFLOW_API size_t pflow_field_dim(const pflow_field *field);
PFLOW_API const char *pflow_field_kind(const pflow_field *field);

/* A workspace for evaluations of up to max_rows rows; one for each thread. It borrows the
 * field. */
PFLOW_API pflow_err pflow_field_work_create(pflow_field_work **work,
                                            const pflow_field *field, size_t max_rows);
PFLOW_API void pflow_field_work_destroy(pflow_field_work *work);

/*
 * E at n <= max_rows augmented points (n x dim) into e (n x dim), which may not overlap.
 * Errors: PFLOW_ESHAPE above max_rows, PFLOW_ESTATE for a workspace of another field.
 */
PFLOW_API pflow_err pflow_field_eval(const pflow_field *field, pflow_field_work *work,
                                     const float *y, size_t n, float *e);

/* ---- learning a field ---- */

typedef struct pflow_field_fit_progress {
  size_t epoch, epochs; /* epochs done, and in all */
  double loss;          /* mean over the epoch's steps */
  double seconds;       /* since the start */
} pflow_field_fit_progress;

/* 0 go on, > 0 stop politely, < 0 abort. */
typedef int (*pflow_field_fit_fn)(const pflow_field_fit_progress *progress, void *user);

typedef struct pflow_field_fit_config {
  size_t struct_size;
  pflow_perturb_config perturb;
  double gamma;           /* of the target; default 0.3 (the post's script) */
  size_t epochs;          /* default 200 */
  size_t large_batch;     /* sources of a step; default 1024; n if there are fewer rows */
  size_t small_batch;     /* the first of them are perturbed; default 128; n likewise */
  pflow_adam_config adam; /* default lr 1e-3; without a pool it takes the one below */
  uint64_t seed;          /* of shuffling and perturbation */
  double ema_decay;       /* 0 (default): none; else the network ends with the average */
  pflow_pool *pool;       /* NULL: the default pool */
  pflow_field_fit_fn on_epoch; /* NULL: none */
  void *user;
} pflow_field_fit_config;

static inline void pflow_field_fit_config_init(pflow_field_fit_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  pflow_perturb_config_init(&config->perturb);
  config->gamma = 0.3;
  config->epochs = 200;
  config->large_batch = 1024;
  config->small_batch = 128;
  pflow_adam_config_init(&config->adam);
}

typedef struct pflow_field_fit_report {
  size_t epochs, steps;
  double first_loss, last_loss; /* mean of the first and of the last epoch */
  double seconds;
} pflow_field_fit_report;

/*
 * The post's network: linear, ReLU, linear, ReLU, linear, all dim + 1 wide, with biases,
 * built. config NULL: the defaults.
 */
PFLOW_API pflow_err pflow_field_net_create(pflow_net **net, size_t dim,
                                           const pflow_net_config *config);

/* Streams of the seed: the order of rows in each epoch, one permutation after another,
 * and the perturbation. */
#define PFLOW_FIELD_ORDER_STREAM UINT64_C(0x706f00000001)
#define PFLOW_FIELD_NOISE_STREAM UINT64_C(0x706f00000002)

/*
 * Trains a built network of dim + 1 inputs and outputs to the targets of x (n x dim) by
 * mean squared error: an epoch visits the rows in a new order, large_batch at a time, the
 * last incomplete batch left out. The network keeps its weights at the start. report may
 * be NULL; it is filled after an error too. Allocates nothing between the first and the
 * last step. Returns PFLOW_OK or PFLOW_STOPPED. Errors: PFLOW_ESHAPE, PFLOW_ESTATE before
 * build, PFLOW_EINVAL, PFLOW_ENONFINITE (data), PFLOW_EDIVERGED when the loss is no
 * longer finite, PFLOW_ECALLBACK, PFLOW_ENOMEM. After an error the network holds the
 * weights it had reached.
 */
PFLOW_API pflow_err pflow_field_fit(pflow_net *net, const float *x, size_t n, size_t dim,
                                    const pflow_field_fit_config *config,
                                    pflow_field_fit_report *report);

/*
 * One step of that training on given sources, for loops of your own: perturbs the first
 * small_batch rows (all if there are fewer), computes targets, and leaves the mean
 * squared error in *loss and its gradient, and no other, in the network. The step is made
 * for one network, whose weights the caller changes. It uses perturb, gamma, small_batch
 * and pool of the config (NULL: the defaults). Allocates only when created.
 */
typedef struct pflow_field_step pflow_field_step;
PFLOW_API pflow_err pflow_field_step_create(pflow_field_step **step, const pflow_net *net,
                                            const pflow_field_fit_config *config);
PFLOW_API void pflow_field_step_destroy(pflow_field_step *step);
PFLOW_API pflow_err pflow_field_step_run(pflow_field_step *step, pflow_net *net,
                                         const pflow_sources *sources, pflow_rng *rng,
                                         double *loss);

/* ---- clocks: from a field to a right-hand side ---- */

/*
 * Z and LOG_Z start at a height z > 0, with s0 = z or s0 = ln z: the clock takes the
 * caller's word that s and z agree.
 */
typedef enum pflow_clock_kind {
  PFLOW_CLOCK_RADIAL = 0, /* dy/ds = E / (E . y): ||y||^2 grows by 2 a unit (the post) */
  PFLOW_CLOCK_ARC = 1,    /* dy/ds = -E / ||E||: s is the length of the path, outward */
  PFLOW_CLOCK_Z = 2,      /* dy/dz = E / E_z: s is z (PFGM, section 3.3) */
  PFLOW_CLOCK_LOG_Z = 3   /* dy/ds = z E / E_z: s is ln z (PFGM, z = e^s) */
} pflow_clock_kind;

typedef struct pflow_clock_config {
  size_t struct_size;
  pflow_clock_kind kind; /* default radial */
  double max_speed;  /* cap on ||dy/ds||, or on ||dy/dz|| for LOG_Z, against a vanishing
                        E . y or E_z; ARC needs none; default 100, at most 1e30 */
  size_t concurrent; /* calls that may run at the same time, each in a workspace of its
                        own; more wait for one of them to end. For a solve with
                        `concurrent`: the threads of its pool; default 1 */
} pflow_clock_config;

static inline void pflow_clock_config_init(pflow_clock_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->max_speed = 100.0;
  config->concurrent = 1;
}

typedef struct pflow_clock_stats {
  uint64_t evaluations; /* row evaluations */
  uint64_t crossings;   /* times a row's denominator (E . y or E_z) changed its sign */
  size_t rows_crossed;  /* rows for which it ever did */
  uint64_t capped;      /* evaluations whose speed was cut to max_speed */
  double smallest;      /* least |E . y| / (||E|| ||y||), or |E_z| / ||E||; 1 at first */
} pflow_clock_stats;    /* ARC divides by neither: it counts evaluations only */

typedef struct pflow_clock pflow_clock;

/*
 * A clock for solves of up to n rows. It borrows the field and keeps workspaces and the
 * side that each row was on, so it is for one solve at a time; within that solve it may
 * be called from several threads at once for different rows. Errors: PFLOW_EINVAL,
 * PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_clock_create(pflow_clock **clock, const pflow_field *field,
                                       size_t n, const pflow_clock_config *config);
PFLOW_API void pflow_clock_destroy(pflow_clock *clock);

/* Forgets the sides of all rows and the counts: as a new clock. Not during a solve. */
PFLOW_API void pflow_clock_reset(pflow_clock *clock);

/*
 * The right-hand side to pass to pflow_ode_solve with the clock as `user`. A zero field
 * gives derivative 0 in RADIAL and ARC and is out of domain (> 0) for the z clocks; a
 * non-finite field is PFLOW_ENONFINITE naming the row. Where the denominator vanishes
 * exactly, the row keeps the side it was on.
 */
PFLOW_API int pflow_clock_rhs(const pflow_ode_rows *rows, float *dy, void *clock);

/* Counts of the calls that have ended since the clock was created. They do not depend on
 * the threads that made them. */
PFLOW_API pflow_err pflow_clock_get_stats(const pflow_clock *clock,
                                          pflow_clock_stats *stats);

PFLOW_END_DECLS

#endif
