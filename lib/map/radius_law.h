/*
 * radius_law.h - from the law of radii at a uniform flow's end to that of a target.
 *
 * GAUSSIAN and BALL move a row along its direction to where the target's law has the
 * share that rho^2 / (rho^2 + r^2) ~ Beta(k/2, D/2) has at its own radius rho.
 */
#ifndef LIBPFLOW_RADIUS_LAW_H
#define LIBPFLOW_RADIUS_LAW_H

#include "base/base.h"
#include "map/radii.h"
#include "pflow/map.h"

/* A table over ln(rho / r), linear in between and beyond; empty for other targets. */
typedef struct pf_radius_law {
  size_t n;
  double *from, *to; /* ln(rho / r), and ln of the target's radius; both rise */
  double most;       /* ln of the largest radius that has a way back */
  pf_radii uniform;  /* the law itself, for every target */
} pf_radius_law;

/* On error destroy has to be called all the same. */
pflow_err pf_radius_law_create(pf_radius_law *table, pflow_map_target target, size_t dim,
                               double aug_dim);
void pf_radius_law_destroy(pf_radius_law *table);

/* ln of the target's radius for ln(rho / r), and the way back. */
double pf_radius_law_there(const pf_radius_law *table, double log_ratio);
double pf_radius_law_back(const pf_radius_law *table, double log_radius);

#endif
