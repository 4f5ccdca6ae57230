/*
 * step.h - the check of fit settings, shared by one step and the whole fit.
 */
#ifndef LIBPFLOW_STEP_H
#define LIBPFLOW_STEP_H

#include "base/base.h"
#include "pflow/field.h"

/* Reads a caller's config over the defaults and checks it, Adam's part excepted. */
pflow_err pf_field_fit_config_read(pflow_field_fit_config *full,
                                   const pflow_field_fit_config *given);

#endif
