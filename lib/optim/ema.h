/*
 * ema.h - what a checkpoint needs of an average of weights besides its public calls.
 */
#ifndef LIBPFLOW_EMA_H
#define LIBPFLOW_EMA_H

#include "base/base.h"
#include "pflow/optim.h"

/* Number of weights averaged. */
size_t pf_ema_size(const pflow_ema *ema);

#endif
