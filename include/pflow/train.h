/*
 * pflow/train.h - a training loop for classifiers, written with public calls only, so
 * that lib/train/fit.c is also the pattern for a loop of your own. A training changes its
 * network, optimiser and batches: one thread at a time, whatever the pool within.
 */
#ifndef PFLOW_TRAIN_H
#define PFLOW_TRAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/data.h"
#include "pflow/error.h"
#include "pflow/nn.h"
#include "pflow/optim.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_fit_progress {
  size_t epoch, epochs;  /* epoch under way (from 0), and in all */
  size_t batch, batches; /* batches done in this epoch, and in all */
  uint64_t rows;         /* rows seen in this epoch */
  double loss, accuracy; /* means over the epoch so far, on the batches as trained */
  double seconds;        /* since this epoch began */
} pflow_fit_progress;

/* 0 go on, > 0 stop politely, < 0 abort. */
typedef int (*pflow_fit_fn)(const pflow_fit_progress *progress, void *user);

typedef struct pflow_fit_config {
  size_t struct_size;
  size_t epochs;                  /* default 1 */
  size_t first_epoch;             /* to resume: epochs already done; default 0 */
  const pflow_schedule *schedule; /* NULL: the optimiser's own rate */
  double clip_norm;               /* 0 (default): no clipping */
  pflow_ema *ema;                 /* updated after each step; NULL: none */
  pflow_fit_fn on_batch;          /* after each step; NULL: none */
  pflow_fit_fn on_epoch; /* after each epoch: save a checkpoint here; NULL: none */
  void *user;
} pflow_fit_config;

static inline void pflow_fit_config_init(pflow_fit_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->epochs = 1;
}

/*
 * Trains net (built, one output for each class) by softmax cross entropy on all batches
 * of epochs first_epoch .. epochs - 1. The schedule is asked for step epoch * batches +
 * batch, and its last rate stays with the optimiser. To resume with the same bits,
 * restore parameters, running statistics, optimiser (slots and steps) and ema, and set
 * first_epoch.
 *
 * Returns PFLOW_OK or PFLOW_STOPPED. After a stop or an error in the midst of an epoch
 * net and optimiser are as the last whole step left them, but for running statistics.
 * Errors: PFLOW_EINVAL naming the setting; PFLOW_ESTATE before build; PFLOW_ESHAPE when
 * network, batches and optimiser do not fit; PFLOW_EDIVERGED when the loss, or with
 * clipping the gradient, is not finite (naming epoch and batch); PFLOW_ECALLBACK;
 * PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_net_fit(pflow_net *net, pflow_optim *optim,
                                  pflow_batches *batches, const pflow_fit_config *config);

PFLOW_END_DECLS

#endif
