/*
 * geometry.h - the forms that a flow's end is given, and the ways back.
 *
 * The end is u in R^k at height r; under a uniform flow u / r has a uniform direction and
 * a length rho / r with rho^2 / (rho^2 + r^2) ~ Beta(k/2, D/2). What the rows' own
 * lengths at height r are beside that is the caller's to measure.
 */
#ifndef LIBPFLOW_GEOMETRY_H
#define LIBPFLOW_GEOMETRY_H

#include "base/base.h"
#include "map/radius_law.h"

typedef struct pf_geometry {
  pflow_map_target target;
  size_t dim; /* k */
  double aug_dim;
  pf_radius_law law;
} pf_geometry;

pflow_err pf_geometry_create(pf_geometry *geometry, pflow_map_target target, size_t dim,
                             double aug_dim);
void pf_geometry_destroy(pf_geometry *geometry);

/* Values of a row in the target's form. */
size_t pf_geometry_width(pflow_map_target target, size_t dim);

/* Whether the target goes by the rows' radii, on the way there or back. */
bool pf_geometry_needs_radii(pflow_map_target target);

/* The rows' radii beside the uniform law's; rows NULL where they are not needed. */
pf_radii_match pf_geometry_match(const pf_geometry *geometry, const pf_radii *rows);

/*
 * y of a row u at height r, and u of y; match of that height. The way back from a SPHERE
 * gives every row the fitted ones' median radius. PFLOW_EINVAL for a u without direction
 * where one is needed, or a y that is no point of the target.
 */
pflow_err pf_geometry_form(const pf_geometry *geometry, const pf_radii_match *match,
                           const float *u, double r, float *y);
pflow_err pf_geometry_undo(const pf_geometry *geometry, const pf_radii_match *match,
                           const float *y, double r, float *u);

#endif
