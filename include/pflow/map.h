/*
 * pflow/map.h - the uniformity map: learned from n rows of d values, it spreads them and
 * rows it has never seen, and takes them back.
 *
 *   pflow_map_config config;
 *   pflow_map_config_init(&config);
 *   pflow_map_create(&map, &config);
 *   pflow_map_fit(map, x, NULL, n, dim);
 *   pflow_map_work_create(&work, map, NULL);
 *   pflow_map_transform(map, work, x, n, y);          n x pflow_map_out_dim(map)
 *   pflow_map_save(map, "photos.safetensors");
 *
 * A map is fitted by one thread. From then on it is const: any number of threads may
 * share it, each with a workspace of its own; transform, inverse and sample allocate
 * nothing, and what becomes of a row depends on that row alone.
 *
 * What the Poisson map computes (Xu et al. 2023, arXiv 2302.04265, "PFGM++", run from the
 * data outward):
 *
 *   u  = P (x - mean) / scale          the first k principal coordinates, rms radius 1
 *   du / d ln r = u - xhat(u, r)       from height r0 to r1, D augmented dimensions
 *   y  = the target's form of (u, r1)
 *
 * with r0 = start * d_nn / sqrt(k) * sqrt(D), d_nn the median distance of a fitted row to
 * its nearest neighbour, and r1 = r0 * (30 sqrt(D) / r0)^strength. xhat is the field's
 * mean of the sources: see pflow/field.h (exact) and pflow/denoiser.h (learned).
 *
 * A flow that starts high or stops early ends with other radii than the uniform flow's
 * law. So the radii of up to 1000 fitted rows on their way are part of the map, and the
 * targets that go by the radius match share to share.
 */
#ifndef PFLOW_MAP_H
#define PFLOW_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/denoiser.h"
#include "pflow/error.h"
#include "pflow/field.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_map pflow_map;
typedef struct pflow_map_work pflow_map_work;

typedef enum pflow_map_method {
  PFLOW_MAP_POISSON = 0,
  PFLOW_MAP_NONE = 1,    /* y = x */
  PFLOW_MAP_CENTER = 2,  /* x - mean */
  PFLOW_MAP_L2 = 3,      /* x / ||x|| */
  PFLOW_MAP_WHITEN = 4,  /* principal coordinates of unit variance; `dims` of them */
  PFLOW_MAP_ZCA = 5,     /* whitened and turned back to the original axes */
  PFLOW_MAP_ABTT = 6,    /* all but the top: x - mean without its first `dims` principal
                            directions (Mu and Viswanath 2018, arXiv 1702.01417); dims 0:
                            d / 100, at least 1 */
  PFLOW_MAP_ROTATE = 7,  /* a random orthogonal matrix, drawn from the seed */
  PFLOW_MAP_QUANTILE = 8 /* each coordinate to the normal distribution by its own
                            quantiles */
} pflow_map_method;

typedef enum pflow_map_field {
  PFLOW_MAP_EXACT = 0,   /* the field of the fitted rows themselves, which are kept */
  PFLOW_MAP_NETWORK = 1, /* a denoiser trained on them */
  PFLOW_MAP_POST = 2     /* the 2023 post's: PFGM's network on the raw rows, radial clock,
                            Euler; no preprocessing, target RAW, no inverse */
} pflow_map_field;

/* Form of the result; rho = ||u|| at the end. GAUSSIAN and BALL give a row the radius
 * that has the same share of the target's law below it as rho has among the fitted rows;
 * the tails go by the uniform flow's law, rho^2 / (rho^2 + r1^2) ~ Beta(k/2, D/2). */
typedef enum pflow_map_target {
  PFLOW_MAP_SPHERE = 0,     /* u / rho: k values, uniform on the unit sphere */
  PFLOW_MAP_HEMISPHERE = 1, /* (u, r1) / ||(u, r1)||: k + 1 values */
  PFLOW_MAP_GAUSSIAN = 2,   /* k values, standard normal */
  PFLOW_MAP_BALL = 3,       /* k values, uniform in the unit ball */
  PFLOW_MAP_RAW = 4         /* u */
} pflow_map_target;

/* What the automatic choice looks for on rows held out of the fit. */
typedef enum pflow_map_objective {
  PFLOW_MAP_NEIGHBOURS = 0, /* the map nearest to its ideal uniformity of those that keep
                               at least half of the 10 nearest neighbours, and 3/4 of
                               those that it would keep without its flow */
  PFLOW_MAP_KNN = 1,        /* accuracy of the vote of 10 neighbours; needs labels */
  PFLOW_MAP_LINEAR = 2      /* accuracy of a logistic probe; needs labels */
} pflow_map_objective;

typedef struct pflow_map_progress {
  const char *stage;  /* "components", "search", "heights", "training", "radii" or, of
                         QUANTILE, "quantiles" */
  size_t done, total; /* steps of the stage */
  double seconds;     /* since the fit began */
} pflow_map_progress;

/* 0 go on, > 0 stop politely (a search and a training write a checkpoint if there is a
 * path), < 0 abort. */
typedef int (*pflow_map_progress_fn)(const pflow_map_progress *progress, void *user);

#define PFLOW_MAP_AUTO (-1.0) /* in place of a number: to be chosen */

typedef struct pflow_map_config {
  size_t struct_size;
  pflow_map_method method;       /* default POISSON */
  pflow_map_field field;         /* default EXACT */
  pflow_map_target target;       /* default SPHERE */
  pflow_map_objective objective; /* of what is left open; default NEIGHBOURS */
  size_t dims;                   /* k; 0 (default): chosen */
  double aug_dim;                /* D >= 1; default AUTO */
  double start;                  /* factor of the start height, > 0; default AUTO */
  double strength;               /* 0 to 1; default AUTO */
  size_t
      max_sources; /* EXACT: of more rows, a seeded sample; 0 (default): all are kept */
  double rtol;     /* of the integration, relative and absolute; default 1e-6 */
  uint64_t seed;
  const pflow_denoiser_config *denoiser; /* NETWORK: its network and training; heights,
                                            D, seed and pool are the map's. NULL: defaults
                                          */
  const pflow_field_fit_config *post;    /* POST: training. NULL: the post's settings */
  const char *checkpoint; /* NULL, or a file that a fit writes now and then; POISSON with
                             EXACT or NETWORK only */
  int resume;             /* 1: go on from the checkpoint if there is one */
  pflow_pool *pool;       /* of all calls, borrowed by the map; NULL: the default pool */
  pflow_map_progress_fn on_progress; /* NULL: none */
  void *user;
  double checkpoint_seconds; /* from one checkpoint to the next; default 60, 0: one at
                                each step */
} pflow_map_config;

static inline void pflow_map_config_init(pflow_map_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->aug_dim = PFLOW_MAP_AUTO;
  config->start = PFLOW_MAP_AUTO;
  config->strength = PFLOW_MAP_AUTO;
  config->rtol = 1e-6;
  config->checkpoint_seconds = 60.0;
}

/* An empty map. The config is copied; what it points to, but for the pool, is borrowed
 * until a fit has succeeded. Errors: PFLOW_EINVAL naming the setting. */
PFLOW_API pflow_err pflow_map_create(pflow_map **map, const pflow_map_config *config);
PFLOW_API void pflow_map_destroy(pflow_map *map);

/*
 * Fits the map to n rows (n x dim), labels (n, in [0, 2^31)) or NULL. What the config
 * leaves open is chosen on rows held out of these (a fifth, at most 2000), of which there
 * must be 100 or more; the map is then fitted to all. Returns PFLOW_OK, or PFLOW_STOPPED,
 * with the map still to be fitted.
 * Errors: PFLOW_EINVAL (fewer than 2 rows, no spread, 1 dimension for a SPHERE, as many
 * dims as rows, settings of a network that cannot be, an objective without its labels),
 * PFLOW_ENONFINITE naming row and column, PFLOW_ELABEL, PFLOW_ESTATE for a map that is
 * fitted already, PFLOW_EDIVERGED, PFLOW_ECALLBACK, PFLOW_ENOMEM, PFLOW_EUNSUPPORTED (of
 * a method with principal axes, rows of more than 32,000 values); PFLOW_EFORMAT and
 * others of files for a checkpoint, PFLOW_EINVAL for one of other rows or settings, or of
 * other labels where the objective goes by them.
 */
PFLOW_API pflow_err pflow_map_fit(pflow_map *map, const float *x, const int32_t *labels,
                                  size_t n, size_t dim);

/* Values in a row before and after; 0 before the fit. */
PFLOW_API size_t pflow_map_in_dim(const pflow_map *map);
PFLOW_API size_t pflow_map_out_dim(const pflow_map *map);

/* ---- what was fitted ---- */

enum { PFLOW_MAP_HEIGHTS = 5 };

typedef struct pflow_map_info {
  pflow_map_method method;
  pflow_map_field field;
  pflow_map_target target;
  pflow_map_objective objective;
  size_t rows, in_dim, out_dim; /* fitted rows; values in a row before and after */
  size_t dims, sources;         /* k; rows kept (EXACT) */
  double aug_dim, start, strength;
  double nearest; /* d_nn, in units of `scale` */
  double scale;   /* rms radius of the rows' first k coordinates */
  double r0, r1;  /* heights at strength 1; see r_low below for the third */
  uint64_t seed;
  /* The automatic choice: settings tried (0: none), the objective's score on held-out
   * rows as they were and as mapped (an accuracy, or for NEIGHBOURS the uniformity's
   * distance from its ideal, negative, or 0 where it is beyond), and whether it says to
   * leave the rows alone: the map is then the identity, unless the strength was given. */
  size_t trials;
  double score_before, score_after;
  int leave_alone;
  /* The learned field against the exact one of all rows at heights from r0 to r1: median
   * relative error and median cosine over at most 1000 of them, each without itself (see
   * pflow_denoiser_error); steps and last loss of its training. 0 for other fields. */
  double height[PFLOW_MAP_HEIGHTS], error[PFLOW_MAP_HEIGHTS], cosine[PFLOW_MAP_HEIGHTS];
  size_t steps;
  double loss;
  double seconds; /* of the fit */
  /* More on what the automatic choice saw of the held-out rows, whatever the objective:
   * uniformity as they were and as mapped, each with the ideal of its dimension; the
   * share of the 10 nearest neighbours that the chosen settings keep (where none may be
   * chosen: that and what is "after" are of those that keep most); and the share that
   * NEIGHBOURS wanted of them. 0 where nothing was tried. */
  double uniformity_before, ideal_before, uniformity_after, ideal_after;
  double kept, least_kept;
  /* Where `sample` ends, r0 at most: the height at which 19 of 20 rows of the kernel lie
   * within d_nn / 2 of their source. A learned field is trained from here. */
  double r_low;
} pflow_map_info;

/* Errors: PFLOW_ESTATE before the fit. */
PFLOW_API pflow_err pflow_map_get_info(const pflow_map *map, pflow_map_info *info);

/* The names that files and the command use ("poisson", "exact", "sphere", "neighbours");
 * NULL for a number outside the enum. find: PFLOW_EINVAL listing the names. */
PFLOW_API const char *pflow_map_method_name(pflow_map_method method);
PFLOW_API const char *pflow_map_field_name(pflow_map_field field);
PFLOW_API const char *pflow_map_target_name(pflow_map_target target);
PFLOW_API const char *pflow_map_objective_name(pflow_map_objective objective);
PFLOW_API pflow_err pflow_map_method_find(const char *name, pflow_map_method *method);
PFLOW_API pflow_err pflow_map_field_find(const char *name, pflow_map_field *field);
PFLOW_API pflow_err pflow_map_target_find(const char *name, pflow_map_target *target);
PFLOW_API pflow_err pflow_map_objective_find(const char *name,
                                             pflow_map_objective *objective);

/* ---- use ---- */

typedef struct pflow_map_work_config {
  size_t struct_size;
  size_t max_rows; /* rows that are under way together; default 1024 */
  double strength; /* default AUTO: the map's. POISSON with EXACT or NETWORK only */
  double rtol;     /* of the integration; default AUTO: the map's. Less exact is faster */
} pflow_map_work_config;

static inline void pflow_map_work_config_init(pflow_map_work_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->max_rows = 1024;
  config->strength = PFLOW_MAP_AUTO;
  config->rtol = PFLOW_MAP_AUTO;
}

/*
 * A workspace for one thread at a time. It borrows the map and allocates all that its
 * calls need. config NULL: the defaults. Errors: PFLOW_ESTATE for a map that is not
 * fitted, PFLOW_EINVAL, PFLOW_EUNSUPPORTED (a strength or rtol for a map without one),
 * PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_map_work_create(pflow_map_work **work, const pflow_map *map,
                                          const pflow_map_work_config *config);
PFLOW_API void pflow_map_work_destroy(pflow_map_work *work);

/* Errors of transform and inverse count a call's rows from `first`, at first 0: for those
 * who hand over a file in blocks. */
PFLOW_API void pflow_map_work_count_from(pflow_map_work *work, size_t first);

/*
 * y (n x out_dim) of x (n x in_dim); they may not overlap. n may be anything: rows are
 * taken max_rows at a time. A row that a map with an exact field was fitted to, bit for
 * bit, does not see its own source, so that fitted and unseen rows follow the same law
 * (of equal fitted rows, only the first is overlooked). At strength 0 there is no flow:
 * with target RAW the result is the preprocessing alone.
 * Errors: PFLOW_ENONFINITE naming row and column, PFLOW_EINVAL (n = 0, overlap, a row
 * that has no direction for SPHERE or L2, named), PFLOW_EDIVERGED, PFLOW_ESTATE for
 * another map's workspace. After an error some rows of y are written.
 */
PFLOW_API pflow_err pflow_map_transform(const pflow_map *map, pflow_map_work *work,
                                        const float *x, size_t n, float *y);

/*
 * x (n x in_dim) of y (n x out_dim), the way back. What the map does not keep does not
 * come back: directions beyond the k principal ones (x gets their mean), and the radius
 * with SPHERE (every row gets the median of the fitted rows' at the flow's end). A fitted
 * row's own source is not overlooked on the way back: with an exact field it comes back
 * only near to where it was, the nearer the higher the start.
 * PFLOW_EUNSUPPORTED for L2, ABTT and the post's field, which have no way back; other
 * errors as above.
 */
PFLOW_API pflow_err pflow_map_inverse(const pflow_map *map, pflow_map_work *work,
                                      const float *y, size_t n, float *x);

/* Whether there is a way back. */
PFLOW_API int pflow_map_is_invertible(const pflow_map *map);

/*
 * New rows x (n x in_dim) from the data's distribution: rows `first` to first + n of the
 * endless list that belongs to `seed`, drawn from the prior at r1 (PFGM++, section 3:
 * rho^2 / (rho^2 + r1^2) ~ Beta(k/2, D/2), a uniform direction) and taken down to
 * r_low, where they are the data as blurred by that height's kernel, by less than the
 * neighbours' distance. There an exact field leads to the fitted rows themselves; a
 * learned one is smoother and finds rows between them. Errors: PFLOW_EINVAL for n = 0,
 * PFLOW_EUNSUPPORTED but for POISSON with EXACT or NETWORK.
 */
PFLOW_API pflow_err pflow_map_sample(const pflow_map *map, pflow_map_work *work,
                                     uint64_t seed, uint64_t first, size_t n, float *x);

/* ---- advice before a fit ---- */

enum { PFLOW_ADVICE_TEXT = 200 };

/* Facts of n rows, and the settings that follow from them with a sentence why. */
typedef struct pflow_map_advice {
  size_t n, dim;
  double norm_mean, norm_std; /* of the rows' lengths */
  double nearest;             /* median distance to the nearest neighbour */
  double effective_rank;
  double intrinsic_dim; /* TwoNN (Facco et al. 2017) */
  size_t dims;
  double aug_dim, start, strength;
  pflow_map_target target;
  pflow_map_field field;
  char why_dims[PFLOW_ADVICE_TEXT], why_aug_dim[PFLOW_ADVICE_TEXT],
      why_start[PFLOW_ADVICE_TEXT], why_strength[PFLOW_ADVICE_TEXT],
      why_target[PFLOW_ADVICE_TEXT], why_field[PFLOW_ADVICE_TEXT];
} pflow_map_advice;

/* Looks at a seeded sample of the rows where there are many. Errors as those of fit. */
PFLOW_API pflow_err pflow_map_suggest(const float *x, size_t n, size_t dim, uint64_t seed,
                                      pflow_pool *pool, pflow_map_advice *advice);

/* ---- files ---- */

/*
 * A map in one safetensors file: settings and training figures as text, arrays, and a
 * CRC-32 of it all. A loaded map gives the same bits as the one that was saved. pool:
 * of its calls, borrowed; NULL: the default pool. A file is hostile until checked; errors
 * as in pflow/io.h, PFLOW_EFORMAT also for a checksum that is wrong. load_info reads the
 * header only.
 */
PFLOW_API pflow_err pflow_map_save(const pflow_map *map, const char *path);
PFLOW_API pflow_err pflow_map_load(pflow_map **map, const char *path, pflow_pool *pool);
PFLOW_API pflow_err pflow_map_parse(pflow_map **map, const void *bytes, size_t size,
                                    const char *name, pflow_pool *pool);
PFLOW_API pflow_err pflow_map_load_info(const char *path, pflow_map_info *info);

PFLOW_END_DECLS

#endif
