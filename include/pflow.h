/*
 * pflow.h - everything in libpflow. Each header below can also be included alone.
 *
 * libpflow spreads trained feature vectors uniformly with a Poisson flow, and offers the
 * parts that are needed for it: tensors, network layers, optimisers, Poisson-field
 * targets, ordinary differential equations, evaluation, data sets and model files.
 *
 * Rules that hold for every call:
 *   - A call that can fail returns pflow_err: 0 is success, a negative value an error
 *     (pflow_errmsg() has the sentence), a positive value success with news.
 *   - Objects are created through the first argument and destroyed by the matching
 *     ..._destroy, which takes NULL. Other outputs come last.
 *   - A config struct is filled by its ..._init, then changed, then passed; NULL
 *     means the defaults. The library copies what it needs.
 *   - Floating-point data are float32, row-major, n rows of dim values; sums, times and
 *     statistics are double.
 *   - Nothing is printed, no signal, locale or floating-point mode is touched,
 *     the process is never ended.
 *   - A callback must return: no exception may leave it, no longjmp.
 *   - An object may be used by one thread at a time unless its comment says otherwise; a
 *     const pointer argument means that any number of threads may pass the same object.
 *   - Same build, same CPU level (pflow/cpu.h), same BLAS set-up and same seed give the
 *     same bits for every number of threads in the pool.
 */
#ifndef PFLOW_H
#define PFLOW_H

#include "pflow/affine.h"
#include "pflow/contrast.h"
#include "pflow/cpu.h"
#include "pflow/data.h"
#include "pflow/denoiser.h"
#include "pflow/error.h"
#include "pflow/eval.h"
#include "pflow/field.h"
#include "pflow/file.h"
#include "pflow/io.h"
#include "pflow/map.h"
#include "pflow/measures.h"
#include "pflow/memory.h"
#include "pflow/neighbours.h"
#include "pflow/nn.h"
#include "pflow/ode.h"
#include "pflow/optim.h"
#include "pflow/probes.h"
#include "pflow/random.h"
#include "pflow/rows.h"
#include "pflow/stats.h"
#include "pflow/tensor.h"
#include "pflow/threads.h"
#include "pflow/train.h"

#endif
