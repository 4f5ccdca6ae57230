/*
 * poisson_flow.h - the Poisson map's equation, solved for rows in units of their own
 * size.
 *
 * At height r rows are spread about as wide as sqrt(1 + r^2 / D): the data's rms radius,
 * 1, and the flow's. Divided by that (the input scaling of Karras et al. 2022, arXiv
 * 2206.00364, table 1, with sigma = r / sqrt(D)) they keep their size on the way and turn
 * into straight lines at great heights, where steps can be long: for the same error at
 * the end a third fewer evaluations than for the rows themselves.
 */
#ifndef LIBPFLOW_POISSON_FLOW_H
#define LIBPFLOW_POISSON_FLOW_H

#include "pflow/ode.h"

/* sqrt(1 + r^2 / D). */
double pf_poisson_flow_size(double aug_dim, double r);

/* All of it borrowed. `field` writes x - xhat(x, e^s), also over the rows it reads. */
typedef struct pf_poisson_flow {
  pflow_rhs_fn field;
  void *user;
  size_t dim;
  double aug_dim;
} pf_poisson_flow;

/* Takes n rows of u (n x dim) in place from height `from` to height `to`; as
 * pflow_ode_run, which may be called for such rows from several threads. */
pflow_err pf_poisson_flow_run(pf_poisson_flow *flow, pflow_ode *ode, double from,
                              double to, float *u, size_t n, pflow_ode_stats *stats);

#endif
