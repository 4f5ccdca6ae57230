/*
 * perturb.h - the check of perturbation settings, for those that keep them for later.
 */
#ifndef LIBPFLOW_PERTURB_H
#define LIBPFLOW_PERTURB_H

#include "base/base.h"
#include "pflow/field.h"

/* Reads a caller's config over the defaults and checks it. */
pflow_err pf_perturb_config_read(pflow_perturb_config *full,
                                 const pflow_perturb_config *given);

#endif
