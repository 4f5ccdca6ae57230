/*
 * pflow/optim.h - optimisers over flat blocks of float32 parameters, learning-rate
 * schedules, gradient clipping, an average of weights, and L-BFGS.
 *
 *   pflow_adam_config ac;
 *   pflow_adam_config_init(&ac);
 *   pflow_optim_create_adam(&optim, pflow_net_param_size(net), &ac);
 *   ...
 *   pflow_optim_step(optim, pflow_net_params(net), pflow_net_grads(net));
 *
 * An optimiser is used by one thread at a time and allocates only when created. A pool
 * in a config is not owned and must outlive the optimiser. Values are not searched for
 * NaN: pflow_clip_norm does that.
 */
#ifndef PFLOW_OPTIM_H
#define PFLOW_OPTIM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_optim pflow_optim;

/* Stochastic gradient descent as torch.optim.SGD (dampening 0). */
typedef struct pflow_sgd_config {
  size_t struct_size;
  double lr;           /* learning rate; default 0.1 */
  double momentum;     /* default 0 */
  double weight_decay; /* L2 term added to the gradient; default 0 */
  int nesterov;        /* default 0; needs momentum > 0 */
  pflow_pool *pool;    /* NULL: the default pool */
} pflow_sgd_config;

static inline void pflow_sgd_config_init(pflow_sgd_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->lr = 0.1;
}

/* Errors: PFLOW_EINVAL naming the setting and its value; PFLOW_ENOMEM. */
PFLOW_API pflow_err pflow_optim_create_sgd(pflow_optim **optim, size_t size,
                                           const pflow_sgd_config *config);

/* Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) as in PyTorch. */
typedef struct pflow_adam_config {
  size_t struct_size;
  double lr;           /* default 1e-3 */
  double beta1, beta2; /* default 0.9, 0.999 */
  double eps;          /* added to the root of the second moment; default 1e-8 */
  double weight_decay; /* default 0 */
  int decoupled;       /* 1: AdamW, decay applied to the weights; default 0 */
  pflow_pool *pool;    /* NULL: the default pool */
} pflow_adam_config;

static inline void pflow_adam_config_init(pflow_adam_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->lr = 1e-3;
  config->beta1 = 0.9;
  config->beta2 = 0.999;
  config->eps = 1e-8;
}

PFLOW_API pflow_err pflow_optim_create_adam(pflow_optim **optim, size_t size,
                                            const pflow_adam_config *config);

/*
 * An optimiser of your own. step gets the current learning rate, the number of this step
 * (from 1) and `slots` arrays of `size` floats that start at zero and travel with saved
 * optimisers. It returns PFLOW_OK or a negative code; then the step does not count.
 */
#define PFLOW_OPTIM_MAX_SLOTS 4
typedef struct pflow_optim_step_args {
  size_t size;
  float *params;
  const float *grads;
  float *slot[PFLOW_OPTIM_MAX_SLOTS];
  double lr;
  uint64_t step;
} pflow_optim_step_args;

typedef struct pflow_optim_class {
  size_t struct_size; /* sizeof(pflow_optim_class) */
  const char *kind;   /* outlives the optimiser */
  size_t slots;       /* 0 to PFLOW_OPTIM_MAX_SLOTS */
  pflow_err (*step)(const pflow_optim_step_args *args, void *self);
  void (*destroy)(void *self); /* may be NULL */
} pflow_optim_class;

/*
 * self is destroyed with the optimiser, and by this call when it fails (unless
 * optim_class is NULL or has a wrong struct_size, so that no destructor is known).
 */
PFLOW_API pflow_err pflow_optim_create(pflow_optim **optim, size_t size, double lr,
                                       const pflow_optim_class *optim_class, void *self);

PFLOW_API void pflow_optim_destroy(pflow_optim *optim);

/* One step over params (size floats, in place) with their gradients. */
PFLOW_API pflow_err pflow_optim_step(pflow_optim *optim, float *params,
                                     const float *grads);

/* Learning rate of the next step. Errors: PFLOW_EINVAL if negative or not finite. */
PFLOW_API pflow_err pflow_optim_set_lr(pflow_optim *optim, double lr);
PFLOW_API double pflow_optim_lr(const pflow_optim *optim);

/*
 * All state there is, for checkpoints: kind ("sgd", "adam", "adamw" or the class's own),
 * steps taken (set_steps: at most 2^63 - 1), size, and the slot arrays.
 */
PFLOW_API const char *pflow_optim_kind(const pflow_optim *optim);
PFLOW_API uint64_t pflow_optim_steps(const pflow_optim *optim);
PFLOW_API pflow_err pflow_optim_set_steps(pflow_optim *optim, uint64_t steps);
PFLOW_API size_t pflow_optim_size(const pflow_optim *optim);
PFLOW_API size_t pflow_optim_slots(const pflow_optim *optim);
/* NULL past the last. */
PFLOW_API float *pflow_optim_slot(pflow_optim *optim, size_t index);

/* ---- schedules ---- */

typedef enum pflow_schedule_kind {
  PFLOW_SCHEDULE_CONSTANT = 0,
  PFLOW_SCHEDULE_STEP = 1,  /* lr * gamma^floor(step / period) */
  PFLOW_SCHEDULE_COSINE = 2 /* half a cosine, lr to min_lr (Loshchilov, Hutter 2017) */
} pflow_schedule_kind;

typedef struct pflow_schedule {
  size_t struct_size;
  pflow_schedule_kind kind;
  double lr;       /* rate after the warm-up; default 1e-3 */
  double min_lr;   /* end of the cosine; default 0 */
  double gamma;    /* default 0.1 */
  uint64_t period; /* steps between drops; must be set for STEP */
  uint64_t warmup; /* steps of linear rise: step k < warmup has lr * (k + 1) / warmup */
  uint64_t total;  /* steps in all, warm-up included; must be set for COSINE */
} pflow_schedule;

static inline void pflow_schedule_init(pflow_schedule *schedule) {
  memset(schedule, 0, sizeof *schedule);
  schedule->struct_size = sizeof *schedule;
  schedule->lr = 1e-3;
  schedule->gamma = 0.1;
}

/*
 * The rate of step `step` (from 0). STEP and COSINE count from the end of the warm-up;
 * past `total` the rate stays at min_lr. Errors: PFLOW_EINVAL naming the setting.
 */
PFLOW_API pflow_err pflow_schedule_lr(const pflow_schedule *schedule, uint64_t step,
                                      double *lr);

/* ---- gradients and averages ---- */

/*
 * Scales grads so that their Euclidean norm is at most max_norm, but for rounding; *norm,
 * unless NULL, gets the norm before. Errors: PFLOW_ENONFINITE (grads untouched, *norm
 * set) when the norm is not finite.
 */
PFLOW_API pflow_err pflow_clip_norm(float *grads, size_t size, double max_norm,
                                    double *norm);

/* Limits each value to [-bound, bound]; NaN stays NaN. */
PFLOW_API pflow_err pflow_clip_value(float *grads, size_t size, double bound);

/*
 * Exponential moving average of weights: average <- d * average + (1 - d) * weights with
 * d = min(decay, (1 + t) / (10 + t)) at update t (from 0), so early averages follow
 * quickly.
 */
typedef struct pflow_ema pflow_ema;
PFLOW_API pflow_err pflow_ema_create(pflow_ema **ema, const float *weights, size_t size,
                                     double decay);
PFLOW_API void pflow_ema_destroy(pflow_ema *ema);
PFLOW_API pflow_err pflow_ema_update(pflow_ema *ema, const float *weights);
/* The averages, and how many there are. */
PFLOW_API float *pflow_ema_values(pflow_ema *ema);
PFLOW_API size_t pflow_ema_size(const pflow_ema *ema);
PFLOW_API uint64_t pflow_ema_updates(const pflow_ema *ema);
PFLOW_API pflow_err pflow_ema_set_updates(pflow_ema *ema, uint64_t updates);

/* ---- L-BFGS ---- */

/* Value and gradient (size doubles) at x. 0 go on, > 0 stop politely, < 0 abort. */
typedef int (*pflow_objective_fn)(const double *x, size_t size, double *value,
                                  double *gradient, void *user);

typedef struct pflow_lbfgs_config {
  size_t struct_size;
  size_t history;    /* pairs kept; default 10 */
  size_t max_iters;  /* default 1000 */
  size_t max_search; /* evaluations in one line search; default 30 */
  double grad_tol;   /* stop when max |gradient| <= grad_tol; default 1e-5 */
  double armijo;     /* sufficient decrease; default 1e-4 */
  double curvature;  /* strong Wolfe; default 0.9 */
} pflow_lbfgs_config;

static inline void pflow_lbfgs_config_init(pflow_lbfgs_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->history = 10;
  config->max_iters = 1000;
  config->max_search = 30;
  config->grad_tol = 1e-5;
  config->armijo = 1e-4;
  config->curvature = 0.9;
}

typedef struct pflow_lbfgs_report {
  size_t iterations;
  size_t evaluations;
  double value;
  double grad_max; /* max |gradient| at the end */
} pflow_lbfgs_report;

/*
 * Minimises from x (size doubles, in place) by L-BFGS with a strong Wolfe line search
 * (Nocedal and Wright 2006, algorithms 3.5, 3.6 and 7.5). A trial whose value or gradient
 * is not finite is backed off from. Where the value changes by rounding only, a trial is
 * taken for its slope (Hager and Zhang 2005, equation 4.1), so gradients much smaller
 * than the value can show are reached.
 *
 * x ends at the best point met: the last one taken. Returns PFLOW_OK at the tolerance,
 * PFLOW_LIMIT at max_iters or when rounding ends the descent, PFLOW_STOPPED,
 * PFLOW_ECALLBACK, or PFLOW_ENONFINITE for a start with a non-finite value or gradient.
 * report, which may be NULL, is filled in all these cases. Nothing is shared between
 * calls.
 */
PFLOW_API pflow_err pflow_lbfgs_minimize(pflow_objective_fn objective, void *user,
                                         double *x, size_t size,
                                         const pflow_lbfgs_config *config,
                                         pflow_lbfgs_report *report);

PFLOW_END_DECLS

#endif
