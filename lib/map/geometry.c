#include "map/geometry.h"

#include <float.h>
#include <math.h>

#include "base/base.h"

pflow_err pf_geometry_create(pf_geometry *geometry, pflow_map_target target, size_t dim,
                             double aug_dim) {
  *geometry = (pf_geometry){.target = target, .dim = dim, .aug_dim = aug_dim};
  return pf_radius_law_create(&geometry->law, target, dim, aug_dim);
}

void pf_geometry_destroy(pf_geometry *geometry) {
  pf_radius_law_destroy(&geometry->law);
}

size_t pf_geometry_width(pflow_map_target target, size_t dim) {
  return target == PFLOW_MAP_HEMISPHERE ? dim + 1 : dim;
}

bool pf_geometry_needs_radii(pflow_map_target target) {
  return target == PFLOW_MAP_SPHERE || target == PFLOW_MAP_GAUSSIAN ||
         target == PFLOW_MAP_BALL;
}

pf_radii_match pf_geometry_match(const pf_geometry *geometry, const pf_radii *rows) {
  const pf_radii *uniform = &geometry->law.uniform;
  return (pf_radii_match){rows ? *rows : *uniform, *uniform};
}

/* How long rounding to float32 makes a row at the ball's edge, and more. */
static const double ball_edge = 1.0 + 1e-5;

static void scale(const float *from, size_t dim, double weight, float *to) {
  for (size_t k = 0; k < dim; k++)
    to[k] = (float)(from[k] * weight);
}

/* The radius of the target's row for one of radius rho. */
static double radius_of(const pf_geometry *geometry, const pf_radii_match *match,
                        double rho, double r) {
  switch (geometry->target) {
  case PFLOW_MAP_SPHERE:
    return 1.0;
  case PFLOW_MAP_HEMISPHERE:
    return rho / hypot(rho, r);
  case PFLOW_MAP_RAW:
    return rho;
  default:
    return exp(
        pf_radius_law_there(&geometry->law, pf_radii_match_there(match, log(rho / r))));
  }
}

pflow_err pf_geometry_form(const pf_geometry *geometry, const pf_radii_match *match,
                           const float *u, double r, float *y) {
  const size_t dim = geometry->dim;
  const double rho = pf_row_length(u, dim);
  if (rho == 0.0 && geometry->target == PFLOW_MAP_SPHERE)
    return pf_fail(PFLOW_EINVAL, "a row at the mean has no direction");
  const double radius = rho > 0.0 ? radius_of(geometry, match, rho, r) : 0.0;
  scale(u, dim, rho > 0.0 ? radius / rho : 1.0, y);
  if (geometry->target == PFLOW_MAP_HEMISPHERE) y[dim] = (float)(r / hypot(rho, r));
  return PFLOW_OK;
}

static pflow_err check_radius(const pf_geometry *geometry, double radius) {
  if (geometry->target != PFLOW_MAP_BALL || radius <= ball_edge) return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "a row of length %g is outside the unit ball", radius);
}

static double radius_back(const pf_geometry *geometry, const pf_radii_match *match,
                          double radius) {
  return exp(pf_radii_match_back(match, pf_radius_law_back(&geometry->law, log(radius))));
}

pflow_err pf_geometry_undo(const pf_geometry *geometry, const pf_radii_match *match,
                           const float *y, double r, float *u) {
  const size_t dim = geometry->dim;
  const double radius = pf_row_length(y, dim);
  double rho = radius;
  if (geometry->target == PFLOW_MAP_SPHERE) {
    if (radius == 0.0) return pf_fail(PFLOW_EINVAL, "a row of zeros is on no sphere");
    rho = exp(pf_radii_of_share(&match->rows, 0.5)) * r;
  } else if (geometry->target == PFLOW_MAP_HEMISPHERE) {
    if (!(y[dim] > 0.0f))
      return pf_fail(PFLOW_EINVAL, "the last value is %g, above 0 on the hemisphere",
                     (double)y[dim]);
    rho = radius / y[dim] * r;
  } else if (geometry->target != PFLOW_MAP_RAW && radius > 0.0) {
    pf_try(check_radius(geometry, radius));
    rho = radius_back(geometry, match, radius) * r;
  }
  if (!(rho <= FLT_MAX))
    return pf_fail(PFLOW_EINVAL, "a row of length %g comes from beyond float32", radius);
  scale(y, dim, radius > 0.0 ? rho / radius : 1.0, u);
  return PFLOW_OK;
}
