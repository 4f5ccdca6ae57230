/*
 * suggest.c - advice from the data alone: facts of the rows, a value for every setting,
 * and a sentence why.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/rows.h"
#include "eval/sample.h"
#include "map/dims.h"
#include "map/map.h"
#include "pflow/eval.h"
#include "pflow/measures.h"

/* Rows that are looked at, and rows from which on a network is cheaper to keep. */
enum { most_rows = 20000, many_rows = 200000 };
static const double share = 0.95;

static void measure_norms(const float *x, size_t n, size_t dim,
                          pflow_map_advice *advice) {
  double sum = 0.0, squares = 0.0;
  for (size_t i = 0; i < n; i++) {
    double square = 0.0;
    for (size_t k = 0; k < dim; k++)
      square += (double)x[i * dim + k] * x[i * dim + k];
    sum += sqrt(square);
    squares += square;
  }
  const double mean = sum / (double)n;
  advice->norm_mean = mean;
  advice->norm_std = sqrt(fmax(squares / (double)n - mean * mean, 0.0));
}

static pflow_err advise_dims(const float *x, size_t n, size_t dim, pflow_pool *pool,
                             pflow_map_advice *advice) {
  pflow_affine *pca;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.pool = pool;
  pf_try(pflow_affine_fit(&pca, PFLOW_AFFINE_PCA, x, n, dim, &config));
  const size_t components = pf_dims_of_share(pflow_affine_variances(pca), dim, share);
  pflow_affine_destroy(pca);
  advice->dims = pf_dims_clamp((double)components, dim);
  snprintf(advice->why_dims, sizeof advice->why_dims,
           "%zu principal coordinates hold %.0f %% of the variance (effective rank %.1f, "
           "intrinsic dimension %.1f); the flow spends itself on noise in more.",
           components, 100.0 * share, advice->effective_rank, advice->intrinsic_dim);
  return PFLOW_OK;
}

static void advise_flow(pflow_map_advice *advice) {
  advice->aug_dim = (double)advice->dims;
  snprintf(advice->why_aug_dim, sizeof advice->why_aug_dim,
           "as many augmented dimensions as principal coordinates: between PFGM (1), "
           "whose draws have heavy tails, and diffusion (many).");
  advice->start = 6.0;
  snprintf(advice->why_start, sizeof advice->why_start,
           "the median nearest neighbour is %.3g away; a flow that begins lower tears "
           "neighbours apart, one that begins higher stays less uniform.",
           advice->nearest);
  advice->strength = 1.0;
  snprintf(advice->why_strength, sizeof advice->why_strength,
           "1 goes all the way to uniform; `auto` looks on held-out rows for the most "
           "that keeps enough of the neighbours, and may find that there is none.");
}

static void advise_form(pflow_map_advice *advice) {
  advice->target = PFLOW_MAP_SPHERE;
  snprintf(advice->why_target, sizeof advice->why_target,
           "unit rows, for cosine similarity; take hemisphere, gaussian or ball if rows "
           "must come back exactly.");
  advice->field = advice->n > many_rows ? PFLOW_MAP_NETWORK : PFLOW_MAP_EXACT;
  snprintf(advice->why_field, sizeof advice->why_field,
           advice->field == PFLOW_MAP_EXACT
               ? "%zu rows can be kept and summed over: no training, no error."
               : "with %zu rows each mapped row would cost a sum over all of them; a "
                 "network costs the same for any number.",
           advice->n);
}

static pflow_err look(const float *x, size_t n, size_t dim, pflow_pool *pool,
                      pflow_map_advice *advice) {
  const pflow_features rows = {x, n, dim};
  pflow_intrinsic_config config;
  pflow_intrinsic intrinsic;
  pflow_intrinsic_config_init(&config);
  config.pool = pool;
  if (n <= config.k) config.k = n - 1;
  measure_norms(x, n, dim, advice);
  pf_try(pflow_effective_rank(x, n, dim, &advice->effective_rank));
  pf_try(pflow_intrinsic_dim(&rows, &config, &intrinsic));
  advice->intrinsic_dim = intrinsic.two_nn;
  advice->nearest = intrinsic.nearest;
  pf_try(advise_dims(x, n, dim, pool, advice));
  advise_flow(advice);
  advise_form(advice);
  return PFLOW_OK;
}

/* A seeded sample of the rows, as a block of the caller's. */
static pflow_err sample_rows(const float *x, size_t n, size_t dim, uint64_t seed,
                             float **rows) {
  size_t *chosen, floats;
  pf_try(pf_mul(&floats, (size_t)most_rows, dim, "rows of a sample"));
  pf_try(pf_alloc(rows, floats, sizeof **rows));
  pflow_err rc = pf_alloc(&chosen, most_rows, sizeof *chosen);
  if (rc < 0) {
    pflow_free(*rows);
    return rc;
  }
  pf_sample(n, most_rows, seed, UINT64_C(0x706d00000006), chosen);
  for (size_t i = 0; i < most_rows; i++)
    memcpy(*rows + i * dim, x + chosen[i] * dim, dim * sizeof *x);
  pflow_free(chosen);
  return PFLOW_OK;
}

pflow_err pflow_map_suggest(const float *x, size_t n, size_t dim, uint64_t seed,
                            pflow_pool *pool, pflow_map_advice *advice) {
  pf_need(x);
  pf_need(advice);
  *advice = (pflow_map_advice){.n = n, .dim = dim};
  pf_try(pf_check_rows_shared(pool, x, n, dim, "rows"));
  if (n < 4)
    return pf_fail(PFLOW_EINVAL, "too few rows for advice: %zu, wants 4 or more", n);
  if (n <= most_rows) return look(x, n, dim, pool, advice);
  float *rows;
  pf_try(sample_rows(x, n, dim, seed, &rows));
  pflow_err rc = look(rows, most_rows, dim, pool, advice);
  pflow_free(rows);
  return rc;
}
