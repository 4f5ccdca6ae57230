/*
 * density.h - how likely rows are under the flow of an exact field.
 *
 * The flow takes the density of its sources as blurred at the start height r0 to the
 * uniform one at r1 (PFGM++, section 3). At r0 that density has a closed form,
 *   p(u) ~ mean over sources s of (||u - s||^2 + r0^2)^(-(k + D) / 2)
 * in the map's k coordinates u, so that no integral along the flow is needed.
 */
#ifndef EXPERIMENT_DENSITY_H
#define EXPERIMENT_DENSITY_H

#include "treat.h"

/* n negative log-densities but for a constant. sources, u: rows of dim values. */
void density_scores(const pflow_features *sources, const pflow_features *u, double r0,
                    double aug_dim, double *scores, pflow_pool *pool);

/* foreign_auroc of these scores, for a map with these settings; sources are as many of
 * the train rows as it has. */
double density_auroc(const splits *raw, const pflow_map_info *map,
                     const conditions *under, double *shares);

#endif
