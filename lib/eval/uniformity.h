/*
 * uniformity.h - the settings that the measure and its ideal value share.
 */
#ifndef LIBPFLOW_UNIFORMITY_H
#define LIBPFLOW_UNIFORMITY_H

#include "base/base.h"

/* PFLOW_EINVAL unless 0 < t <= 1e6; beyond, 2 t has no digits left for the distances. */
pflow_err pf_check_uniformity_t(double t);

#endif
