/*
 * direction.h - training targets at points that were made around the sources.
 */
#ifndef LIBPFLOW_DIRECTION_H
#define LIBPFLOW_DIRECTION_H

#include "pflow/field.h"

/*
 * pflow_poisson_target for q <= sources->n points, each of which lies near the source of
 * its number: the sooner something near is known, the less is looked at of what is far.
 */
pflow_err pf_poisson_target_near(const pflow_sources *sources, const float *y, size_t q,
                                 double gamma, float *target, pflow_pool *pool);

#endif
