/*
 * poisson.h - the Poisson map's state: preprocessing, a field, and the target's form.
 */
#ifndef LIBPFLOW_POISSON_H
#define LIBPFLOW_POISSON_H

#include "map/fingerprint.h"
#include "map/geometry.h"
#include "map/map.h"

/* The strengths 0, 1/4, 1/2, 3/4, 1, at which the rows' radii are known. */
enum { pf_poisson_strengths = 5 };

typedef struct pf_poisson {
  pflow_affine *preprocess; /* to the first k principal coordinates, rms radius 1 */
  pf_geometry geometry;
  pf_radii radii[pf_poisson_strengths]; /* the fitted rows' own, where needed */
  size_t n;                             /* EXACT: sources */
  float *sources;                       /* n x k, and which rows they were before */
  pf_fingerprints prints;
  pflow_exact *exact;
  pflow_denoiser *denoiser; /* NETWORK */
} pf_poisson;

/* What is left to choose after a search, all of it set. */
typedef struct pf_poisson_choice {
  size_t dims;
  double aug_dim, start, strength;
} pf_poisson_choice;

/* The caller's settings of the denoiser, or the defaults. */
pflow_err pf_poisson_network_config(const pflow_map *map, pflow_denoiser_config *config);

typedef struct pf_checkpoint pf_checkpoint;
/*
 * Chooses what the config leaves open on held-out rows, and fills in the trials and
 * scores of the map's info. leave_alone is set where no setting serves the objective.
 */
pflow_err pf_poisson_search(pflow_map *map, const pf_map_rows *rows,
                            pf_checkpoint *checkpoint, pf_poisson_choice *choice);

/* The height where the flow begins or ends: r1 of a strength. */
double pf_poisson_stop(double r0, double r1, double strength);

/* r0 of rows in k dimensions, and r1 at strength 1; d_nn as in pflow/map.h. */
double pf_poisson_r0(double start, double nearest, size_t dims, double aug_dim);
double pf_poisson_r1(double aug_dim);

/* Where the way down from the prior ends: the height, r0 at most, where 19 of 20 rows of
 * the kernel lie within half of d_nn from their source. */
double pf_poisson_r_low(const pf_geometry *geometry, double nearest, double r0);

/* Whether there is a way up, from a height whose square the field's floats can bear. */
bool pf_poisson_can_flow(double r0, double r1);

/*
 * Median distance of rows u (n x k) to their nearest neighbour, over at most 10,000 of
 * them. PFLOW_EINVAL where more than half of the rows have an equal one.
 */
pflow_err pf_poisson_nearest(const float *u, size_t n, size_t dims, uint64_t seed,
                             pflow_pool *pool, double *nearest);

/* Settings of a solve from one height to another. */
pflow_ode_config pf_poisson_ode(const pflow_map *map);

/* Measures the radii of some of the fitted rows on their way, in a map that is fitted
 * but for that. */
pflow_err pf_poisson_fit_radii(pflow_map *map, const pf_map_rows *rows);

/* The parts of the way that have files of their own. */
pflow_err pf_poisson_fit(pflow_map *map, const pf_map_rows *rows);
pflow_err pf_poisson_fit_network(pflow_map *map, const float *u, size_t n,
                                 pf_checkpoint *checkpoint);
pflow_err pf_poisson_put(const pflow_map *map, pflow_archive *archive);
pflow_err pf_poisson_get(pflow_map *map, const pflow_archive *archive);

#endif
