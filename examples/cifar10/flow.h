/*
 * flow.h - the Poisson field of the features, and moving rows along it.
 */
#ifndef CIFAR10_FLOW_H
#define CIFAR10_FLOW_H

#include <jansson.h>

#include "encoder.h"
#include "options.h"
#include "pflow.h"

/* What one run of the flow met. */
typedef struct flow_report {
  pflow_ode_stats ode;
  pflow_clock_stats clock;
  double seconds;
} flow_report;

/* A fitted field network and how its loss fell. */
typedef struct flow_field {
  pflow_net *net;
  double *loss; /* one an epoch */
  size_t epochs;
  double m_max; /* as used, after PFGM's rule */
  double seconds;
} flow_field;

/* Learns the field of n feature rows (seeded by opts). */
void flow_field_fit(flow_field *self, const float *features, size_t n,
                    const options *opts, pflow_pool *pool);
/* To OUT/field.safetensors. */
void flow_field_save(const flow_field *self, const options *opts);
void flow_field_destroy(flow_field *self);

/* The same network as flow_field_fit begins with, untrained. */
pflow_net *flow_untrained_net(const options *opts, pflow_pool *pool);

/*
 * Moves a copy of n feature rows along the field of a network; the result (n x
 * FEATURE_DIM, the augmented coordinate left out) is the caller's to free.
 */
float *flow_run(const pflow_net *net, const float *features, size_t n,
                const options *opts, flow_report *report);

json_t *flow_report_json(const flow_report *report);

#endif
